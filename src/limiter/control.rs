//! Control while other callers use the limiter: cancel, reset, bypass, close.
//!
//! None of this costs the hot path anything: closed and bypassed are values of the word past any
//! TAT, found only where the comparison fails.

use super::limiter::RateLimiter;
use crate::clock::Clock;
use crate::queue::Verdict;
use crate::state::{Phase, Snapshot};

impl<C: Clock> RateLimiter<C> {
    /// Returns whether the limiter is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.close();
    /// assert!(limiter.is_closed());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn is_closed(&self) -> bool {
        self.meter().load().phase() == Phase::Closed
    }

    /// Cancels all waiters and restores the initial state, even if the limiter is closed, bypassed
    /// or saturated.
    ///
    /// Waiters get [`AcquireError::Cancelled`](crate::AcquireError::Cancelled). Settling an older
    /// grant afterwards never takes the limiter past full.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(5)?, ManualClock::new());
    /// limiter.charge(1_000);
    /// limiter.reset();
    /// assert_eq!(limiter.available(), 5);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reset(&self) {
        let now = || self.clock().now();
        self.engine.restart(Verdict::Cancelled, now, |meter, now| Some(meter.leaving(now, self.initial())));
    }

    /// Grants all waiters and every later request until [`reset`](Self::reset). Nothing is charged
    /// meanwhile, and settling those grants does nothing. A closed limiter stays closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.bypass();
    /// assert!((0..100).all(|_| limiter.try_acquire(1).is_ok()));
    /// limiter.reset();
    /// assert!(limiter.try_acquire(1).is_ok());
    /// assert!(limiter.try_acquire(1).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[doc(alias = "breach")] // prose: allow breach, it is the name elsewhere
    pub fn bypass(&self) {
        let open = |phase| phase != Phase::Closed;
        self.engine.restart(
            Verdict::Passed,
            || self.clock().now(),
            |meter, _| open(meter.load().phase()).then_some(Snapshot::BYPASSED),
        );
    }

    /// Refuses all waiters and every later request with
    /// [`AcquireError::Closed`](crate::AcquireError::Closed), until [`reset`](Self::reset).
    ///
    /// No refund, cancellation or debt opens the limiter again.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.close();
    /// assert_eq!(limiter.acquire(1).wait().unwrap_err(), AcquireError::Closed);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn close(&self) {
        self.engine.restart(Verdict::Closed, || self.clock().now(), |_, _| Some(Snapshot::CLOSED));
    }
}

#[cfg(feature = "std")]
impl<C: Clock> RateLimiter<C> {
    /// Returns how many threads, tasks and reservations wait now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(1).unwrap();
    /// let _reservation = limiter.reserve(1).unwrap();
    /// assert_eq!(limiter.waiters(), 1);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn waiters(&self) -> usize {
        self.engine.waiters(|| self.clock().now())
    }

    /// Cancels all waiters with [`AcquireError::Cancelled`](crate::AcquireError::Cancelled), held
    /// reservations too. The limiter goes on, and their entries are given back.
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
        self.engine.cancel_waiters(|| self.clock().now());
    }

    /// Refuses every later request. Waiters keep their entries.
    pub(crate) fn refuse_later_requests(&self) {
        self.engine.refuse_later_requests(|| self.clock().now());
    }
}
