//! Settlement and queries of the rate.

use super::limiter::ConcurrentLimiter;
use crate::clock::{Clock, Timestamp};
use crate::limiter::{Capacity, Standing};

/// Settlement of the rate after the fact. Without a rate, all of it does nothing.
impl<C: Clock> ConcurrentLimiter<C> {
    /// Settles work after the fact: `estimated` permits were taken for it, and it cost `actual`.
    ///
    /// Does what [`RateLimiter::reconcile`](crate::RateLimiter::reconcile) does. Prefer
    /// [`Slot::reconcile`](super::Slot::reconcile), which ends the work too and cannot be called
    /// twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// drop(limiter.try_acquire(8).unwrap());
    /// limiter.reconcile(3, 8);
    /// assert_eq!(limiter.available(), 7);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn reconcile(&self, actual: u64, estimated: u64) {
        self.limiter().reconcile(actual, estimated);
    }

    /// Does what [`reconcile`](Self::reconcile) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// limiter.reconcile_at(limiter.clock().now(), 3, 0);
    /// assert_eq!(limiter.available(), 7);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn reconcile_at(&self, now: Timestamp, actual: u64, estimated: u64) {
        self.limiter().reconcile_at(now, actual, estimated);
    }

    /// Refunds `n` permits: `reconcile(0, n)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// drop(limiter.try_acquire(8).unwrap());
    /// limiter.refund(5);
    /// assert_eq!(limiter.available(), 7);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn refund(&self, n: u64) {
        self.limiter().refund(n);
    }

    /// Does what [`refund`](Self::refund) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// drop(limiter.try_acquire(8).unwrap());
    /// limiter.refund_at(limiter.clock().now(), 5);
    /// assert_eq!(limiter.available(), 7);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn refund_at(&self, now: Timestamp, n: u64) {
        self.limiter().refund_at(now, n);
    }

    /// Takes `n` permits after the fact, as a debt if need be: `reconcile(n, 0)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// limiter.charge(15); // 5 more than the burst
    /// assert!(limiter.try_acquire(1).is_err());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn charge(&self, n: u64) {
        self.limiter().charge(n);
    }

    /// Does what [`charge`](Self::charge) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// limiter.charge_at(limiter.clock().now(), 4);
    /// assert_eq!(limiter.available(), 6);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn charge_at(&self, now: Timestamp, n: u64) {
        self.limiter().charge_at(now, n);
    }
}

/// Questions about the rate that take nothing. They do not look at the slots. Without a rate, as
/// many permits are available as the largest quota has, 7,889,400,000,000,000,000.
impl<C: Clock> ConcurrentLimiter<C> {
    /// Returns the whole permits of the rate available now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// drop(limiter.try_acquire(3).unwrap());
    /// assert_eq!(limiter.available(), 7);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn available(&self) -> u64 {
        self.limiter().available()
    }

    /// Returns the whole permits of the rate available at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ConcurrentLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// drop(limiter.try_acquire(10).unwrap());
    /// let later = limiter.clock().after(Duration::from_millis(500));
    /// assert_eq!(limiter.available_at(later), 5);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn available_at(&self, now: Timestamp) -> u64 {
        self.limiter().available_at(now)
    }

    /// Returns whether `n` permits of the rate are available now, and how many are missing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// assert_eq!(limiter.capacity_info(4).needed, -6);
    /// assert!(!limiter.capacity_info(12).has_capacity);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn capacity_info(&self, n: u64) -> Capacity {
        self.limiter().capacity_info(n)
    }

    /// Does what [`capacity_info`](Self::capacity_info) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// assert!(limiter.capacity_info_at(limiter.clock().now(), 10).has_capacity);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn capacity_info_at(&self, now: Timestamp, n: u64) -> Capacity {
        self.limiter().capacity_info_at(now, n)
    }

    /// Returns how the rate stands: its quota, what is available, when it is full again, and how
    /// many requests wait for permits. [`waiters`](Self::waiters) has those that wait for a slot.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// drop(limiter.try_acquire(8).unwrap());
    /// let standing = limiter.standing();
    /// assert_eq!((standing.available, standing.full_in), (2, Duration::from_millis(800)));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn standing(&self) -> Standing {
        self.limiter().standing()
    }

    /// Does what [`standing`](Self::standing) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// assert_eq!(limiter.standing_at(limiter.clock().now()).waiters, 0);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn standing_at(&self, now: Timestamp) -> Standing {
        self.limiter().standing_at(now)
    }
}
