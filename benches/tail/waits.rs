//! Waits: threads with entries in one queue. As the measure of what the scheduler allows, as many
//! threads sleep until the same times.

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use limitor::{Quota, RateLimiter, Strategy};

use crate::Turns;
use crate::rows::{Row, times};

const THREADS: [usize; 3] = [1, 8, 32];

/// Entries a second.
pub(crate) const RATE: u32 = 2_000;

const SPIN: &str = "limitor, `SpinThenPark`";
const PARK: &str = "limitor, `Park`";
const SLEEP: &str = "`thread::sleep`";

/// Percentiles of how late a wait ends, for each way to wait and each number of threads.
pub(crate) fn measure(turns: Turns) -> Vec<Row> {
    let mut rows = Row::all(&[SPIN, PARK, SLEEP], &THREADS);
    for round in 1..=turns.rounds {
        println!("waits, round {round} of {}", turns.rounds);
        for row in &mut rows {
            row.times += match row.name {
                SPIN => in_queue(row.threads, turns, Strategy::SpinThenPark),
                PARK => in_queue(row.threads, turns, Strategy::Park),
                _ => asleep(row.threads, turns),
            };
        }
    }
    rows
}

/// Each thread enters the queue, waits, and enters it again.
fn in_queue(threads: usize, turns: Turns, strategy: Strategy) -> Histogram<u64> {
    let quota = Quota::per_second(RATE.into()).and_then(|quota| quota.with_burst(1)).expect("it is a rate");
    let limiter = RateLimiter::builder(quota).strategy(strategy).build();
    let end = Instant::now() + turns.window;
    together(threads, |_, late| {
        while Instant::now() < end {
            let entry = limiter.reserve(1).expect("the limiter is open");
            let due = Instant::now() + entry.wait_time();
            entry.wait().expect("no call cancels it");
            late.record(nanos_since(due)).expect("it grows");
        }
    })
}

/// Each thread sleeps until the times at which its entries would be due.
fn asleep(threads: usize, turns: Turns) -> Histogram<u64> {
    let (interval, count) = (Duration::from_secs(1) / RATE, u32::try_from(threads).expect("a few"));
    let start = Instant::now();
    together(threads, |index, late| {
        let mut due = start + interval * (u32::try_from(index).expect("a few") + 1);
        while due < start + turns.window {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            late.record(nanos_since(due)).expect("it grows");
            // As in a queue, the next entry is after those of all other threads.
            while due <= Instant::now() {
                due += interval * count;
            }
        }
    })
}

fn together(threads: usize, part: impl Fn(usize, &mut Histogram<u64>) + Sync) -> Histogram<u64> {
    thread::scope(|scope| {
        let start = |index| {
            let part = &part;
            scope.spawn(move || {
                let mut late = times();
                part(index, &mut late);
                late
            })
        };
        let threads: Vec<_> = (0..threads).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("it waited")).fold(times(), |all, part| all + part)
    })
}

fn nanos_since(due: Instant) -> u64 {
    u64::try_from(Instant::now().saturating_duration_since(due).as_nanos()).unwrap_or(u64::MAX)
}
