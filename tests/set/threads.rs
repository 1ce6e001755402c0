//! Threads in the queue of a set.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, Clock, LimitSet, Quota, RateLimiter, set};

use crate::{Pair, one_a_second, secs};

/// Waits until there are `count` waiters; fails rather than hangs.
fn until_waiting<const N: usize, C: Clock>(set: &LimitSet<N, C>, count: usize) {
    let start = Instant::now();
    while set.waiters() != count {
        assert!(start.elapsed() < secs(20), "{} wait, not {count}", set.waiters());
        thread::yield_now();
    }
}

/// Two limits on the system's clock.
fn system(one: Quota, other: Quota) -> Arc<LimitSet<2>> {
    Arc::new(LimitSet::new([("one", Arc::new(RateLimiter::new(one))), ("other", Arc::new(RateLimiter::new(other)))]))
}

#[test]
fn threads_are_granted_in_the_order_of_arrival() {
    let pair = Pair::empty(10, 10);
    let order = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for name in 0..8 {
            let (set, order) = (&pair.set, &order);
            scope.spawn(move || {
                set.acquire([1, 1]).wait().unwrap();
                order.lock().unwrap().push(name);
            });
            until_waiting(set, name + 1);
        }
        for gone in 1..=8 {
            pair.clock.advance(secs(1));
            let start = Instant::now();
            while order.lock().unwrap().len() < gone {
                assert!(start.elapsed() < secs(20), "no thread came");
                thread::yield_now();
            }
            assert_eq!(order.lock().unwrap().len(), gone);
        }
    });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn owned_waits_can_move_to_another_thread() {
    let set = system(Quota::per_hour(10).unwrap(), Quota::per_hour(5).unwrap());
    let acquire = set.acquire_owned([1, 1]);
    let grant = thread::spawn(move || acquire.wait().unwrap()).join().unwrap();
    thread::spawn(move || grant.refund()).join().unwrap();
    assert!(set.try_acquire([10, 5]).is_ok());
}

#[test]
fn threads_are_woken_by_refunds_and_control_verbs() {
    type Verb = fn(&LimitSet<2>);
    let verbs: [(Verb, Result<(), AcquireError>); 5] = [
        (|set| set.reconcile([0, 0], [3, 3]), Ok(())),
        (
            |set| {
                set.limits().for_each(|(_, limit)| limit.refund(3));
                set.notify();
            },
            Ok(()),
        ),
        (LimitSet::cancel_waiters, Err(AcquireError::Cancelled)),
        (
            |set| {
                set.limits().for_each(|(_, limit)| limit.close());
                set.notify();
            },
            Err(AcquireError::Closed),
        ),
        (
            |set| {
                set.limits().for_each(|(_, limit)| limit.bypass());
                set.notify();
            },
            Ok(()),
        ),
    ];
    for (verb, expected) in verbs {
        let set = system(Quota::per_hour(3).unwrap(), Quota::per_hour(3).unwrap());
        drop(set.try_acquire([3, 3]).unwrap());
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..3).map(|_| scope.spawn(|| set.acquire([1, 1]).wait().map(drop))).collect();
            until_waiting(&set, 3);
            thread::sleep(Duration::from_millis(20));
            verb(&set);
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap().map_err(|error| error.error()), expected);
            }
        });
        assert_eq!(set.waiters(), 0);
    }
}

#[test]
fn thread_is_woken_if_its_deadline_becomes_impossible() {
    let pair = Pair::empty(10, 10);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| pair.set.acquire([5, 5]).timeout(secs(6)).wait().map(drop));
        until_waiting(&pair.set, 1);
        pair.b.charge(3);
        pair.set.notify();
        let error: set::LimitError = waiter.join().unwrap().unwrap_err();
        assert_eq!(error.limit(), Some("b"));
        assert!(matches!(error.error(), AcquireError::TooLong { requested: 5, wait, .. } if wait == secs(8)));
    });
}

#[test]
fn timeout_ends_in_time() {
    let set = system(Quota::per_hour(3).unwrap(), Quota::per_second(4).unwrap().with_burst(1).unwrap());
    drop(set.try_acquire([1, 1]).unwrap());
    let (said, refused) = mpsc::channel();
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| set.acquire([0, 1]).wait().map(drop).unwrap());
        until_waiting(&set, 1);
        // Due at 0.5 s by what is known; then the first waiter is delayed, and so is this one.
        let set = &set;
        scope.spawn(move || said.send(set.acquire([0, 1]).timeout(secs(1)).wait().map(drop)));
        until_waiting(set, 2);
        set.limits().nth(1).unwrap().1.charge(10);
        let error = refused.recv_timeout(secs(20)).unwrap().unwrap_err();
        assert!(matches!(error.error(), AcquireError::TooLong { .. }));
        let elapsed = start.elapsed();
        assert!(elapsed < secs(2), "{elapsed:?}");
        set.reconcile([0, 0], [0, 11]);
    });
}

#[test]
fn many_threads_share_one_rate_without_exceeding_it() {
    let quota = |burst| Quota::per_second(2_000).unwrap().with_burst(burst).unwrap();
    let (shared, set) = (Arc::new(RateLimiter::new(quota(10))), system(quota(10), quota(10)));
    let other = LimitSet::new([("shared", shared.clone()), ("one", set.limits().next().unwrap().1.clone())]);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|_| drop(set.acquire([1, 1]).wait().unwrap())));
            scope.spawn(|| (0..50).for_each(|_| drop(other.acquire([1, 1]).wait().unwrap())));
        }
    });
    // 800 permits of the limit that both share, of which 10 were available: 395 ms.
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_micros(394_900), "{elapsed:?}");
    assert!(elapsed < secs(4), "{elapsed:?}");
    assert_eq!((set.waiters(), other.waiters()), (0, 0));
}

/// Burst 1, 500 per second. Never more than the rate; and in at least one round the rate, or nearly
/// what a single limiter gets on a busy machine.
#[test]
fn one_thread_gets_the_rate_and_never_more() {
    const ROUND: u32 = 20;
    let quota = Quota::per_second(500).unwrap().with_burst(1).unwrap();
    let (alone, set) = (RateLimiter::new(quota), system(quota, quota));
    let rate = |wait: &dyn Fn()| {
        wait();
        let start = Instant::now();
        (0..ROUND).for_each(|_| wait());
        f64::from(ROUND) / 500.0 / start.elapsed().as_secs_f64()
    };
    let (mut best, mut best_alone) = (0.0_f64, 0.0_f64);
    for _ in 0..100 {
        best = best.max(rate(&|| drop(set.acquire([1, 1]).wait().unwrap())));
        best_alone = best_alone.max(rate(&|| drop(alone.acquire(1).wait().unwrap())));
        if best >= 0.95 || best >= 0.8 * best_alone {
            break;
        }
    }
    // The grant before the first one may have been late, by up to one interval.
    assert!(best <= f64::from(ROUND + 1) / f64::from(ROUND), "{best} of the rate");
    assert!(best >= 0.95 || best >= 0.8 * best_alone, "{best} of the rate, a single limiter had {best_alone}");
}

/// Eight limits on the same clock, the last of which binds.
#[test]
fn last_of_eight_limits_binds() {
    let clock = limitor::ManualClock::new();
    let limits: [Arc<RateLimiter<limitor::ManualClock>>; 8] =
        std::array::from_fn(|index| one_a_second(10 - index as u64, clock.clone()));
    let names = ["0", "1", "2", "3", "4", "5", "6", "7"];
    let set = LimitSet::<8, _>::new(std::array::from_fn(|index| (names[index], limits[index].clone())));
    assert!(set.try_acquire([3; 8]).is_ok());
    let denied = set.try_acquire([1; 8]).unwrap_err();
    assert_eq!((denied.limit(), denied.retry_after()), ("7", Some(secs(1))));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| set.acquire([3; 8]).wait().is_ok());
        until_waiting(&set, 1);
        clock.advance(secs(3));
        assert!(waiter.join().unwrap());
    });
    assert_eq!(limits.each_ref().map(|limit| limit.available()), [7, 6, 5, 4, 3, 2, 1, 0]);
}
