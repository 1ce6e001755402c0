//! How much is allowed: permits per period, and the burst.

mod error;
mod grammar;
mod literal;
mod range;
mod text;

pub use self::error::QuotaError;

use core::time::Duration;


/// Nanoseconds in 25 Julian years, the most that `burst · T` may come to.
pub(crate) const MAX_DEPTH_NANOS: u128 = 25 * 31_557_600 * 1_000_000_000;

/// Permits per nanosecond at 1e10 per second, the fastest rate.
const MAX_PER_NANO: u128 = 10;

const NANOS_PER_SEC: u64 = 1_000_000_000;

/// What a limiter allows: `capacity` permits per `period`, of which at most `burst` at once.
///
/// The *emission interval* `T = period / capacity` is the time one permit takes to come back. It is kept as the exact
/// fraction and never rounded, so 3 per second means three, not a permit every 333,333,333 ns.
///
/// The burst is the capacity unless set otherwise: `100 per second` lets 100 go at once and then one every 10 ms. Over
/// any stretch of time at most `burst + elapsed / T` are granted; within any one second that is up to twice the capacity
/// (the burst, and what came back meanwhile). For evenly spaced grants set the burst to 1.
///
/// Choose the unit so that costs are whole: for half permits double every number; for bytes count bytes. Rates go up to
/// 1e10 per second, and `burst · T` up to 25 years.
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
    /// At least 1; at most 10 a nanosecond of the period.
    capacity: u64,
    /// At least 1.
    period_nanos: u64,
    /// At least 1; `burst · period / capacity` is at most [`MAX_DEPTH_NANOS`].
    burst: u64,
}

impl Quota {
    /// `capacity` permits per `period`, with a burst of `capacity`.
    ///
    /// # Errors
    ///
    /// [`QuotaError`] if either is zero, if the rate is over 1e10 per second, if the period is over 584 years, or if
    /// `burst · T` (here: the period) is over 25 years.
    pub fn new(capacity: u64, period: Duration) -> Result<Self, QuotaError> {
        let nanos = u64::try_from(period.as_nanos()).map_err(|_| QuotaError::PeriodTooLong { period })?;
        Self::from_nanos(capacity, nanos, capacity)
    }

    /// `permits` per second, with a burst of as many.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use limitor::Quota;
    /// assert_eq!(Quota::per_second(100_000)?.to_string(), "100000/s");
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn per_second(permits: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(permits, NANOS_PER_SEC, permits)
    }

    /// `permits` per minute, with a burst of as many.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    pub fn per_minute(permits: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(permits, 60 * NANOS_PER_SEC, permits)
    }

    /// `permits` per hour, with a burst of as many.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    pub fn per_hour(permits: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(permits, 3_600 * NANOS_PER_SEC, permits)
    }

    /// `permits` per day of 24 hours, with a burst of as many.
    ///
    /// # Errors
    ///
    /// As [`Quota::new`].
    pub fn per_day(permits: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(permits, 86_400 * NANOS_PER_SEC, permits)
    }

    /// The same rate with another burst: the most that can be had at once after a pause, and the most that one request
    /// can ask for.
    ///
    /// # Errors
    ///
    /// [`QuotaError`] if `burst` is zero, or if `burst · T` is over 25 years.
    pub fn with_burst(self, burst: u64) -> Result<Self, QuotaError> {
        Self::from_nanos(self.capacity, self.period_nanos, burst)
    }

    /// The same rate with a burst of 1, which is within every bound that a larger one is within.
    #[cfg(feature = "macros")]
    pub(crate) const fn spaced(self) -> Self {
        Self { burst: 1, ..self }
    }

    pub(crate) fn from_nanos(capacity: u64, period_nanos: u64, burst: u64) -> Result<Self, QuotaError> {
        Ok(Self::in_range(capacity, period_nanos, burst)?)
    }

    /// Permits per [`period`](Self::period).
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The time in which [`capacity`](Self::capacity) permits come back.
    pub const fn period(&self) -> Duration {
        Duration::from_nanos(self.period_nanos)
    }

    /// The most permits that can be had at once.
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
