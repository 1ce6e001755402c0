//! The system's clock: the processor's counter, or the operating system's monotonic clock.

use std::sync::OnceLock;
use std::time::Instant;

use super::clock::Clock;
use super::gate;
use super::reading::{Tick, Timestamp};

/// What a [`SystemClock`] reads.
///
/// # Examples
///
/// ```
/// use limitor::SystemClock;
/// use limitor::clock::ClockSource;
///
/// match SystemClock::new().source() {
///     ClockSource::Counter => println!("a reading takes about 10 ns"),
///     other => println!("a reading takes longer: {other:?}"),
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockSource {
    /// The processor's time-stamp counter, through [quanta](https://docs.rs/quanta).
    Counter,
    /// The operating system's monotonic clock, through [`Instant`].
    Monotonic,
}

/// The system's clock, which every limiter has by default.
///
/// If the processor's counter can be trusted, the clock reads the counter, in about 10 ns.
/// Otherwise it reads the operating system's monotonic clock, in 20 to 50 ns. On Linux, the counter
/// is trusted if it is the kernel's own current clock source. Elsewhere, it is trusted if the
/// processor calls it invariant.
///
/// The first use in a process measures the frequency of the counter, which takes up to 200 ms. All
/// clocks of a process share the frequency and the origin, so a reading of one is good for all.
///
/// - **Frequency.** It is measured once against the monotonic clock, to within some parts in a
///   million. It does not follow later adjustments of that clock.
/// - **Suspend.** The monotonic clock of Linux and macOS does not count suspended time. The counter
///   usually does, so the limiter may have one burst after the resume. Some machines restart the
///   counter when they resume from suspend to RAM or hibernation. That is a step back by the whole
///   uptime, so call [`reset`](crate::RateLimiter::reset) after the resume of such a machine.
/// - **Migration.** If a virtual machine moves, the counter may jump. It may also change its
///   frequency if the host does not scale it. A jump forward refills at most one burst. A step back
///   by `d` withholds `d / T` permits until the counter has caught up. A kernel that expects to be
///   moved chooses another clock source, and then this clock reads the monotonic clock.
/// - **Fork.** The child goes on with the same time and with a copy of each limiter. The copies
///   count apart.
///
/// See [`Clock`] for what any clock does to a limiter in these cases.
///
/// # Examples
///
/// ```
/// use limitor::{Clock, Quota, RateLimiter, SystemClock};
///
/// // The same as `RateLimiter::new(quota)`.
/// let limiter = RateLimiter::with_clock(Quota::per_second(100)?, SystemClock::new());
/// let now = limiter.clock().now();
/// assert!(limiter.try_acquire_at(now, 1).is_ok());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    /// The processor's counter, where it is trusted.
    counter: Option<&'static quanta::Clock>,
}

impl SystemClock {
    /// Returns the system's clock. The first call in a process may take up to 200 ms.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, SystemClock};
    /// use std::time::Duration;
    ///
    /// let clock = SystemClock::new();
    /// let start = clock.now();
    /// std::thread::sleep(Duration::from_millis(5));
    /// assert!(clock.between(start, clock.now()) >= Duration::from_millis(4));
    /// ```
    pub fn new() -> Self {
        static COUNTER: OnceLock<Option<quanta::Clock>> = OnceLock::new();
        let counter = COUNTER.get_or_init(|| gate::counter_is_trusted().then(quanta::Clock::new)).as_ref();
        Self { counter }
    }

    /// Returns what the clock reads on this machine.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::SystemClock;
    ///
    /// assert_eq!(SystemClock::new().source(), SystemClock::new().source());
    /// ```
    pub fn source(&self) -> ClockSource {
        if self.counter.is_some() { ClockSource::Counter } else { ClockSource::Monotonic }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Timestamp {
        Timestamp::from_ticks(match self.counter {
            Some(counter) => counter.raw(),
            None => monotonic_nanos(),
        })
    }

    fn tick(&self) -> Tick {
        // Long enough that the fraction is exact to 12 digits, and far from any overflow.
        let per = 1 << 40;
        let measured = self.counter.and_then(|counter| Tick::new(counter.delta_as_nanos(0, per), per));
        measured.unwrap_or(Tick::NANOSECOND)
    }
}

/// Nanoseconds since the process first asked. Out of line, so that this code does not burden the
/// path that reads the counter.
#[cold]
#[inline(never)]
fn monotonic_nanos() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn system_clock_runs_at_the_rate_of_the_monotonic_clock() {
        let clock = SystemClock::new();
        // Between the readings of a pair the thread may be put to sleep; one attempt in ten without
        // that is enough.
        let closest = (0..10).map(|_| {
            let (start, reading) = (Instant::now(), clock.now());
            std::thread::sleep(Duration::from_millis(20));
            let (elapsed, measured) = (start.elapsed(), clock.between(reading, clock.now()));
            measured.abs_diff(elapsed)
        });
        let closest = closest.min().unwrap();
        assert!(closest < Duration::from_micros(200), "{closest:?} apart in 20 ms");
    }

    #[test]
    fn system_clock_without_a_counter_reads_the_monotonic_clock() {
        let clock = SystemClock { counter: None };
        assert_eq!((clock.source(), clock.tick()), (ClockSource::Monotonic, Tick::NANOSECOND));
        let (start, reading) = (Instant::now(), clock.now());
        std::thread::sleep(Duration::from_millis(5));
        let elapsed = clock.between(reading, clock.now());
        assert!(elapsed >= Duration::from_millis(5) && elapsed <= start.elapsed() + Duration::from_millis(1));
    }

    #[test]
    fn system_clocks_of_a_process_share_their_origin() {
        let readings = [SystemClock::new(), SystemClock::default()].map(|clock| clock.now());
        let apart = SystemClock::new().tick().duration_of(readings[1].ticks() - readings[0].ticks());
        assert!(apart < Duration::from_secs(1), "{apart:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn system_clock_reads_the_counter_if_the_gate_passes_it() {
        let expected = if gate::counter_is_trusted() { ClockSource::Counter } else { ClockSource::Monotonic };
        assert_eq!(SystemClock::new().source(), expected);
    }
}
