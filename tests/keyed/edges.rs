//! Amounts and readings at the extremes, and the public types.

use std::sync::Arc;
use std::time::Duration;

use limitor::{AcquireError, Clock, KeyedLimiter, ManualClock, Reason, SystemClock, Timestamp, clock::Tick, keyed};

use super::{ENTRIES, Keyed, at, one_set, per_second, secs};

#[test]
fn shared_types_are_send_and_sync_and_held_by_tasks() {
    fn shared<T: Send + Sync + Unpin + 'static>() {}
    fn of<C: Clock + Clone + Send + Sync + Unpin + 'static>() {
        shared::<KeyedLimiter<String, C>>();
        shared::<keyed::Grant<'static, String, C>>();
        shared::<keyed::Reservation<'static, String, C>>();
        shared::<keyed::Acquire<'static, String, C>>();
        shared::<keyed::Builder<String, C>>();
    }
    of::<SystemClock>();
    of::<ManualClock>();
    shared::<limitor::Standing>();
    // Keys are not stored, so they do not have to be `Send`.
    shared::<KeyedLimiter<std::rc::Rc<str>>>();
}

#[test]
fn zero_permits_cost_nothing_on_every_path() {
    let (limiter, _) = one_set(1);
    limiter.charge(&1, 1_000);
    for key in 0..50 {
        let before = limiter.capacity_info(&key, 1);
        assert_eq!(limiter.try_acquire(&key, 0).unwrap().amount(), 0);
        assert!(limiter.acquire(&key, 0).timeout(Duration::ZERO).wait().is_ok());
        assert_eq!(limiter.reserve(&key, 0).unwrap().keep(), Duration::ZERO);
        assert!(limiter.reserve_within(&key, 0, Duration::ZERO).is_ok());
        limiter.refund(&key, 0);
        limiter.charge(&key, 0);
        assert_eq!(limiter.capacity_info(&key, 1), before);
        assert!(limiter.capacity_info(&key, 0).has_capacity);
    }
    assert_eq!((limiter.len(), limiter.evictions()), (1, 0), "it takes no entry");
    // A grant of zero permits can still be settled at its actual cost.
    limiter.try_acquire(&2, 0).unwrap().reconcile(3);
    assert_eq!(limiter.capacity_info(&2, 1).needed, 3);
}

#[test]
fn more_than_the_burst_is_an_error_on_every_path() {
    let (limiter, _) = one_set(10);
    limiter.try_acquire(&1, 3).unwrap();
    for (key, n) in [(1, 11), (1, u64::MAX), (2, 11), (2, u64::MAX)] {
        let denied = limiter.try_acquire(&key, n).unwrap_err();
        assert_eq!((denied.reason(), denied.retry_after()), (Reason::ExceedsBurst, None));
        assert_eq!((denied.requested(), denied.burst()), (n, 10));
        assert_eq!(limiter.reserve(&key, n).unwrap_err().reason(), Reason::ExceedsBurst);
        assert_eq!(limiter.reserve_within(&key, n, Duration::MAX).unwrap_err().reason(), Reason::ExceedsBurst);
        let error = limiter.acquire(&key, n).wait().unwrap_err();
        assert!(matches!(error, AcquireError::ExceedsBurst { requested, burst: 10, .. } if requested == n));
    }
    assert_eq!((limiter.available(&1), limiter.available(&2), limiter.len()), (7, 10, 1));
}

#[test]
fn absurd_amounts_saturate_until_reset_and_grant_nothing() {
    let (limiter, clock) = one_set(10);
    for key in [1, 2] {
        limiter.charge(&key, u64::MAX);
        limiter.charge(&key, u64::MAX);
        assert_eq!(limiter.available(&key), 0);
        let denied = limiter.try_acquire(&key, 1).unwrap_err();
        assert_eq!((denied.reason(), denied.retry_after()), (Reason::Saturated, None));
        limiter.refund(&key, u64::MAX);
        assert_eq!(limiter.reserve(&key, 1).unwrap_err().reason(), Reason::Saturated);
        assert_eq!(limiter.acquire(&key, 1).wait().unwrap_err(), AcquireError::Saturated);
    }
    assert_eq!(limiter.states().filter(|state| state.full_in == Duration::MAX).count(), 2);
    clock.advance(Duration::MAX);
    assert!(limiter.try_acquire(&1, 1).is_err());
    limiter.reset(&1);
    assert_eq!(limiter.available(&1), 10);
    limiter.refund(&1, u64::MAX);
    limiter.refund(&77, u64::MAX);
    assert_eq!((limiter.available(&1), limiter.available(&77)), (10, 10));
    assert!(limiter.try_acquire(&2, 1).is_err());
}

/// Ten keys of a set are saturated. Other keys of the set are refused, and they work normally after
/// one of the ten is reset.
#[test]
fn set_of_saturated_keys_refuses_others_until_one_is_reset() {
    let (limiter, _) = one_set(10);
    (0..ENTRIES).for_each(|key| limiter.charge(&key, u64::MAX));
    assert_eq!(limiter.available(&77), 0);
    assert_eq!(limiter.try_acquire(&77, 3).unwrap_err().reason(), Reason::NotYet);
    assert_eq!(limiter.reserve(&77, 3).unwrap_err().reason(), Reason::QueueFull);
    assert!(limiter.acquire(&77, 3).timeout(Duration::ZERO).wait().is_err());
    limiter.refund(&77, 3);
    assert!(limiter.evictions() > 0);
    limiter.reset(&3);
    assert_eq!(limiter.available(&77), 10);
    assert!(limiter.try_acquire(&77, 10).is_ok());
}

/// A key with a debt too large to be counted finds no entry for it. When the key has an entry
/// again, the debt is still too large to be counted: a refund has no effect.
#[test]
fn uncountable_debt_is_not_forgotten_with_the_entry() {
    let (limiter, _) = one_set(10);
    (0..ENTRIES).for_each(|key| limiter.charge(&key, u64::MAX));
    limiter.charge(&77, u64::MAX);
    limiter.reset(&3);
    assert!(limiter.reserve(&77, 1).is_err());
    limiter.refund(&77, u64::MAX);
    assert!(limiter.try_acquire(&77, 1).is_err());
    limiter.reset(&77);
    assert_eq!(limiter.available(&77), 10);
}

#[test]
fn reset_restores_a_key_that_has_lost_its_entry() {
    let (limiter, _) = one_set(10);
    (0..3 * ENTRIES).for_each(|key| limiter.charge(&key, 100));
    for key in 0..3 * ENTRIES {
        limiter.reset(&key);
        assert_eq!(limiter.available(&key), 10, "{key}");
        limiter.try_acquire(&key, 10).unwrap();
        assert!(limiter.try_acquire(&key, 1).is_err());
    }
}

#[test]
fn older_grant_settled_after_reset_never_exceeds_full() {
    let (limiter, _) = one_set(10);
    let grants = [(); 3].map(|()| limiter.try_acquire(&1, 3).unwrap());
    limiter.reset(&1);
    grants.into_iter().for_each(keyed::Grant::refund);
    assert_eq!(limiter.available(&1), 10);
    limiter.try_acquire(&1, 10).unwrap();
    assert!(limiter.try_acquire(&1, 1).is_err());
}

#[test]
fn clock_that_steps_back_creates_no_permits() {
    let clock = ManualClock::new();
    clock.set(secs(1_000));
    let limiter: Keyed = KeyedLimiter::with_clock(per_second(5), clock.clone());
    limiter.try_acquire(&1, 5).unwrap();
    clock.set(Duration::ZERO);
    assert!(limiter.try_acquire(&1, 1).is_err());
    limiter.try_acquire(&2, 5).unwrap();
    assert!(limiter.try_acquire(&2, 1).is_err());
    clock.set(secs(3));
    assert_eq!((limiter.available(&1), limiter.available(&2)), (0, 3));
    clock.set(secs(1_003));
    assert_eq!((limiter.available(&1), limiter.available(&2)), (3, 5));
}

/// At the end of time, time stands still. Then a key never gets more than it has, with or without
/// an entry.
#[test]
fn past_the_horizon_no_key_has_a_burst_twice() {
    let (limiter, clock) = one_set(5);
    clock.set(Duration::MAX);
    let mut granted = [0; 30];
    for _ in 0..20 {
        for (key, granted) in (0..).zip(&mut granted) {
            *granted += if limiter.try_acquire(&key, 5).is_ok() { 5 } else { 0 };
        }
    }
    assert!(granted.iter().all(|granted| *granted <= 5), "{granted:?}");
}

/// Ticks that are not nanoseconds, and so long that a debt ends between two of them.
#[test]
fn ticks_may_have_any_length() {
    #[derive(Clone)]
    struct Frames;

    impl Clock for Frames {
        fn now(&self) -> Timestamp {
            at(0)
        }

        fn tick(&self) -> Tick {
            Tick::new(40_000_000, 1).unwrap()
        }
    }

    let limiter = KeyedLimiter::<u64>::builder(per_second(2)).max_keys(1).clock(Frames).build();
    let frame = Timestamp::from_ticks;
    let keys = 0..ENTRIES + 5;
    for key in keys.clone() {
        limiter.try_acquire_at(frame(1), &key, 1).unwrap();
    }
    let granted = |ticks| keys.clone().filter(|key| limiter.try_acquire_at(frame(ticks), key, 2).is_ok()).count();
    assert_eq!(granted(25), 0, "one frame before the second is over");
    assert_eq!(granted(26), 5, "five entries are not in debt to other keys");
}

#[test]
fn busy_keys_are_listed_with_the_time_until_idle() {
    let (limiter, clock) = one_set(10);
    assert!(limiter.is_empty());
    limiter.try_acquire(&1, 4).unwrap();
    limiter.charge(&2, 13);
    let waiting = limiter.reserve(&3, 10).and_then(|_| limiter.reserve(&3, 2)).unwrap();
    let mut states: Vec<_> = limiter.states().map(|state| (state.full_in, state.available, state.waiters)).collect();
    states.sort_unstable();
    assert_eq!(states, [(secs(4), 6, 0), (secs(12), 0, 1), (secs(13), 0, 0)]);
    drop(waiting);
    clock.advance(secs(10));
    assert_eq!((limiter.len(), limiter.is_empty()), (1, false));
    assert_eq!(limiter.states().map(|state| state.full_in).collect::<Vec<_>>(), [secs(3)]);
    clock.advance(secs(3));
    assert_eq!((limiter.len(), limiter.is_empty()), (0, true));
    assert!(format!("{limiter:?}").contains("1/s"));
}

#[test]
fn occupied_bytes_are_known_and_constant() {
    for (max_keys, bytes) in [(1, 128), (5, 128), (6, 256), (1_000, 24_064)] {
        let limiter = KeyedLimiter::<u64>::builder(per_second(1)).max_keys(max_keys).build();
        (0..1_000).for_each(|key| drop(limiter.try_acquire(&key, 1)));
        assert_eq!(limiter.memory(), bytes);
    }
}

#[test]
fn settling_can_take_the_reading() {
    let (limiter, _) = one_set(10);
    limiter.charge(&1, 30);
    limiter.reconcile_at(at(25), &1, 2, 5);
    assert_eq!(limiter.available_at(at(25), &1), 8);
    limiter.reconcile_at(at(25), &1, 9, 5);
    assert_eq!(limiter.available_at(at(25), &1), 4);
    limiter.reconcile_at(at(30), &2, 3, 0);
    assert_eq!(limiter.available_at(at(30), &2), 7);
}

#[test]
fn grants_borrow_no_more_than_they_need() {
    let (limiter, _) = one_set(10);
    let grant = limiter.acquire_owned(&1, 6).wait().unwrap();
    let weak = Arc::downgrade(&limiter);
    drop(limiter);
    grant.reconcile(2);
    assert!(weak.upgrade().is_none());
}
