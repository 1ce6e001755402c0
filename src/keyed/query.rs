//! Questions about a key that take nothing, enter no key and count no eviction.

use super::key::Lookup;
use super::known::Known;
use super::limiter::KeyedLimiter;
use crate::clock::{Clock, Timestamp};
use crate::limiter::{Capacity, Standing};
use crate::word::CLOSED;

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Returns the whole permits of a key that are available now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// limiter.try_acquire(&7, 3).unwrap();
    /// assert_eq!((limiter.available(&7), limiter.available(&8)), (7, 10));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn available<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> u64 {
        self.available_at(self.clock().now(), key)
    }

    /// Returns the whole permits of a key that are available at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// limiter.try_acquire(&7, 10).unwrap();
    /// let later = limiter.clock().after(Duration::from_millis(500));
    /// assert_eq!(limiter.available_at(later, &7), 5);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn available_at<Q: Lookup<K> + ?Sized>(&self, now: Timestamp, key: &Q) -> u64 {
        self.known(key).map_or(0, |known| self.available_of(&known, now))
    }

    pub(super) fn available_of(&self, known: &Known<K>, now: Timestamp) -> u64 {
        let tier = self.store.tier(known);
        if tier.is_closed() { 0 } else { tier.rate.available(self.tat(known, now), now) }
    }

    /// Returns whether `n` permits of a key are available now, and how many are missing. Takes
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// assert_eq!(limiter.capacity_info(&7, 4).needed, -6);
    /// assert!(!limiter.capacity_info(&7, 12).has_capacity);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn capacity_info<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) -> Capacity {
        self.capacity_info_at(self.clock().now(), key, n)
    }

    /// Does what [`capacity_info`](Self::capacity_info) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// let now = limiter.clock().now();
    /// assert!(limiter.capacity_info_at(now, &7, 10).has_capacity);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn capacity_info_at<Q: Lookup<K> + ?Sized>(&self, now: Timestamp, key: &Q, n: u64) -> Capacity {
        match self.known(key) {
            Ok(known) => self.capacity_of(&known, now, n),
            Err(_) => Capacity::new(i128::from(n)),
        }
    }

    pub(super) fn capacity_of(&self, known: &Known<K>, now: Timestamp, n: u64) -> Capacity {
        let tier = self.store.tier(known);
        let tat = if tier.is_closed() { CLOSED } else { self.tat(known, now) };
        let needed = tier.rate.gcra.needed(tat, tier.rate.units(now), n);
        // Zero permits are always available, also of a key in debt, but not of a closed limiter.
        Capacity::new(if n == 0 && tat != CLOSED { needed.min(0) } else { needed })
    }

    /// Returns the quota of a key, what is available, when the key is full again, and how many
    /// requests wait for it. Takes nothing and enters no key.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// limiter.try_acquire(&7, 8).unwrap();
    /// let standing = limiter.standing(&7);
    /// assert_eq!((standing.available, standing.full_in), (2, Duration::from_millis(800)));
    /// assert_eq!(standing.wait_for(5), Some(Duration::from_millis(300)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn standing<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Standing {
        self.standing_at(self.clock().now(), key)
    }

    /// Does what [`standing`](Self::standing) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(10)?);
    /// assert_eq!(limiter.standing_at(limiter.clock().now(), &7).waiters, 0);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn standing_at<Q: Lookup<K> + ?Sized>(&self, now: Timestamp, key: &Q) -> Standing {
        match self.known(key) {
            Ok(known) => self.standing_of(&known, now),
            Err(_) => self.standing_unknown(),
        }
    }

    /// Of a key that can have no quota: every request for it is refused.
    pub(super) fn standing_unknown(&self) -> Standing {
        Standing::new(&self.store.tiers.first().rate, CLOSED, 0, 0)
    }

    pub(super) fn standing_of(&self, known: &Known<K>, now: Timestamp) -> Standing {
        let tier = self.store.tier(known);
        let here = |tat| Standing::new(&tier.rate, tat, tier.rate.units(now), 0);
        if tier.is_closed() { here(CLOSED) } else { self.look(known, now, here, |limiter| limiter.standing_at(now)) }
    }
}
