//! Questions about a key that take nothing.

use super::Key;
use crate::clock::{Clock, Timestamp};
use crate::limiter::{Capacity, Standing};

impl<K, C: Clock> Key<'_, K, C> {
    /// Returns the whole permits of the key that are available now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// assert_eq!(limiter.key(&7).available(), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn available(&self) -> u64 {
        self.available_at(self.now())
    }

    /// Returns the whole permits of the key that are available at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let (key, now) = (limiter.key(&7), limiter.clock().now());
    /// assert_eq!(key.available_at(now), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn available_at(&self, now: Timestamp) -> u64 {
        self.known.as_ref().map_or(0, |known| self.limiter.available_of(known, now))
    }

    /// Returns whether `n` permits of the key are available now, and how many are missing. Takes
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// assert_eq!(limiter.key(&7).capacity_info(40).needed, -60);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn capacity_info(&self, n: u64) -> Capacity {
        self.capacity_info_at(self.now(), n)
    }

    /// Does what [`capacity_info`](Self::capacity_info) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let (key, now) = (limiter.key(&7), limiter.clock().now());
    /// assert!(key.capacity_info_at(now, 100).has_capacity);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn capacity_info_at(&self, now: Timestamp, n: u64) -> Capacity {
        match &self.known {
            Ok(known) => self.limiter.capacity_of(known, now, n),
            Err(_) => Capacity::new(i128::from(n)),
        }
    }

    /// Returns how the key stands. Takes nothing and enters no key.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// let key = limiter.key(&7);
    /// key.try_acquire(8).unwrap();
    /// assert_eq!((key.standing().available, key.standing().full_in), (2, Duration::from_millis(800)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn standing(&self) -> Standing {
        self.standing_at(self.now())
    }

    /// Does what [`standing`](Self::standing) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let (key, now) = (limiter.key(&7), limiter.clock().now());
    /// assert_eq!(key.standing_at(now).available, 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn standing_at(&self, now: Timestamp) -> Standing {
        match &self.known {
            Ok(known) => self.limiter.standing_of(known, now),
            Err(_) => self.limiter.standing_unknown(),
        }
    }
}
