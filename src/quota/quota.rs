//! A quota: permits per period, and the burst.

use core::time::Duration;

use super::error::QuotaError;
use super::range::{self, OutOfRange};

const NANOS_PER_SEC: u64 = 1_000_000_000;

/// What a limiter allows: `capacity` permits per `period`, of which at most `burst` at once.
///
/// The *emission interval* `T = period / capacity` is the time after which one more permit is
/// available. It is kept as the exact fraction and never rounded. So 3 per second means 3, not a
/// permit every 333,333,333 ns.
///
/// The burst is the capacity unless it is set: `100 per second` grants 100 permits at once and then
/// one every 10 ms. Over any stretch of time, a limiter grants at most `burst + elapsed / T`
/// permits. Within one period that is up to twice the capacity: the burst, and what is refilled
/// meanwhile. For evenly spaced grants, set the burst to 1.
///
/// Choose the unit so that costs are whole numbers: for half permits, double every number; for
/// bandwidth, count bytes.
///
/// | limit | value |
/// |---|---|
/// | the fastest rate | 1e10 permits per second |
/// | the longest period | 584 years |
/// | the longest refill, `burst · T` | 25 years |
///
/// # Examples
///
/// ```
/// use limitor::Quota;
/// use std::time::Duration;
///
/// let quota = Quota::new(100, Duration::from_secs(60))?.with_burst(20)?;
/// assert_eq!(quota, "100 per minute burst 20".parse()?);
/// assert_eq!(quota.to_string(), "100/min burst 20");
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// At least 1; at most 10 for each nanosecond of the period.
    pub(super) capacity: u64,
    /// At least 1.
    pub(super) period_nanos: u64,
    /// At least 1; `burst · period / capacity` is at most [`range::MAX_DEPTH_NANOS`].
    pub(super) burst: u64,
}

impl Quota {
    /// The fastest rate with the largest burst, for what has no rate of its own.
    #[cfg(feature = "std")]
    pub(crate) const UNLIMITED: Self = match Self::in_range(10_000_000_000, NANOS_PER_SEC, 7_889_400_000_000_000_000) {
        Ok(quota) => quota,
        Err(_) => panic!("both bounds hold"),
    };

    /// Makes a quota of `capacity` permits per `period`, with a burst of `capacity`.
    ///
    /// # Errors
    ///
    /// [`QuotaError`] if the capacity or the period is 0, or if a limit is exceeded: 1e10 per
    /// second for the rate, and 25 years for `burst · T`, which is the period here.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, QuotaError};
    /// use std::time::Duration;
    ///
    /// let quota = Quota::new(5, Duration::from_secs(2))?;
    /// assert_eq!(quota.to_string(), "5/2s");
    /// assert_eq!(Quota::new(0, Duration::from_secs(2)), Err(QuotaError::ZeroCapacity));
    /// # Ok::<(), QuotaError>(())
    /// ```
    pub fn new(capacity: u64, period: Duration) -> Result<Self, QuotaError> {
        let nanos = u64::try_from(period.as_nanos()).map_err(|_| QuotaError::PeriodTooLong { period })?;
        Self::from_nanos(capacity, nanos, capacity)
    }

    /// Makes a quota of `permits` per second, with a burst of as many.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Quota;
    ///
    /// assert_eq!(Quota::per_second(100_000)?.to_string(), "100000/s");
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn per_second(permits: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(permits, NANOS_PER_SEC, permits)
    }

    /// Makes a quota of `permits` per minute, with a burst of as many.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Quota;
    ///
    /// assert_eq!(Quota::per_minute(100)?.to_string(), "100/min");
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn per_minute(permits: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(permits, 60 * NANOS_PER_SEC, permits)
    }

    /// Makes a quota of `permits` per hour, with a burst of as many.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Quota;
    ///
    /// // 5,000 an hour, but no more than 100 at once.
    /// let quota = Quota::per_hour(5_000)?.with_burst(100)?;
    /// assert_eq!(quota.to_string(), "5000/h burst 100");
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn per_hour(permits: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(permits, 3_600 * NANOS_PER_SEC, permits)
    }

    /// Makes a quota of `permits` per day of 24 hours, with a burst of as many.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Quota;
    ///
    /// assert_eq!(Quota::per_day(1_000)?.to_string(), "1000/d");
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn per_day(permits: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(permits, 86_400 * NANOS_PER_SEC, permits)
    }

    /// Returns the same rate with another burst.
    ///
    /// The burst is the most permits that are available at once after a pause, and the most that
    /// one request can ask for.
    ///
    /// # Errors
    ///
    /// [`QuotaError`] if `burst` is 0, or if `burst · T` is over 25 years.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    ///
    /// // 100 a second, evenly spaced: one every 10 ms.
    /// let limiter = RateLimiter::new(Quota::per_second(100)?.with_burst(1)?);
    /// assert!(limiter.try_acquire(1).is_ok());
    /// assert!(limiter.try_acquire(2).is_err()); // exceeds the burst
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn with_burst(self, burst: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(self.capacity, self.period_nanos, burst)
    }

    /// The same rate with a burst of 1. If a larger burst is in range, so is this one.
    #[cfg(feature = "macros")]
    pub(crate) const fn spaced(self) -> Self {
        Self { burst: 1, ..self }
    }

    pub(crate) fn from_nanos(capacity: u64, period_nanos: u64, burst: u64) -> Result<Self, QuotaError> {
        Ok(Self::in_range(capacity, period_nanos, burst)?)
    }

    pub(super) const fn in_range(capacity: u64, period_nanos: u64, burst: u64) -> Result<Self, OutOfRange> {
        match range::check(capacity, period_nanos, burst) {
            Ok(()) => Ok(Self { capacity, period_nanos, burst }),
            Err(why) => Err(why),
        }
    }

    /// Returns the permits per [`period`](Self::period).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Quota;
    ///
    /// assert_eq!(Quota::per_minute(100)?.capacity(), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Returns the time in which [`capacity`](Self::capacity) permits are refilled.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Quota;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Quota::per_minute(100)?.period(), Duration::from_secs(60));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub const fn period(&self) -> Duration {
        Duration::from_nanos(self.period_nanos)
    }

    /// Returns the most permits that are available at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Quota;
    ///
    /// let quota = Quota::per_minute(100)?;
    /// assert_eq!(quota.burst(), 100);
    /// assert_eq!(quota.with_burst(20)?.burst(), 20);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub const fn burst(&self) -> u64 {
        self.burst
    }

    pub(crate) const fn period_nanos(&self) -> u64 {
        self.period_nanos
    }
}

/// 10 per second.
impl Default for Quota {
    fn default() -> Self {
        Self { capacity: 10, period_nanos: NANOS_PER_SEC, burst: 10 }
    }
}
