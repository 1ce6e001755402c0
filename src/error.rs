//! What can be refused, and what the caller can do about it.

use alloc::boxed::Box;
use core::time::Duration;

use crate::gcra::Unit;
use crate::quota::Quota;

/// A quota that cannot be: out of range, or text that says something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// No permits at all.
    #[error("capacity is 0, but a quota needs at least 1 permit per period")]
    ZeroCapacity,
    /// No time for them to come back in.
    #[error("period is 0, but permits need time to come back")]
    ZeroPeriod,
    /// A burst with which every request would be refused.
    #[error("burst is 0, but no request could ever be granted with a burst under 1")]
    ZeroBurst,
    /// The period does not fit 64 bits of nanoseconds.
    #[error("a period of {period:?} is over the longest, 584 years")]
    #[non_exhaustive]
    PeriodTooLong {
        /// What was asked for.
        period: Duration,
    },
    /// The rate is over 1e10 per second.
    #[error("{capacity} per {period:?} is over the fastest rate, 10 permits a nanosecond (1e10 per second)")]
    #[non_exhaustive]
    TooFast {
        /// Permits asked for.
        capacity: u64,
        /// The period they were asked for in.
        period: Duration,
    },
    /// The burst takes over 25 years to come back.
    #[error("a burst of {burst} at {capacity} per {period:?} takes over 25 years to come back; choose a smaller burst")]
    #[non_exhaustive]
    BurstTooDeep {
        /// The burst asked for (the capacity, unless set).
        burst: u64,
        /// Permits per period.
        capacity: u64,
        /// The period.
        period: Duration,
    },
    /// The text has no `/` or `per` after the capacity.
    #[error("{text:?} names no period: write it as \"100/s\" or \"100 per minute\"")]
    #[non_exhaustive]
    MissingPeriod {
        /// The whole text.
        text: Box<str>,
    },
    /// A number is missing, is not a whole one, or does not fit 64 bits.
    #[error("{text:?} is not a whole number between 0 and 18446744073709551615")]
    #[non_exhaustive]
    BadNumber {
        /// What stands where the number should.
        text: Box<str>,
    },
    /// The unit of time is a bare `m`.
    #[error("the unit \"m\" could mean minutes or milliseconds: write \"min\" or \"ms\"")]
    AmbiguousUnit,
    /// The unit of time is none that is known.
    #[error("{text:?} is not a unit of time: use d, h, min, s, ms, us or ns, or their English names")]
    #[non_exhaustive]
    UnknownUnit {
        /// What stands where the unit should.
        text: Box<str>,
    },
    /// Something follows that is not a burst.
    #[error("{text:?} is not expected here: only \"burst\" and a number may follow the period")]
    #[non_exhaustive]
    Unexpected {
        /// What follows.
        text: Box<str>,
    },
    /// Local handles could hold the whole burst.
    #[error("{handles} local handles of {batch} permits leave nothing of a burst of {burst}")]
    #[non_exhaustive]
    NothingLeft {
        /// The handles asked for.
        handles: usize,
        /// The permits that each may hold.
        batch: u64,
        /// The burst they come off.
        burst: u64,
    },
    /// No slots at all, of a [`ConcurrentLimiter`](crate::ConcurrentLimiter).
    #[cfg(feature = "std")]
    #[error("max_concurrent is 0, but then no work could ever begin")]
    ZeroConcurrency,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There are not enough permits now; [`Denied::retry_after`] says when there will be.
    NotYet,
    /// There will not be enough permits within the wait that was allowed; [`Denied::retry_after`] says when there will.
    TooLong,
    /// More permits were asked for than the burst holds: no wait would help.
    ExceedsBurst,
    /// As many wait as [`max_waiters`](crate::Builder::max_waiters) allows.
    QueueFull,
    /// The limiter is [closed](crate::RateLimiter::close).
    Closed,
    /// A debt past what the limiter can count stands until [`reset`](crate::RateLimiter::reset).
    Saturated,
    /// Keys have more different quotas than a [`KeyedLimiter`](crate::KeyedLimiter) can tell apart, 64.
    #[cfg(feature = "keyed")]
    TooManyQuotas,
    /// All slots of the [`ConcurrentLimiter`](crate::ConcurrentLimiter) are taken.
    #[cfg(feature = "std")]
    Busy,
}

/// A request that was refused at once. Nothing was consumed.
///
/// Small and `Copy`; the duration is worked out only when asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", Message { denied: self })]
#[must_use]
pub struct Denied {
    requested: u64,
    quota: Quota,
    refused: Refused,
}

/// A refusal as the layers below say it: small enough for two registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: Reason,
    /// How far the clock is from the time at which the request would be granted, in units of the word. If all slots
    /// are taken, how many there are.
    pub(crate) excess: u64,
}

/// Not a matter of time.
impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self { reason, excess: 0 }
    }
}

impl Denied {
    #[inline]
    pub(crate) fn new(requested: u64, quota: Quota, refused: Refused) -> Self {
        Self { requested, quota, refused }
    }

    /// How long to wait until the same request would be granted if nobody else came: exact, rounded up to 1 ns.
    ///
    /// `None` means that waiting will not help: more than the burst was asked for, or the limiter is closed, saturated
    /// or its queue full. Or, of a `ConcurrentLimiter`, that all slots are taken: nobody knows when work will end.
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
        let Refused { reason, excess } = self.refused;
        matches!(reason, Reason::NotYet | Reason::TooLong).then(|| Unit::of(self.quota).duration(excess))
    }

    /// The permits asked for.
    pub const fn requested(&self) -> u64 {
        self.requested
    }

    /// The most permits that one request can have.
    pub const fn burst(&self) -> u64 {
        self.quota.burst()
    }

    /// Why it was refused.
    pub const fn reason(&self) -> Reason {
        self.refused.reason
    }
}

struct Message<'a> {
    denied: &'a Denied,
}

impl core::fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Denied { requested, quota, refused } = self.denied;
        let (asked, burst) = (Permits(*requested), quota.burst());
        let wait = self.denied.retry_after().unwrap_or(Duration::MAX);
        match refused.reason {
            Reason::NotYet => write!(f, "asked for {asked}, not to be had yet: retry after {wait:?}"),
            Reason::TooLong => {
                write!(f, "asked for {asked}, not to be had within the wait allowed: it would take {wait:?}")
            }
            Reason::ExceedsBurst => write!(f, "asked for {asked}, but the burst is {burst}: waiting will not help"),
            Reason::QueueFull => f.write_str("the queue of waiters is full"),
            Reason::Closed => f.write_str("the limiter is closed"),
            Reason::Saturated => f.write_str("the limiter is saturated by a debt past counting, until it is reset"),
            #[cfg(feature = "keyed")]
            Reason::TooManyQuotas => f.write_str("keys have more than 64 different quotas"),
            #[cfg(feature = "std")]
            Reason::Busy => write!(f, "all slots are taken ({})", refused.excess),
        }
    }
}

/// A number of permits, in words.
struct Permits(u64);

impl core::fmt::Display for Permits {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "permit" } else { "permits" })
    }
}

/// A wait that ended without a grant. Nothing stays consumed.
#[cfg(feature = "std")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// The wait would pass its deadline. Said at once, without waiting.
    #[error("asked for {}, not to be had before the deadline: it would take {wait:?}", Permits(*requested))]
    #[non_exhaustive]
    TooLong {
        /// The permits asked for.
        requested: u64,
        /// How long the wait would have been; [`Duration::MAX`] if the limiter is saturated.
        wait: Duration,
    },
    /// More permits were asked for than the burst holds: no wait would help.
    #[error("asked for {}, but the burst is {burst}: waiting will not help", Permits(*requested))]
    #[non_exhaustive]
    ExceedsBurst {
        /// The permits asked for.
        requested: u64,
        /// The most that one request can have.
        burst: u64,
    },
    /// [`cancel_waiters`](crate::RateLimiter::cancel_waiters) or [`reset`](crate::RateLimiter::reset) sent all who
    /// waited away.
    #[error("the wait was cancelled")]
    Cancelled,
    /// The limiter is closed.
    #[error("the limiter is closed")]
    Closed,
    /// As many wait as [`max_waiters`](crate::Builder::max_waiters) allows.
    #[error("the queue of waiters is full")]
    QueueFull,
    /// Keys have more different quotas than a [`KeyedLimiter`](crate::KeyedLimiter) can tell apart.
    #[cfg(feature = "keyed")]
    #[error("keys have more than 64 different quotas")]
    TooManyQuotas,
    /// All slots of the [`ConcurrentLimiter`](crate::ConcurrentLimiter) stayed taken until the timeout.
    #[cfg(feature = "std")]
    #[error("all slots stayed taken ({max_concurrent}) until the timeout")]
    #[non_exhaustive]
    Busy {
        /// How much work may be under way at a time.
        max_concurrent: usize,
    },
}

#[cfg(feature = "std")]
impl From<Denied> for AcquireError {
    fn from(denied: Denied) -> Self {
        let requested = denied.requested();
        match denied.reason() {
            Reason::NotYet | Reason::TooLong | Reason::Saturated => {
                Self::TooLong { requested, wait: denied.retry_after().unwrap_or(Duration::MAX) }
            }
            Reason::ExceedsBurst => Self::ExceedsBurst { requested, burst: denied.burst() },
            Reason::QueueFull => Self::QueueFull,
            Reason::Closed => Self::Closed,
            #[cfg(feature = "keyed")]
            Reason::TooManyQuotas => Self::TooManyQuotas,
            #[cfg(feature = "std")]
            Reason::Busy => Self::Busy { max_concurrent: usize::try_from(denied.refused.excess).unwrap_or(usize::MAX) },
        }
    }
}
