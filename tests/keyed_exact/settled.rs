//! Grants that are settled after their key was forgotten.

use limitor::ManualClock;

use super::{Exact, exact, quota, seconds};

fn forgotten(limiter: &Exact, clock: &ManualClock) {
    clock.advance(seconds(100));
    limiter.try_acquire(&2, 5).unwrap();
    assert!(limiter.try_acquire(&1, 1).is_err(), "there is no room");
    clock.advance(seconds(5));
}

#[test]
fn debt_brings_its_key_back() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 1, &clock);
    let grant = limiter.try_acquire(&1, 1).unwrap();
    forgotten(&limiter, &clock);
    grant.reconcile(4);
    assert_eq!(limiter.available(&1), 2);
    assert_eq!(limiter.len(), 1);
}

#[test]
fn debt_finds_the_current_cell_of_its_key() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 1, &clock);
    let grants = [1, 1, 1].map(|n| limiter.try_acquire(&1, n).unwrap());
    forgotten(&limiter, &clock);
    limiter.try_acquire(&1, 1).unwrap();
    let [first, second, third] = grants;
    first.reconcile(3);
    assert_eq!(limiter.available(&1), 2);
    second.refund();
    assert_eq!(limiter.available(&1), 3);
    // Again, with a key that a debt brought back.
    forgotten(&limiter, &clock);
    third.reconcile(3);
    assert_eq!((limiter.available(&1), limiter.len()), (3, 1));
}

#[test]
fn refund_of_an_idle_key_has_no_effect() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 1, &clock);
    let grant = limiter.try_acquire(&1, 5).unwrap();
    forgotten(&limiter, &clock);
    grant.refund();
    assert_eq!((limiter.available(&1), limiter.len()), (5, 0));
    limiter.try_acquire(&1, 5).unwrap();
    assert!(limiter.try_acquire(&1, 1).is_err());
}

#[test]
fn two_debts_of_one_key_bring_it_back_once() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 5"), 2, &clock);
    let first = limiter.try_acquire(&1, 1).unwrap();
    forgotten(&exact(quota("1/s burst 5"), 1, &clock), &clock);
    limiter.try_acquire(&2, 5).unwrap();
    limiter.try_acquire(&3, 5).unwrap();
    clock.advance(seconds(5));
    limiter.try_acquire(&2, 5).unwrap();
    // 1 was forgotten; it has another cell now, and keeps it.
    let second = limiter.try_acquire(&1, 1).unwrap();
    first.reconcile(2);
    second.reconcile(2);
    assert_eq!(limiter.available(&1), 2);
    assert_eq!(limiter.len(), 2);
}
