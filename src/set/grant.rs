//! Permits of several limits that were granted.

use std::fmt;

use super::limit_list::LimitList;
use super::limit_set::LimitSet;
use super::permits::Granted;
use crate::clock::{Clock, SystemClock};

/// Permits of all limits of a [`LimitSet`], and the right to settle them once when the actual costs
/// are known.
///
/// Dropping a grant does nothing: the permits stay spent.
///
/// # Examples
///
/// ```
/// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
/// use std::sync::Arc;
///
/// let clock = ManualClock::new();
/// let requests = Arc::new(RateLimiter::with_clock(Quota::per_second(100)?, clock.clone()));
/// let bytes = Arc::new(RateLimiter::with_clock(Quota::per_day(1_000)?, clock));
/// let set = LimitSet::new([("requests", requests), ("bytes", bytes)]);
/// let grant = set.try_acquire([1, 800]).unwrap(); // the estimate
/// assert_eq!(grant.remaining(), [99, 200]);
/// grant.reconcile([1, 300]); // the actual costs
/// assert_eq!(set.available(), [99, 700]);
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct Grant<'a, const N: usize, C: Clock = SystemClock>(pub(super) Granted<'a, LimitSet<N, C>>);

/// Permits of all limits of a [`LimitList`], and the right to settle them once when the actual
/// costs are known.
///
/// Dropping a grant does nothing: the permits stay spent.
pub struct ListGrant<'a, C: Clock = SystemClock>(pub(super) Granted<'a, LimitList<C>>);

impl<const N: usize, C: Clock> fmt::Debug for Grant<'_, N, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Grant", f)
    }
}

impl<C: Clock> fmt::Debug for ListGrant<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("ListGrant", f)
    }
}

impl<const N: usize, C: Clock> Grant<'_, N, C> {
    /// Returns the permits granted, of each limit.
    #[doc(alias = "amount")]
    pub fn costs(&self) -> [u64; N] {
        *self.0.costs()
    }

    /// Returns the whole permits that each limit had directly after the grant. The burst, if the
    /// limit was bypassed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// assert_eq!(set.try_acquire([4]).unwrap().remaining(), [6]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn remaining(&self) -> [u64; N] {
        self.0.remaining()
    }

    /// Settles the grant at its actual costs. Of each limit, what is less than granted is refunded,
    /// and what is more becomes a debt.
    ///
    /// Never waits and never fails, however large the debts. What a bypassed limit granted was not
    /// charged, and settling it does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// set.try_acquire([4]).unwrap().reconcile([1]);
    /// assert_eq!(set.available(), [9]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile(self, actual: [u64; N]) {
        self.0.reconcile(&actual);
    }

    /// Refunds the whole grant: the work was not done.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new()));
    /// let set = LimitSet::new([("requests", limit)]);
    /// set.try_acquire([4]).unwrap().refund();
    /// assert_eq!(set.available(), [10]);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund(self) {
        self.0.refund();
    }
}

impl<C: Clock> ListGrant<'_, C> {
    /// Returns the permits granted, of each limit.
    #[doc(alias = "amount")]
    pub fn costs(&self) -> &[u64] {
        self.0.costs()
    }

    /// Returns the whole permits that each limit had directly after the grant. The burst, if the
    /// limit was bypassed.
    pub fn remaining(&self) -> Box<[u64]> {
        self.0.remaining()
    }

    /// Settles the grant at its actual costs. Of each limit, what is less than granted is refunded,
    /// and what is more becomes a debt.
    ///
    /// Never waits and never fails, however large the debts.
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
    /// list.try_acquire(&[4]).unwrap().reconcile(&[1]);
    /// assert_eq!(*list.available(), [9]);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[track_caller]
    pub fn reconcile(self, actual: impl AsRef<[u64]>) {
        self.0.reconcile(actual.as_ref());
    }

    /// Refunds the whole grant: the work was not done.
    pub fn refund(self) {
        self.0.refund();
    }
}
