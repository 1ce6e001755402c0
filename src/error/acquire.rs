//! Waits that end without a grant.

use std::fmt;
use std::time::Duration;

use super::denied::{Denied, Refused};
use super::reason::Reason;
use super::text;
use super::text::Permits;

/// A wait that ended without a grant. Nothing stays consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcquireError {
    /// The wait would pass its deadline. The caller learns this at once, without a wait.
    #[non_exhaustive]
    TooLong {
        /// The permits that were requested.
        requested: u64,
        /// How long the wait would have been. [`Duration::MAX`] if that is unknown.
        wait: Duration,
    },
    /// More permits were requested than the burst: no wait helps.
    #[non_exhaustive]
    ExceedsBurst {
        /// The permits that were requested.
        requested: u64,
        /// The most that one request can be granted.
        burst: u64,
    },
    /// [`cancel_waiters`](crate::RateLimiter::cancel_waiters) or
    /// [`reset`](crate::RateLimiter::reset) cancelled the wait.
    Cancelled,
    /// The limiter is closed.
    Closed,
    /// As many requests wait as [`max_waiters`](crate::Builder::max_waiters) allows.
    QueueFull,
    /// A debt exceeds what the limiter can count; every request is refused until
    /// [`reset`](crate::RateLimiter::reset).
    Saturated,
    /// The keys have more different quotas than a [`KeyedLimiter`](crate::keyed::KeyedLimiter) can
    /// tell apart.
    #[cfg(feature = "keyed")]
    TooManyQuotas,
    /// All slots of a [`ConcurrentLimiter`](crate::ConcurrentLimiter) stayed taken until the
    /// timeout.
    #[non_exhaustive]
    Busy {
        /// How much work may be under way at a time.
        max_concurrent: usize,
    },
    /// The number of costs is not the number of limits of a [`LimitList`](crate::set::LimitList).
    #[non_exhaustive]
    CostCount {
        /// How many costs were given.
        costs: usize,
        /// How many limits the list has.
        limits: usize,
    },
}

impl AcquireError {
    /// Returns why the wait ended.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::TooLong { .. } => Reason::TooLong,
            Self::ExceedsBurst { .. } => Reason::ExceedsBurst,
            Self::Cancelled => Reason::Cancelled,
            Self::Closed => Reason::Closed,
            Self::QueueFull => Reason::QueueFull,
            Self::Saturated => Reason::Saturated,
            #[cfg(feature = "keyed")]
            Self::TooManyQuotas => Reason::TooManyQuotas,
            Self::Busy { .. } => Reason::Busy,
            Self::CostCount { .. } => Reason::CostCount,
        }
    }

    /// Returns the wait after which the request would have been granted. `None` if the wait is
    /// unknown or no wait helps.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// limiter.try_acquire(10).unwrap();
    /// let error = limiter.acquire(5).timeout(Duration::from_millis(100)).wait().unwrap_err();
    /// assert_eq!(error.retry_after(), Some(Duration::from_millis(500)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooLong { wait, .. } => Some(*wait).filter(|wait| *wait != Duration::MAX),
            _ => None,
        }
    }

    /// Returns the permits that were requested, if the error depends on them.
    #[must_use]
    pub const fn requested(&self) -> Option<u64> {
        match self {
            Self::TooLong { requested, .. } | Self::ExceedsBurst { requested, .. } => Some(*requested),
            _ => None,
        }
    }

    /// Returns the name of the limit that refused the request: always `None`, because a limiter by
    /// itself has no name. A [`LimitError`](crate::set::LimitError) has one.
    #[must_use]
    pub const fn limit(&self) -> Option<&'static str> {
        None
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { requested, .. } => {
                write!(f, "{} requested, not available before the deadline", Permits(*requested))?;
                match self.retry_after() {
                    Some(wait) => write!(f, "; the wait would be {wait:?}"),
                    None => f.write_str("; the wait is unknown"),
                }
            }
            Self::ExceedsBurst { requested, burst } => {
                write!(f, "{} requested, but the burst is {burst}; no wait helps", Permits(*requested))
            }
            Self::Cancelled => f.write_str("the wait was cancelled"),
            Self::Closed => f.write_str("the limiter is closed"),
            Self::QueueFull => f.write_str("the queue of waiters is full"),
            Self::Saturated => f.write_str(text::SATURATED),
            #[cfg(feature = "keyed")]
            Self::TooManyQuotas => f.write_str(text::TOO_MANY_QUOTAS),
            Self::Busy { max_concurrent } => write!(f, "all slots stayed taken ({max_concurrent}) until the timeout"),
            Self::CostCount { costs, limits } => {
                text::CostCount { costs: *costs as u64, limits: *limits as u64 }.fmt(f)
            }
        }
    }
}

impl std::error::Error for AcquireError {}

impl From<Denied> for AcquireError {
    fn from(denied: Denied) -> Self {
        let requested = denied.requested();
        let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
        match denied.refused() {
            Refused::NotYet(_) | Refused::TooLong(_) => {
                Self::TooLong { requested, wait: denied.retry_after().unwrap_or(Duration::MAX) }
            }
            Refused::ExceedsBurst(_) => Self::ExceedsBurst { requested, burst: denied.burst() },
            Refused::QueueFull => Self::QueueFull,
            Refused::Closed => Self::Closed,
            Refused::Saturated => Self::Saturated,
            #[cfg(feature = "keyed")]
            Refused::TooManyQuotas => Self::TooManyQuotas,
            Refused::Busy(slots) => Self::Busy { max_concurrent: count(slots) },
            Refused::CostCount(limits) => Self::CostCount { costs: count(requested), limits: count(limits) },
        }
    }
}
