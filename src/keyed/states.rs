//! What operators may want to see.

use std::fmt;
use std::time::Duration;

use super::KeyedLimiter;
use super::set::{self, Tag};
use crate::clock::{Clock, Timestamp};
use crate::gcra::MAX_TAT;
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
        self.table.entries().filter_map(move |(name, tag, word)| self.state(now, name, tag, word))
    }

    fn state(&self, now: Timestamp, name: usize, tag: Tag, word: u64) -> Option<KeyState> {
        let tier = self.tiers.of_tag(tag);
        let (tat, waiters) = if set::is_awaited(word) {
            let limiter = self.awaited.get(name, tag)?;
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
            idle_in: if tat > MAX_TAT { Duration::MAX } else { crate::gcra::Unit::of(tier.quota).duration(tat - now) },
            waiters,
        })
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
    /// sign that [`max_keys`](crate::KeyedBuilder::max_keys) is too small.
    pub fn crowded(&self) -> u64 {
        self.crowded.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Bytes that the table occupies: 24 for each of the keys it is for, rounded up to 128, from the start and for good.
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// How many wait, for all keys together.
    pub fn waiters(&self) -> usize {
        self.awaited.count(&self.table)
    }
}

impl<K, C: Clock> fmt::Debug for KeyedLimiter<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedLimiter")
            .field("quotas", &self.tiers)
            .field("bytes", &self.table.bytes())
            .finish_non_exhaustive()
    }
}
