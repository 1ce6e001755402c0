//! Permits that were granted to a key.

use std::fmt;

use super::known::Known;
use super::limiter::{Handle, KeyedLimiter};
use crate::clock::{Clock, SystemClock};
use crate::meter::Charge;

/// Permits that were granted to a key, and the right to settle them once when the actual cost is
/// known.
///
/// Dropping a grant does nothing: the permits stay spent. Each way to settle consumes the grant, so
/// nothing is refunded twice.
///
/// # Examples
///
/// ```
/// use limitor::{KeyedLimiter, Quota};
///
/// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(1_000)?);
/// let grant = limiter.try_acquire(&7, 400).unwrap(); // the estimate
/// grant.reconcile(150); // the actual cost
/// assert_eq!(limiter.available(&7), 850);
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct Grant<'a, K, C: Clock = SystemClock> {
    limiter: Handle<'a, K, C>,
    known: Known<K>,
    amount: u64,
    charge: Charge,
}

impl<K, C: Clock> fmt::Debug for Grant<'_, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("amount", &self.amount).field("charge", &self.charge).finish_non_exhaustive()
    }
}

impl<'a, K, C: Clock> Grant<'a, K, C> {
    #[inline]
    pub(super) fn new(limiter: Handle<'a, K, C>, known: Known<K>, amount: u64, charge: Charge) -> Self {
        Self { limiter, known, amount, charge }
    }

    /// Returns the permits granted.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// assert_eq!(limiter.try_acquire(&7, 40).unwrap().amount(), 40);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// Returns the whole permits of the key that were available directly after the grant: 0 if the
    /// grant was waited for.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// assert_eq!(limiter.try_acquire(&7, 40).unwrap().remaining(), 60);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn remaining(&self) -> u64 {
        self.charge.remaining(&self.limiter.store.tier(&self.known).rate.gcra)
    }

    /// Returns the limiter that granted the permits.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let grant = limiter.try_acquire(&7, 40).unwrap();
    /// assert_eq!(grant.limiter().available(&7), 60);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn limiter(&self) -> &KeyedLimiter<K, C> {
        &self.limiter
    }

    /// Settles the grant at its actual cost. If `actual` is less than granted, the difference is
    /// refunded; if it is more, the difference becomes a debt of the key.
    ///
    /// Never waits and never fails, however large the debt.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// limiter.try_acquire(&7, 60).unwrap().reconcile(20);
    /// assert_eq!(limiter.available(&7), 80);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile(self, actual: u64) {
        if self.charge.is_counted() {
            self.limiter.settle(&self.known, self.limiter.clock().now(), actual, self.amount);
        }
    }

    /// Refunds the whole grant: the work was not done.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// limiter.try_acquire(&7, 60).unwrap().refund();
    /// assert_eq!(limiter.available(&7), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund(self) {
        self.reconcile(0);
    }
}
