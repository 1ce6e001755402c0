//! Questions that take nothing.

use super::limiter::RateLimiter;
use super::standing::Standing;
use crate::clock::{Clock, Timestamp};

/// What [`RateLimiter::capacity_info`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capacity {
    /// Whether the permits asked about are available now.
    pub has_capacity: bool,
    /// The permits that are missing; 0 or less if there are enough, negative by the permits to
    /// spare.
    pub needed: i128,
}

impl Capacity {
    /// The capacity when `needed` permits are missing.
    #[must_use]
    pub const fn new(needed: i128) -> Self {
        Self { has_capacity: needed <= 0, needed }
    }
}

impl<C: Clock> RateLimiter<C> {
    /// Returns the whole permits available now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// limiter.try_acquire(3).unwrap();
    /// assert_eq!(limiter.available(), 7);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn available(&self) -> u64 {
        self.available_at(self.clock().now())
    }

    /// Returns the whole permits available at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// limiter.try_acquire(10).unwrap();
    /// let later = limiter.clock().after(Duration::from_millis(500));
    /// assert_eq!(limiter.available_at(later), 5);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn available_at(&self, now: Timestamp) -> u64 {
        let (tat, now) = self.meter().peek(now);
        self.meter().rate.gcra.available(tat, now)
    }

    /// Returns whether `n` permits are available now, and how many are missing. Takes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// assert_eq!(limiter.capacity_info(4).needed, -6);
    /// assert!(!limiter.capacity_info(12).has_capacity);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn capacity_info(&self, n: u64) -> Capacity {
        self.capacity_info_at(self.clock().now(), n)
    }

    /// Does what [`capacity_info`](Self::capacity_info) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// let now = limiter.clock().now();
    /// assert!(limiter.capacity_info_at(now, 10).has_capacity);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn capacity_info_at(&self, now: Timestamp, n: u64) -> Capacity {
        let (tat, now) = self.meter().peek(now);
        let needed = self.meter().rate.gcra.needed(tat, now, n);
        // Zero permits are always available, also of a limiter in debt, but not of a closed one.
        Capacity::new(if n == 0 && !self.is_closed() { needed.min(0) } else { needed })
    }

    /// Returns the quota, what is available, when the limiter is full again, and how many requests
    /// wait. Takes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// limiter.try_acquire(8).unwrap();
    /// let standing = limiter.standing();
    /// assert_eq!((standing.available, standing.full_in), (2, Duration::from_millis(800)));
    /// assert_eq!(standing.wait_for(5), Some(Duration::from_millis(300)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn standing(&self) -> Standing {
        self.standing_at(self.clock().now())
    }

    /// Does what [`standing`](Self::standing) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// assert_eq!(limiter.standing_at(limiter.clock().now()).waiters, 0);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn standing_at(&self, now: Timestamp) -> Standing {
        let waiters = if self.engine.queue_is_empty() { 0 } else { self.engine.waiters(|| now) };
        let (tat, units) = self.meter().peek(now);
        Standing::new(&self.meter().rate, tat, units, waiters)
    }
}
