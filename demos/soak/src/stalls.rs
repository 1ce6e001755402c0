//! Times at which the machine ran none of this, as on a busy or a suspended host. They do not count
//! against a limiter.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The lateness of the watching thread that is called a stall.
const USUAL: Duration = Duration::from_millis(100);

/// Nanoseconds, as the watching thread counts them.
#[derive(Debug, Default)]
pub(crate) struct Stalls {
    ran: AtomicU64,
    stood: AtomicU64,
}

/// A stopwatch that stands still while the machine does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch {
    began: Instant,
    ran: u64,
}

impl Stalls {
    /// Sleeps, and records the time that this took. If it is far too long, it was a stall.
    pub(crate) fn sleep(&self, duration: Duration) {
        let began = Instant::now();
        thread::sleep(duration);
        let took = began.elapsed();
        let ran = took.min(duration + USUAL);
        self.ran.fetch_add(nanos(ran), Ordering::Relaxed);
        self.stood.fetch_add(nanos(took.saturating_sub(ran)), Ordering::Relaxed);
    }

    /// The time for which the machine stood still.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.stood.load(Ordering::Relaxed))
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch { began: Instant::now(), ran: self.ran.load(Ordering::Relaxed) }
    }

    /// The time that has passed without stalls. Only recorded stalls count, so a thread that wakes
    /// from a stall first is not misled.
    pub(crate) fn since(&self, watch: Watch) -> Duration {
        let ran = Duration::from_nanos(self.ran.load(Ordering::Relaxed) - watch.ran);
        watch.began.elapsed().min(ran + USUAL)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
