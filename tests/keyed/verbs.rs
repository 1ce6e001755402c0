//! Forms of the verbs: owned, at a given reading, up to what is available, by a handle of the key.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use limitor::{KeyedLimiter, ManualClock, Quota, Reason};

use super::{ENTRIES, at, one_set, own, per_second, secs};

#[test]
fn owned_forms_borrow_nothing() {
    let (limiter, clock) = one_set(2);
    let grants = [limiter.try_acquire_owned(&1, 1).unwrap(), limiter.try_acquire_owned_at(at(0), &1, 1).unwrap()];
    assert_eq!(grants.each_ref().map(limitor::keyed::Grant::remaining), [1, 0]);
    assert_eq!(limiter.try_acquire_owned(&1, 1).unwrap_err().retry_after(), Some(secs(1)));
    let reservation = limiter.reserve_owned(&1, 1).unwrap();
    assert!(limiter.reserve_within_owned(&1, 1, secs(1)).is_err_and(|denied| denied.reason() == Reason::TooLong));
    let within = limiter.reserve_within_owned(&1, 1, secs(2)).unwrap();
    let key = limiter.key_owned(&1);
    let weak = Arc::downgrade(&limiter);
    drop(limiter);
    clock.advance(secs(2));
    let waited = thread::spawn(move || (reservation.wait().unwrap(), within.wait().unwrap())).join().unwrap();
    assert_eq!((waited.0.remaining(), waited.1.remaining()), (0, 0), "of a grant that was waited for");
    assert_eq!(key.available(), 0);
    grants.into_iter().for_each(limitor::keyed::Grant::refund);
    assert_eq!(thread::spawn(move || key.available()).join().unwrap(), 2);
    drop(waited);
    assert!(weak.upgrade().is_none());
}

/// Every row: a reading in seconds, how many are asked for at most, and how many are granted.
#[test]
fn up_to_takes_what_is_available() {
    let rows =
        [(0, 3, 3), (0, 100, 7), (0, 1, 0), (1, 5, 1), (5, 2, 2), (5, 9, 2), (5, 0, 0), (4, 3, 0), (50, u64::MAX, 10)];
    for key in [1, 2] {
        let (limiter, _) = one_set(10);
        let own = own(per_second(10));
        for (second, most, granted) in rows {
            let (up_to, same) =
                (limiter.try_acquire_up_to_at(at(second), &key, most), own.try_acquire_up_to_at(at(second), most));
            let amount = up_to.as_ref().map_or(0, limitor::keyed::Grant::amount);
            assert_eq!((amount, same.map_or(0, |grant| grant.amount())), (granted, granted), "{most} at {second}");
            if let Err(denied) = up_to {
                assert_eq!((denied.reason(), denied.requested()), (Reason::NotYet, 1));
            }
        }
    }
}

#[test]
fn up_to_never_overtakes_a_waiter() {
    let (limiter, clock) = one_set(5);
    limiter.try_acquire(&1, 5).unwrap();
    let waiting = limiter.reserve(&1, 5).unwrap();
    clock.advance(secs(4));
    assert_eq!(limiter.try_acquire_up_to(&1, 5).unwrap_err().retry_after(), Some(secs(2)));
    clock.advance(secs(3));
    assert_eq!(limiter.try_acquire_up_to(&1, 5).unwrap().amount(), 2);
    drop(waiting);
}

/// Together, threads that take what is available take each permit once.
#[test]
fn up_to_from_many_threads_takes_each_permit_once() {
    for _ in 0..100 {
        let (limiter, _) = one_set(1_000);
        let taken: u64 = thread::scope(|scope| {
            let take = |most| {
                let limiter = &limiter;
                move || {
                    (0..20).map(|_| limiter.try_acquire_up_to(&1, most).map_or(0, |grant| grant.amount())).sum::<u64>()
                }
            };
            let threads: Vec<_> = [17, 40, 200].map(|most| scope.spawn(take(most))).into();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((taken, limiter.available(&1)), (1_000, 0));
    }
}

#[test]
fn reading_given_to_a_verb_replaces_the_clock() {
    let (limiter, _) = one_set(10);
    limiter.charge_at(at(100), &1, 10);
    assert_eq!(limiter.try_acquire(&1, 1).unwrap_err().retry_after(), Some(secs(101)));
    limiter.refund_at(at(100), &1, 4);
    assert_eq!(limiter.capacity_info_at(at(100), &1, 5).needed, 1);
    assert_eq!(limiter.standing_at(at(100), &1).full_in, secs(6));
    assert!(limiter.reserve_within_at(at(100), &1, 5, Duration::ZERO).is_err());
    assert_eq!(limiter.reserve_at(at(100), &1, 4).unwrap().wait_time(), Duration::ZERO);
    assert_eq!(limiter.standing_at(at(100), &1).available, 0);
    assert_eq!(limiter.standing_at(at(105), &1).available, 5);
}

/// In a set that is full of busy keys, a key that asks to enter begins with a debt, and that is
/// counted.
#[test]
fn standing_takes_nothing_and_enters_no_key() {
    let (limiter, _) = one_set(10);
    limiter.key(&1).standing();
    assert_eq!((limiter.standing(&1).available, limiter.len()), (10, 0));
    (0..ENTRIES).for_each(|key| limiter.charge(&key, 5 + key));
    let before: Vec<_> = (0..ENTRIES).map(|key| limiter.standing(&key)).collect();
    for key in 100..200 {
        let standing = limiter.standing(&key);
        assert_eq!((standing.available, standing.full_in, standing.waiters), (5, secs(5), 0));
        assert_eq!((limiter.available(&key), limiter.waiters_of(&key)), (5, 0));
        limiter.cancel_waiters_of(&key);
        let _ = (limiter.key(&key).standing(), limiter.key(&key).capacity_info(1), limiter.quota(&key));
    }
    assert_eq!(limiter.evictions(), 0);
    assert_eq!((0..ENTRIES).map(|key| limiter.standing(&key)).collect::<Vec<_>>(), before);
    // A key that lost its entry would have the same standing, by the floor. A refund would not
    // reach it.
    limiter.refund(&0, 5);
    assert_eq!(limiter.available(&0), 10);
}

#[test]
fn standing_of_a_key_shows_its_queue() {
    let (limiter, clock) = one_set(2);
    limiter.try_acquire(&1, 2).unwrap();
    let held = [limiter.reserve(&1, 1).unwrap(), limiter.reserve(&1, 2).unwrap()];
    let standing = limiter.standing(&1);
    assert_eq!((standing.waiters, standing.available, standing.full_in), (2, 0, secs(5)));
    assert_eq!((standing.wait_for(1), standing.wait_for(3)), (Some(secs(4)), None));
    clock.advance(secs(1));
    assert_eq!((limiter.standing(&1).waiters, limiter.states().next().unwrap()), (1, limiter.standing(&1)));
    drop(held);
    assert_eq!(limiter.states().next().unwrap(), limiter.standing(&1));
}

#[test]
fn handle_of_a_key_does_what_the_limiter_does() {
    let (limiter, clock) = one_set(10);
    let key = limiter.key(&1);
    assert_eq!(limiter.len(), 0, "a handle enters no key");
    assert_eq!((key.try_acquire(4).unwrap().remaining(), limiter.available(&1)), (6, 6));
    key.clone().charge(8);
    assert_eq!(key.try_acquire_at(at(0), 1).unwrap_err().retry_after(), Some(secs(3)));
    key.refund(1);
    key.reconcile(2, 3);
    key.reconcile_at(at(0), 0, 0);
    assert_eq!((key.available(), key.capacity_info(1).needed), (0, 1));
    let reservation = key.reserve(1).unwrap();
    assert_eq!((reservation.wait_time(), key.waiters(), limiter.waiters_of(&1)), (secs(1), 1, 1));
    assert!(key.reserve_within(1, secs(1)).is_err());
    clock.advance(secs(1));
    assert_eq!(reservation.wait().unwrap().amount(), 1);
    assert_eq!(key.acquire(1).timeout(Duration::ZERO).wait().unwrap_err().reason(), Reason::TooLong);
    let waiting = key.reserve(1).unwrap();
    key.cancel_waiters();
    assert!(waiting.wait().is_err());
    key.reset();
    assert_eq!((key.standing(), key.quota()), (limiter.standing(&1), per_second(10)));
    assert_eq!(key.try_acquire_up_to(100).unwrap().amount(), 10);
    assert_eq!(limiter.key(&2).available(), 10);
}

/// A handle keeps working while its key loses its entry to others and comes back.
#[test]
fn handle_outlives_the_entry_of_its_key() {
    let (limiter, clock) = one_set(10);
    let key = limiter.key(&1);
    for round in 0..20 {
        let grant = key.try_acquire(10).unwrap();
        assert_eq!(key.try_acquire(1).unwrap_err().reason(), Reason::NotYet);
        clock.advance(secs(10));
        // Other keys take all entries, and idle keys lose theirs first.
        (100..100 + ENTRIES).for_each(|other| drop(limiter.try_acquire(&(other + round), 1)));
        grant.refund();
        clock.advance(secs(10));
        assert_eq!(key.available(), 10);
    }
}

/// A key with the 65th quota.
#[test]
fn key_without_a_quota_is_refused_by_every_form() {
    let quota_for = |key: &u64| Quota::per_second(*key).unwrap();
    let builder = KeyedLimiter::<u64>::builder(quota_for(&1)).quota_for(quota_for).clock(ManualClock::new());
    let limiter = Arc::new(builder.build());
    for key in 1..=64 {
        assert!(limiter.try_acquire(&key, 1).is_ok());
    }
    let key = limiter.key_owned(&65);
    let denied = [
        limiter.try_acquire_owned(&65, 1).unwrap_err(),
        limiter.try_acquire_up_to(&65, 1).unwrap_err(),
        limiter.reserve_owned(&65, 1).unwrap_err(),
        key.try_acquire(1).unwrap_err(),
        key.try_acquire_up_to(1).unwrap_err(),
        key.reserve(1).unwrap_err(),
    ];
    assert!(denied.iter().all(|denied| denied.reason() == Reason::TooManyQuotas));
    assert_eq!(key.acquire(1).wait().unwrap_err().reason(), Reason::TooManyQuotas);
    key.charge(1);
    key.reset();
    key.cancel_waiters();
    assert_eq!((key.available(), key.waiters(), key.quota().burst()), (0, 0, 1));
    let standing = key.standing();
    assert_eq!((standing.available, standing.full_in, standing.wait_for(1)), (0, Duration::MAX, None));
    assert_eq!(limiter.standing(&65), standing);
    assert_eq!((limiter.waiters_of(&65), limiter.len()), (0, 64));
}
