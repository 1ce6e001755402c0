//! Quotas by class of key.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use limitor::{KeyedLimiter, ManualClock};

use super::{quota, seconds};

#[test]
fn key_with_a_changed_quota_begins_anew() {
    let clock = ManualClock::new();
    let (free, paid, pays) = (quota("1/min burst 2"), quota("1000/s"), Arc::new(AtomicU64::new(0)));
    let has_paid = Arc::clone(&pays);
    let limiter = KeyedLimiter::<u64>::builder(free)
        .quota_for(move |_: &u64| if has_paid.load(Ordering::Relaxed) == 1 { paid } else { free })
        .clock(clock.clone())
        .exact()
        .build();
    limiter.try_acquire(&1, 2).unwrap();
    pays.store(1, Ordering::Relaxed);
    assert!(limiter.try_acquire(&1, 400).is_ok());
    assert_eq!(limiter.available(&1), 600);
    pays.store(0, Ordering::Relaxed);
    assert_eq!(limiter.try_acquire(&1, 1).unwrap_err().retry_after(), Some(seconds(60)));
}

#[test]
fn idle_times_of_different_quotas_are_compared_in_time() {
    let clock = ManualClock::new();
    let (fast, slow) = (quota("1000/s burst 10000"), quota("1/min burst 2"));
    let limiter = KeyedLimiter::<u64>::builder(fast)
        .quota_for(move |key: &u64| if *key < 10 { fast } else { slow })
        .clock(clock.clone())
        .max_keys(2)
        .exact()
        .build();
    limiter.try_acquire(&1, 10_000).unwrap(); // busy for 10 s
    limiter.try_acquire(&10, 1).unwrap(); // busy for 60 s
    for key in [2, 11] {
        let wait = limiter.try_acquire(&key, 1).unwrap_err().retry_after();
        assert!(wait.unwrap().abs_diff(seconds(10)) <= Duration::from_nanos(1), "{wait:?}");
    }
    clock.advance(seconds(10));
    assert!(limiter.try_acquire(&11, 2).is_ok());
    assert_eq!(limiter.try_acquire(&2, 1).unwrap_err().retry_after(), Some(seconds(50)));
}
