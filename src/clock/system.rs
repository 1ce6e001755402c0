//! The system's clock: the processor's counter, or the operating system's monotonic clock.

use std::sync::OnceLock;
use std::time::Instant;

use super::{Clock, Tick, Timestamp, gate};

/// What a [`SystemClock`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockSource {
    /// The processor's time-stamp counter, through [quanta](https://docs.rs/quanta).
    Counter,
    /// The operating system's monotonic clock, through [`Instant`].
    Monotonic,
}

/// The system's clock.
///
/// It reads the processor's counter (about 10 ns) where that can be trusted, and otherwise the operating system's
/// monotonic clock (20 to 50 ns). Trusted means: on Linux, that the kernel's own current clock source is the counter;
/// elsewhere, that the processor calls it invariant. The first use in a process measures the counter's frequency, which
/// takes up to 200 ms; all clocks of a process share that and its origin, so that a reading of one is good for all.
///
/// - **Frequency.** It is measured once against the monotonic clock, to within some parts in a million, and does not follow
///   later adjustments of that clock.
/// - **Suspend.** Whether time spent suspended counts is the machine's choice: the counter usually goes on where the
///   monotonic clock stands still. Neither mints permits beyond one burst.
/// - **Migration.** When a virtual machine moves, the counter may jump, or change its frequency if the host does not
///   scale it. A jump forward refills at most one burst; one backwards delays grants until the old reading is reached
///   again. Kernels that expect to be moved choose another clock source, and then this clock does as well.
/// - **Fork.** The child goes on with the same time. Its copy of a limiter is its own: the two count apart.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    /// The processor's counter, where it is trusted.
    counter: Option<&'static quanta::Clock>,
}

impl SystemClock {
    /// The system's clock.
    pub fn new() -> Self {
        static COUNTER: OnceLock<Option<quanta::Clock>> = OnceLock::new();
        let counter = COUNTER.get_or_init(|| gate::counter_is_trusted().then(quanta::Clock::new)).as_ref();
        Self { counter }
    }

    /// What it reads on this machine.
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
        Timestamp(match self.counter {
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

/// Nanoseconds since the process first asked. Out of line, so that it does not weigh on the path that reads the counter.
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
    fn runs_at_the_rate_of_the_monotonic_clock() {
        let clock = SystemClock::new();
        // Between the readings of a pair the thread may be put to sleep; one attempt in ten without that is enough.
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
    fn the_monotonic_clock_stands_in_for_the_counter() {
        let clock = SystemClock { counter: None };
        assert_eq!((clock.source(), clock.tick()), (ClockSource::Monotonic, Tick::NANOSECOND));
        let (start, reading) = (Instant::now(), clock.now());
        std::thread::sleep(Duration::from_millis(5));
        let elapsed = clock.between(reading, clock.now());
        assert!(elapsed >= Duration::from_millis(5) && elapsed <= start.elapsed() + Duration::from_millis(1));
    }

    #[test]
    fn clones_and_new_ones_agree() {
        let readings = [SystemClock::new(), SystemClock::default()].map(|clock| clock.now());
        let apart = SystemClock::new().tick().duration_of(readings[1].ticks() - readings[0].ticks());
        assert!(apart < Duration::from_secs(1), "{apart:?}");
    }
}
