//! The decision core alone: everything that is available without `std`, on a clock of the user.
//!
//! `cargo test --no-default-features --test core` runs it on that core.
#![cfg(not(loom))]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use limitor::{Clock, Quota, RateLimiter, Reason, Timestamp, clock::Tick};

/// Counts milliseconds.
#[derive(Default)]
struct Millis(AtomicU64);

impl Clock for Millis {
    fn now(&self) -> Timestamp {
        Timestamp::from_ticks(self.0.load(Ordering::Relaxed))
    }

    fn tick(&self) -> Tick {
        Tick::new(1_000_000, 1).unwrap()
    }
}

#[test]
fn core_decides_settles_and_obeys_control_verbs() {
    let limiter = RateLimiter::with_clock(Quota::per_second(10).unwrap(), Millis::default());
    let advance = |millis| limiter.clock().0.fetch_add(millis, Ordering::Relaxed);
    limiter.try_acquire(10).unwrap().reconcile(7);
    assert_eq!(limiter.available(), 3);
    limiter.charge(5);
    let denied = limiter.try_acquire(1).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after()), (Reason::NotYet, Some(Duration::from_millis(300))));
    limiter.charge(20);
    limiter.refund(20);
    advance(299);
    assert!(limiter.try_acquire(1).is_err());
    advance(1);
    assert!(limiter.try_acquire(1).is_ok());
    limiter.close();
    limiter.refund(10);
    assert!(limiter.is_closed() && limiter.try_acquire(1).is_err());
    limiter.reset();
    limiter.bypass();
    assert!((0..5).all(|_| limiter.try_acquire(10).is_ok()));
    limiter.reset();
    assert_eq!(limiter.available(), 10);
}

/// Clocks with ticks of any length make the same decisions.
#[test]
fn coarse_and_fine_ticks_decide_alike() {
    struct Scaled(AtomicU64, Tick);

    impl Clock for Scaled {
        fn now(&self) -> Timestamp {
            Timestamp::from_ticks(self.0.load(Ordering::Relaxed))
        }

        fn tick(&self) -> Tick {
            self.1
        }
    }

    // A second, a millisecond, the periods of 24 MHz and 3 GHz, a picosecond.
    for (nanos, per) in [(1_000_000_000, 1), (1_000_000, 1), (125, 3), (1, 3), (1, 1_000)] {
        let tick = Tick::new(nanos, per).unwrap();
        let ticks = |seconds: u64| seconds * 1_000_000_000 / nanos * per;
        for quota in ["1/s", "7/s burst 20", "1/7d burst 2", "99991/s burst 1", "10000000000/s"] {
            let quota: Quota = quota.parse().unwrap();
            let clock = Scaled(AtomicU64::new(ticks(5)), tick);
            let limiter = RateLimiter::with_clock(quota, clock);
            limiter.try_acquire(quota.burst()).unwrap();
            assert!(limiter.try_acquire(1).is_err(), "{quota} {tick:?}");
            // Long enough for the whole burst, in whole seconds of whole ticks.
            let burst = u128::from(quota.burst()) * quota.period().as_nanos();
            let seconds = u64::try_from(burst.div_ceil(u128::from(quota.capacity()) * 1_000_000_000)).unwrap();
            limiter.clock().0.fetch_add(ticks(seconds), Ordering::Relaxed);
            assert_eq!(limiter.available(), quota.burst(), "{quota} {tick:?}");
            assert!(limiter.try_acquire(quota.burst()).is_ok());
        }
    }
}

#[test]
fn tick_must_be_between_a_picosecond_and_a_second() {
    assert!(Tick::new(1_000_000_001, 1).is_none() && Tick::new(2_000_000_001, 2).is_none());
    assert!(Tick::new(1, 1_001).is_none() && Tick::new(0, 1).is_none() && Tick::new(1, 0).is_none());
    assert!(Tick::new(u64::MAX, u64::MAX).is_none());
    let tick = Tick::new(1_000_000_000, 1).unwrap();
    assert_eq!((tick.nanos(), tick.per()), (1_000_000_000, 1));
}
