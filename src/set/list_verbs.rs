//! The verbs of a set whose number of limits is known only at run time.

use std::sync::Arc;

use super::acquire::ListAcquire;
use super::grant::ListGrant;
use super::limit_list::LimitList;
use super::permits::{Granted, Permits, Set};
use crate::clock::{Clock, Timestamp};
use crate::error::LimitDenied;
use crate::held::Held;

/// Requests. A request whose number of costs is not the number of limits is refused with
/// [`Reason::CostCount`](crate::Reason::CostCount).
impl<C: Clock> LimitList<C> {
    /// Takes `costs`, one for each limit in order, if all limits have them now.
    ///
    /// Does what [`LimitSet::try_acquire`](super::LimitSet::try_acquire) does.
    ///
    /// # Errors
    ///
    /// [`LimitDenied`], with nothing charged.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter, Reason, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let list = LimitList::new([("requests", limit)])?;
    /// assert!(list.try_acquire(&[10]).is_ok());
    /// assert_eq!(list.try_acquire(&[1]).unwrap_err().limit(), "requests");
    /// assert_eq!(list.try_acquire(&[1, 1]).unwrap_err().reason(), Reason::CostCount);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire(&self, costs: impl AsRef<[u64]>) -> Result<ListGrant<'_, C>, LimitDenied> {
        self.try_acquire_at(self.clock().now(), costs)
    }

    /// Does what [`try_acquire`](Self::try_acquire) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let list = LimitList::new([("requests", limit)])?;
    /// let now = list.clock().now();
    /// assert!(list.try_acquire_at(now, &[10]).is_ok());
    /// assert!(list.try_acquire_at(now, &[1]).is_err());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire_at(&self, now: Timestamp, costs: impl AsRef<[u64]>) -> Result<ListGrant<'_, C>, LimitDenied> {
        self.decide(now, costs, || Held::Borrowed(self))
    }

    /// Does what [`try_acquire`](Self::try_acquire) does. The grant keeps the list alive and
    /// borrows nothing.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let list = Arc::new(LimitList::new([("requests", limit)])?);
    /// let grant = list.try_acquire_owned(&[4]).unwrap();
    /// thread::spawn(move || grant.reconcile(&[1])).join().unwrap();
    /// assert_eq!(*list.available(), [9]);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire_owned(self: &Arc<Self>, costs: impl AsRef<[u64]>) -> Result<ListGrant<'static, C>, LimitDenied> {
        self.try_acquire_owned_at(self.clock().now(), costs)
    }

    /// Does what [`try_acquire_owned`](Self::try_acquire_owned) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned_at(
        self: &Arc<Self>,
        now: Timestamp,
        costs: impl AsRef<[u64]>,
    ) -> Result<ListGrant<'static, C>, LimitDenied> {
        self.decide(now, costs, || Held::Shared(Arc::clone(self)))
    }

    fn decide<'a>(
        &self,
        now: Timestamp,
        costs: impl AsRef<[u64]>,
        hold: impl FnOnce() -> Held<'a, Self>,
    ) -> Result<ListGrant<'a, C>, LimitDenied> {
        let charges = self.inner().take(now, costs.as_ref())?;
        Ok(ListGrant(Granted::new(hold(), costs.as_ref().into(), charges)))
    }

    /// Asks for `costs`, one for each limit in order. [`wait`](ListAcquire::wait) blocks this
    /// thread until all limits grant them, `.await` suspends the task. Nothing is taken until then.
    ///
    /// The costs are copied.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let list = LimitList::new([("requests", limit)])?;
    /// let grant = list.acquire([4]).wait()?;
    /// assert_eq!(grant.costs(), [4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn acquire(&self, costs: impl AsRef<[u64]>) -> ListAcquire<'_, C> {
        ListAcquire::new(Permits::new(Held::Borrowed(self), costs.as_ref().into()))
    }

    /// Does what [`acquire`](Self::acquire) does. The request keeps the list alive and borrows
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let requests = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let list = Arc::new(LimitList::new([("requests", requests)])?);
    /// let grant = tokio::spawn(list.acquire_owned([5])).await??;
    /// assert_eq!(grant.costs(), [5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_owned(self: &Arc<Self>, costs: impl AsRef<[u64]>) -> ListAcquire<'static, C> {
        ListAcquire::new(Permits::new(Held::Shared(Arc::clone(self)), costs.as_ref().into()))
    }
}

/// Settlement after the fact.
///
/// # Panics
///
/// If the number of costs is not the number of limits.
impl<C: Clock> LimitList<C> {
    /// Settles work after the fact: of each limit, `estimated` was taken for it, and it cost
    /// `actual`.
    ///
    /// Does what [`LimitSet::reconcile`](super::LimitSet::reconcile) does.
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
    /// let _ = list.try_acquire(&[8]);
    /// list.reconcile(&[3], &[8]);
    /// assert_eq!(*list.available(), [7]);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[track_caller]
    pub fn reconcile(&self, actual: impl AsRef<[u64]>, estimated: impl AsRef<[u64]>) {
        self.settle(None, actual, estimated);
    }

    /// Does what [`reconcile`](Self::reconcile) does, at a given clock reading.
    ///
    /// # Panics
    ///
    /// If the number of costs is not the number of limits.
    #[track_caller]
    pub fn reconcile_at(&self, now: Timestamp, actual: impl AsRef<[u64]>, estimated: impl AsRef<[u64]>) {
        self.settle(Some(now), actual, estimated);
    }

    /// Refunds `costs`.
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
    /// let _ = list.try_acquire(&[8]);
    /// list.refund(&[5]);
    /// assert_eq!(*list.available(), [7]);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[track_caller]
    pub fn refund(&self, costs: impl AsRef<[u64]>) {
        self.settle(None, self.nothing(), costs);
    }

    /// Does what [`refund`](Self::refund) does, at a given clock reading.
    ///
    /// # Panics
    ///
    /// If the number of costs is not the number of limits.
    #[track_caller]
    pub fn refund_at(&self, now: Timestamp, costs: impl AsRef<[u64]>) {
        self.settle(Some(now), self.nothing(), costs);
    }

    /// Takes `costs` after the fact, as debts if need be.
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
    /// list.charge(&[15]); // 5 more than the burst
    /// assert!(list.try_acquire(&[1]).is_err());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[track_caller]
    pub fn charge(&self, costs: impl AsRef<[u64]>) {
        self.settle(None, costs, self.nothing());
    }

    /// Does what [`charge`](Self::charge) does, at a given clock reading.
    ///
    /// # Panics
    ///
    /// If the number of costs is not the number of limits.
    #[track_caller]
    pub fn charge_at(&self, now: Timestamp, costs: impl AsRef<[u64]>) {
        self.settle(Some(now), costs, self.nothing());
    }

    #[track_caller]
    fn settle(&self, at: Option<Timestamp>, actual: impl AsRef<[u64]>, estimated: impl AsRef<[u64]>) {
        let (limits, actual, estimated) = (self.inner(), actual.as_ref(), estimated.as_ref());
        limits.assert_count(actual);
        limits.assert_count(estimated);
        limits.reconcile(at, actual, estimated);
    }

    /// A cost of 0 for each limit.
    fn nothing(&self) -> Box<[u64]> {
        self.inner().map(|_, _| 0)
    }
}
