//! Threads at the same time, with an audit of their grants.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use limitor::{Clock, KeyedLimiter, ManualClock, Quota, Timestamp};

use super::{exact, quota};

/// If two threads bring the same key at the same time, together they get its burst once.
#[test]
fn threads_that_bring_the_same_key_share_one_burst() {
    const ROUNDS: u64 = 4_000;
    let limiter = exact(quota("1/day burst 3"), usize::try_from(ROUNDS).unwrap(), &ManualClock::new());
    let (at_start, granted) = (AtomicU64::new(0), AtomicU64::new(0));
    let bring = || {
        for round in 0..ROUNDS {
            at_start.fetch_add(1, Ordering::SeqCst);
            while at_start.load(Ordering::SeqCst) < 2 * (round + 1) {
                thread::yield_now();
            }
            granted.fetch_add(u64::from(limiter.try_acquire(&round, 3).is_ok()), Ordering::Relaxed);
        }
    };
    thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(bring))));
    assert_eq!(granted.load(Ordering::Relaxed), ROUNDS);
    assert_eq!(limiter.len() as u64, ROUNDS);
}

type First = Box<dyn FnOnce() + Send>;

/// A clock that runs an action before its reading, once, when it is armed.
#[derive(Clone, Default)]
struct Meanwhile {
    ticks: Arc<AtomicU64>,
    first: Arc<Mutex<Option<First>>>,
}

impl Clock for Meanwhile {
    fn now(&self) -> Timestamp {
        let first = self.first.lock().unwrap().take();
        if let Some(first) = first {
            first();
        }
        Timestamp::from_ticks(self.ticks.load(Ordering::Relaxed))
    }
}

/// Between the look-up of a key and its decision, when the clock is read, the key is forgotten and
/// returns.
#[test]
fn key_forgotten_during_a_decision_gets_no_second_burst() {
    let clock = Meanwhile::default();
    let limiter = KeyedLimiter::<u64>::builder(quota("1/s burst 3")).clock(clock.clone()).max_keys(1).exact();
    let limiter = Arc::new(limiter.build());
    for comes_back in [false, true] {
        limiter.reset(&2);
        limiter.reset(&1);
        limiter.try_acquire(&1, 2).unwrap();
        clock.ticks.fetch_add(10_000_000_000, Ordering::Relaxed);
        let inner = Arc::clone(&limiter);
        *clock.first.lock().unwrap() = Some(Box::new(move || {
            inner.try_acquire(&2, 1).unwrap();
            inner.reset(&2);
            if comes_back {
                inner.try_acquire(&1, 2).unwrap();
            }
        }));
        let granted = limiter.try_acquire(&1, 3).map(|grant| grant.amount());
        assert_eq!(granted.is_ok(), !comes_back);
        assert_eq!(limiter.available(&1), u64::from(comes_back));
    }
}

/// The grants, sorted by reading, conform to the quota. This equals the bound over every window.
fn assert_conforms(mut grants: Vec<(u64, u64)>, interval: u64, burst: u64, key: u64) {
    grants.sort_unstable();
    let mut tat = 0;
    for (now, n) in grants {
        tat = now.max(tat) + n * interval;
        assert!(tat - now <= burst * interval, "{key} was granted too much at {now}");
    }
}

#[test]
fn threads_that_forget_each_others_keys() {
    const KEYS: u64 = 12;
    const INTERVAL: u64 = 4;
    let quota = Quota::new(1, Duration::from_nanos(INTERVAL)).unwrap().with_burst(3).unwrap();
    for max_keys in [1, 2, 5] {
        let limiter = exact(quota, max_keys, &ManualClock::new());
        let (time, steps) = (AtomicU64::new(0), if cfg!(debug_assertions) { 30_000 } else { 300_000 });
        let work = |seed: u64| {
            let mut random = seed;
            let mut granted: Vec<Vec<(u64, u64)>> = vec![Vec::new(); 12];
            for _ in 0..steps {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (key, n) = ((random >> 33) % KEYS, 1 + (random >> 50) % 3);
                let now = time.fetch_add((random >> 60) % 4, Ordering::Relaxed);
                if limiter.try_acquire_at(Timestamp::from_ticks(now), &key, n).is_ok() {
                    granted[usize::try_from(key).unwrap()].push((now, n));
                }
            }
            granted
        };
        let all: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (1..=3).map(|seed| scope.spawn(move || work(seed))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for key in 0..KEYS {
            let grants = all.iter().flat_map(|granted| granted[usize::try_from(key).unwrap()].clone());
            assert_conforms(grants.collect(), INTERVAL, 3, key);
        }
        // All room is still there.
        let end = Timestamp::from_ticks(time.load(Ordering::Relaxed) + 100);
        let entered = (100..200).filter(|key| limiter.try_acquire_at(end, key, 1).is_ok()).count();
        assert_eq!(entered, max_keys);
    }
}

/// As above, with all operations that lower and move words. Afterwards all room is available, and
/// every key works.
#[test]
fn threads_that_wait_settle_and_reset() {
    let quota = quota("1000000/s burst 2");
    let limiter = KeyedLimiter::<u64>::builder(quota).max_keys(4).exact().build();
    let work = |seed: u64| {
        let mut random = seed;
        for _ in 0..if cfg!(debug_assertions) { 3_000 } else { 30_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = (random >> 33) % 7;
            match (random >> 50) % 6 {
                0 => drop(limiter.acquire(&key, 1).wait()),
                1 => drop(limiter.reserve(&key, 2)),
                2 => drop(limiter.try_acquire(&key, 2).map(|grant| grant.reconcile((random >> 55) % 4))),
                3 => limiter.charge(&key, 1),
                4 if random >> 61 == 0 => limiter.reset(&key),
                _ => drop(limiter.try_acquire(&key, 1)),
            }
        }
    };
    thread::scope(|scope| (1..=3).for_each(|seed| drop(scope.spawn(move || work(seed)))));
    while !limiter.is_empty() {
        thread::yield_now();
    }
    assert_eq!(limiter.waiters(), 0);
    let end = limiter.clock().now();
    let entered = (100..200).filter(|key| limiter.try_acquire_at(end, key, 2).is_ok()).count();
    assert_eq!(entered, 4);
}
