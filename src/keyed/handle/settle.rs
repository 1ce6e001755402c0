//! Settlement of a key: reconcile, refund, charge.

use super::Key;
use crate::clock::{Clock, Timestamp};

impl<K, C: Clock> Key<'_, K, C> {
    /// Settles work after the fact, as [`KeyedLimiter::reconcile`](crate::KeyedLimiter::reconcile)
    /// does.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let key = limiter.key(&7);
    /// key.try_acquire(15).unwrap();
    /// key.reconcile(10, 15);
    /// assert_eq!(key.available(), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile(&self, actual: u64, estimated: u64) {
        self.reconcile_at(self.now(), actual, estimated);
    }

    /// Does what [`reconcile`](Self::reconcile) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let key = limiter.key(&7);
    /// key.reconcile_at(limiter.clock().now(), 30, 0);
    /// assert_eq!(key.available(), 70);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile_at(&self, now: Timestamp, actual: u64, estimated: u64) {
        if let Ok(known) = &self.known {
            self.limiter.settle(known, now, actual, estimated);
        }
    }

    /// Refunds `n` permits of the key: `reconcile(0, n)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let key = limiter.key(&7);
    /// key.try_acquire(15).unwrap();
    /// key.refund(5);
    /// assert_eq!(key.available(), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund(&self, n: u64) {
        self.reconcile(0, n);
    }

    /// Does what [`refund`](Self::refund) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let (key, now) = (limiter.key(&7), limiter.clock().now());
    /// key.try_acquire(15).unwrap();
    /// key.refund_at(now, 5);
    /// assert_eq!(key.available(), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund_at(&self, now: Timestamp, n: u64) {
        self.reconcile_at(now, 0, n);
    }

    /// Takes `n` permits of the key after the fact, as a debt if need be: `reconcile(n, 0)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let key = limiter.key(&7);
    /// key.charge(150); // 50 more than the burst
    /// assert!(key.try_acquire(1).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn charge(&self, n: u64) {
        self.reconcile(n, 0);
    }

    /// Does what [`charge`](Self::charge) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let (key, now) = (limiter.key(&7), limiter.clock().now());
    /// key.charge_at(now, 40);
    /// assert_eq!(key.available_at(now), 60);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn charge_at(&self, now: Timestamp, n: u64) {
        self.reconcile_at(now, n, 0);
    }
}
