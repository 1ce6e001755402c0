//! Queries of the slots, and control of slots and rate.

use super::limiter::ConcurrentLimiter;
use crate::clock::Clock;
use crate::queue::Verdict;

/// Questions about the slots that take nothing.
impl<C: Clock> ConcurrentLimiter<C> {
    /// Returns how much work may be under way at a time.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// assert_eq!(limiter.max_concurrent(), 2);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn max_concurrent(&self) -> usize {
        self.slot_queue().max()
    }

    /// Returns how many slots are taken now: by work under way, and by requests that have a slot
    /// and wait for permits.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// let _slot = limiter.try_acquire(1).unwrap();
    /// assert_eq!(limiter.in_flight(), 1);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn in_flight(&self) -> usize {
        self.slot_queue().taken()
    }

    /// Returns how many threads and tasks wait for a slot now. Those that have a slot and wait for
    /// permits are in [`standing`](Self::standing).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// assert_eq!(limiter.waiters(), 0);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn waiters(&self) -> usize {
        self.slot_queue().waiting()
    }

    /// Returns whether the limiter is [closed](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// limiter.close();
    /// assert!(limiter.is_closed());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn is_closed(&self) -> bool {
        self.limiter().is_closed()
    }
}

/// Control while other callers use the limiter.
impl<C: Clock> ConcurrentLimiter<C> {
    /// Cancels all waiters, for a slot and for permits, with
    /// [`Cancelled`](crate::AcquireError::Cancelled). The limiter goes on, and work under way too.
    ///
    /// If the rate is shared, the waiters that ask it directly are cancelled as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// limiter.cancel_waiters();
    /// assert!(limiter.try_acquire(1).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn cancel_waiters(&self) {
        // The waiters for a slot first: the slots of the others come free, and go to newcomers.
        self.slot_queue().end_waits(Verdict::Cancelled);
        self.limiter().cancel_waiters();
    }

    /// Refuses all waiters and every later request with [`Closed`](crate::AcquireError::Closed),
    /// until [`reset`](Self::reset). Work under way may finish.
    ///
    /// The rate is [closed](crate::RateLimiter::close) too, also for callers that share it. If only
    /// the [`limiter`](Self::limiter) of the rate is closed, waiters for a slot learn of it when
    /// they get one.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// limiter.close();
    /// assert_eq!(limiter.acquire(1).wait().unwrap_err(), AcquireError::Closed);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn close(&self) {
        self.limiter().close();
        self.slot_queue().end_waits(Verdict::Closed);
    }

    /// Cancels all waiters and restores the rate as it was built, even if the limiter is closed,
    /// bypassed or saturated.
    ///
    /// Slots stay with the work that holds them. If the rate is shared, it is restored for all
    /// callers.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// limiter.charge(1_000);
    /// limiter.close();
    /// limiter.reset();
    /// assert_eq!(limiter.available(), 10);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn reset(&self) {
        self.slot_queue().end_waits(Verdict::Cancelled);
        self.limiter().reset();
        if self.quota().is_none() {
            self.limiter().bypass();
        }
    }

    /// Grants the permits of all waiters and of every later request until [`reset`](Self::reset).
    /// Nothing is charged meanwhile. A request still needs a slot. A closed limiter stays closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota, Reason};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// limiter.bypass();
    /// let _slots = [limiter.try_acquire(10).unwrap(), limiter.try_acquire(10).unwrap()];
    /// assert_eq!(limiter.try_acquire(10).unwrap_err().reason(), Reason::Busy);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[doc(alias = "breach")] // prose: allow breach, it is the name elsewhere
    pub fn bypass(&self) {
        self.limiter().bypass();
    }
}
