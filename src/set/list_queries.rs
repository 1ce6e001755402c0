//! Queries and control of a set whose number of limits is known only at run time.

use std::sync::Arc;

use super::limit_list::LimitList;
use super::permits::Set;
use crate::clock::{Clock, Timestamp};
use crate::limiter::{Capacity, RateLimiter, Standing};

/// Questions that take nothing.
impl<C: Clock> LimitList<C> {
    /// Returns the limits with their names, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let list = LimitList::new([("requests", limit)])?;
    /// assert_eq!(list.limits().next().map(|(name, _)| name), Some("requests"));
    /// # Ok::<(), limitor::BuildError>(())
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
    /// use limitor::{ManualClock, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let list = LimitList::new([("requests", limit)])?;
    /// let _ = list.try_acquire(&[3]);
    /// assert_eq!(*list.available(), [7]);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn available(&self) -> Box<[u64]> {
        self.available_at(self.clock().now())
    }

    /// Returns the whole permits of each limit available at a given clock reading.
    pub fn available_at(&self, now: Timestamp) -> Box<[u64]> {
        self.inner().available(now)
    }

    /// Returns, for each limit, whether its cost is available now, and how many permits are
    /// missing.
    ///
    /// # Panics
    ///
    /// If the number of costs is not the number of limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let list = LimitList::new([("requests", limit)])?;
    /// assert_eq!(list.capacity_info(&[4])[0].needed, -6);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[track_caller]
    pub fn capacity_info(&self, costs: impl AsRef<[u64]>) -> Box<[Capacity]> {
        self.capacity_info_at(self.clock().now(), costs)
    }

    /// Does what [`capacity_info`](Self::capacity_info) does, at a given clock reading.
    ///
    /// # Panics
    ///
    /// If the number of costs is not the number of limits.
    #[track_caller]
    pub fn capacity_info_at(&self, now: Timestamp, costs: impl AsRef<[u64]>) -> Box<[Capacity]> {
        let limits = self.inner();
        limits.assert_count(costs.as_ref());
        limits.capacity_info(now, costs.as_ref())
    }

    /// Returns how each limit stands: its quota, what is available, when it is full again, and how
    /// many requests wait for that limit directly.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let list = LimitList::new([("requests", limit)])?;
    /// let _ = list.try_acquire(&[8]);
    /// assert_eq!(list.standing()[0].available, 2);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn standing(&self) -> Box<[Standing]> {
        self.standing_at(self.clock().now())
    }

    /// Does what [`standing`](Self::standing) does, at a given clock reading.
    pub fn standing_at(&self, now: Timestamp) -> Box<[Standing]> {
        self.inner().standing(now)
    }

    /// Returns how many threads and tasks wait for the list now.
    pub fn waiters(&self) -> usize {
        self.inner().turnstile().waiting()
    }

    /// Returns whether the list is [closed](Self::close).
    pub fn is_closed(&self) -> bool {
        self.inner().turnstile().is_closed()
    }
}

/// Control while other callers use the list.
impl<C: Clock> LimitList<C> {
    /// Does what [`LimitSet::notify`](super::LimitSet::notify) does.
    pub fn notify(&self) {
        self.inner().notify();
    }

    /// Does what [`LimitSet::cancel_waiters`](super::LimitSet::cancel_waiters) does.
    pub fn cancel_waiters(&self) {
        self.inner().cancel_waiters();
    }

    /// Does what [`LimitSet::close`](super::LimitSet::close) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter, Reason, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let list = LimitList::new([("requests", limit)])?;
    /// list.close();
    /// assert_eq!(list.try_acquire(&[1]).unwrap_err().reason(), Reason::Closed);
    /// list.reset();
    /// assert!(list.try_acquire(&[1]).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn close(&self) {
        self.inner().close();
    }

    /// Does what [`LimitSet::reset`](super::LimitSet::reset) does.
    pub fn reset(&self) {
        self.inner().reset();
    }
}
