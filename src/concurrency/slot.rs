//! Work under way.

use std::fmt;

use super::entry::SlotEntry;
use crate::clock::{Clock, SystemClock};
use crate::limiter::Grant;

/// Leave to do one piece of work: the permits that were granted for it, and a slot that it holds
/// until it ends.
///
/// The slot is free again when this is dropped, in whatever way that happens: at the end of the
/// scope, by a panic, or with the future that holds it. The permits stay spent then. To settle them
/// at the actual cost, call [`reconcile`](Self::reconcile). To give them back, call
/// [`refund`](Self::refund). Both end the work.
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
/// assert_eq!((limiter.in_flight(), limiter.available()), (0, 850));
/// # Ok::<(), limitor::BuildError>(())
/// ```
#[must_use = "the slot is free again as soon as this is dropped"]
pub struct Slot<'a, C: Clock = SystemClock> {
    // In this order: a caller that is handed the slot finds the permits settled.
    grant: Grant<'a, C>,
    slot: SlotEntry<'a, C>,
}

impl<C: Clock> fmt::Debug for Slot<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("grant", &self.grant).finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Slot<'a, C> {
    pub(super) fn new(grant: Grant<'a, C>, slot: SlotEntry<'a, C>) -> Self {
        Self { grant, slot }
    }

    /// Returns the permits granted.
    pub fn amount(&self) -> u64 {
        self.grant.amount()
    }

    /// Returns the whole permits that the rate had directly after the grant: 0 if the permits were
    /// waited for.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_minute(1_000)?, 8, ManualClock::new())?;
    /// assert_eq!(limiter.try_acquire(400).unwrap().remaining(), 600);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn remaining(&self) -> u64 {
        self.grant.remaining()
    }

    /// Ends the work at its actual cost. If `actual` is less than granted, the difference is
    /// refunded; if it is more, the difference becomes a debt.
    ///
    /// Never waits and never fails, however large the debt.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_minute(100)?, 8, ManualClock::new())?;
    /// limiter.try_acquire(60).unwrap().reconcile(20);
    /// assert_eq!((limiter.in_flight(), limiter.available()), (0, 80));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn reconcile(self, actual: u64) {
        let Self { grant, slot } = self;
        grant.reconcile(actual);
        drop(slot);
    }

    /// Ends the work and refunds all permits: the work was not done.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_minute(100)?, 8, ManualClock::new())?;
    /// limiter.try_acquire(60).unwrap().refund();
    /// assert_eq!((limiter.in_flight(), limiter.available()), (0, 100));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn refund(self) {
        self.reconcile(0);
    }
}
