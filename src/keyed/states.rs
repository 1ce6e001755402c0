//! What operators may want to see.

use std::fmt;
#[cfg(feature = "exact")]
use std::sync::Arc;
use std::time::Duration;

use super::KeyedLimiter;
use super::place::Owner;
use super::set::{AWAITED, SATURATED, TAKEN};
use super::tiers::Tier;
use crate::clock::{Clock, Timestamp};
use crate::quota::Quota;

/// How a key stands that is not idle. Keys are not stored, so it does not say which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyState {
    /// Its quota.
    pub quota: Quota,
    /// Whole permits that it can have now.
    pub available: u64,
    /// How long until it has its whole burst again and is forgotten, if it takes nothing; [`Duration::MAX`] if it is
    /// saturated by a debt past counting.
    pub idle_in: Duration,
    /// How many wait for it.
    pub waiters: usize,
}

impl<K, C: Clock + Clone + 'static> KeyedLimiter<K, C> {
    /// The keys that are not idle, as they are now.
    ///
    /// Looks at the whole table, some 5 ns a key that it is for; decisions go on meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(10)?);
    /// for user in 0..100 {
    ///     limiter.try_acquire(&user, 1 + user % 10).unwrap();
    /// }
    /// let exhausted = limiter.states().filter(|state| state.available == 0).count();
    /// assert_eq!((limiter.len(), exhausted), (100, 10));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn states(&self) -> impl Iterator<Item = KeyState> {
        let now = self.clock.now();
        self.store.entries().filter_map(move |(name, owner, tier, word)| self.state(now, (name, &owner), tier, word))
    }

    fn state(&self, now: Timestamp, (name, owner): (usize, &Owner<K>), tier: &Tier, word: u64) -> Option<KeyState> {
        let (tat, waiters) = if word == TAKEN {
            // Changing hands, or just forgotten.
            return None;
        } else if word == AWAITED {
            let limiter = self.awaited.get(name, owner)?;
            let tat = limiter.peek(now).0;
            let waiters = limiter.waiters();
            drop(limiter);
            self.release(name);
            (tat, waiters)
        } else {
            (word, 0)
        };
        let now = tier.scale.units(now);
        (tat > now).then(|| KeyState {
            quota: tier.quota,
            available: tier.gcra.available(tat, now),
            idle_in: if tat >= SATURATED {
                Duration::MAX
            } else {
                crate::gcra::Unit::of(tier.quota).duration(tat - now)
            },
            waiters,
        })
    }

    /// Shows each key that is not idle to `each`, with how it stands, as they are now; `false` if keys are not
    /// [stored](crate::Builder::exact), and then none is shown.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<String>::builder(Quota::per_hour(10)?).exact().build();
    /// limiter.try_acquire("ann", 10).unwrap();
    /// limiter.try_acquire("bob", 1).unwrap();
    /// let mut exhausted = Vec::new();
    /// limiter.for_each_key(|key, state| {
    ///     if state.available == 0 {
    ///         exhausted.push(key.clone());
    ///     }
    /// });
    /// assert_eq!(exhausted, ["ann"]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[cfg(feature = "exact")]
    pub fn for_each_key(&self, mut each: impl FnMut(&K, KeyState)) -> bool {
        let Some(exact) = self.store.exact() else { return false };
        let now = self.clock.now();
        for cell in exact.cells() {
            let (place, tier) = ((cell.name(), &Owner::Exact(Arc::clone(&cell))), self.store.tiers.of_index(cell.tier));
            if let Some(state) = self.state(now, place, tier, cell.look()) {
                each(cell.key(), state);
            }
        }
        true
    }

    /// How many keys are not idle. Looks at the whole table, as [`states`](Self::states).
    pub fn len(&self) -> usize {
        self.states().count()
    }

    /// Whether all keys are idle.
    pub fn is_empty(&self) -> bool {
        self.states().next().is_none()
    }

    /// How many times a key without an entry found its set full of busy ones, and began with the least debt among them: the
    /// sign that [`max_keys`](crate::Builder::max_keys) is too small.
    pub fn evictions(&self) -> u64 {
        self.crowded.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Bytes that the table occupies: 24 for each of the keys it is for, rounded up to 128, from the start and for good. If keys
    /// are stored, what those there are now take, without what they own on the heap and what the allocator adds.
    pub fn bytes(&self) -> usize {
        self.store.bytes()
    }

    /// How many wait, for all keys together.
    pub fn waiters(&self) -> usize {
        self.awaited.count(&self.store)
    }
}

impl<K, C: Clock> fmt::Debug for KeyedLimiter<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedLimiter")
            .field("quotas", &self.store.tiers)
            .field("bytes", &self.store.bytes())
            .finish_non_exhaustive()
    }
}
