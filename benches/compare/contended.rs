//! Several threads on one limiter.
//!
//! The threads of a batch start from a barrier and ask until a window is over, in chunks whose ends they note. A chunk
//! that took far longer than it can was one in which its thread was not running: the scheduler, or the host of a virtual
//! machine, had taken the processor away, and the other threads met nobody. That makes the others several times faster,
//! so a batch counts only if as many threads as there are processors were running all the time; else it is discarded and
//! tried again. The contenders take turns, batch by batch.
//!
//! One call of each chunk is timed by itself. Its figure includes one reading of the clock.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::contenders::{Contender, Field, Visitor};
use crate::results::{Contended, Results, median};
use crate::single::FULL;

/// Threads on one limiter.
pub(crate) const THREADS: [usize; 4] = [1, 2, 4, 8];

/// limitor, a second time in each round: how far apart the two are is how much of a ratio is noise.
pub(crate) const AGAIN: &str = "limitor again";

/// Calls between two looks at the clock.
const CHUNK: u32 = 32;

/// A chunk that took longer was interrupted: 32 calls take 1 to 10 µs, and schedulers hand out milliseconds.
const INTERRUPTED: Duration = Duration::from_micros(200);

/// How much of the time the threads of a batch must have been running, of what they could have.
const OVERLAP: f64 = 0.99;

/// How often a batch is tried in one round.
const TRIES: usize = 5;

/// Where in memory a limiter is, batch by batch: how far a cache line travels between two processors depends on its
/// address, by a tenth and more.
const PLACES: usize = 64;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Enough to see that it works.
    Smoke,
    Quick,
    Full,
}

/// The batches of one number of threads.
#[derive(Debug, Clone, Copy)]
struct Plan {
    threads: usize,
    /// How many of them can run at a time.
    running: usize,
    window: Duration,
    rounds: usize,
}

impl Plan {
    fn new(threads: usize, effort: Effort) -> Self {
        let running = threads.min(thread::available_parallelism().map_or(1, usize::from));
        // Threads that must take turns on a processor need a window of many turns.
        let (window, rounds) = if running == threads { (5, 100) } else { (40, 20) };
        let (window, rounds) = match effort {
            Effort::Smoke => (2, 1),
            Effort::Quick => (window, rounds / 3),
            Effort::Full => (window, rounds),
        };
        Self { threads, running, window: Duration::from_millis(window), rounds }
    }
}

/// Measures each number of threads.
pub(crate) fn measure<F: Field>(effort: Effort, results: &mut Results) {
    for threads in THREADS {
        println!("{}: {threads} on one limiter", F::CONTENDED);
        let plan = Plan::new(threads, effort);
        let mut round = Round { plan, clock: quanta::Clock::new(), number: 0, tallies: Vec::new(), next: 0 };
        for number in 0..plan.rounds {
            (round.number, round.next) = (number, 0);
            F::limiters(&mut round);
            F::least_grant(&mut round);
            round.visit::<F::Ours>();
        }
        if let Some(again) = round.tallies.last_mut() {
            again.contender = AGAIN;
        }
        let ours = round.tallies.first().map_or(Vec::new(), |ours| ours.batches.clone());
        results.contended.extend(round.tallies.iter().filter_map(|tally| tally.settle(F::CONTENDED, threads, &ours)));
    }
}

/// One batch of each contender.
struct Round {
    plan: Plan,
    clock: quanta::Clock,
    number: usize,
    tallies: Vec<Tally>,
    /// Whose turn it is.
    next: usize,
}

/// The batches of one contender.
struct Tally {
    contender: &'static str,
    tried: usize,
    /// Those that counted, with the round they were in.
    batches: Vec<(usize, Batch)>,
}

/// What a batch came to.
#[derive(Debug, Clone, Copy)]
struct Batch {
    /// Nanoseconds that a decision cost the thread that asked.
    cost: f64,
    /// Decisions per second.
    throughput: f64,
    /// Nanoseconds of a single call: p50, p99 and p99.9.
    calls: [f64; 3],
}

impl Visitor for Round {
    fn visit<C: Contender>(&mut self) {
        if self.next == self.tallies.len() {
            self.tallies.push(Tally { contender: C::NAME, tried: 0, batches: Vec::new() });
        }
        let tally = &mut self.tallies[self.next];
        self.next += 1;
        for _ in 0..TRIES {
            tally.tried += 1;
            let parts = run::<C>(self.plan, &self.clock, self.number);
            if let Some(batch) = assess(parts, self.plan, &self.clock) {
                tally.batches.push((self.number, batch));
                break;
            }
        }
    }
}

impl Tally {
    /// What it all came to; nothing if no batch counted.
    fn settle(&self, row: &'static str, threads: usize, ours: &[(usize, Batch)]) -> Option<Contended> {
        if self.batches.is_empty() {
            return None;
        }
        let all = |figure: &dyn Fn(&Batch) -> f64| median(self.batches.iter().map(|(_, batch)| figure(batch)));
        let pairs: Vec<(&Batch, &Batch)> = self
            .batches
            .iter()
            .filter_map(|(number, batch)| Some((batch, &ours.iter().find(|(round, _)| round == number)?.1)))
            .collect();
        let beside = |figure: &dyn Fn(&Batch) -> f64| {
            (!pairs.is_empty()).then(|| median(pairs.iter().map(|(theirs, ours)| figure(theirs) / figure(ours))))
        };
        Some(Contended {
            row,
            threads,
            contender: self.contender,
            cost: all(&|batch| batch.cost),
            throughput: all(&|batch| batch.throughput),
            calls: [0, 1, 2].map(|index| all(&|batch| batch.calls[index])),
            cost_ratio: beside(&|batch| batch.cost),
            call_ratios: [0, 1, 2].map(|index| beside(&|batch| batch.calls[index])),
            kept: self.batches.len(),
            tried: self.tried,
        })
    }
}

/// One thread's part in a batch.
#[derive(Default)]
struct Part {
    /// Ticks in which the thread was running.
    running: u64,
    calls: u64,
    /// Ticks of the calls that were timed by themselves.
    timed: Vec<u64>,
}

/// Lets the threads loose on one limiter.
fn run<C: Contender>(plan: Plan, clock: &quanta::Clock, number: usize) -> Vec<Part> {
    let mut places: [Option<C>; PLACES] = [const { None }; PLACES];
    let contender = &*places[number % PLACES].insert(C::new(FULL));
    let (barrier, ready) = (Barrier::new(plan.threads), AtomicUsize::new(0));
    let (window, start) = (ticks_in(clock, plan.window), AtomicU64::new(0));
    let take_part = || {
        barrier.wait();
        // Those who wake up first wait for the others.
        ready.fetch_add(1, Ordering::Relaxed);
        while ready.load(Ordering::Relaxed) < plan.threads {
            thread::yield_now();
        }
        let now = clock.raw();
        let start = start.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).map_or_else(|at| at, |_| now);
        ask(contender, clock, start, start + window)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..plan.threads).map(|_| scope.spawn(take_part)).collect();
        threads.into_iter().map(|thread| thread.join().expect("every answer was a grant")).collect()
    })
}

/// Asks for one permit after the other, and counts the chunks that end by `end`.
fn ask<C: Contender>(contender: &C, clock: &quanta::Clock, start: u64, end: u64) -> Part {
    let ask = || u32::from(std::hint::black_box(C::granted(&contender.ask(1))));
    let interrupted = ticks_in(clock, INTERRUPTED);
    let mut part = Part { timed: Vec::with_capacity(100_000), ..Part::default() };
    let mut last = start;
    loop {
        let mut granted: u32 = (1..CHUNK).map(|_| ask()).sum();
        let before = clock.raw();
        granted += ask();
        let after = clock.raw();
        assert!(granted == CHUNK || !C::DECIDES, "{} refused", C::NAME);
        if after > end {
            return part;
        }
        let chunk = after.saturating_sub(last);
        part.running += if chunk < interrupted { chunk } else { 0 };
        part.calls += u64::from(CHUNK);
        part.timed.push(after.saturating_sub(before));
        last = after;
    }
}

/// The figures of a batch, if its threads overlapped.
fn assess(parts: Vec<Part>, plan: Plan, clock: &quanta::Clock) -> Option<Batch> {
    let nanos = |ticks| to_f64(clock.delta_as_nanos(0, ticks));
    let running = nanos(parts.iter().map(|part| part.running).sum());
    let calls = to_f64(parts.iter().map(|part| part.calls).sum());
    #[expect(clippy::cast_precision_loss, reason = "a few processors")]
    let available = plan.window.as_secs_f64() * 1e9 * plan.running as f64;
    let mut timed: Vec<u64> = parts.into_iter().flat_map(|part| part.timed).collect();
    timed.sort_unstable();
    let call = |per_mille: usize| nanos(timed[timed.len() * per_mille / 1_000]);
    (running >= OVERLAP * available).then(|| Batch {
        cost: available / calls,
        throughput: calls / plan.window.as_secs_f64(),
        calls: [call(500), call(990), call(999)],
    })
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds")]
fn ticks_in(clock: &quanta::Clock, duration: Duration) -> u64 {
    const TICKS: u64 = 1 << 30;
    let nanos = u128::from(clock.delta_as_nanos(0, TICKS));
    (duration.as_nanos() * u128::from(TICKS) / nanos) as u64
}

#[expect(clippy::cast_precision_loss, reason = "counts and nanoseconds of a second at most")]
fn to_f64(number: u64) -> f64 {
    number as f64
}
