//! How late this machine wakes a thread, learned from the waits themselves, and who may spin to make up for it.

use std::num::NonZero;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const MIN_MARGIN: u64 = 20_000;
const MAX_MARGIN: u64 = 500_000;

/// Nanoseconds before its turn at which a thread stops parking and begins to spin. One for the process: lateness is a
/// property of the machine. Racing updates may be lost, which costs one sample.
static MARGIN: AtomicU64 = AtomicU64::new(120_000);

/// The margin by which to wake early.
pub(super) fn margin() -> Duration {
    Duration::from_nanos(MARGIN.load(Ordering::Relaxed))
}

/// Learns from a thread that woke `late` after the time it had asked for.
pub(super) fn observe(late: Duration) {
    let late = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
    MARGIN.store(adapted(MARGIN.load(Ordering::Relaxed), late), Ordering::Relaxed);
}

/// Follows the quantile at which steps up and down balance: down by 1 in 128 for each wake-up in time, up by a quarter of
/// what was missing, at most by half, for each that was not. On the machine it was tuned on (median 60 to 120 µs, worst
/// milliseconds) that settles where about 19 in 20 wake in time.
fn adapted(margin: u64, late: u64) -> u64 {
    let next = if late > margin { margin + ((late - margin) / 4).min(margin / 2) } else { margin - margin / 128 };
    next.clamp(MIN_MARGIN, MAX_MARGIN)
}

/// The right to spin, given back when dropped.
#[derive(Debug)]
pub(super) struct SpinPermit {
    counted: bool,
}

static SPINNING: AtomicUsize = AtomicUsize::new(0);

impl SpinPermit {
    /// A permit, unless half the cores are spinning already: more would take from each other what they wait for.
    pub(super) fn take() -> Option<Self> {
        static LIMIT: OnceLock<usize> = OnceLock::new();
        let limit = *LIMIT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2));
        let permit = Self { counted: true };
        // Refused, the permit is dropped and counts itself out again.
        (SPINNING.fetch_add(1, Ordering::Relaxed) < limit).then_some(permit)
    }

    /// A permit whoever else spins.
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_margin_settles_above_most_of_what_it_sees_and_follows_it_back() {
        let mut margin = MIN_MARGIN;
        let mut in_time = 0;
        // 19 of 20 wake 60 to 97 µs late, every twentieth 3 ms late.
        for wake in 0..20_000_u64 {
            let late = if wake % 20 == 19 { 3_000_000 } else { 60_000 + wake % 20 * 2_000 };
            in_time += u64::from(wake >= 10_000 && late <= margin);
            margin = adapted(margin, late);
        }
        assert!((80_000..=MAX_MARGIN).contains(&margin), "{margin}");
        assert!(in_time >= 9_000, "{in_time} of 10000");
        for _ in 0..2_000 {
            margin = adapted(margin, 5_000);
        }
        assert_eq!(margin, MIN_MARGIN);
    }

    #[test]
    fn one_absurd_wake_up_does_not_make_it_absurd() {
        assert_eq!(adapted(100_000, u64::MAX), 150_000);
        assert_eq!(adapted(MAX_MARGIN, u64::MAX), MAX_MARGIN);
    }
}
