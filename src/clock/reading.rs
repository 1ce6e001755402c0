//! Readings of a clock, and how long their ticks are.

use core::time::Duration;

/// A reading of a clock, in ticks since that clock's own origin.
///
/// A reading has a meaning only for the clock that gave it and for the clones of that clock. Every
/// decision has a form that takes a reading, such as
/// [`try_acquire_at`](crate::RateLimiter::try_acquire_at). So a caller can read the clock once for
/// several limiters.
///
/// # Examples
///
/// ```
/// use limitor::{Clock, ManualClock, Quota, RateLimiter};
///
/// let clock = ManualClock::new();
/// let requests = RateLimiter::with_clock(Quota::per_second(10)?, clock.clone());
/// let bytes = RateLimiter::with_clock(Quota::per_second(4_096)?, clock.clone());
///
/// let now = clock.now();
/// assert!(requests.try_acquire_at(now, 1).is_ok());
/// assert!(bytes.try_acquire_at(now, 512).is_ok());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Makes the reading that is `ticks` after the clock's origin.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Timestamp};
    ///
    /// // A manual clock begins at 0.
    /// assert_eq!(ManualClock::new().now(), Timestamp::from_ticks(0));
    /// ```
    #[inline]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// Returns the ticks since the clock's origin.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// clock.advance(Duration::from_micros(1));
    /// assert_eq!(clock.now().ticks(), 1_000); // a tick of a manual clock is 1 ns
    /// ```
    #[inline]
    pub const fn ticks(self) -> u64 {
        self.0
    }
}

/// How long a tick of a clock is, as an exact fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    nanos: u64,
    per: u64,
}

impl Tick {
    /// A tick of 1 ns.
    pub const NANOSECOND: Self = Self { nanos: 1, per: 1 };

    /// Makes a tick so long that `per` of them take `nanos` nanoseconds.
    ///
    /// Returns `None` if the tick is shorter than 1 ps or longer than 1 s, or if either number is
    /// 2^62 or more.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::clock::Tick;
    ///
    /// // A counter of 24 MHz counts 3 ticks in 125 ns.
    /// assert!(Tick::new(125, 3).is_some());
    /// assert!(Tick::new(0, 1).is_none());
    /// ```
    pub const fn new(nanos: u64, per: u64) -> Option<Self> {
        const LIMIT: u64 = 1 << 62;
        if nanos == 0 || per == 0 || nanos >= LIMIT || per >= LIMIT {
            return None;
        }
        if nanos as u128 > per as u128 * 1_000_000_000 || per as u128 > nanos as u128 * 1_000 {
            return None;
        }
        Some(Self { nanos, per })
    }

    /// Returns the nanoseconds that [`per`](Self::per) ticks take.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::clock::Tick;
    ///
    /// assert_eq!(Tick::new(125, 3).unwrap().nanos(), 125);
    /// assert_eq!(Tick::NANOSECOND.nanos(), 1);
    /// ```
    pub const fn nanos(self) -> u64 {
        self.nanos
    }

    /// Returns the number of ticks that take [`nanos`](Self::nanos) nanoseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::clock::Tick;
    ///
    /// assert_eq!(Tick::new(125, 3).unwrap().per(), 3);
    /// assert_eq!(Tick::NANOSECOND.per(), 1);
    /// ```
    pub const fn per(self) -> u64 {
        self.per
    }

    /// A duration in ticks, rounded down; saturates.
    pub(crate) fn ticks_in(self, duration: Duration) -> u64 {
        let nanos = duration.as_nanos().min(u128::from(u64::MAX));
        u64::try_from(nanos * u128::from(self.per) / u128::from(self.nanos)).unwrap_or(u64::MAX)
    }

    /// The reading `duration` after `reading`; saturates.
    pub(crate) fn later(self, reading: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(reading.0.saturating_add(self.ticks_in(duration)))
    }

    /// Ticks as a duration, rounded up to 1 ns; saturates.
    pub(crate) fn duration_of(self, ticks: u64) -> Duration {
        let nanos = (u128::from(ticks) * u128::from(self.nanos)).div_ceil(u128::from(self.per));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
