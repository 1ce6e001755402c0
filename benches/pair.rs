//! Measures two limits that are decided together. `LimitSet` moves one word after the other. The
//! alternative moves both halves of one 128-bit word by a single compare-and-swap, and would give
//! nothing back.
//!
//! `cargo bench -p limitor-benches --bench pair` measures in rounds that alternate. It prints the
//! least and the median time of a call, and their ratios to two compare-and-swaps of bare words.
//! `-- count NAME` and `-- count NAME refused` make 100,000 calls of one contender in `counted`, so
//! that `valgrind --tool=callgrind --toggle-collect='*counted*'` counts their instructions.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use std::env;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use crossbeam_utils::CachePadded;
use limitor::{Clock, LimitSet, Quota, RateLimiter, SystemClock};
use portable_atomic::AtomicU128;

/// Two limits: the first always has enough, the second has as much or nothing.
trait Pair: Sync {
    fn new(second_has_any: bool) -> Self;
    fn ask(&self) -> bool;
}

/// Permits come back faster than threads can ask.
const BURST: u64 = 1 << 20;

impl Pair for LimitSet<2> {
    fn new(second_has_any: bool) -> Self {
        let plenty = Quota::per_second(1_000_000_000).and_then(|quota| quota.with_burst(BURST)).expect("a quota");
        let second = Arc::new(RateLimiter::new(plenty));
        if !second_has_any {
            second.charge(1 << 50);
        }
        Self::new([("first", Arc::new(RateLimiter::new(plenty))), ("second", second)])
    }

    #[inline(always)]
    fn ask(&self) -> bool {
        self.try_acquire([1, 1]).is_ok()
    }
}

/// Decides by a bare word: a permit takes a tick of the clock.
#[inline(always)]
fn decide(tat: u64, now: u64) -> Option<u64> {
    let begin = tat.max(now);
    (begin - now < BURST).then_some(begin + 1)
}

/// The words at the start: full, or empty for ever.
fn words(second_has_any: bool) -> [u64; 2] {
    [0, if second_has_any { 0 } else { u64::MAX / 2 }]
}

/// Looks at both words, moves one after the other, and gives back if the second was moved
/// meanwhile.
struct InTurn {
    words: [CachePadded<AtomicU64>; 2],
    clock: SystemClock,
}

impl InTurn {
    #[inline(always)]
    fn take(&self, index: usize, now: u64) -> bool {
        let mut seen = self.words[index].load(Ordering::Relaxed);
        while let Some(tat) = decide(seen, now) {
            match self.words[index].compare_exchange_weak(seen, tat, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(current) => seen = current,
            }
        }
        false
    }

    #[cold]
    fn give_back(&self, index: usize, now: u64) {
        let lowered = |tat: u64| Some(tat.min((tat - 1).max(now)));
        let _ = self.words[index].fetch_update(Ordering::AcqRel, Ordering::Relaxed, lowered);
    }
}

impl Pair for InTurn {
    fn new(second_has_any: bool) -> Self {
        Self { words: words(second_has_any).map(|word| CachePadded::new(word.into())), clock: SystemClock::new() }
    }

    #[inline(always)]
    fn ask(&self) -> bool {
        let now = self.clock.now().ticks();
        let has = |index: usize| decide(self.words[index].load(Ordering::Relaxed), now).is_some();
        if !(has(0) && has(1) && self.take(0, now)) {
            return false;
        }
        let granted = self.take(1, now);
        if !granted {
            self.give_back(0, now);
        }
        granted
    }
}

/// Moves both at once.
struct AtOnce {
    both: CachePadded<AtomicU128>,
    clock: SystemClock,
}

impl Pair for AtOnce {
    fn new(second_has_any: bool) -> Self {
        assert!(AtomicU128::is_lock_free(), "there is no such instruction here");
        let [low, high] = words(second_has_any);
        Self { both: CachePadded::new((u128::from(high) << 64 | u128::from(low)).into()), clock: SystemClock::new() }
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "that is the lower word")]
    fn ask(&self) -> bool {
        let now = self.clock.now().ticks();
        let mut seen = self.both.load(Ordering::Relaxed);
        loop {
            let Some(low) = decide(seen as u64, now) else { return false };
            let Some(high) = decide((seen >> 64) as u64, now) else { return false };
            let next = u128::from(high) << 64 | u128::from(low);
            match self.both.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(current) => seen = current,
            }
        }
    }
}

/// Makes that many calls, and returns the number of grants. Never inlined, so that callgrind finds
/// it by its name.
#[inline(never)]
fn counted<P: Pair>(pair: &P, calls: u32) -> u32 {
    (0..calls).map(|_| u32::from(black_box(pair.ask()))).sum()
}

/// Makes calls of one contender for callgrind.
fn count<P: Pair>(granted: bool) {
    println!("{} of {CALLS} calls granted", counted(&P::new(granted), CALLS));
}

const CALLS: u32 = 100_000;

/// Nanoseconds of a call, on one thread.
fn alone<P: Pair>(granted: bool) -> Vec<f64> {
    let pair = P::new(granted);
    let start = Instant::now();
    let grants = counted(&pair, CALLS);
    let spent = start.elapsed();
    assert_eq!(grants, if granted { CALLS } else { 0 });
    vec![spent.as_secs_f64() * 1e9 / f64::from(CALLS)]
}

/// The same beside another thread. Only chunks of calls count during which the other thread made
/// about as many calls. While the other thread waits for a processor it makes none; while this
/// thread waits it makes many.
fn contended<P: Pair>(_granted: bool) -> Vec<f64> {
    const CHUNK: u32 = 500;
    let (pair, done) = (P::new(true), [const { CachePadded::new(AtomicU32::new(0)) }; 2]);
    let ask = |mine: usize| {
        let mut times = Vec::new();
        for chunk in 1..=CALLS / CHUNK {
            let (before, start) = (done[1 - mine].load(Ordering::Relaxed), Instant::now());
            black_box(counted(&pair, CHUNK));
            let spent = start.elapsed();
            done[mine].store(chunk, Ordering::Relaxed);
            if (1..=4).contains(&(done[1 - mine].load(Ordering::Relaxed) - before)) {
                times.push(spent.as_secs_f64() * 1e9 / f64::from(CHUNK));
            }
        }
        times
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| ask(1));
        let mut times = ask(0);
        times.extend(other.join().expect("no panic"));
        times
    })
}

type Measure = fn(bool) -> Vec<f64>;

/// The name of a contender, how it is timed alone and beside another thread, and how its calls are
/// made for callgrind.
type Contender = (&'static str, Measure, Measure, fn(bool));

/// The others are compared with the first.
const CONTENDERS: [Contender; 3] = [
    ("in-turn", alone::<InTurn>, contended::<InTurn>, count::<InTurn>),
    ("at-once", alone::<AtOnce>, contended::<AtOnce>, count::<AtOnce>),
    ("set", alone::<LimitSet<2>>, contended::<LimitSet<2>>, count::<LimitSet<2>>),
];

fn compare(title: &str, rounds: usize, granted: bool, how: fn(&Contender) -> Measure) {
    println!("\n{title}: ns a call, the least and the median, and their ratios to the first");
    let mut times = [const { Vec::new() }; CONTENDERS.len()];
    for _ in 0..rounds {
        for (times, contender) in times.iter_mut().zip(&CONTENDERS) {
            times.extend(how(contender)(granted));
        }
    }
    let figures = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        let at = |index: usize| times.get(index).copied().unwrap_or(f64::NAN);
        (at(0), at(times.len() / 2), times.len())
    });
    for ((name, ..), (least, median, count)) in CONTENDERS.iter().zip(figures) {
        let (first_least, first_median, _) = figures[0];
        let ratios = (least / first_least, median / first_median);
        println!("{name:>8} {least:8.1} {median:8.1}   × {:.2}  × {:.2}   of {count}", ratios.0, ratios.1);
    }
}

fn main() {
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [count, rest @ ..] = words.as_slice()
        && count == "count"
    {
        let granted = !rest.iter().any(|word| word == "refused");
        for (name, .., count) in CONTENDERS.iter().filter(|contender| rest.iter().any(|word| word == contender.0)) {
            print!("{name}: ");
            count(granted);
        }
        return;
    }
    // As in criterion: without `--bench`, which `cargo bench` passes, this is a test.
    let rounds = if env::args().any(|word| word == "--bench") { 201 } else { 1 };
    compare("granted", rounds, true, |contender| contender.1);
    compare("refused by the second", rounds, false, |contender| contender.1);
    compare("granted, beside another thread", rounds, true, |contender| contender.2);
}
