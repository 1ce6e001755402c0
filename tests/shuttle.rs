//! Races of many threads and operations, too large for loom to try all interleavings: some
//! thousands of random schedules.
//!
//! Run with `RUSTFLAGS="--cfg shuttle" cargo test --release --features llm --test shuttle`. Each
//! race runs 2,000 schedules; a schedule that fails is printed and can be repeated. shuttle does
//! not see an ordering that is too weak: that is for `loom.rs`.
#![cfg(shuttle)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use limitor::llm::Builder;
use limitor::{AcquireError, KeyedLimiter, LimitSet, ManualClock, Quota, RateLimiter, Timestamp};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicU64, Ordering};
use shuttle::thread;

const SCHEDULES: usize = 2_000;

const BURST: u64 = 6;

/// One permit per second.
fn quota() -> Quota {
    Quota::per_second(1).unwrap().with_burst(BURST).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ticks(seconds * 1_000_000_000)
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn random(below: u64) -> u64 {
    thread_rng().gen_range(0..below)
}

/// The grants and their readings, in seconds.
#[derive(Default)]
struct Journal(Mutex<Vec<(u64, u64)>>);

impl Journal {
    fn note(&self, reading: u64, n: u64) {
        self.0.lock().unwrap().push((reading, n));
    }

    /// Between any two readings, the grants are at most the burst plus one permit per second.
    fn assert_bound(&self) {
        let grants = self.0.lock().unwrap();
        for (first, _) in grants.iter() {
            for (last, _) in grants.iter().filter(|(last, _)| last >= first) {
                let within = grants.iter().filter(|(reading, _)| (*first..=*last).contains(reading));
                let granted: u64 = within.map(|(_, n)| n).sum();
                assert!(granted <= BURST + last - first, "{granted} from {first} to {last}");
            }
        }
    }
}

/// Runs `part` on this many threads at the same time, each with its number, then `check`.
fn together<S: Send + Sync + 'static>(threads: u64, setup: fn() -> S, part: fn(&S, u64), check: fn(&S)) {
    let race = move || {
        let shared = Arc::new(setup());
        let start = |number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || part(&shared, number))
        };
        let threads: Vec<_> = (0..threads).map(start).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        check(&shared);
    };
    shuttle::check_random(race, SCHEDULES);
}

struct Shared {
    limiter: Arc<RateLimiter<ManualClock>>,
    clock: ManualClock,
    journal: Journal,
}

impl Shared {
    fn new() -> Self {
        let clock = ManualClock::new();
        let limiter = Arc::new(RateLimiter::with_clock(quota(), clock.clone()));
        Self { limiter, clock, journal: Journal::default() }
    }

    /// Much later the limiter is exactly full again.
    fn assert_whole(&self) {
        self.clock.advance(secs(1_000));
        assert_eq!((self.limiter.waiters(), self.limiter.available()), (0, BURST));
        assert!(self.limiter.try_acquire(BURST).is_ok());
        assert!(self.limiter.try_acquire(1).is_err());
    }
}

/// Readings differ between threads, are stale, and step back.
#[test]
fn tries_at_different_readings_keep_the_bound() {
    let tries = |s: &Shared, number: u64| {
        for _ in 0..6 {
            let (reading, n) = (random(4) + number % 2, 1 + random(3));
            if s.limiter.try_acquire_at(at(reading), n).is_ok() {
                s.journal.note(reading, n);
            }
        }
    };
    together(6, Shared::new, tries, |s| s.journal.assert_bound());
}

/// At one reading: exactly what was taken and not returned is missing.
#[test]
fn refunds_and_debts_beside_tries() {
    fn settles(s: &Shared, _: u64) {
        for _ in 0..5 {
            let n = 1 + random(3);
            let Ok(grant) = s.limiter.try_acquire(n) else { continue };
            match random(3) {
                0 => grant.refund(),
                1 => {
                    grant.reconcile(n + 1);
                    s.journal.note(0, n + 1);
                }
                _ => s.journal.note(0, n),
            }
        }
    }
    together(6, Shared::new, settles, |s| {
        let taken: u64 = s.journal.0.lock().unwrap().iter().map(|(_, n)| n).sum();
        let needed = i128::from(taken) - i128::from(BURST);
        assert_eq!(s.limiter.capacity_info(1).needed - 1, needed);
    });
}

/// Threads wait, cancel, and leave; others settle their grants; time passes beside them until all
/// are done: no waiter is left asleep.
#[test]
fn queue_while_time_passes_leaves_no_waiter_asleep() {
    const WAITERS: u64 = 3;
    fn part((s, done): &(Shared, AtomicU64), number: u64) {
        if number == WAITERS {
            while done.load(Ordering::SeqCst) < WAITERS {
                s.clock.advance(Duration::from_millis(500));
                thread::yield_now();
            }
            return;
        }
        for _ in 0..3 {
            let n = 1 + random(BURST);
            match random(4) {
                0 => drop(s.limiter.reserve_owned(n).unwrap()),
                1 => match s.limiter.acquire(n).timeout(secs(random(8))).wait() {
                    Ok(grant) => grant.reconcile(random(2 * n)),
                    Err(error) => assert!(matches!(error, AcquireError::TooLong { .. }), "{error}"),
                },
                _ => drop(s.limiter.acquire(n).wait().unwrap()),
            }
        }
        done.fetch_add(1, Ordering::SeqCst);
    }
    together(WAITERS + 1, || (Shared::new(), AtomicU64::new(0)), part, |(s, _)| s.assert_whole());
}

/// Time stands still, so a waiter is granted only by a refund or a cancelled entry. A waiter that
/// is not woken by these would sleep forever, which shuttle reports.
#[test]
fn queue_without_time_moves_by_refunds_and_cancels() {
    fn part(s: &Shared, number: u64) {
        match number {
            0 | 1 => s.limiter.refund(BURST / 3),
            // More than both refund: never granted, always in the way of later waiters.
            2 | 3 => drop(s.limiter.reserve_owned(BURST).unwrap()),
            _ => drop(s.limiter.acquire(BURST / 3).wait().unwrap()),
        }
    }
    let setup = || {
        let shared = Shared::new();
        shared.limiter.try_acquire(BURST).unwrap();
        shared
    };
    together(6, setup, part, |s| {
        assert_eq!((s.limiter.waiters(), s.limiter.capacity_info(0).needed, s.limiter.available()), (0, 0, 0));
    });
}

/// More keys than a set has entries compete for one: none is granted more than a limiter of its own
/// would grant.
#[test]
fn keys_that_displace_each_other() {
    struct Keyed(KeyedLimiter<u64, ManualClock>, Mutex<BTreeMap<u64, Arc<Journal>>>);
    let setup = || {
        let limiter = KeyedLimiter::<u64>::builder(quota()).max_keys(1).clock(ManualClock::new()).build();
        Keyed(limiter, Mutex::default())
    };
    let part = |s: &Keyed, number: u64| {
        for step in 0..6 {
            let (key, reading, n) = (random(14), random(3) + step / 2 + number % 2, 1 + random(3));
            if s.0.try_acquire_at(at(reading), &key, n).is_ok() {
                let journal = Arc::clone(s.1.lock().unwrap().entry(key).or_default());
                journal.note(reading, n);
            }
        }
    };
    together(5, setup, part, |s| s.1.lock().unwrap().values().for_each(|journal| journal.assert_bound()));
}

/// Two sets share a limit that is also asked directly: all or nothing, and nothing lost.
#[test]
fn sets_that_share_a_limit() {
    struct Sets {
        limits: [Arc<RateLimiter<ManualClock>>; 3],
        sets: [LimitSet<2, ManualClock>; 2],
        taken: [Mutex<u64>; 3],
    }
    let setup = || {
        let clock = ManualClock::new();
        let limits: [_; 3] = std::array::from_fn(|_| Arc::new(RateLimiter::with_clock(quota(), clock.clone())));
        let set = |own: usize| LimitSet::new([("own", Arc::clone(&limits[own])), ("shared", Arc::clone(&limits[2]))]);
        let sets = [set(0), set(1)];
        Sets { limits, sets, taken: Default::default() }
    };
    let part = |s: &Sets, number: u64| {
        for _ in 0..4 {
            let n = 1 + random(2);
            if number == 4 {
                if s.limits[2].try_acquire(n).is_ok() {
                    *s.taken[2].lock().unwrap() += n;
                }
                continue;
            }
            let own = usize::from(number % 2 == 1);
            if s.sets[own].try_acquire([n, 1]).is_ok() {
                *s.taken[own].lock().unwrap() += n;
                *s.taken[2].lock().unwrap() += 1;
            }
        }
    };
    together(5, setup, part, |s| {
        for (limit, taken) in s.limits.iter().zip(&s.taken) {
            let taken = *taken.lock().unwrap();
            assert!(taken <= BURST);
            assert_eq!(limit.available(), BURST - taken);
        }
    });
}

/// Calls of language models that are settled below and above their estimates, on several threads,
/// with a slot each: exactly what they used is missing.
#[test]
fn calls_beside_calls() {
    struct Calls(limitor::llm::LlmLimiter<ManualClock>, Mutex<u64>);
    let setup = || {
        let limits = Builder::new(ManualClock::new()).tokens(quota()).max_concurrent(2);
        Calls(limits.build().unwrap(), Mutex::default())
    };
    let part = |s: &Calls, _: u64| {
        for _ in 0..4 {
            let Ok(call) = s.0.try_acquire(1 + random(3)) else { continue };
            assert!(s.0.in_flight() <= 2);
            thread::yield_now();
            let used = random(4);
            call.reconcile(used);
            *s.1.lock().unwrap() += used;
        }
    };
    together(5, setup, part, |s| {
        let used = *s.1.lock().unwrap();
        assert_eq!((s.0.in_flight(), s.0.available().tokens), (0, Some(BURST.saturating_sub(used))));
    });
}
