//! Threads that wait: never early, in order, woken when they must be, with every strategy.
#![cfg(not(loom))]

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, Clock, ManualClock, Quota, RateLimiter, Strategy, Timestamp, clock::Tick};

const STRATEGIES: [Strategy; 3] = [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park];

/// Waits until there are `count` waiters; fails rather than hangs.
fn until_waiting<C: Clock>(limiter: &RateLimiter<C>, count: usize) {
    let start = Instant::now();
    while limiter.waiters() != count {
        assert!(start.elapsed() < Duration::from_secs(20), "{} wait, not {count}", limiter.waiters());
        thread::yield_now();
    }
}

#[test]
fn no_grant_is_early_or_very_late() {
    for strategy in STRATEGIES {
        let quota = Quota::per_second(500).unwrap().with_burst(1).unwrap();
        let limiter = RateLimiter::builder(quota).strategy(strategy).build();
        let clock = limiter.clock();
        limiter.acquire(1).wait().unwrap();
        for _ in 0..20 {
            let due = limiter.reserve(1).unwrap();
            let before = clock.now();
            let wait = due.wait_time();
            due.wait().unwrap();
            let after = clock.now();
            // `wait` was read after `before`: the due time is at least that far from it.
            let elapsed = clock.between(before, after);
            assert!(elapsed + Duration::from_nanos(2) >= wait, "{strategy:?}: {elapsed:?} of {wait:?}");
            assert!(elapsed < Duration::from_secs(1), "{strategy:?}: {elapsed:?}");
        }
    }
}

#[test]
fn many_threads_share_one_rate_without_exceeding_it() {
    for strategy in [Strategy::SpinThenPark, Strategy::Park] {
        let limiter =
            RateLimiter::builder(Quota::per_second(2_000).unwrap().with_burst(10).unwrap()).strategy(strategy).build();
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| (0..50).for_each(|_| drop(limiter.acquire(1).wait().unwrap())));
            }
        });
        // 800 permits, of which 10 were available: 395 ms.
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_micros(394_900), "{strategy:?}: {elapsed:?}");
        assert!(elapsed < Duration::from_secs(4), "{strategy:?}: {elapsed:?}");
        assert_eq!(limiter.waiters(), 0);
    }
}

#[test]
fn threads_are_granted_in_the_order_of_arrival() {
    let clock = ManualClock::new();
    let limiter = RateLimiter::with_clock(Quota::per_second(1).unwrap(), clock.clone());
    limiter.try_acquire(1).unwrap();
    let order = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for name in 0..8 {
            let (limiter, order) = (&limiter, &order);
            scope.spawn(move || {
                limiter.acquire(1).wait().unwrap();
                order.lock().unwrap().push(name);
            });
            until_waiting(limiter, name + 1);
        }
        for gone in 1..=8 {
            clock.advance(Duration::from_secs(1));
            let start = Instant::now();
            while order.lock().unwrap().len() < gone {
                assert!(start.elapsed() < Duration::from_secs(20), "no thread came");
                thread::yield_now();
            }
            assert_eq!(order.lock().unwrap().len(), gone);
        }
    });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn refund_wakes_the_thread_it_grants() {
    for strategy in STRATEGIES {
        let limiter = RateLimiter::builder(Quota::per_hour(10).unwrap()).strategy(strategy).build();
        let grant = limiter.acquire(10).wait().unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| limiter.acquire(10).wait().map(|grant| grant.amount()));
            until_waiting(&limiter, 1);
            thread::sleep(Duration::from_millis(20));
            grant.refund();
            assert_eq!(waiter.join().unwrap(), Ok(10), "{strategy:?}");
        });
    }
}

#[test]
fn cancelled_entry_moves_sleeping_threads_forward() {
    let limiter = RateLimiter::new(Quota::per_hour(1).unwrap());
    limiter.acquire(1).wait().unwrap();
    let ahead: Vec<_> = (0..3).map(|_| limiter.reserve(1).unwrap()).collect();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| limiter.acquire(1).wait().is_ok());
        until_waiting(&limiter, 4);
        thread::sleep(Duration::from_millis(20));
        drop(ahead);
        limiter.refund(1);
        assert!(waiter.join().unwrap());
    });
}

/// 30 wait at intervals of an hour; one refund of all makes the burst of 30 available, although few
/// waiters are woken for it directly.
#[test]
fn large_refund_reaches_all_waiters_it_grants() {
    let limiter = RateLimiter::new(Quota::per_hour(30).unwrap());
    limiter.try_acquire(30).unwrap();
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..30).map(|_| scope.spawn(|| limiter.acquire(1).wait().is_ok())).collect();
        until_waiting(&limiter, 30);
        thread::sleep(Duration::from_millis(20));
        limiter.refund(30);
        assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
    });
}

#[test]
fn control_verbs_end_waits_with_their_own_answer() {
    type Verb = fn(&RateLimiter);
    let verbs: [(Verb, Result<u64, AcquireError>); 4] = [
        (RateLimiter::cancel_waiters, Err(AcquireError::Cancelled)),
        (RateLimiter::reset, Err(AcquireError::Cancelled)),
        (RateLimiter::close, Err(AcquireError::Closed)),
        (RateLimiter::bypass, Ok(1)),
    ];
    for strategy in STRATEGIES {
        for (verb, expected) in verbs {
            let limiter = RateLimiter::builder(Quota::per_hour(1).unwrap()).strategy(strategy).build();
            limiter.try_acquire(1).unwrap();
            thread::scope(|scope| {
                let waiters: Vec<_> =
                    (0..3).map(|_| scope.spawn(|| limiter.acquire(1).wait().map(|grant| grant.amount()))).collect();
                until_waiting(&limiter, 3);
                verb(&limiter);
                for waiter in waiters {
                    assert_eq!(waiter.join().unwrap(), expected, "{strategy:?}");
                }
            });
        }
    }
}

/// The entry comes due in 500 ms, then 10 s are added to the debts: the waiter is not delayed.
#[test]
fn debt_does_not_delay_a_waiting_thread() {
    let limiter = RateLimiter::new(Quota::per_second(2).unwrap().with_burst(1).unwrap());
    limiter.acquire(1).wait().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| limiter.acquire(1).wait().is_ok());
        until_waiting(&limiter, 1);
        limiter.charge(20);
        assert!(waiter.join().unwrap());
    });
    let left = limiter.reserve(1).unwrap().wait_time();
    assert!(left > Duration::from_secs(9), "{left:?}");
}

/// A clock of the user that passes by itself, with ticks that are not nanoseconds.
#[test]
fn clock_of_the_user_can_be_waited_on() {
    struct Micros(Instant);

    impl Clock for Micros {
        fn now(&self) -> Timestamp {
            Timestamp::from_ticks(u64::try_from(self.0.elapsed().as_micros()).unwrap())
        }

        fn tick(&self) -> Tick {
            Tick::new(1_000, 1).unwrap()
        }
    }

    let limiter =
        RateLimiter::with_clock(Quota::per_second(50).unwrap().with_burst(1).unwrap(), Micros(Instant::now()));
    let start = Instant::now();
    for _ in 0..5 {
        limiter.acquire(1).wait().unwrap();
    }
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_micros(79_990) && elapsed < Duration::from_secs(2), "{elapsed:?}");
}

/// The tests of the Python library: capacity 2 per 0.2 s, and so on.
#[test]
fn counterparts_of_the_python_tests() {
    let two = || RateLimiter::new(Quota::new(2, Duration::from_millis(200)).unwrap());

    let limiter = two();
    limiter.acquire(2).wait().unwrap();
    assert!(limiter.acquire(1).timeout(Duration::from_millis(1)).wait().is_err(), "0.001 is refused");
    assert!(limiter.acquire(1).timeout(Duration::from_millis(200)).wait().is_ok(), "0.2 is granted");

    let limiter = two();
    let start = Instant::now();
    for _ in 0..6 {
        limiter.acquire(1).wait().unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(399), "six in the order of arrival: {:?}", start.elapsed());

    let limiter = two();
    let start = Instant::now();
    for amount in [1, 2, 1, 2, 1, 2] {
        limiter.acquire(amount).wait().unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(699), "nine permits: {:?}", start.elapsed());

    let limiter = RateLimiter::with_clock(Quota::per_second(100).unwrap(), ManualClock::new());
    limiter.acquire(15).wait().unwrap().reconcile(10);
    assert_eq!(limiter.capacity_info(90).needed, 0);
}
