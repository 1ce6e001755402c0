//! Requests that are refused at once.

use core::fmt;
use core::time::Duration;

use super::reason::Reason;
use super::text;
use super::text::Permits;
use crate::gcra::{Gcra, Unit};
use crate::quota::Quota;

/// A request that was refused at once. Nothing was consumed.
///
/// It is small and `Copy`. The wait is computed only when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Denied {
    requested: u64,
    quota: Quota,
    refused: Refused,
}

/// A refusal as the inner layers give it: small enough for two registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The request comes due in so many units of the word.
    NotYet(u64),
    /// The wait would be so many units, which is longer than allowed.
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "nothing waits"))]
    TooLong(u64),
    /// The request exceeds the burst; so many permits are available now.
    ExceedsBurst(u64),
    #[cfg(feature = "std")]
    QueueFull,
    Closed,
    Saturated,
    #[cfg(feature = "keyed")]
    TooManyQuotas,
    /// All of so many slots are taken.
    #[cfg(feature = "std")]
    Busy(u64),
    /// Costs were given for another number of limits than this.
    #[cfg(feature = "std")]
    CostCount(u64),
}

impl Denied {
    #[inline]
    pub(crate) fn new(requested: u64, quota: Quota, refused: Refused) -> Self {
        Self { requested, quota, refused }
    }

    #[cfg(feature = "std")]
    pub(super) fn refused(&self) -> Refused {
        self.refused
    }

    /// Returns the wait after which the same request would be granted if no other request came
    /// first.
    ///
    /// The wait is rounded up to 1 ns, so it is never too short and at most 1 ns too long.
    ///
    /// `None` means that waiting does not help: the request exceeds the burst, or the limiter is
    /// closed, saturated or its queue is full. Of a `ConcurrentLimiter`, it also means that all
    /// slots are taken, because the time at which work ends is unknown.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, clock.clone());
    /// assert!(limiter.try_acquire(10).is_ok());
    ///
    /// let denied = limiter.try_acquire(3).unwrap_err();
    /// assert_eq!(denied.retry_after(), Some(Duration::from_millis(300)));
    /// clock.advance(Duration::from_millis(300));
    /// assert!(limiter.try_acquire(3).is_ok());
    ///
    /// assert_eq!(limiter.try_acquire(11).unwrap_err().retry_after(), None);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        match self.refused {
            Refused::NotYet(excess) | Refused::TooLong(excess) => Some(Unit::of(self.quota).duration(excess)),
            _ => None,
        }
    }

    /// Returns the permits that were requested.
    pub const fn requested(&self) -> u64 {
        self.requested
    }

    /// Returns the most permits that one request can be granted.
    pub const fn burst(&self) -> u64 {
        self.quota.burst()
    }

    /// Returns the quota that refused the request.
    pub const fn quota(&self) -> Quota {
        self.quota
    }

    /// Returns the whole permits that were available when the request was refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// assert_eq!(limiter.try_acquire(8).unwrap().remaining(), 2);
    /// assert_eq!(limiter.try_acquire(3).unwrap_err().remaining(), 2);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn remaining(&self) -> u64 {
        match self.refused {
            // The request is early by its cost less what is available.
            Refused::NotYet(excess) | Refused::TooLong(excess) => {
                let gcra = Gcra::new(self.quota);
                gcra.whole_permits(gcra.amount(self.requested).saturating_sub(excess))
            }
            Refused::ExceedsBurst(available) => available,
            _ => 0,
        }
    }

    /// Returns the name of the limit that refused the request: always `None`, because a limiter by
    /// itself has no name. A [`LimitDenied`](crate::set::LimitDenied) has one.
    pub const fn limit(&self) -> Option<&'static str> {
        None
    }

    /// Returns why the request was refused.
    pub const fn reason(&self) -> Reason {
        match self.refused {
            Refused::NotYet(_) => Reason::NotYet,
            Refused::TooLong(_) => Reason::TooLong,
            Refused::ExceedsBurst(_) => Reason::ExceedsBurst,
            #[cfg(feature = "std")]
            Refused::QueueFull => Reason::QueueFull,
            Refused::Closed => Reason::Closed,
            Refused::Saturated => Reason::Saturated,
            #[cfg(feature = "keyed")]
            Refused::TooManyQuotas => Reason::TooManyQuotas,
            #[cfg(feature = "std")]
            Refused::Busy(_) => Reason::Busy,
            #[cfg(feature = "std")]
            Refused::CostCount(_) => Reason::CostCount,
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requested = Permits(self.requested);
        let wait = self.retry_after().unwrap_or_default();
        match self.refused {
            Refused::NotYet(_) => write!(f, "{requested} requested, not yet available; retry after {wait:?}"),
            Refused::TooLong(_) => {
                write!(f, "{requested} requested, not available within the allowed wait; the wait would be {wait:?}")
            }
            Refused::ExceedsBurst(_) => {
                write!(f, "{requested} requested, but the burst is {}; no wait helps", self.burst())
            }
            #[cfg(feature = "std")]
            Refused::QueueFull => f.write_str("the queue of waiters is full"),
            Refused::Closed => f.write_str("the limiter is closed"),
            Refused::Saturated => f.write_str(text::SATURATED),
            #[cfg(feature = "keyed")]
            Refused::TooManyQuotas => f.write_str(text::TOO_MANY_QUOTAS),
            #[cfg(feature = "std")]
            Refused::Busy(slots) => write!(f, "all slots are taken ({slots})"),
            #[cfg(feature = "std")]
            Refused::CostCount(limits) => text::CostCount { costs: self.requested, limits }.fmt(f),
        }
    }
}

impl core::error::Error for Denied {}
