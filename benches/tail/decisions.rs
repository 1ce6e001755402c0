//! Decisions: all threads call one limiter, one permit after the other.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use limitor::{Quota, RateLimiter};
use quanta::Clock;

use crate::Turns;
use crate::rows::{Row, times};

const THREADS: [usize; 3] = [2, 8, 32];

/// Permits a second and at once: so many that all are granted.
const PLENTY: u32 = 1_000_000_000;

/// The token bucket of the textbook, behind a lock.
struct Locked(Mutex<(f64, Instant)>);

impl Locked {
    fn try_acquire(&self) -> bool {
        let mut bucket = self.0.lock().expect("no holder of the lock panics");
        let now = Instant::now();
        let refill = now.saturating_duration_since(bucket.1).as_secs_f64() * f64::from(PLENTY);
        let tokens = f64::from(PLENTY).min(bucket.0 + refill);
        let granted = tokens >= 1.0;
        *bucket = (if granted { tokens - 1.0 } else { tokens }, now);
        granted
    }
}

/// The number of addresses of a limiter in a turn. The address changes the distance that a cache
/// line travels between two processors, and with it the time by a tenth and more.
const PLACES: u32 = 4;

/// Percentiles of a decision, for each contender and number of threads.
pub(crate) fn measure(turns: Turns) -> Vec<Row> {
    let mut rows = Row::all(&["limitor", "governor", "mutex"], &THREADS);
    let many = NonZeroU32::new(PLENTY).expect("it is more than 0");
    for round in 1..=turns.rounds {
        println!("decisions, round {round} of {}", turns.rounds);
        for row in &mut rows {
            let turn = Turn { threads: row.threads, window: turns.window / PLACES, clock: Clock::new() };
            row.times += match row.name {
                "limitor" => {
                    let limiter = || RateLimiter::new(Quota::per_second(PLENTY.into()).expect("it is a rate"));
                    turn.take(limiter, |limiter| limiter.try_acquire(1).is_ok())
                }
                "governor" => {
                    let limiter = || governor::RateLimiter::direct(governor::Quota::per_second(many));
                    turn.take(limiter, |limiter| limiter.check().is_ok())
                }
                _ => turn.take(|| Locked(Mutex::new((f64::from(PLENTY), Instant::now()))), Locked::try_acquire),
            };
        }
    }
    rows
}

struct Turn {
    threads: usize,
    window: Duration,
    clock: Clock,
}

impl Turn {
    /// Nanoseconds of each call of `ask`, on all threads, with one limiter after the other.
    fn take<L: Sync>(&self, limiter: impl Fn() -> L, ask: impl Fn(&L) -> bool + Sync) -> Histogram<u64> {
        let limiters: Vec<L> = (0..PLACES).map(|_| limiter()).collect();
        limiters.iter().map(|limiter| self.ask(|| ask(limiter))).fold(times(), |all, part| all + part)
    }

    fn ask(&self, ask: impl Fn() -> bool + Sync) -> Histogram<u64> {
        let barrier = Barrier::new(self.threads);
        let part = || {
            let mut times = times();
            barrier.wait();
            let end = Instant::now() + self.window;
            while Instant::now() < end {
                for _ in 0..1_000 {
                    let before = self.clock.raw();
                    assert!(black_box(ask()), "there is plenty");
                    let after = self.clock.raw();
                    times.record(self.clock.delta_as_nanos(before, after)).expect("it grows");
                }
            }
            times
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(part)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("all were granted"))
                .fold(times(), |all, part| all + part)
        })
    }
}
