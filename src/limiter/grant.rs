//! Permits that were granted.

use core::fmt;

use super::limiter::{Handle, RateLimiter};
use crate::clock::Clock;
use crate::meter::Charge;

#[cfg(feature = "std")]
use crate::clock::SystemClock;

/// Permits that were granted, and the right to settle them once when the actual cost is known.
///
/// Dropping a grant does nothing: the permits stay spent. Each way to settle consumes the grant, so
/// nothing is refunded twice.
///
/// # Memory ordering
///
/// A grant happens after every earlier move of the limiter. What a thread did before it refunded
/// permits is visible to the caller that is granted them.
///
/// # Examples
///
/// ```
/// use limitor::{ManualClock, Quota, RateLimiter};
///
/// let limiter = RateLimiter::with_clock(Quota::per_minute(1_000)?, ManualClock::new());
/// let grant = limiter.try_acquire(400).unwrap(); // the estimate
/// grant.reconcile(150); // the actual cost
/// assert_eq!(limiter.available(), 850);
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct Grant<'a, #[cfg(feature = "std")] C: Clock = SystemClock, #[cfg(not(feature = "std"))] C: Clock> {
    limiter: Handle<'a, C>,
    amount: u64,
    charge: Charge,
}

impl<C: Clock> fmt::Debug for Grant<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("amount", &self.amount).field("charge", &self.charge).finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Grant<'a, C> {
    #[inline]
    pub(crate) fn new(limiter: Handle<'a, C>, amount: u64, charge: Charge) -> Self {
        Self { limiter, amount, charge }
    }

    /// Returns the permits granted.
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// Returns the whole permits that were available directly after the grant: 0 if the grant was
    /// waited for, and the burst if the limiter was bypassed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_minute(1_000)?, ManualClock::new());
    /// assert_eq!(limiter.try_acquire(400).unwrap().remaining(), 600);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn remaining(&self) -> u64 {
        self.charge.remaining(&self.limiter.meter().rate.gcra)
    }

    #[cfg(feature = "std")]
    pub(crate) fn charge(&self) -> Charge {
        self.charge
    }

    /// Returns the limiter that granted the permits.
    pub fn limiter(&self) -> &RateLimiter<C> {
        &self.limiter
    }

    /// Settles the grant at its actual cost. If `actual` is less than granted, the difference is
    /// refunded; if it is more, the difference becomes a debt.
    ///
    /// Never waits and never fails, however large the debt. Permits that were granted while the
    /// limiter was [bypassed](crate::RateLimiter::bypass) were not charged, and settling them does
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_minute(100)?, ManualClock::new());
    /// limiter.try_acquire(60).unwrap().reconcile(20);
    /// assert_eq!(limiter.available(), 80);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile(self, actual: u64) {
        if self.charge.is_counted() {
            self.limiter.reconcile(actual, self.amount);
        }
    }

    /// Refunds the whole grant: the work was not done.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_minute(100)?, ManualClock::new());
    /// limiter.try_acquire(60).unwrap().refund();
    /// assert_eq!(limiter.available(), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund(self) {
        self.reconcile(0);
    }
}
