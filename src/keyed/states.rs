//! The keyed limiter as a whole, for operators: how its keys stand, evictions, memory.

use super::limiter::KeyedLimiter;
use super::site::Owner;
use super::tiers::Tier;
use crate::clock::{Clock, Timestamp};
use crate::limiter::Standing;
use crate::word::{AWAITED, CLOSED, TAKEN};

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Returns how each key stands that is not idle now. Says not which keys they are: by default,
    /// keys are not stored.
    ///
    /// Looks at the whole table, some 5 ns for each key that the table is for. Decisions go on
    /// meanwhile.
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
    /// let exhausted = limiter.states().filter(|standing| standing.available == 0).count();
    /// assert_eq!((limiter.len(), exhausted), (100, 10));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn states(&self) -> impl Iterator<Item = Standing> {
        let now = self.clock().now();
        let entries = self.store.entries();
        entries.filter_map(move |(name, owner, tier, word)| self.state(now, (name, &owner), tier, word))
    }

    /// How a key stands; `None` if it is idle.
    fn state(&self, now: Timestamp, (name, owner): (usize, &Owner<K>), tier: &Tier, word: u64) -> Option<Standing> {
        let units = tier.rate.units(now);
        let (tat, waiters) = match word {
            // The entry is changing keys, or the cell was just forgotten.
            TAKEN => return None,
            AWAITED => {
                let limiter = self.awaited.get(name, owner)?;
                let seen = (limiter.meter().peek(now).0, limiter.standing_at(now).waiters);
                drop(limiter);
                self.release(name);
                seen
            }
            tat => (tat, 0),
        };
        let shown = if tier.is_closed() { CLOSED } else { tat };
        (tat > units).then(|| Standing::new(&tier.rate, shown, units, waiters))
    }

    /// Returns each key that is not idle now, with how it stands. `None` if keys are not
    /// [stored](crate::keyed::Builder::exact).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<String>::builder(Quota::per_hour(10)?).exact().build();
    /// limiter.try_acquire("ann", 10).unwrap();
    /// limiter.try_acquire("bob", 1).unwrap();
    /// let keys = limiter.keys().expect("keys are stored");
    /// let exhausted: Vec<String> =
    ///     keys.filter(|(_, standing)| standing.available == 0).map(|(key, _)| key).collect();
    /// assert_eq!(exhausted, ["ann"]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[cfg(feature = "exact")]
    pub fn keys(&self) -> Option<impl Iterator<Item = (K, Standing)>>
    where
        K: Clone,
    {
        let (exact, now) = (self.store.exact()?, self.clock().now());
        Some(exact.cells().into_iter().filter_map(move |cell| {
            let (tier, owner) = (self.store.tiers.of_index(cell.tier()), Owner::Stored(cell.clone()));
            let standing = self.state(now, (cell.name(), &owner), tier, cell.look())?;
            Some((cell.key().clone(), standing))
        }))
    }

    /// Returns how many keys are not idle now. Looks at the whole table, as
    /// [`states`](Self::states) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(10)?);
    /// limiter.try_acquire(&7, 1).unwrap();
    /// assert_eq!(limiter.len(), 1);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn len(&self) -> usize {
        self.states().count()
    }

    /// Returns whether all keys are idle now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// assert!(KeyedLimiter::<u64>::new(Quota::per_hour(10)?).is_empty());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.states().next().is_none()
    }

    /// Returns how many times a key without an entry found its set full of busy keys and began with
    /// the least debt among them. If keys are stored, returns how many times a key found no room.
    ///
    /// If this number grows, [`max_keys`](crate::keyed::Builder::max_keys) is too small.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::builder(Quota::per_hour(10)?).max_keys(5).build();
    /// (0..20).for_each(|key| drop(limiter.try_acquire(&key, 1)));
    /// assert_eq!(limiter.evictions(), 10); // its one set has 10 entries
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn evictions(&self) -> u64 {
        self.count_of_evictions()
    }

    /// Returns the bytes that the table occupies: 24 for each key that it is for, rounded up to
    /// 128, from the start and for good.
    ///
    /// If keys are stored, returns what the keys that are there now take, without what they own on
    /// the heap and without what the allocator adds.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::builder(Quota::per_hour(10)?).max_keys(1_000).build();
    /// assert_eq!(limiter.memory(), 24_064);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn memory(&self) -> usize {
        self.store.memory()
    }
}
