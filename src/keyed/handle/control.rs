//! Control of a key: its waiters, and reset.

use super::Key;
use crate::clock::Clock;

impl<K, C: Clock> Key<'_, K, C> {
    /// Returns how many requests wait for the key now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1)?);
    /// let key = limiter.key(&7);
    /// key.try_acquire(1).unwrap();
    /// let _waiting = key.reserve(1).unwrap();
    /// assert_eq!(key.waiters(), 1);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn waiters(&self) -> usize {
        self.known.as_ref().map_or(0, |known| self.limiter.waiters_of_known(known))
    }

    /// Cancels the waiters of the key, as
    /// [`KeyedLimiter::cancel_waiters_of`](crate::KeyedLimiter::cancel_waiters_of) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1)?);
    /// let key = limiter.key(&7);
    /// key.try_acquire(1).unwrap();
    /// let waiting = key.reserve(1).unwrap();
    /// key.cancel_waiters();
    /// assert_eq!(waiting.wait().unwrap_err(), AcquireError::Cancelled);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn cancel_waiters(&self) {
        if let Ok(known) = &self.known {
            self.limiter.cancel_waiters_of_known(known);
        }
    }

    /// Makes the key as new, as [`KeyedLimiter::reset`](crate::KeyedLimiter::reset) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let key = limiter.key(&7);
    /// key.charge(1_000);
    /// key.reset();
    /// assert_eq!(key.available(), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reset(&self) {
        if let Ok(known) = &self.known {
            self.limiter.reset_known(known);
        }
    }
}
