//! A clock over the system's that can be set and stopped; and the readings that a call takes of it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use limitor::{Clock, SystemClock, Timestamp, clock::Sleep, clock::Tick};

/// The system's clock, unless it is set or stopped.
#[derive(Debug, Clone)]
pub(crate) struct Warp(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    system: SystemClock,
    /// Whether the clock is set while others wait on it. Then waiters look at it repeatedly.
    steps: bool,
    /// Ticks added to those of the system.
    offset: AtomicI64,
    /// The reading at which the clock was stopped.
    stopped: AtomicU64,
    /// The latest reading that any thread has taken.
    highest: AtomicU64,
}

const RUNS: u64 = u64::MAX;

/// The time between two looks of a waiter on a clock that steps.
const GLANCE: Duration = Duration::from_millis(20);

const HOUR: Duration = Duration::from_secs(3_600);

impl Warp {
    /// `steps`: whether the clock will be set while others wait on it.
    pub(crate) fn new(steps: bool) -> Self {
        let inner = Inner {
            system: SystemClock::new(),
            steps,
            offset: AtomicI64::new(0),
            stopped: AtomicU64::new(RUNS),
            highest: AtomicU64::new(0),
        };
        let clock = Self(Arc::new(inner));
        // So readings before the origin of any limiter exist.
        clock.forward(100 * HOUR);
        clock
    }

    pub(crate) fn steps(&self) -> bool {
        self.0.steps
    }

    /// A duration in ticks, rounded up.
    pub(crate) fn ticks(&self, duration: Duration) -> u64 {
        let tick = self.tick();
        let ticks = (duration.as_nanos() * u128::from(tick.per())).div_ceil(u128::from(tick.nanos()));
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    pub(crate) fn forward(&self, by: Duration) {
        self.0.offset.fetch_add(self.ticks(by).cast_signed(), Ordering::SeqCst);
    }

    pub(crate) fn back(&self, by: Duration) {
        self.0.offset.fetch_sub(self.ticks(by).cast_signed(), Ordering::SeqCst);
    }

    pub(crate) fn stop(&self) {
        self.0.stopped.store(self.running(), Ordering::SeqCst);
    }

    pub(crate) fn go_on(&self) {
        self.0.stopped.store(RUNS, Ordering::SeqCst);
    }

    /// The latest reading that any thread has taken.
    pub(crate) fn highest(&self) -> u64 {
        self.0.highest.load(Ordering::SeqCst)
    }

    fn running(&self) -> u64 {
        self.0.system.now().ticks().wrapping_add_signed(self.0.offset.load(Ordering::SeqCst))
    }

    /// The reading now, which is not recorded.
    pub(crate) fn glance(&self) -> u64 {
        match self.0.stopped.load(Ordering::SeqCst) {
            RUNS => self.running(),
            reading => reading,
        }
    }

    /// The time between two looks of a waiter until `at`.
    fn look_after(&self, at: Timestamp) -> Duration {
        let left = self.between(Timestamp::from_ticks(self.glance()), at);
        if self.0.steps { left.min(GLANCE) } else { left }
    }
}

impl Clock for Warp {
    fn now(&self) -> Timestamp {
        let reading = self.glance();
        if self.0.steps {
            self.0.highest.fetch_max(reading, Ordering::SeqCst);
        }
        TRACE.set(TRACE.get().and(reading));
        Timestamp::from_ticks(reading)
    }

    fn tick(&self) -> Tick {
        self.0.system.tick()
    }

    fn can_spin(&self) -> bool {
        !self.0.steps
    }

    fn park_until(&self, at: Timestamp) {
        thread::park_timeout(self.look_after(at));
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        Sleep::precise(self.look_after(at))
    }
}

thread_local! {
    static TRACE: Cell<Trace> = const { Cell::new(Trace::NONE) };
}

/// The readings that a call took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) count: u32,
}

impl Trace {
    pub(crate) const NONE: Self = Self { first: 0, last: 0, count: 0 };

    fn and(self, reading: u64) -> Self {
        let first = if self.count == 0 { reading } else { self.first };
        Self { first, last: reading, count: self.count.saturating_add(1) }
    }

    /// These readings and later ones.
    pub(crate) fn then(self, later: Self) -> Self {
        match (self.count, later.count) {
            (0, _) => later,
            (_, 0) => self,
            (count, more) => Self { first: self.first, last: later.last, count: count.saturating_add(more) },
        }
    }
}

/// Calls `call` and returns the readings that it took on this thread.
pub(crate) fn traced<R>(call: impl FnOnce() -> R) -> (R, Trace) {
    TRACE.set(Trace::NONE);
    let answer = call();
    (answer, TRACE.get())
}
