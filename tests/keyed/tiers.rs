//! A quota for each class of keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use limitor::{AcquireError, KeyedLimiter, ManualClock, Quota, Reason};

use super::{ENTRIES, Keyed, per_second, secs};

fn limiter(max_keys: usize, quota_for: impl Fn(&u64) -> Quota + Send + Sync + 'static) -> (Keyed, ManualClock) {
    let clock = ManualClock::new();
    let builder = KeyedLimiter::builder(per_second(1)).max_keys(max_keys).clock(clock.clone());
    (builder.quota_for(quota_for).build(), clock)
}

#[test]
fn each_key_has_its_own_quota() {
    let quotas =
        ["1/s", "3/s burst 7", "70000/min", "1/365d burst 2", "10000000000/s"].map(|text| text.parse().unwrap());
    let (limiter, clock) = limiter(1_000, move |key| quotas[usize::try_from(*key).unwrap() % 5]);
    for key in 0..50 {
        let quota = quotas[usize::try_from(key).unwrap() % 5];
        assert_eq!(limiter.quota(&key), quota);
        assert!(limiter.try_acquire(&key, quota.burst() + 1).is_err());
        assert!(limiter.try_acquire(&key, quota.burst()).is_ok());
        let denied = limiter.try_acquire(&key, 1).unwrap_err();
        let nanos = quota.period().as_nanos().div_ceil(u128::from(quota.capacity()));
        assert_eq!(denied.retry_after().unwrap().as_nanos(), nanos, "{quota}");
        assert_eq!(denied.burst(), quota.burst());
    }
    clock.advance(secs(1));
    let available = [1, 3, 1_166, 0, 10_000_000_000];
    assert!((0..50).all(|key| limiter.available(&key) == available[usize::try_from(key).unwrap() % 5]));
    let states: Vec<_> = limiter.states().collect();
    assert_eq!(states.iter().filter(|state| state.quota == quotas[3] && state.available == 0).count(), 10);
}

#[test]
fn key_with_too_many_quotas_is_refused_and_others_go_on() {
    let (limiter, _) = limiter(1_000, |key| per_second(1 + key));
    let limiter = Arc::new(limiter);
    // The quota of the builder is the first.
    for key in 0..64 {
        assert!(limiter.try_acquire(&key, 1 + key).is_ok(), "{key}");
    }
    for key in [64, 99] {
        let denied = limiter.try_acquire(&key, 1).unwrap_err();
        assert_eq!((denied.reason(), denied.retry_after()), (Reason::TooManyQuotas, None));
        assert!(denied.to_string().contains("64 different quotas"));
        assert_eq!(limiter.reserve(&key, 1).unwrap_err().reason(), Reason::TooManyQuotas);
        assert_eq!(limiter.reserve_within(&key, 1, secs(9)).unwrap_err().reason(), Reason::TooManyQuotas);
        assert_eq!(limiter.acquire(&key, 1).wait().unwrap_err(), AcquireError::TooManyQuotas);
        assert_eq!(limiter.acquire_owned(&key, 1).timeout(secs(1)).wait().unwrap_err(), AcquireError::TooManyQuotas);
        assert_eq!(limiter.available(&key), 0);
        assert!(!limiter.capacity_info(&key, 1).has_capacity);
        limiter.charge(&key, 1);
        limiter.refund(&key, 1);
        limiter.reset(&key);
    }
    assert!((0..64).all(|key| limiter.available(&key) == 0));
    limiter.refund(&63, 5);
    assert_eq!(limiter.available(&63), 5);
}

/// The function takes slices; keys are looked up as slices and as strings. Then the other way
/// round.
#[test]
fn key_is_the_same_in_every_borrowed_form() {
    let quota = |name: &str| per_second(if name.starts_with("paid") { 9 } else { 4 });
    let builder = || KeyedLimiter::<String>::builder(per_second(4)).clock(ManualClock::new());
    for limiter in [builder().quota_for(quota).build(), builder().quota_for(move |name: &String| quota(name)).build()] {
        for (name, burst) in [("paid-ann", 9), ("bob", 4)] {
            let name = String::from(name);
            assert_eq!((limiter.quota(name.as_str()), limiter.quota(&name)), (per_second(burst), per_second(burst)));
            limiter.try_acquire(name.as_str(), burst - 2).unwrap();
            assert_eq!(limiter.available(&name), 2);
            limiter.try_acquire(&name, 2).unwrap();
            assert!(limiter.try_acquire(name.as_str(), 1).is_err());
        }
    }
}

#[test]
fn key_with_a_changed_quota_begins_anew_and_keeps_the_old() {
    let paid = Arc::new(AtomicBool::new(false));
    let asked = paid.clone();
    let (limiter, _) = limiter(100, move |_| per_second(if asked.load(Ordering::Relaxed) { 50 } else { 5 }));
    limiter.try_acquire(&1, 5).unwrap();
    paid.store(true, Ordering::Relaxed);
    limiter.try_acquire(&1, 50).unwrap();
    paid.store(false, Ordering::Relaxed);
    assert!(limiter.try_acquire(&1, 1).is_err());
}

/// A unit of the second quota's time is a little more than half of one of the first's. So 10 s are
/// fewer units of it than 8 s of the other. The least debt is 8 s.
#[test]
fn least_debt_is_compared_in_time() {
    let (short, long): (Quota, Quota) = ("10/11s burst 100".parse().unwrap(), per_second(100));
    for least in 0..ENTRIES {
        let (limiter, _) = limiter(1, move |key| if *key == least { short } else { long });
        for key in 0..ENTRIES {
            // 8.8 s, and 10 s.
            limiter.charge(&key, if key == least { 8 } else { 10 });
        }
        assert_eq!(limiter.available(&77), 91, "8.8 s missing, of 100");
        limiter.charge(&77, 1_000);
        let kept = (0..ENTRIES).filter(|key| *key != least).all(|key| limiter.available(&key) == 90);
        assert!(kept, "only {least} lost its entry");
        assert_eq!(limiter.available(&least), 90, "a little over 10 s missing, at 1.1 s each");
    }
}

/// A key with one permit per day leaves its entry to a key with a million per second, and the other
/// way round. Each begins with the debt of the other in time, not in permits.
#[test]
fn inherited_debt_is_converted_in_time_between_quotas() {
    let (slow, fast): (Quota, Quota) = ("1/d burst 10".parse().unwrap(), "1000000/s burst 10000000".parse().unwrap());
    let (limiter, clock) = limiter(1, move |key| if *key < 100 { slow } else { fast });
    let slows = || 0..ENTRIES;
    slows().for_each(|key| drop(limiter.try_acquire(&key, 1).unwrap()));
    // A day exceeds any burst of the fast quota.
    let denied = limiter.try_acquire(&100, 1).unwrap_err();
    let wait = denied.retry_after().unwrap();
    assert!((secs(86_390)..secs(86_391)).contains(&wait), "{wait:?}");
    clock.advance(secs(86_399));
    limiter.try_acquire(&100, 8_999_990).unwrap();
    assert!((9..=10).contains(&limiter.available(&100)), "one of the 10 s was missing, and the rest of a tick");
    clock.advance(secs(1));
    (101..110).for_each(|key| drop(limiter.try_acquire(&key, 5_000_000).unwrap()));
    // All entries now have the fast quota. The first key of the slow quota finds the least debt of
    // 5 s, which costs it one whole permit.
    assert_eq!(limiter.available(&0), 9);
    clock.advance(Duration::from_millis(5_001));
    assert_eq!(limiter.available(&0), 10);
}
