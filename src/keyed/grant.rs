//! Permits that were granted to a key.

use std::fmt;

use super::KeyedLimiter;
use super::store::Slot;
use crate::clock::Clock;
use crate::held::Held;
use crate::meter::Charge;

/// Permits that were granted to a key, and the right to settle them once when the actual cost is known.
///
/// Dropping it does nothing: the permits stay spent.
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
pub struct Grant<'a, K, C: Clock> {
    limiter: Held<'a, KeyedLimiter<K, C>>,
    slot: Slot<K>,
    amount: u64,
    charge: Charge,
}

impl<K, C: Clock> fmt::Debug for Grant<'_, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("amount", &self.amount).finish_non_exhaustive()
    }
}

impl<'a, K, C: Clock + Clone + 'static> Grant<'a, K, C> {
    #[inline]
    pub(super) fn new(limiter: Held<'a, KeyedLimiter<K, C>>, slot: Slot<K>, amount: u64, charge: Charge) -> Self {
        Self { limiter, slot, amount, charge }
    }

    /// The permits granted.
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// Settles the grant at its actual cost: what is less than granted is given back, what is more becomes a debt.
    ///
    /// Never waits and never fails, however large the debt.
    pub fn reconcile(self, actual: u64) {
        if self.charge == Charge::Counted {
            self.limiter.settle(&self.slot, None, actual, self.amount);
        }
    }

    /// Gives all of it back: the work was not done.
    pub fn refund(self) {
        self.reconcile(0);
    }
}
