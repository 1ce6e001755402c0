//! Work under way.

use std::fmt;

use super::seat::Seat;
use crate::clock::Clock;
use crate::limiter::Grant;

/// Leave to do one piece of work: the permits that were granted for it, and a slot that it holds until it ends.
///
/// The slot is free again when this is dropped, in whatever way that happens: at the end of the scope, by a panic, or with
/// the future that holds it. The permits stay spent then. To settle them at the actual cost,
/// [`reconcile`](Self::reconcile); to give them back, [`refund`](Self::refund). Both end the work.
///
/// # Examples
///
/// ```
/// use limitor::{ConcurrentLimiter, ManualClock, Quota};
///
/// let limiter = ConcurrentLimiter::with_clock(Quota::per_minute(1_000)?, 8, ManualClock::new())?;
/// let slot = limiter.try_acquire(400).unwrap(); // the estimate
/// assert_eq!(limiter.in_flight(), 1);
/// slot.reconcile(150); // the actual cost
/// assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 850));
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[must_use = "the slot is free again as soon as this is dropped"]
pub struct Slot<'a, C: Clock> {
    // In this order: whoever is handed the slot finds the permits settled.
    grant: Grant<'a, C>,
    seat: Seat<'a, C>,
}

impl<C: Clock> fmt::Debug for Slot<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("grant", &self.grant).finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Slot<'a, C> {
    pub(super) fn new(grant: Grant<'a, C>, seat: Seat<'a, C>) -> Self {
        Self { grant, seat }
    }

    /// The permits granted.
    pub fn amount(&self) -> u64 {
        self.grant.amount()
    }

    /// Ends the work at its actual cost: what is less than granted is given back, what is more becomes a debt.
    ///
    /// Never waits and never fails, however large the debt.
    pub fn reconcile(self, actual: u64) {
        let Self { grant, seat } = self;
        grant.reconcile(actual);
        drop(seat);
    }

    /// Ends the work and gives all permits back: it was not done.
    pub fn refund(self) {
        self.reconcile(0);
    }
}
