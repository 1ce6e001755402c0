//! Queues of waiters: one for each key, which exists only while it has a waiter.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, KeyedLimiter, ManualClock, Quota, Reason, Strategy, Timestamp, keyed};

use super::{ENTRIES, Keyed, at, one_set, per_second, secs, until};

#[test]
fn each_key_serves_its_queue_in_the_order_of_arrival() {
    let (limiter, clock) = one_set(1);
    let order = Mutex::new(Vec::new());
    (0..3).for_each(|key| drop(limiter.try_acquire(&key, 1).unwrap()));
    thread::scope(|scope| {
        for turn in 0..4 {
            for key in 0..3 {
                let (limiter, order) = (&limiter, &order);
                scope.spawn(move || {
                    limiter.acquire(&key, 1).wait().unwrap();
                    order.lock().unwrap().push((key, turn));
                });
                until("it waits", || limiter.waiters() == 3 * turn + usize::try_from(key).unwrap() + 1);
            }
        }
        for gone in 1..=4 {
            clock.advance(secs(1));
            until("one waiter of each key was granted", || order.lock().unwrap().len() == 3 * gone);
            assert_eq!(limiter.waiters(), 3 * (4 - gone));
        }
    });
    for key in 0..3 {
        let turns: Vec<_> = order.lock().unwrap().iter().filter(|(of, _)| *of == key).map(|(_, turn)| *turn).collect();
        assert_eq!(turns, [0, 1, 2, 3]);
    }
}

#[test]
fn queue_of_a_key_delays_no_other_key() {
    let (limiter, clock) = one_set(1);
    limiter.try_acquire(&1, 1).unwrap();
    let line: Vec<_> = (0..100).map(|_| limiter.reserve(&1, 1).unwrap()).collect();
    assert_eq!(line[99].wait_time(), secs(100));
    for key in 2..2 + ENTRIES / 2 {
        assert!(limiter.try_acquire(&key, 1).is_ok());
        let place = limiter.reserve(&key, 1).unwrap();
        assert_eq!(place.wait_time(), secs(1));
        assert!(limiter.try_acquire(&key, 1).is_err(), "no waiter is overtaken");
    }
    assert_eq!((limiter.waiters(), limiter.evictions()), (100, 0));
    clock.advance(secs(50));
    assert_eq!(limiter.waiters(), 50);
}

/// The keys of a set wait one after the other, twice. If each left its word outside the table, the
/// tenth could not wait.
#[test]
fn word_returns_to_the_table_when_the_last_waiter_leaves() {
    type Leave = fn(&Keyed, &ManualClock, u64);
    let ways: [Leave; 6] = [
        |limiter, _, key| limiter.reserve(&key, 1).unwrap().cancel(),
        |limiter, clock, key| {
            let place = limiter.reserve(&key, 1).unwrap();
            clock.advance(secs(5));
            drop(place.wait().unwrap());
        },
        |limiter, clock, key| {
            let place = limiter.reserve(&key, 1).unwrap();
            limiter.reset(&key);
            assert_eq!(place.wait().unwrap_err(), AcquireError::Cancelled);
            clock.advance(secs(1));
        },
        |limiter, _, key| assert!(limiter.reserve_within(&key, 1, Duration::ZERO).is_err()),
        |limiter, _, key| assert!(limiter.acquire(&key, 1).timeout(Duration::from_millis(1)).wait().is_err()),
        |limiter, clock, key| {
            let place = limiter.reserve(&key, 1).unwrap();
            limiter.refund(&key, 1);
            drop(place.wait().unwrap());
            clock.advance(secs(1));
        },
    ];
    for (way, leave) in ways.iter().enumerate() {
        let (limiter, clock) = one_set(1);
        for key in (0..ENTRIES).chain(0..ENTRIES) {
            let _ = limiter.try_acquire(&key, 1);
            if limiter.available(&key) == 0 {
                leave(&limiter, &clock, key);
            }
            assert_eq!(limiter.waiters(), 0, "way {way}, key {key}");
        }
        clock.advance(secs(100));
        for key in 0..ENTRIES {
            assert_eq!(limiter.available(&key), 1, "way {way}, key {key}");
            limiter.try_acquire(&key, 1).unwrap();
            assert_eq!(limiter.reserve(&key, 1).unwrap().wait_time(), secs(1), "a fresh wait works");
        }
        assert_eq!(limiter.evictions(), 0, "way {way}");
    }
}

/// Each key with waiters has a limiter of its own, counted here by the clocks that these limiters
/// hold.
#[test]
fn memory_of_a_wait_is_freed_with_it() {
    let clock = Arc::new(ManualClock::new());
    let limiter = KeyedLimiter::<u64>::builder(per_second(1)).max_keys(10_000).clock(Arc::clone(&clock)).build();
    let lent = || Arc::strong_count(&clock) - 2;
    for key in 0..1_000 {
        limiter.try_acquire(&key, 1).unwrap();
    }
    let (first, second) = (limiter.reserve(&1, 1).unwrap(), limiter.reserve(&2, 1).unwrap());
    assert_eq!((lent(), first.amount()), (2, 1));
    first.cancel();
    assert_eq!(lent(), 1);
    drop(second);
    assert_eq!(lent(), 0);
    assert!(limiter.reserve_within(&1, 1, Duration::ZERO).is_err());
    assert_eq!(lent(), 0);
    // A kept reservation has no holder that releases it. Later callers do so.
    for key in 0..1_000 {
        limiter.reserve(&key, 1).unwrap().keep();
    }
    assert_eq!(lent(), 1_000);
    let shown = limiter.states().filter(|state| (state.available, state.full_in) == (0, secs(2)));
    assert_eq!((shown.count(), limiter.len()), (1_000, 1_000));
    clock.advance(secs(3));
    for key in 1_000..3_000 {
        limiter.try_acquire(&key, 1).unwrap();
        limiter.reserve(&key, 1).unwrap().keep();
        if key % 100 == 0 {
            clock.advance(secs(3));
        }
    }
    assert!(lent() <= 16 * 32 + 100, "{}", lent());
}

/// Nine keys had a reservation kept long ago: there is room in the set to wait for a tenth.
#[test]
fn past_kept_reservations_leave_room_to_wait() {
    let (limiter, clock) = one_set(1);
    for key in 0..ENTRIES - 1 {
        limiter.try_acquire(&key, 1).unwrap();
        assert_eq!(limiter.reserve(&key, 1).unwrap().keep(), secs(1));
    }
    limiter.try_acquire(&9, 1).unwrap();
    assert_eq!(limiter.reserve(&9, 1).unwrap_err().reason(), Reason::QueueFull);
    clock.advance(secs(2));
    limiter.try_acquire(&9, 1).unwrap();
    assert_eq!(limiter.reserve(&9, 1).unwrap().wait_time(), secs(1));
}

/// No caller returns for a kept reservation. The key is idle all the same, and leaves before a key
/// in debt.
#[test]
fn key_with_a_past_kept_reservation_makes_room() {
    let (limiter, clock) = one_set(1);
    limiter.try_acquire(&0, 1).unwrap();
    assert_eq!(limiter.reserve(&0, 1).unwrap().keep(), secs(1));
    for key in 1..ENTRIES {
        limiter.charge(&key, 100);
    }
    clock.advance(secs(2));
    assert!(limiter.try_acquire(&50, 1).is_ok());
    assert_eq!(limiter.available(&1), 0);
}

#[test]
fn deadline_refusal_is_immediate_takes_nothing_and_has_wait() {
    let (limiter, clock) = one_set(1);
    limiter.try_acquire(&1, 1).unwrap();
    let short = Duration::from_nanos(999_999_999);
    match limiter.acquire(&1, 1).timeout(short).wait() {
        Err(AcquireError::TooLong { requested: 1, wait, .. }) => assert_eq!(wait, secs(1)),
        other => panic!("{other:?}"),
    }
    let denied = limiter.reserve_within(&1, 1, short).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after()), (Reason::TooLong, Some(secs(1))));
    assert!(limiter.acquire(&1, 1).deadline(Timestamp::from_ticks(999_999_999)).wait().is_err());
    assert!(limiter.acquire(&1, 1).deadline(Instant::now() + short).wait().is_err());
    assert!(limiter.acquire(&1, 1).deadline(at(9)).timeout(short).wait().is_err(), "the earlier one applies");
    assert_eq!(limiter.waiters(), 0);
    assert_eq!(limiter.reserve_within(&1, 1, secs(1)).unwrap().wait_time(), secs(1), "the exact wait fits");
    clock.advance(secs(1));
    assert!(limiter.try_acquire(&1, 1).is_ok(), "none of these consumed a permit");
}

#[test]
fn entry_is_for_the_permits_requested() {
    let (limiter, clock) = one_set(5);
    let places = [5, 3].map(|n| limiter.reserve(&1, n).unwrap());
    assert_eq!(places.each_ref().map(keyed::Reservation::amount), [5, 3]);
    assert_eq!(places.each_ref().map(keyed::Reservation::wait_time), [secs(0), secs(3)]);
    clock.advance(secs(3));
    assert_eq!(places.map(|place| place.wait().unwrap().amount()), [5, 3]);
}

#[test]
fn cancel_and_refund_move_only_later_entries_of_the_key() {
    let (limiter, _) = one_set(1);
    let grants = [1, 2].map(|key| limiter.try_acquire(&key, 1).unwrap());
    let places = [1, 2].map(|key| [(); 3].map(|()| limiter.reserve(&key, 1).unwrap()));
    let waits = |place: &_| limitor::keyed::Reservation::<'_, u64, ManualClock>::wait_time(place);
    let [[first, second, third], others] = places;
    second.cancel();
    assert_eq!([waits(&first), waits(&third)], [secs(1), secs(2)]);
    let [grant, _] = grants;
    grant.refund();
    assert_eq!([waits(&first), waits(&third)], [Duration::ZERO, secs(1)]);
    assert_eq!(others.each_ref().map(waits), [secs(1), secs(2), secs(3)]);
    limiter.charge(&1, 5);
    assert_eq!(waits(&third), secs(1), "a debt does not delay a waiter");
    assert_eq!(limiter.reserve(&1, 1).unwrap().wait_time(), secs(7));
}

/// A grant that is settled on another thread releases the thread that waits for the key.
#[test]
fn refund_wakes_the_thread_it_grants() {
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let limiter = KeyedLimiter::<String>::builder(Quota::per_hour(10).unwrap()).strategy(strategy).build();
        let grant = limiter.acquire("ann", 10).wait().unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| limiter.acquire("ann", 10).wait().map(|grant| grant.amount()));
            until("it waits", || limiter.waiters() == 1);
            grant.refund();
            assert_eq!(waiter.join().unwrap(), Ok(10), "{strategy:?}");
        });
        assert_eq!((limiter.waiters(), limiter.available("ann")), (0, 0));
    }
}

#[test]
fn reset_cancels_waiters_of_the_key_and_no_others() {
    let (limiter, clock) = one_set(1);
    for key in [1, 2] {
        limiter.try_acquire(&key, 1).unwrap();
    }
    thread::scope(|scope| {
        let waiters: Vec<_> =
            (0..3).map(|_| scope.spawn(|| limiter.acquire(&1, 1).wait().map(|grant| grant.amount()))).collect();
        let other = scope.spawn(|| limiter.acquire(&2, 1).wait().map(|grant| grant.amount()));
        until("all wait", || limiter.waiters() == 4);
        limiter.reset(&1);
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Err(AcquireError::Cancelled));
        }
        assert_eq!((limiter.available(&1), limiter.waiters()), (1, 1));
        clock.advance(secs(1));
        assert_eq!(other.join().unwrap(), Ok(1));
    });
}

#[test]
fn max_waiters_bounds_the_queue_of_each_key() {
    let clock = ManualClock::new();
    let limiter: Keyed = KeyedLimiter::builder(per_second(1)).max_keys(1).max_waiters(2).clock(clock.clone()).build();
    let held: Vec<_> = (0..3)
        .flat_map(|key| {
            limiter.try_acquire(&key, 1).unwrap();
            let held = [limiter.reserve(&key, 1).unwrap(), limiter.reserve(&key, 1).unwrap()];
            assert_eq!(limiter.reserve(&key, 1).unwrap_err().reason(), Reason::QueueFull);
            assert_eq!(limiter.acquire(&key, 1).wait().unwrap_err(), AcquireError::QueueFull);
            held
        })
        .collect();
    clock.advance(secs(1));
    assert_eq!(limiter.waiters(), 3);
    assert_eq!(limiter.reserve(&1, 1).unwrap().wait_time(), secs(2), "a waiter that leaves makes room in the queue");
    drop(held);
}

/// Nine keys of a set can be waited for; the tenth entry is for new keys.
#[test]
fn nine_keys_of_a_set_can_have_waiters() {
    let (limiter, _) = one_set(1);
    (0..ENTRIES).for_each(|key| drop(limiter.try_acquire(&key, 1).unwrap()));
    let mut held: Vec<_> = (0..ENTRIES - 1).map(|key| limiter.reserve(&key, 1).unwrap()).collect();
    assert_eq!(limiter.reserve(&9, 1).unwrap_err().reason(), Reason::QueueFull);
    assert_eq!(limiter.acquire(&77, 1).wait().unwrap_err(), AcquireError::QueueFull, "also for a key without an entry");
    assert_eq!(limiter.reserve(&0, 1).unwrap().wait_time(), secs(2), "behind others there is room");
    assert_eq!(limiter.waiters(), 9);
    assert!(limiter.try_acquire(&78, 1).is_err());
    held.pop();
    assert!(limiter.reserve(&77, 1).is_ok());
}

#[test]
fn kept_or_leaked_entry_holds_its_permits_and_key_goes_on() {
    type Hold = fn(limitor::keyed::Reservation<'_, u64, ManualClock>);
    let holds: [Hold; 2] = [|place| assert_eq!(place.keep(), secs(1)), |place| mem::forget(place)];
    for hold in holds {
        let (limiter, clock) = one_set(1);
        limiter.try_acquire(&1, 1).unwrap();
        hold(limiter.reserve(&1, 1).unwrap());
        assert_eq!(limiter.try_acquire(&1, 1).unwrap_err().retry_after(), Some(secs(2)));
        clock.advance(secs(1));
        assert_eq!(limiter.waiters(), 0, "it is due");
        assert!(limiter.try_acquire(&1, 1).is_err());
        let behind = limiter.reserve(&1, 1).unwrap();
        assert_eq!(behind.wait_time(), secs(1));
        clock.advance(secs(1));
        behind.wait().unwrap().refund();
        assert_eq!(limiter.available(&1), 1);
        limiter.charge(&1, 3);
        assert_eq!(limiter.capacity_info(&1, 1).needed, 3);
        limiter.reset(&1);
        assert!(limiter.try_acquire(&1, 1).is_ok());
    }
}

/// Nine keys had a reservation kept long ago. They have no waiters, so new keys find their entries
/// idle.
#[test]
fn past_kept_reservations_leave_their_entries_to_new_keys() {
    let (limiter, clock) = one_set(1);
    for key in 0..ENTRIES - 1 {
        limiter.try_acquire(&key, 1).unwrap();
        assert_eq!(limiter.reserve(&key, 1).unwrap().keep(), secs(1));
    }
    clock.advance(secs(100));
    for key in 100..100 + ENTRIES {
        assert_eq!(limiter.available(&key), 1);
        assert!(limiter.try_acquire(&key, 1).is_ok(), "{key}");
    }
    assert_eq!((limiter.evictions(), limiter.len()), (0, 10));
}

/// The waits for a hot key end as soon as they begin, so its word leaves the table and returns all
/// the time. No caller gets `QueueFull`, and each permit is granted once.
#[test]
fn threads_that_come_and_go_at_one_key_share_its_rate() {
    let quota = Quota::per_second(200_000).unwrap().with_burst(1).unwrap();
    let limiter = KeyedLimiter::<u64>::builder(quota).max_keys(1).build();
    let start = Instant::now();
    let others = AtomicUsize::new(0);
    thread::scope(|scope| {
        for seed in 0..4_u64 {
            let (limiter, others) = (&limiter, &others);
            scope.spawn(move || {
                for turn in 0..2_000 {
                    limiter.acquire(&0, 1).wait().unwrap();
                    let other = 1 + (turn * 7 + seed) % 20;
                    others.fetch_add(usize::from(limiter.try_acquire(&other, 1).is_ok()), Ordering::Relaxed);
                }
            });
        }
    });
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_micros(7_998 * 5), "{elapsed:?}");
    let most = elapsed.as_nanos() / 5_000 * 20 + 20;
    assert!(u128::try_from(others.into_inner()).unwrap() <= most);
    assert_eq!(limiter.waiters(), 0);
}

/// Four threads and twenty keys in one set: no key is granted more than its burst and what two
/// seconds bring, whichever key had its entry before.
#[test]
fn threads_that_compete_for_entries_get_no_burst_twice() {
    for _ in 0..30 {
        let (limiter, clock) = one_set(5);
        let granted: Vec<AtomicUsize> = (0..20).map(|_| AtomicUsize::new(0)).collect();
        clock.set(secs(100));
        thread::scope(|scope| {
            for seed in 0..4_usize {
                let (limiter, granted) = (&limiter, &granted);
                scope.spawn(move || {
                    for turn in 0..400 {
                        let key = (turn * (seed + 3) + seed) % 20;
                        // Different readings, so that entries are idle at some and not at others.
                        let now = at(100 + u64::try_from((turn + seed) % 3).unwrap());
                        if let Ok(grant) = limiter.try_acquire_at(now, &u64::try_from(key).unwrap(), 1) {
                            granted[key].fetch_add(1, Ordering::Relaxed);
                            if turn % 4 == 0 {
                                granted[key].fetch_sub(1, Ordering::Relaxed);
                                keyed::Grant::refund(grant);
                            }
                        }
                    }
                });
            }
        });
        // 5, and one for each of the two seconds.
        let granted: Vec<_> = granted.into_iter().map(AtomicUsize::into_inner).collect();
        assert!(granted.iter().all(|granted| *granted <= 7), "{granted:?}");
    }
}
