//! Queries and control of a set whose number of limits is fixed.

use std::sync::Arc;

use super::limit_set::LimitSet;
use super::permits::Set;
use crate::clock::{Clock, Timestamp};
use crate::limiter::{Capacity, RateLimiter, Standing};

/// Questions that take nothing.
impl<const N: usize, C: Clock> LimitSet<N, C> {
    /// Returns the limits with their names, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// let names: Vec<_> = set.limits().map(|(name, limit)| (name, limit.quota().burst())).collect();
    /// assert_eq!(names, [("requests", 10)]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn limits(&self) -> impl Iterator<Item = (&'static str, &Arc<RateLimiter<C>>)> {
        self.inner().named()
    }

    /// Returns the clock: that of the first limit.
    pub fn clock(&self) -> &C {
        self.inner().clock()
    }

    /// Returns the whole permits of each limit available now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// let _ = set.try_acquire([3]);
    /// assert_eq!(set.available(), [7]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn available(&self) -> [u64; N] {
        self.available_at(self.clock().now())
    }

    /// Returns the whole permits of each limit available at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// let _ = set.try_acquire([10]);
    /// let later = set.clock().after(Duration::from_millis(500));
    /// assert_eq!(set.available_at(later), [5]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn available_at(&self, now: Timestamp) -> [u64; N] {
        self.inner().available(now)
    }

    /// Returns, for each limit, whether its cost is available now, and how many permits are
    /// missing.
    ///
    /// Waiters of the set are not looked at.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// assert_eq!(set.capacity_info([4])[0].needed, -6);
    /// assert!(!set.capacity_info([12])[0].has_capacity);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn capacity_info(&self, costs: [u64; N]) -> [Capacity; N] {
        self.capacity_info_at(self.clock().now(), costs)
    }

    /// Does what [`capacity_info`](Self::capacity_info) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// assert!(set.capacity_info_at(set.clock().now(), [10])[0].has_capacity);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn capacity_info_at(&self, now: Timestamp, costs: [u64; N]) -> [Capacity; N] {
        self.inner().capacity_info(now, &costs)
    }

    /// Returns how each limit stands: its quota, what is available, when it is full again, and how
    /// many requests wait for that limit directly. [`waiters`](Self::waiters) has those that wait
    /// for the set.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// let _ = set.try_acquire([8]);
    /// let [requests] = set.standing();
    /// assert_eq!((requests.available, requests.full_in), (2, Duration::from_millis(800)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn standing(&self) -> [Standing; N] {
        self.standing_at(self.clock().now())
    }

    /// Does what [`standing`](Self::standing) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// assert_eq!(set.standing_at(set.clock().now())[0].waiters, 0);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn standing_at(&self, now: Timestamp) -> [Standing; N] {
        self.inner().standing(now)
    }

    /// Returns how many threads and tasks wait for the set now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// assert_eq!(set.waiters(), 0);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn waiters(&self) -> usize {
        self.inner().turnstile().waiting()
    }

    /// Returns whether the set is [closed](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// set.close();
    /// assert!(set.is_closed());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn is_closed(&self) -> bool {
        self.inner().turnstile().is_closed()
    }
}

/// Control while other callers use the set.
impl<const N: usize, C: Clock> LimitSet<N, C> {
    /// Makes the waiters look again, after a limit has been refunded, reset or opened other than
    /// through the set.
    ///
    /// If no request waits, the call takes no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// set.limits().for_each(|(_, limit)| limit.refund(5));
    /// set.notify();
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[doc(alias = "moved")]
    pub fn notify(&self) {
        self.inner().notify();
    }

    /// Cancels all waiters with [`Cancelled`](crate::AcquireError::Cancelled). Nothing was charged
    /// for them, and the set goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// set.cancel_waiters();
    /// assert!(set.try_acquire([1]).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn cancel_waiters(&self) {
        self.inner().cancel_waiters();
    }

    /// Refuses all waiters and every later request with [`Closed`](crate::AcquireError::Closed),
    /// until [`reset`](Self::reset).
    ///
    /// The limits stay open for callers that ask them directly or through other sets. Grants can
    /// still be settled. A waiter whose request was due before the call is granted it.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter, Reason};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// set.close();
    /// assert_eq!(set.try_acquire([1]).unwrap_err().reason(), Reason::Closed);
    /// assert!(set.limits().all(|(_, limit)| limit.try_acquire(1).is_ok()));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn close(&self) {
        self.inner().close();
    }

    /// Cancels all waiters with [`Cancelled`](crate::AcquireError::Cancelled) and opens the set
    /// again if it is closed.
    ///
    /// The limits stay as they are, because they may serve other callers too. To restore them as
    /// well, call [`RateLimiter::reset`] of each.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// set.close();
    /// set.reset();
    /// assert!(set.try_acquire([1]).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reset(&self) {
        self.inner().reset();
    }
}
