//! The clocks of contenders that take one.

use std::sync::LazyLock;
use std::time::Duration;

use limitor::Timestamp;

/// The interval at which the cached clocks, ours and governor's, are updated.
pub(crate) const UPKEEP: Duration = Duration::from_millis(1);

/// A source of time.
pub(crate) trait Time: Send + Sync + 'static {
    /// Starts at 0.
    fn start() -> Self;

    /// Nanoseconds since the start.
    fn nanos(&self) -> u64;

    /// The cheapest reading, in units of the clock.
    fn read(&self) -> u64;
}

/// The processor's counter, through quanta.
pub(crate) struct Counter {
    clock: quanta::Clock,
    start: u64,
}

impl Time for Counter {
    fn start() -> Self {
        // Made once, because quanta queries the processor each time, which is slow on virtual
        // machines.
        static CLOCK: LazyLock<quanta::Clock> = LazyLock::new(quanta::Clock::new);
        Self { start: CLOCK.raw(), clock: CLOCK.clone() }
    }

    #[inline]
    fn nanos(&self) -> u64 {
        self.clock.delta_as_nanos(self.start, self.clock.raw())
    }

    #[inline]
    fn read(&self) -> u64 {
        self.clock.raw()
    }
}

/// quanta's cached clock: the last reading of its upkeep thread.
pub(crate) struct Cached {
    clock: quanta::Clock,
    start: quanta::Instant,
}

impl Cached {
    #[inline]
    fn elapsed(&self) -> Duration {
        self.clock.recent().saturating_duration_since(self.start)
    }
}

impl Time for Cached {
    fn start() -> Self {
        static RUNNING: LazyLock<quanta::Handle> =
            LazyLock::new(|| quanta::Upkeep::new(UPKEEP).start().expect("no other upkeep thread"));
        LazyLock::force(&RUNNING);
        let clock = quanta::Clock::new();
        Self { start: clock.recent(), clock }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "584 years of nanoseconds fit")]
    fn nanos(&self) -> u64 {
        self.elapsed().as_nanos() as u64
    }

    #[inline]
    fn read(&self) -> u64 {
        self.nanos()
    }
}

impl limitor::Clock for Cached {
    #[inline]
    fn now(&self) -> Timestamp {
        Timestamp::from_ticks(self.nanos())
    }
}

impl ratelimit::Clock for Counter {
    #[inline]
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.nanos())
    }
}

impl ratelimit::Clock for Cached {
    #[inline]
    fn elapsed(&self) -> Duration {
        self.elapsed()
    }
}
