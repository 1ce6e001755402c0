//! One batch: threads that start from a barrier and ask one limiter until a window is over.
//!
//! The threads call the limiter in chunks, and note the end of each chunk. If a chunk took far
//! longer than its calls can, its thread was interrupted: the scheduler, or the host of a virtual
//! machine, took the processor away. Meanwhile the other threads had no competitor, and were
//! several times faster. So a batch counts only if as many threads as there are processors were
//! running all the time.
//!
//! One call of each chunk is timed by itself. Its figure includes one reading of the clock.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::contest::Contender;
use crate::single::FULL;

/// A chunk that took longer was interrupted: its calls take 1 to 10 µs, and schedulers assign
/// milliseconds.
const INTERRUPTED: Duration = Duration::from_micros(200);

/// The share of their time that the threads of a batch must have been running.
const OVERLAP: f64 = 0.99;

/// The number of addresses of a limiter, batch by batch. The address changes the distance that a
/// cache line travels between two processors, and with it the time by a tenth and more.
const PLACES: usize = 64;

/// The number of threads that can run at the same time.
pub(crate) fn running(threads: usize) -> usize {
    threads.min(thread::available_parallelism().map_or(1, usize::from))
}

/// The result of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    /// Nanoseconds that a decision cost the calling thread.
    pub(crate) cost: f64,
    /// Decisions per second.
    pub(crate) throughput: f64,
    /// Nanoseconds of a single call: p50, p99 and p99.9.
    pub(crate) calls: [f64; 3],
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

/// Runs the threads on a limiter at one of the addresses. `None` if they did not overlap.
pub(crate) fn run<C: Contender>(
    threads: usize,
    window: Duration,
    place: usize,
    clock: &quanta::Clock,
) -> Option<Batch> {
    let mut places: [Option<C>; PLACES] = [const { None }; PLACES];
    let contender = &*places[place % PLACES].insert(C::new(FULL));
    let (barrier, ready) = (Barrier::new(threads), AtomicUsize::new(0));
    let (length, start) = (ticks_in(clock, window), AtomicU64::new(0));
    let take_part = |handle: &C::Handle<'_>| {
        barrier.wait();
        // Threads that wake up first wait for the others.
        ready.fetch_add(1, Ordering::Relaxed);
        while ready.load(Ordering::Relaxed) < threads {
            thread::yield_now();
        }
        let now = clock.raw();
        let start = start.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).map_or_else(|at| at, |_| now);
        ask::<C>(handle, clock, start, start + length)
    };
    let parts = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| contender.lend(take_part))).collect();
        threads.into_iter().map(|thread| thread.join().expect("every answer was a grant")).collect()
    });
    assess(parts, running(threads), window, clock)
}

/// Requests one permit after the other, and counts the chunks that end by `end`.
///
/// Not inlined, so that a handle stays in memory, and not in registers.
#[inline(never)]
fn ask<C: Contender>(handle: &C::Handle<'_>, clock: &quanta::Clock, start: u64, end: u64) -> Part {
    let ask = || u32::from(black_box(C::granted(&C::ask(handle, 1))));
    let interrupted = ticks_in(clock, INTERRUPTED);
    let mut part = Part { timed: Vec::with_capacity(100_000), ..Part::default() };
    let mut last = start;
    loop {
        let mut granted: u32 = (1..C::CHUNK).map(|_| ask()).sum();
        let before = clock.raw();
        granted += ask();
        let after = clock.raw();
        assert!(granted == C::CHUNK || !C::DECIDES, "{} refused", C::NAME);
        if after > end {
            return part;
        }
        let chunk = after.saturating_sub(last);
        part.running += if chunk < interrupted { chunk } else { 0 };
        part.calls += u64::from(C::CHUNK);
        part.timed.push(after.saturating_sub(before));
        last = after;
    }
}

/// The figures of a batch, if its threads overlapped.
fn assess(parts: Vec<Part>, could_run: usize, window: Duration, clock: &quanta::Clock) -> Option<Batch> {
    let nanos = |ticks| to_f64(clock.delta_as_nanos(0, ticks));
    let running = nanos(parts.iter().map(|part| part.running).sum());
    let calls = to_f64(parts.iter().map(|part| part.calls).sum());
    #[expect(clippy::cast_precision_loss, reason = "a few processors")]
    let available = window.as_secs_f64() * 1e9 * could_run as f64;
    let mut timed: Vec<u64> = parts.into_iter().flat_map(|part| part.timed).collect();
    timed.sort_unstable();
    let call = |per_mille: usize| nanos(timed[timed.len() * per_mille / 1_000]);
    (running >= OVERLAP * available).then(|| Batch {
        cost: available / calls,
        throughput: calls / window.as_secs_f64(),
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
