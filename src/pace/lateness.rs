//! How late this machine wakes a thread, learned from the waits themselves, and which waiters may
//! spin to make up for it.

use std::num::NonZero;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::{Clock, Timestamp};

/// How long before its time a waiter is to be woken, so that it can spin for the rest and be on
/// time. Of updates that race, one may be lost, which costs one sample.
#[derive(Debug)]
pub(crate) struct Margin {
    nanos: AtomicU64,
    max: u64,
}

/// The margin of threads. The process has one, because lateness is a property of the machine.
pub(crate) static THREADS: Margin = Margin { nanos: AtomicU64::new(120_000), max: 500_000 };

/// The margin of tasks. A task is woken by a thread that must itself be woken.
pub(super) static TASKS: Margin = Margin { nanos: AtomicU64::new(200_000), max: 800_000 };

const MIN_MARGIN: u64 = 20_000;

impl Margin {
    pub(super) fn get(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    /// The reading at which the margin before `due` begins.
    pub(crate) fn before(&self, clock: &impl Clock, due: Timestamp) -> Timestamp {
        Timestamp::from_ticks(due.ticks().saturating_sub(clock.tick().ticks_in(self.get())))
    }

    /// Learns from a waiter that woke `late` after the time that it had asked for.
    pub(crate) fn observe(&self, late: Duration) {
        let late = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.store(self.adapted(self.nanos.load(Ordering::Relaxed), late), Ordering::Relaxed);
    }

    /// Follows the quantile at which steps up and down balance. A wake-up in time lowers the margin
    /// by 1 part in 128. A wake-up that is late raises it by a quarter of what was missing, at most
    /// by half. The machine where these steps were tuned wakes threads 60 to 120 µs late in the
    /// median, and milliseconds late at worst. There the margin settles where about 19 in 20 wake
    /// in time.
    fn adapted(&self, margin: u64, late: u64) -> u64 {
        let next = if late > margin { margin + ((late - margin) / 4).min(margin / 2) } else { margin - margin / 128 };
        next.clamp(MIN_MARGIN, self.max)
    }
}

/// Half the cores. If more threads were spinning, they would take processor time from each other.
fn most_spinning() -> usize {
    static LIMIT: OnceLock<usize> = OnceLock::new();
    *LIMIT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2))
}

/// A thread's right to spin, returned when it is dropped.
#[derive(Debug)]
pub(crate) struct SpinPermit {
    counted: bool,
}

static SPINNING: AtomicUsize = AtomicUsize::new(0);

impl SpinPermit {
    /// A right to spin, unless as many threads spin already as may.
    pub(crate) fn take() -> Option<Self> {
        let permit = Self { counted: true };
        // If the count was too high, the permit is dropped, which lowers the count again.
        (SPINNING.fetch_add(1, Ordering::Relaxed) < most_spinning()).then_some(permit)
    }

    /// A right to spin, however many threads spin already.
    pub(super) fn unlimited() -> Self {
        Self { counted: false }
    }
}

impl Drop for SpinPermit {
    fn drop(&mut self) {
        if self.counted {
            SPINNING.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Leases a right to spin to a task for the next `left`, unless as many tasks have one as may. A
/// lease ends by itself, because a task that is leaked or starved would never return a permit.
pub(super) fn lease_spin(left: Duration) -> bool {
    /// When each lease ends, in nanoseconds after the first was requested.
    static ENDS: [AtomicU64; 16] = [const { AtomicU64::new(0) }; 16];
    static START: OnceLock<Instant> = OnceLock::new();
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let now = nanos(START.get_or_init(Instant::now).elapsed());
    let end = now.saturating_add(nanos(left));
    ENDS.iter().take(most_spinning()).any(|lease| {
        let old = lease.load(Ordering::Relaxed);
        old <= now && lease.compare_exchange(old, end, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn margin_settles_above_most_lateness_and_follows_it_down() {
        let mut margin = MIN_MARGIN;
        let mut in_time = 0;
        // 19 of 20 wake 60 to 97 µs late, every twentieth 3 ms late.
        for wake in 0..20_000_u64 {
            let late = if wake % 20 == 19 { 3_000_000 } else { 60_000 + wake % 20 * 2_000 };
            in_time += u64::from(wake >= 10_000 && late <= margin);
            margin = THREADS.adapted(margin, late);
        }
        assert!((80_000..=THREADS.max).contains(&margin), "{margin}");
        assert!(in_time >= 9_000, "{in_time} of 10000");
        for _ in 0..2_000 {
            margin = THREADS.adapted(margin, 5_000);
        }
        assert_eq!(margin, MIN_MARGIN);
    }

    #[test]
    fn margin_after_one_absurd_wake_up_grows_by_half() {
        assert_eq!(THREADS.adapted(100_000, u64::MAX), 150_000);
        assert_eq!(THREADS.adapted(THREADS.max, u64::MAX), THREADS.max);
    }
}
