//! Control while others use the limiter: cancel, reset, breach, close.
//!
//! None of it costs the hot path anything: breached and closed are values of the word past any TAT, met only where the
//! comparison fails.

use crate::clock::Clock;
use crate::limiter::RateLimiter;
use crate::state::{Phase, Snapshot};
use crate::verdict::Verdict;

impl<C: Clock> RateLimiter<C> {
    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.meter.load().phase() == Phase::Closed
    }

    /// Sends all who wait away and begins again as it was built, also if it was breached, closed or
    /// saturated. Settling an older grant afterwards never takes it past full.
    pub fn reset(&self) {
        self.restart(Verdict::Cancelled, |meter, now| Some(meter.leaving(now, self.initial())));
    }

    /// Lets all who wait pass, and all who come, until [`reset`](Self::reset). Nothing granted meanwhile is charged, and
    /// settling it is nothing. A closed limiter stays closed.
    pub fn breach(&self) {
        self.restart(Verdict::Passed, |meter, _| (meter.load().phase() != Phase::Closed).then_some(Snapshot::BREACHED));
    }

    /// Refuses all who wait, and all who come, with [`AcquireError::Closed`](crate::AcquireError::Closed), until
    /// [`reset`](Self::reset). No refund, cancellation or debt opens it again.
    pub fn close(&self) {
        self.restart(Verdict::Closed, |_, _| Some(Snapshot::CLOSED));
    }
}

#[cfg(feature = "std")]
impl<C: Clock> RateLimiter<C> {
    /// How many threads, tasks and reservations wait for their turn now.
    pub fn waiters(&self) -> usize {
        self.count_waiting()
    }

    /// Sends all who wait away with [`AcquireError::Cancelled`](crate::AcquireError::Cancelled), held reservations too. The
    /// limiter goes on, with their places given back.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(1).unwrap();
    /// let waiting = limiter.reserve(1).unwrap();
    /// limiter.cancel_waiters();
    /// assert_eq!(waiting.wait().unwrap_err(), AcquireError::Cancelled);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn cancel_waiters(&self) {
        self.refuse_waiting();
    }
}
