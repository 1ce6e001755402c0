//! Keys are dropped when they are forgotten.

use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::Duration;

use limitor::ManualClock;

use super::{exact, quota};

static ALIVE: AtomicIsize = AtomicIsize::new(0);

#[derive(PartialEq, Eq, Hash)]
struct Counted(u64);

impl Counted {
    fn new(number: u64) -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self(number)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A flood of keys, each used only once, with refunds and debts. Most of them are refused.
#[test]
fn forgotten_keys_are_dropped() {
    let clock = ManualClock::new();
    let limiter = exact::<Counted>(quota("1/s burst 2"), 1_000, &clock);
    for number in 0..100_000 {
        let key = Counted::new(number);
        if let Ok(grant) = limiter.try_acquire(&key, 1) {
            grant.reconcile(number % 3);
        }
        if number % 2 == 0 {
            clock.advance(Duration::from_millis(1));
        }
        assert!(limiter.memory() < 1_000 * 300 + 128 * 64, "{} bytes", limiter.memory());
    }
    let alive = ALIVE.load(Ordering::Relaxed);
    assert!(alive <= 1_000 + 500, "{alive} keys are alive of 1,000");
    assert!(limiter.evictions() > 10_000, "{}", limiter.evictions());
    drop(limiter);
    assert!(ALIVE.load(Ordering::Relaxed) <= 500);
}
