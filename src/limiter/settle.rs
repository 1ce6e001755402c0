//! Settlement after the fact: reconcile, refund, charge.

use core::cmp::Ordering;

use super::limiter::RateLimiter;
use crate::clock::{Clock, Timestamp};

impl<C: Clock> RateLimiter<C> {
    /// Settles work after the fact: `estimated` permits were taken for it, and it cost `actual`.
    ///
    /// If `actual < estimated`, the difference is refunded and waiters move forward. If
    /// `actual > estimated`, the difference becomes a debt behind the waiters: it delays later
    /// requests only. Never waits and never fails. Prefer
    /// [`Grant::reconcile`](crate::Grant::reconcile), which cannot be called twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.try_acquire(15).unwrap();
    /// limiter.reconcile(10, 15);
    /// assert_eq!(limiter.available(), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile(&self, actual: u64, estimated: u64) {
        self.settle(|| self.clock().now(), actual, estimated);
    }

    /// Does what [`reconcile`](Self::reconcile) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.reconcile_at(limiter.clock().now(), 30, 0);
    /// assert_eq!(limiter.available(), 70);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile_at(&self, now: Timestamp, actual: u64, estimated: u64) {
        self.settle(|| now, actual, estimated);
    }

    fn settle(&self, now: impl Fn() -> Timestamp, actual: u64, estimated: u64) {
        let (engine, meter) = (&self.engine, self.meter());
        let units = || meter.rate.units(now());
        let empty = || engine.queue_is_empty();
        match actual.cmp(&estimated) {
            Ordering::Less => {
                let back = estimated - actual;
                if !meter.refund_idle(units(), back, empty) {
                    engine.refund_waiting(back, now);
                }
            }
            Ordering::Equal => {}
            Ordering::Greater => {
                let debt = actual - estimated;
                if !meter.charge_idle(units(), debt, empty) {
                    engine.charge_waiting(debt, now);
                }
            }
        }
    }

    /// Refunds `n` permits: `reconcile(0, n)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.try_acquire(15).unwrap();
    /// limiter.refund(5);
    /// assert_eq!(limiter.available(), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund(&self, n: u64) {
        self.reconcile(0, n);
    }

    /// Does what [`refund`](Self::refund) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.try_acquire(15).unwrap();
    /// limiter.refund_at(limiter.clock().now(), 5);
    /// assert_eq!(limiter.available(), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund_at(&self, now: Timestamp, n: u64) {
        self.reconcile_at(now, 0, n);
    }

    /// Takes `n` permits after the fact, as a debt if need be: `reconcile(n, 0)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.charge(150); // 50 more than the burst
    /// let denied = limiter.try_acquire(1).unwrap_err();
    /// assert_eq!(denied.retry_after(), Some(Duration::from_millis(510)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn charge(&self, n: u64) {
        self.reconcile(n, 0);
    }

    /// Does what [`charge`](Self::charge) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.charge_at(limiter.clock().now(), 40);
    /// assert_eq!(limiter.available(), 60);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn charge_at(&self, now: Timestamp, n: u64) {
        self.reconcile_at(now, n, 0);
    }
}
