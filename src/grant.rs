//! Permits that were granted.

use core::fmt;

use crate::clock::Clock;
use crate::handle::Handle;
use crate::limiter::RateLimiter;
use crate::meter::Charge;

/// Permits that were granted, and the right to settle them once when the actual cost is known.
///
/// Dropping it does nothing: the permits stay spent. Each way to settle consumes it, so nothing is given back twice.
///
/// # Memory ordering
///
/// A grant happens after every earlier move of the limiter: what a thread did before it gave permits back is visible to
/// whoever is granted them.
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
pub struct Grant<'a, C: Clock> {
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

    /// The permits granted.
    pub fn amount(&self) -> u64 {
        self.amount
    }

    #[cfg(feature = "std")]
    pub(crate) fn charge(&self) -> Charge {
        self.charge
    }

    /// The limiter that granted them.
    pub fn limiter(&self) -> &RateLimiter<C> {
        &self.limiter
    }

    /// Settles the grant at its actual cost: what is less than granted is given back, what is more becomes a debt.
    ///
    /// Never waits and never fails, however large the debt. Permits granted while the limiter was
    /// [breached](crate::RateLimiter::breach) were not charged, and settling them is nothing.
    pub fn reconcile(self, actual: u64) {
        if self.charge == Charge::Counted {
            self.limiter.reconcile(actual, self.amount);
        }
    }

    /// Gives all of it back: the work was not done.
    pub fn refund(self) {
        self.reconcile(0);
    }
}
