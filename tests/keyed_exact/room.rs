//! Who finds room, and who must wait for it.

use limitor::{KeyedLimiter, ManualClock, Reason};

use super::{Exact, at, exact, quota, seconds};

#[test]
fn keys_are_looked_up_in_any_form() {
    let clock = ManualClock::new();
    let limiter = exact::<String>(quota("5/s"), 10, &clock);
    assert!(limiter.try_acquire("ann", 3).is_ok());
    assert_eq!((limiter.available(&"ann".to_owned()), limiter.available("bob")), (2, 5));
    let bytes = exact::<Vec<u8>>(quota("5/s"), 10, &clock);
    assert!(bytes.try_acquire(&b"ann"[..], 3).is_ok());
    assert_eq!(bytes.available(&b"ann".to_vec()), 2);
}

#[test]
fn only_keys_that_are_idle_make_room() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 3, &clock);
    for (key, n) in [(1, 3), (2, 1), (3, 5)] {
        limiter.try_acquire(&key, n).unwrap();
    }
    let denied = limiter.try_acquire(&4, 1).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after()), (Reason::NotYet, Some(seconds(1))));
    assert_eq!(limiter.capacity_info(&4, 2).needed, 2);
    // What the first to be idle has taken since is known.
    limiter.try_acquire(&2, 1).unwrap();
    assert_eq!(limiter.try_acquire(&4, 1).unwrap_err().retry_after(), Some(seconds(2)));
    clock.advance(seconds(2));
    assert!(limiter.try_acquire(&4, 1).is_ok());
    assert_eq!([1, 2, 3, 4].map(|key| limiter.available(&key)), [4, 0, 2, 4], "no room for 2");
    assert_eq!((limiter.len(), limiter.evictions()), (3, 2));
}

#[test]
fn a_newcomer_that_gets_nothing_takes_no_room() {
    let limiter = exact(quota("1/s burst 5"), 2, &ManualClock::new());
    limiter.try_acquire_at(at(10), &1, 5).unwrap();
    limiter.try_acquire_at(at(10), &2, 1).unwrap();
    // 2 is forgotten for 3, and leaves the floor at 11 s: all of the burst comes too early by a reading from before.
    limiter.try_acquire_at(at(11), &3, 5).unwrap();
    limiter.reset(&3);
    for key in 10..20 {
        assert!(limiter.try_acquire_at(at(20), &key, 0).is_ok());
        let denied = limiter.try_acquire_at(at(10), &key, 5).unwrap_err();
        assert_eq!((denied.reason(), denied.retry_after()), (Reason::NotYet, Some(seconds(1))));
        assert!(limiter.try_acquire_at(at(10), &key, 6).is_err());
    }
    assert_eq!(limiter.evictions(), 0);
    assert!(limiter.try_acquire_at(at(10), &4, 4).is_ok(), "which is all there is at 10 s");
    assert_eq!(limiter.try_acquire_at(at(10), &5, 1).unwrap_err().retry_after(), Some(seconds(5)));
}

/// Nor does one that asks for more than there can be, or only asks.
#[test]
fn who_takes_nothing_takes_no_room() {
    let limiter = exact(quota("1/s burst 5"), 2, &ManualClock::new());
    limiter.try_acquire(&1, 5).unwrap();
    let before = limiter.memory();
    for (key, n) in [(1, 6), (1, 7), (1, u64::MAX), (2, 6), (2, 7), (2, u64::MAX)] {
        assert_eq!(limiter.try_acquire(&key, n).unwrap_err().reason(), Reason::ExceedsBurst);
        assert_eq!(limiter.reserve(&key, n).unwrap_err().reason(), Reason::ExceedsBurst);
        assert_eq!((limiter.available(&2), limiter.capacity_info(&2, n).needed), (5, i128::from(n) - 5));
        limiter.refund(&2, n);
        limiter.reconcile(&2, n, n);
        limiter.charge(&2, 0);
        limiter.reset(&2);
        assert_eq!(limiter.memory(), before, "{key}, {n}");
    }
    limiter.charge(&3, 1);
    assert!(limiter.memory() > before);
    // Where there is none, what is wrong is still what was asked.
    assert_eq!(limiter.reserve(&2, 6).unwrap_err().reason(), Reason::ExceedsBurst);
    assert_eq!(limiter.reserve(&2, 5).unwrap_err().reason(), Reason::NotYet);
}

/// Whichever of them it was for which there was to be room first.
#[test]
fn whoever_becomes_idle_early_makes_room() {
    type Lower = fn(&Exact);
    let ways: [Lower; 4] = [
        |limiter| limiter.refund(&2, 3),
        |limiter| limiter.reconcile(&2, 0, 3),
        |limiter| limiter.reconcile_at(at(0), &2, 1, 4),
        |limiter| limiter.reset(&2),
    ];
    for lower in ways {
        let limiter = exact(quota("1/s burst 5"), 2, &ManualClock::new());
        limiter.try_acquire(&1, 1).unwrap();
        limiter.try_acquire(&2, 3).unwrap();
        limiter.charge(&1, 1);
        assert_eq!(limiter.try_acquire(&3, 1).unwrap_err().retry_after(), Some(seconds(2)));
        lower(&limiter);
        assert!(limiter.try_acquire(&3, 1).is_ok());
        assert_eq!(limiter.try_acquire(&2, 1).unwrap_err().retry_after(), Some(seconds(1)));
    }
}

/// In a table of several parts, in which most keys have taken more than when it was noted when they would be idle.
#[test]
fn the_one_key_that_is_idle_is_found_wherever_it_is() {
    const KEYS: u64 = 1_024;
    for idle in 0..16 {
        let clock = ManualClock::new();
        let limiter = exact(quota("1/s burst 5"), 1_024, &clock);
        for key in 0..KEYS {
            limiter.try_acquire(&key, 1).unwrap();
        }
        for key in (0..KEYS).filter(|key| *key != idle) {
            limiter.try_acquire(&key, 4).unwrap();
        }
        clock.advance(seconds(1));
        assert!(limiter.try_acquire(&KEYS, 5).is_ok());
        assert_eq!(limiter.try_acquire(&idle, 1).unwrap_err().retry_after(), Some(seconds(4)), "there is no other");
    }
}

#[test]
fn a_refund_or_a_reset_makes_room_at_once() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 2, &clock);
    let one = limiter.try_acquire(&1, 5).unwrap();
    limiter.try_acquire(&2, 5).unwrap();
    assert!(limiter.try_acquire(&3, 5).is_err());
    one.reconcile(0);
    assert!(limiter.try_acquire(&3, 5).is_ok());
    limiter.charge(&2, u64::MAX);
    clock.advance(seconds(5));
    limiter.try_acquire(&4, 5).unwrap();
    // Saturated: it has no time, and only a reset ends it.
    clock.advance(seconds(1_000_000_000));
    assert_eq!(limiter.try_acquire(&2, 1).unwrap_err().reason(), Reason::Saturated);
    for key in 10..20 {
        limiter.try_acquire(&key, 5).unwrap();
        clock.advance(seconds(5));
    }
    limiter.reset(&2);
    assert!([20, 21].map(|key| limiter.try_acquire(&key, 5).is_ok()).iter().all(|granted| *granted));
}

/// The time at which it would have been idle says nothing any more.
#[test]
fn a_key_in_debt_past_counting_is_not_waited_for() {
    let limiter = exact(quota("1/s burst 5"), 2, &ManualClock::new());
    limiter.try_acquire(&1, 1).unwrap();
    limiter.try_acquire(&2, 5).unwrap();
    limiter.charge(&1, u64::MAX);
    assert_eq!(limiter.try_acquire(&3, 1).unwrap_err().retry_after(), Some(seconds(5)));
    limiter.charge(&2, u64::MAX);
    assert!(limiter.acquire(&3, 1).wait().is_err(), "there is no time at which there will be room");
}

#[test]
fn keys_that_are_not_idle_are_shown() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 10, &clock);
    for key in 1..5 {
        limiter.try_acquire(&key, key).unwrap();
    }
    let _waiting = limiter.reserve(&4, 4).unwrap();
    clock.advance(seconds(1));
    let keys = limiter.keys().expect("keys are stored");
    let mut shown: Vec<_> = keys.map(|(key, standing)| (key, standing.available, standing.waiters)).collect();
    shown.sort_unstable();
    assert_eq!(shown, [(2, 4, 0), (3, 3, 0), (4, 0, 1)]);
    let hashed = KeyedLimiter::<u64>::new(quota("1/s"));
    hashed.try_acquire(&1, 1).unwrap();
    assert!(hashed.keys().is_none(), "none is stored");
}

/// Who has been forgotten since the keys were listed is not shown as one that has all but everything to pay.
#[test]
fn a_key_that_is_forgotten_meanwhile_is_not_shown() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 2, &clock);
    limiter.try_acquire(&1, 1).unwrap();
    limiter.try_acquire(&2, 1).unwrap();
    let states = limiter.states();
    clock.advance(seconds(1));
    limiter.try_acquire(&3, 1).unwrap();
    assert_eq!((states.count(), limiter.len()), (0, 1));
}
