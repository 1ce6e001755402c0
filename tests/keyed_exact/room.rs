//! Which keys find room, and which must wait for it.

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
fn only_idle_keys_make_room() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 3, &clock);
    for (key, n) in [(1, 3), (2, 1), (3, 5)] {
        limiter.try_acquire(&key, n).unwrap();
    }
    let denied = limiter.try_acquire(&4, 1).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after()), (Reason::NotYet, Some(seconds(1))));
    assert_eq!(limiter.capacity_info(&4, 2).needed, 2);
    // What the first idle key has taken since is known.
    limiter.try_acquire(&2, 1).unwrap();
    assert_eq!(limiter.try_acquire(&4, 1).unwrap_err().retry_after(), Some(seconds(2)));
    clock.advance(seconds(2));
    assert!(limiter.try_acquire(&4, 1).is_ok());
    assert_eq!([1, 2, 3, 4].map(|key| limiter.available(&key)), [4, 0, 2, 4], "no room for 2");
    assert_eq!((limiter.len(), limiter.evictions()), (3, 2));
}

#[test]
fn new_key_that_gets_nothing_takes_no_room() {
    let limiter = exact(quota("1/s burst 5"), 2, &ManualClock::new());
    limiter.try_acquire_at(at(10), &1, 5).unwrap();
    limiter.try_acquire_at(at(10), &2, 1).unwrap();
    // 2 is forgotten for 3, and leaves the floor at 11 s: at an earlier reading, the whole burst is
    // too early.
    limiter.try_acquire_at(at(11), &3, 5).unwrap();
    limiter.reset(&3);
    for key in 10..20 {
        assert!(limiter.try_acquire_at(at(20), &key, 0).is_ok());
        let denied = limiter.try_acquire_at(at(10), &key, 5).unwrap_err();
        assert_eq!((denied.reason(), denied.retry_after()), (Reason::NotYet, Some(seconds(1))));
        assert!(limiter.try_acquire_at(at(10), &key, 6).is_err());
    }
    assert_eq!(limiter.evictions(), 0);
    assert!(limiter.try_acquire_at(at(10), &4, 4).is_ok(), "which is all that is available at 10 s");
    assert_eq!(limiter.try_acquire_at(at(10), &5, 1).unwrap_err().retry_after(), Some(seconds(5)));
}

/// The same for a key that asks for more than possible, or only queries.
#[test]
fn impossible_requests_and_queries_take_no_room() {
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
    // If there is no room, an impossible request is still reported as impossible.
    assert_eq!(limiter.reserve(&2, 6).unwrap_err().reason(), Reason::ExceedsBurst);
    assert_eq!(limiter.reserve(&2, 5).unwrap_err().reason(), Reason::NotYet);
}

/// It does not matter for which of them there would be room first.
#[test]
fn key_that_becomes_idle_early_makes_room() {
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

/// In a table of several parts, most keys have taken more since their idle time was noted.
#[test]
fn the_one_idle_key_is_found_in_any_part() {
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
        assert_eq!(limiter.try_acquire(&idle, 1).unwrap_err().retry_after(), Some(seconds(4)), "no other key is idle");
    }
}

#[test]
fn refund_or_reset_makes_room_immediately() {
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
    // Saturated: no time is known, and only a reset ends it.
    clock.advance(seconds(1_000_000_000));
    assert_eq!(limiter.try_acquire(&2, 1).unwrap_err().reason(), Reason::Saturated);
    for key in 10..20 {
        limiter.try_acquire(&key, 5).unwrap();
        clock.advance(seconds(5));
    }
    limiter.reset(&2);
    assert!([20, 21].map(|key| limiter.try_acquire(&key, 5).is_ok()).iter().all(|granted| *granted));
}

/// The time at which the key would have been idle no longer applies.
#[test]
fn key_with_uncountable_debt_is_not_waited_for() {
    let limiter = exact(quota("1/s burst 5"), 2, &ManualClock::new());
    limiter.try_acquire(&1, 1).unwrap();
    limiter.try_acquire(&2, 5).unwrap();
    limiter.charge(&1, u64::MAX);
    assert_eq!(limiter.try_acquire(&3, 1).unwrap_err().retry_after(), Some(seconds(5)));
    limiter.charge(&2, u64::MAX);
    assert!(limiter.acquire(&3, 1).wait().is_err(), "no time at which there will be room is known");
}

#[test]
fn busy_keys_are_listed() {
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

/// A key that was forgotten since the keys were listed is not shown as one with almost its whole
/// burst to repay.
#[test]
fn key_forgotten_during_the_listing_is_not_shown() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 2, &clock);
    limiter.try_acquire(&1, 1).unwrap();
    limiter.try_acquire(&2, 1).unwrap();
    let states = limiter.states();
    clock.advance(seconds(1));
    limiter.try_acquire(&3, 1).unwrap();
    assert_eq!((states.count(), limiter.len()), (0, 1));
}

/// A key that was forgotten leaves its TAT behind for readings from before it.
#[test]
fn reset_all_forgets_what_forgotten_keys_took() {
    let limiter = exact(quota("1/s burst 5"), 1, &ManualClock::new());
    limiter.try_acquire_at(at(10), &1, 5).unwrap();
    limiter.try_acquire_at(at(20), &2, 5).unwrap();
    assert_eq!(limiter.available_at(at(10), &3), 0);
    limiter.reset_all();
    assert_eq!(limiter.try_acquire_at(at(10), &3, 5).map(|grant| grant.remaining()), Ok(0));
}
