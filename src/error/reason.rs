//! Why requests are refused.

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There are not enough permits now. [`Denied::retry_after`](crate::Denied::retry_after) says
    /// when there are.
    NotYet,
    /// The wait would be longer than allowed.
    /// [`Denied::retry_after`](crate::Denied::retry_after) says how long it would be.
    TooLong,
    /// More permits were requested than the burst: no wait helps.
    ExceedsBurst,
    /// As many requests wait as [`max_waiters`](crate::Builder::max_waiters) allows.
    QueueFull,
    /// The wait was cancelled, by `cancel_waiters` or `reset`.
    Cancelled,
    /// The limiter is [closed](crate::RateLimiter::close).
    Closed,
    /// A debt exceeds what the limiter can count; every request is refused until `reset`.
    Saturated,
    /// The keys have more different quotas than a [`KeyedLimiter`](crate::keyed::KeyedLimiter) can
    /// tell apart, 64.
    #[cfg(feature = "keyed")]
    TooManyQuotas,
    /// All slots of a [`ConcurrentLimiter`](crate::ConcurrentLimiter) are taken.
    #[cfg(feature = "std")]
    Busy,
    /// The number of costs is not the number of limits of a [`LimitList`](crate::set::LimitList).
    #[cfg(feature = "std")]
    CostCount,
}

impl Reason {
    /// The reason as a short text for labels of metrics and logs, such as `"not_yet"`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// assert_eq!(limiter.try_acquire(2).unwrap_err().reason().as_str(), "exceeds_burst");
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotYet => "not_yet",
            Self::TooLong => "too_long",
            Self::ExceedsBurst => "exceeds_burst",
            Self::QueueFull => "queue_full",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::Saturated => "saturated",
            #[cfg(feature = "keyed")]
            Self::TooManyQuotas => "too_many_quotas",
            #[cfg(feature = "std")]
            Self::Busy => "busy",
            #[cfg(feature = "std")]
            Self::CostCount => "cost_count",
        }
    }
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}
