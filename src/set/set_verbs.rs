//! The verbs of a set whose number of limits is fixed.

use std::sync::Arc;

use super::acquire::Acquire;
use super::grant::Grant;
use super::limit_set::LimitSet;
use super::permits::{Granted, Permits, Set};
use crate::clock::{Clock, Timestamp};
use crate::error::LimitDenied;
use crate::held::Held;

/// Requests.
impl<const N: usize, C: Clock> LimitSet<N, C> {
    /// Takes `costs`, one for each limit in order, if all limits have them now.
    ///
    /// The request never overtakes a waiter of the set. A cost of 0 asks nothing of its limit, even
    /// if that is closed. The call allocates nothing, and takes no lock unless a request waits.
    ///
    /// # Errors
    ///
    /// [`LimitDenied`], with nothing charged. It names the limit that would grant last, and has the
    /// wait [after which to retry](LimitDenied::retry_after). While a request waits, that is not
    /// before the first waiter is granted its request.
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
    /// assert!(set.try_acquire([10]).is_ok());
    /// let denied = set.try_acquire([3]).unwrap_err();
    /// assert_eq!((denied.limit(), denied.retry_after()), ("requests", Some(Duration::from_millis(300))));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self, costs: [u64; N]) -> Result<Grant<'_, N, C>, LimitDenied> {
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
    /// use limitor::{Clock, LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// let now = set.clock().now();
    /// assert!(set.try_acquire_at(now, [10]).is_ok());
    /// assert!(set.try_acquire_at(now, [1]).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire_at(&self, now: Timestamp, costs: [u64; N]) -> Result<Grant<'_, N, C>, LimitDenied> {
        self.decide(now, costs, || Held::Borrowed(self))
    }

    /// Does what [`try_acquire`](Self::try_acquire) does. The grant keeps the set alive and borrows
    /// nothing.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = Arc::new(LimitSet::new([("requests", limit)]));
    /// let grant = set.try_acquire_owned([4]).unwrap();
    /// thread::spawn(move || grant.reconcile([1])).join().unwrap();
    /// assert_eq!(set.available(), [9]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire_owned(self: &Arc<Self>, costs: [u64; N]) -> Result<Grant<'static, N, C>, LimitDenied> {
        self.try_acquire_owned_at(self.clock().now(), costs)
    }

    /// Does what [`try_acquire_owned`](Self::try_acquire_owned) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = Arc::new(LimitSet::new([("requests", limit)]));
    /// let now = set.clock().now();
    /// assert!(set.try_acquire_owned_at(now, [10]).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire_owned_at(
        self: &Arc<Self>,
        now: Timestamp,
        costs: [u64; N],
    ) -> Result<Grant<'static, N, C>, LimitDenied> {
        self.decide(now, costs, || Held::Shared(Arc::clone(self)))
    }

    #[inline]
    fn decide<'a>(
        &self,
        now: Timestamp,
        costs: [u64; N],
        hold: impl FnOnce() -> Held<'a, Self>,
    ) -> Result<Grant<'a, N, C>, LimitDenied> {
        let charges = self.inner().take(now, &costs)?;
        Ok(Grant(Granted::new(hold(), costs, charges)))
    }

    /// Asks for `costs`, one for each limit in order. [`wait`](Acquire::wait) blocks this thread
    /// until all limits grant them, `.await` suspends the task. Nothing is taken until then.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, Quota, RateLimiter};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let requests = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let bytes = Arc::new(RateLimiter::new(Quota::per_day(1_000_000)?));
    /// let both = LimitSet::new([("requests", requests), ("bytes", bytes)]);
    /// let grant = both.acquire([1, 800_000]).wait()?;
    /// let error = both.acquire([1, 800_000]).timeout(Duration::from_secs(60)).wait().unwrap_err();
    /// assert_eq!(error.limit(), Some("bytes")); // at once
    /// grant.reconcile([1, 20_000]);
    /// both.acquire([1, 800_000]).wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn acquire(&self, costs: [u64; N]) -> Acquire<'_, N, C> {
        Acquire::new(Permits::new(Held::Borrowed(self), costs))
    }

    /// Does what [`acquire`](Self::acquire) does. The request keeps the set alive and borrows
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let requests = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let set = Arc::new(LimitSet::new([("requests", requests)]));
    /// let grant = tokio::spawn(set.acquire_owned([5])).await??;
    /// assert_eq!(grant.costs(), [5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_owned(self: &Arc<Self>, costs: [u64; N]) -> Acquire<'static, N, C> {
        Acquire::new(Permits::new(Held::Shared(Arc::clone(self)), costs))
    }
}

/// Settlement after the fact.
impl<const N: usize, C: Clock> LimitSet<N, C> {
    /// Settles work after the fact: of each limit, `estimated` was taken for it, and it cost
    /// `actual`.
    ///
    /// Does what [`RateLimiter::reconcile`](crate::RateLimiter::reconcile) does with each limit,
    /// and wakes the waiters of the set that can be granted their requests now. Prefer
    /// [`Grant::reconcile`], which cannot be called twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// let _ = set.try_acquire([8]);
    /// set.reconcile([3], [8]);
    /// assert_eq!(set.available(), [7]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile(&self, actual: [u64; N], estimated: [u64; N]) {
        self.inner().reconcile(None, &actual, &estimated);
    }

    /// Does what [`reconcile`](Self::reconcile) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// set.reconcile_at(set.clock().now(), [3], [0]);
    /// assert_eq!(set.available(), [7]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile_at(&self, now: Timestamp, actual: [u64; N], estimated: [u64; N]) {
        self.inner().reconcile(Some(now), &actual, &estimated);
    }

    /// Refunds `costs`: `reconcile([0; N], costs)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// let _ = set.try_acquire([8]);
    /// set.refund([5]);
    /// assert_eq!(set.available(), [7]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund(&self, costs: [u64; N]) {
        self.reconcile([0; N], costs);
    }

    /// Does what [`refund`](Self::refund) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// let _ = set.try_acquire([8]);
    /// set.refund_at(set.clock().now(), [5]);
    /// assert_eq!(set.available(), [7]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund_at(&self, now: Timestamp, costs: [u64; N]) {
        self.reconcile_at(now, [0; N], costs);
    }

    /// Takes `costs` after the fact, as debts if need be: `reconcile(costs, [0; N])`.
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
    /// set.charge([15]); // 5 more than the burst
    /// let denied = set.try_acquire([1]).unwrap_err();
    /// assert_eq!(denied.retry_after(), Some(Duration::from_millis(600)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn charge(&self, costs: [u64; N]) {
        self.reconcile(costs, [0; N]);
    }

    /// Does what [`charge`](Self::charge) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// set.charge_at(set.clock().now(), [4]);
    /// assert_eq!(set.available(), [6]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn charge_at(&self, now: Timestamp, costs: [u64; N]) {
        self.reconcile_at(now, costs, [0; N]);
    }
}
