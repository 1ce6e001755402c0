//! Questions about a key that take nothing.

use super::Key;
use crate::clock::Clock;
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
        self.known.as_ref().map_or(0, |known| self.limiter.available_of(known, self.now()))
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
        match &self.known {
            Ok(known) => self.limiter.capacity_of(known, self.now(), n),
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
        match &self.known {
            Ok(known) => self.limiter.standing_of(known, self.now()),
            Err(_) => self.limiter.standing_unknown(),
        }
    }
}
