//! Where the time comes from, and how to wait on it.

#[cfg(feature = "std")]
mod gate;
#[cfg(feature = "std")]
mod manual;
#[cfg(feature = "std")]
mod sleep;
#[cfg(feature = "std")]
mod system;
#[cfg(feature = "tokio")]
mod tokio;

#[cfg(feature = "std")]
pub use self::manual::ManualClock;
#[cfg(feature = "std")]
pub use self::sleep::Sleep;
#[cfg(feature = "std")]
pub use self::system::{ClockSource, SystemClock};
#[cfg(feature = "tokio")]
pub use self::tokio::TokioClock;

use core::time::Duration;

/// A reading of a clock: ticks since an origin of that clock's own.
///
/// It means something only to the clock that gave it (and to its clones). Every decision has a form that takes one, so
/// that a caller can read the clock once for several limiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The reading `ticks` after the clock's origin.
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// Ticks since the clock's origin.
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
    /// One nanosecond.
    pub const NANOSECOND: Self = Self { nanos: 1, per: 1 };

    /// Ticks of which `per` take `nanos` nanoseconds.
    ///
    /// `None` unless a tick is between a picosecond and a second long and both numbers are under 2^62.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Tick;
    ///
    /// let of_a_24_mhz_counter = Tick::new(125, 3);
    /// assert!(of_a_24_mhz_counter.is_some());
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

    /// Nanoseconds that [`per`](Self::per) ticks take.
    pub const fn nanos(self) -> u64 {
        self.nanos
    }

    /// Ticks that take [`nanos`](Self::nanos) nanoseconds.
    pub const fn per(self) -> u64 {
        self.per
    }

    /// A duration in ticks, rounded down; saturates.
    pub(crate) fn ticks_in(self, duration: Duration) -> u64 {
        let nanos = duration.as_nanos().min(u128::from(u64::MAX));
        u64::try_from(nanos * u128::from(self.per) / u128::from(self.nanos)).unwrap_or(u64::MAX)
    }

    /// The reading `duration` after `reading`.
    pub(crate) fn later(self, reading: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(reading.0.saturating_add(self.ticks_in(duration)))
    }

    /// Ticks as a duration, rounded up to 1 ns; saturates.
    pub(crate) fn duration_of(self, ticks: u64) -> Duration {
        let nanos = (u128::from(ticks) * u128::from(self.nanos)).div_ceil(u128::from(self.per));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A source of time.
///
/// Implement it to bring a clock of your own: [`now`](Self::now) is all that decisions need. Readings may stand still,
/// differ between threads, or step backwards: no permit is ever minted by that, but a grant counts at the reading its
/// decision used, so what is promised is promised in this clock's time.
///
/// Waiting on it works as long as its time passes by itself at the rate of real time. If it does not, override
/// [`can_spin`](Self::can_spin) and how to wait.
///
/// # Examples
///
/// ```
/// use limitor::{Clock, Quota, RateLimiter, Tick, Timestamp};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// Counts frames of a video, 25 a second.
/// #[derive(Default)]
/// struct Frames(AtomicU64);
///
/// impl Clock for Frames {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_ticks(self.0.load(Ordering::Relaxed))
///     }
///
///     fn tick(&self) -> Tick {
///         Tick::new(40_000_000, 1).expect("40 ms a frame")
///     }
/// }
///
/// let limiter = RateLimiter::with_clock(Quota::per_second(5)?, Frames::default());
/// assert!(limiter.try_acquire(5).is_ok());
/// limiter.clock().0.fetch_add(5, Ordering::Relaxed); // 200 ms, one permit
/// assert!(limiter.try_acquire(1).is_ok());
/// assert!(limiter.try_acquire(1).is_err());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub trait Clock {
    /// Reads the clock. On the path of every decision, so make it fast.
    fn now(&self) -> Timestamp;

    /// How long its ticks are, by default 1 ns. Must never change: a limiter asks once, when it is built.
    fn tick(&self) -> Tick {
        Tick::NANOSECOND
    }

    /// The reading there will be `duration` after now (rounded down to a tick), as a deadline.
    fn after(&self, duration: Duration) -> Timestamp {
        self.tick().later(self.now(), duration)
    }

    /// The time from one reading to a later one, rounded up to 1 ns; none if it is not later.
    fn between(&self, from: Timestamp, to: Timestamp) -> Duration {
        self.tick().duration_of(to.0.saturating_sub(from.0))
    }

    /// Whether a waiter may spin until its time: `false` for a clock whose time passes only when the
    /// program moves it. Then no waiter spins, and [`park_until`](Self::park_until) is called with the
    /// very time to wait for, not with one a little before.
    fn can_spin(&self) -> bool {
        true
    }

    /// Blocks the current thread until the clock reads `at` or the thread is [unparked](std::thread::Thread::unpark),
    /// whichever is first. It may return at any time before; callers look again.
    ///
    /// By default it parks for as long as the time still to pass. A clock whose time does not pass by itself must see to
    /// it that the thread is unparked when its time comes.
    #[cfg(feature = "std")]
    fn park_until(&self, at: Timestamp) {
        let now = self.now();
        if now < at {
            crate::sync::park_timeout(self.between(now, at));
        }
    }

    /// A timer that wakes a task when the clock reads `at`. It may end early; whoever waits looks again.
    ///
    /// By default it is a timer of real time, for as long as there is still to pass.
    #[cfg(feature = "std")]
    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let left = self.between(self.now(), at);
        if left < COARSE { Sleep::precise(left) } else { Sleep::coarse(left) }
    }
}

/// Shorter waits than this are timed precisely: coarse timers round to milliseconds.
#[cfg(feature = "std")]
const COARSE: Duration = Duration::from_millis(5);

macro_rules! forward_clock {
    ($($pointer:ty),+) => {$(
        impl<C: Clock + ?Sized> Clock for $pointer {
            #[inline]
            fn now(&self) -> Timestamp {
                (**self).now()
            }

            fn tick(&self) -> Tick {
                (**self).tick()
            }

            fn after(&self, duration: Duration) -> Timestamp {
                (**self).after(duration)
            }

            fn between(&self, from: Timestamp, to: Timestamp) -> Duration {
                (**self).between(from, to)
            }

            fn can_spin(&self) -> bool {
                (**self).can_spin()
            }

            #[cfg(feature = "std")]
            fn park_until(&self, at: Timestamp) {
                (**self).park_until(at);
            }

            #[cfg(feature = "std")]
            fn sleep_until(&self, at: Timestamp) -> Sleep {
                (**self).sleep_until(at)
            }
        }
    )+};
}

forward_clock!(&C, alloc::boxed::Box<C>, alloc::sync::Arc<C>);
