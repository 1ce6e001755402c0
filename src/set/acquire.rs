//! Permits of several limits asked for, and the wait for them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::grant::{Grant, ListGrant};
use super::limit_list::LimitList;
use super::limit_set::LimitSet;
use super::permits::Permits;
use crate::ask::Pending;
use crate::clock::{Clock, SystemClock};
use crate::error::LimitError;
use crate::pace::{Deadline, Patience};

/// Permits of all limits of a [`LimitSet`] asked for: [`wait`](Self::wait) blocks until they are
/// granted, `.await` suspends until then.
///
/// The request is lazy: nothing is taken before the wait or the first poll. Made by
/// [`LimitSet::acquire`]. The future runs on any executor and is `Unpin`.
///
/// # Cancel safety
///
/// Nothing is charged before all limits grant. If the future is dropped while pending, it leaves
/// the queue. If it is dropped after it was granted but before it was polled again, the permits are
/// spent. A future that is polled again after completion panics.
#[must_use = "nothing is taken until this is waited for"]
pub struct Acquire<'a, const N: usize, C: Clock = SystemClock>(Pending<Permits<'a, LimitSet<N, C>>>);

/// Permits of all limits of a [`LimitList`] asked for: [`wait`](Self::wait) blocks until they are
/// granted, `.await` suspends until then.
///
/// Made by [`LimitList::acquire`]. Lazy and cancel-safe as [`Acquire`].
#[must_use = "nothing is taken until this is waited for"]
pub struct ListAcquire<'a, C: Clock = SystemClock>(Pending<Permits<'a, LimitList<C>>>);

impl<'a, const N: usize, C: Clock> Acquire<'a, N, C> {
    pub(super) fn new(permits: Permits<'a, LimitSet<N, C>>) -> Self {
        Self(Pending::new(permits))
    }

    /// Returns the permits asked for, of each limit.
    pub fn costs(&self) -> [u64; N] {
        std::array::from_fn(|index| self.0.ask().costs()[index])
    }

    /// Blocks this thread until all limits grant.
    ///
    /// If they grant at once and no request waits, the call takes no lock, allocates nothing and
    /// makes no system call.
    ///
    /// # Errors
    ///
    /// [`LimitError`], with nothing charged. It names the limit that it is about, if it is about
    /// one:
    ///
    /// - [`TooLong`](crate::AcquireError::TooLong) if the wait would pass the timeout or deadline;
    /// - [`ExceedsBurst`](crate::AcquireError::ExceedsBurst) at once if a cost exceeds the burst of
    ///   its limit;
    /// - [`QueueFull`](crate::AcquireError::QueueFull) at once if too many requests wait already;
    /// - [`Saturated`](crate::AcquireError::Saturated) if the debt of a limit exceeds what it can
    ///   count;
    /// - [`Closed`](crate::AcquireError::Closed) if a limit or the set is closed;
    /// - [`Cancelled`](crate::AcquireError::Cancelled) if the waits of the set are cancelled.
    ///
    /// `.await` gives the same.
    ///
    /// # Panics
    ///
    /// If it has been polled as a future to completion.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let requests = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let bytes = Arc::new(RateLimiter::new(Quota::per_day(1_000_000)?));
    /// let both = LimitSet::new([("requests", requests), ("bytes", bytes)]);
    /// assert_eq!(both.acquire([1, 512]).wait()?.costs(), [1, 512]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn wait(self) -> Result<Grant<'a, N, C>, LimitError> {
        self.0.wait().map(Grant)
    }
}

impl<'a, C: Clock> ListAcquire<'a, C> {
    pub(super) fn new(permits: Permits<'a, LimitList<C>>) -> Self {
        Self(Pending::new(permits))
    }

    /// Returns the permits asked for, of each limit.
    pub fn costs(&self) -> &[u64] {
        self.0.ask().costs()
    }

    /// Blocks this thread until all limits grant.
    ///
    /// # Errors
    ///
    /// The same as [`Acquire::wait`], and [`CostCount`](crate::AcquireError::CostCount) at once if
    /// the number of costs is not the number of limits.
    ///
    /// `.await` gives the same.
    ///
    /// # Panics
    ///
    /// If it has been polled as a future to completion.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let list = LimitList::new([("requests", limit)])?;
    /// assert_eq!(list.acquire(&[3]).wait()?.costs(), [3]);
    /// let error = list.acquire(&[3, 4]).wait().unwrap_err();
    /// assert!(matches!(error.error(), AcquireError::CostCount { costs: 2, limits: 1, .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait(self) -> Result<ListGrant<'a, C>, LimitError> {
        self.0.wait().map(ListGrant)
    }
}

/// The limits of a wait, which both types share.
macro_rules! patience {
    () => {
        /// Waits no longer than `timeout`, counted from when the wait begins.
        ///
        /// If the wait would be longer by all that is known, the request is refused at once. If
        /// other callers drain a limit meanwhile, so that the wait is longer after all, it is
        /// refused as soon as that is known. A timeout of zero means now or never. With a
        /// [`deadline`](Self::deadline) as well, the earlier of the two holds.
        ///
        /// # Examples
        ///
        /// ```
        /// use limitor::{LimitSet, Quota, RateLimiter};
        /// use std::sync::Arc;
        /// use std::time::Duration;
        ///
        /// let limit = Arc::new(RateLimiter::new(Quota::per_hour(1)?));
        /// let set = LimitSet::new([("jobs", limit)]);
        /// set.acquire([1]).wait()?;
        /// let error = set.acquire([1]).timeout(Duration::from_secs(5)).wait().unwrap_err(); // at once
        /// assert!(error.retry_after() > Some(Duration::from_secs(3_500)));
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn timeout(self, timeout: Duration) -> Self {
            Self(self.0.with_patience(|patience| patience.timeout(timeout)))
        }

        /// Waits no longer than until `deadline`: a reading of the limits' clock or an
        /// [`Instant`](std::time::Instant). Otherwise as with [`timeout`](Self::timeout).
        ///
        /// # Examples
        ///
        /// ```
        /// use limitor::{LimitSet, Quota, RateLimiter};
        /// use std::sync::Arc;
        /// use std::time::{Duration, Instant};
        ///
        /// let limit = Arc::new(RateLimiter::new(Quota::per_hour(1)?));
        /// let set = LimitSet::new([("jobs", limit)]);
        /// let deadline = Instant::now() + Duration::from_secs(30);
        /// assert!(set.acquire([1]).deadline(deadline).wait().is_ok());
        /// assert!(set.acquire([1]).deadline(deadline).wait().is_err());
        /// # Ok::<(), limitor::QuotaError>(())
        /// ```
        pub fn deadline(self, deadline: impl Into<Deadline>) -> Self {
            Self(self.0.with_patience(|patience| patience.deadline(deadline)))
        }

        pub(crate) fn patience(self, patience: Patience) -> Self {
            Self(self.0.with_patience(|_| patience))
        }
    };
}

impl<const N: usize, C: Clock> Acquire<'_, N, C> {
    patience!();
}

impl<C: Clock> ListAcquire<'_, C> {
    patience!();
}

impl<const N: usize, C: Clock> fmt::Debug for Acquire<'_, N, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Acquire", f)
    }
}

impl<C: Clock> fmt::Debug for ListAcquire<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("ListAcquire", f)
    }
}

impl<'a, const N: usize, C: Clock> Future for Acquire<'a, N, C> {
    type Output = Result<Grant<'a, N, C>, LimitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx).map_ok(Grant)
    }
}

impl<'a, C: Clock> Future for ListAcquire<'a, C> {
    type Output = Result<ListGrant<'a, C>, LimitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx).map_ok(ListGrant)
    }
}
