//! One thread, measured by criterion.
//!
//! Every contender is measured in alternation with limitor, in chunks of about 0.2 ms. Its ratio is
//! the median over the pairs of neighbouring chunks, so that a slow machine slows both sides of a
//! ratio. limitor is also measured beside another instance of limitor, which shows how much of a
//! ratio is noise.

use std::hint::black_box;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};

use limitor_benches::{Allowance, median};

use crate::contest::{Contender, Visitor};
use crate::fields::Field;
use crate::results::{Results, Single};

/// Between two calls, more permits come back than one call takes.
pub(crate) const FULL: Allowance =
    Allowance { capacity: 1_000_000_000, period: Duration::from_secs(1), burst: 1_000_000_000 };

/// A permit takes 100 ns to come back, which is longer than a call. If the bucket begins half full,
/// it is neither full nor empty for the next 20 s.
const SATURATED: Allowance = Allowance { capacity: 10_000_000, period: Duration::from_secs(1), burst: 2_000_000_000 };

/// A bucket that begins empty stays empty.
const EMPTY: Allowance = Allowance { capacity: 1, period: Duration::from_secs(3_600), burst: 1 };

/// The same request, repeated.
#[derive(Clone, Copy)]
struct Questions<N> {
    allowance: Allowance,
    /// Permits taken before the first request.
    taken: u32,
    /// The permits of the request with this number.
    amount: N,
    /// Whether each request must be granted.
    granted: bool,
    /// Whether the caller consumes the whole answer, as if it passed it on, or only its outcome.
    passed_on: bool,
}

impl<N: Fn(u64) -> u32 + Copy> Questions<N> {
    /// Requests that are all granted.
    fn full(amount: N) -> Self {
        Self { allowance: FULL, taken: 0, amount, granted: true, passed_on: true }
    }

    /// Makes that many requests to a contender, and measures the time.
    fn put_to<C: Contender>(self) -> impl FnMut(u64) -> Duration {
        let contender = C::new(self.allowance);
        let full = self.taken == 0 || contender.lend(|handle| C::granted(&C::ask(handle, self.taken)));
        assert!(full || !C::DECIDES, "{} is full at first", C::NAME);
        move |calls| {
            let (elapsed, granted) = contender.lend(|handle| {
                let ask = if self.passed_on { time_answers::<C> } else { time_outcomes::<C> };
                ask(handle, calls, self.amount)
            });
            let expected = if self.granted { calls } else { 0 };
            assert!(granted == expected || !C::DECIDES, "{} granted {granted} of {calls}", C::NAME);
            elapsed
        }
    }
}

// Neither is inlined, so that a contender runs the same code beside any other.

#[inline(never)]
fn time_answers<C: Contender>(handle: &C::Handle<'_>, calls: u64, amount: impl Fn(u64) -> u32) -> (Duration, u64) {
    let start = Instant::now();
    let granted = |call| {
        let answer = C::ask(handle, amount(call));
        u64::from(C::granted(black_box(&answer)))
    };
    let granted = (0..calls).map(granted).sum();
    (start.elapsed(), granted)
}

#[inline(never)]
fn time_outcomes<C: Contender>(handle: &C::Handle<'_>, calls: u64, amount: impl Fn(u64) -> u32) -> (Duration, u64) {
    let start = Instant::now();
    let granted = |call| u64::from(black_box(C::granted(&C::ask(handle, amount(call)))));
    let granted = (0..calls).map(granted).sum();
    (start.elapsed(), granted)
}

/// A row of the table: the same work by each contender, beside `Ours`.
struct Row<'a, W, Ours> {
    title: String,
    group: BenchmarkGroup<'a, WallTime>,
    smoke: bool,
    results: &'a mut Vec<Single>,
    work: W,
    /// Calls that are timed together.
    chunk: u64,
    ours: PhantomData<Ours>,
}

impl<W, Ours> Row<'_, W, Ours> {
    /// Lets criterion measure `theirs`, with a chunk of `ours` after each chunk of it.
    fn pair<T: FnMut(u64) -> Duration, O: FnMut(u64) -> Duration>(
        &mut self,
        contender: &'static str,
        theirs: impl Fn() -> T,
        ours: impl Fn() -> O,
    ) {
        let mut pairs = Vec::new();
        self.group.bench_function(contender, |bencher| {
            let (mut theirs, mut ours) = (theirs(), ours());
            bencher.iter_custom(|mut calls| {
                let mut elapsed = Duration::ZERO;
                while calls > 0 {
                    let chunk = calls.min(self.chunk);
                    let pair = (theirs(chunk), ours(chunk));
                    if chunk == self.chunk || self.smoke {
                        pairs.push((nanos(pair.0, chunk), nanos(pair.1, chunk)));
                    }
                    elapsed += pair.0;
                    calls -= chunk;
                }
                elapsed
            });
        });
        if !pairs.is_empty() {
            let nanos = median(pairs.iter().map(|(theirs, _)| *theirs));
            let ratio = median(pairs.iter().map(|(theirs, ours)| theirs / ours));
            self.results.push(Single { row: self.title.clone(), contender, nanos, ratio });
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chunk at most")]
fn nanos(elapsed: Duration, calls: u64) -> f64 {
    elapsed.as_secs_f64() * 1e9 / calls as f64
}

impl<N: Fn(u64) -> u32 + Copy, Ours: Contender> Visitor for Row<'_, Questions<N>, Ours> {
    fn visit<C: Contender>(&mut self) {
        let questions = self.work;
        self.pair(C::NAME, || questions.put_to::<C>(), || questions.put_to::<Ours>());
    }
}

/// Makes a limiter and drops it.
struct Construction;

impl<Ours: Contender> Visitor for Row<'_, Construction, Ours> {
    fn visit<C: Contender>(&mut self) {
        fn construct<C: Contender>() -> impl FnMut(u64) -> Duration {
            |calls| {
                let start = Instant::now();
                (0..calls).for_each(|_| drop(black_box(C::new(black_box(FULL)))));
                start.elapsed()
            }
        }
        self.pair(C::NAME, construct::<C>, construct::<Ours>);
    }
}

fn one(_: u64) -> u32 {
    1
}

/// A weight from 1 to 16.
fn weight(call: u64) -> u32 {
    (call % 16) as u32 + 1
}

/// Measures rows one after the other.
pub(crate) struct Bench<'a> {
    pub(crate) criterion: &'a mut Criterion,
    pub(crate) smoke: bool,
    pub(crate) results: &'a mut Results,
}

impl Bench<'_> {
    fn row<W, F: Field>(&mut self, name: &str, chunk: u64, work: W) -> Row<'_, W, F::Ours> {
        let title = format!("{} {name}", F::NAME);
        let mut group = self.criterion.benchmark_group(&title);
        group.sampling_mode(SamplingMode::Flat);
        Row { title, group, smoke: self.smoke, results: &mut self.results.singles, work, chunk, ours: PhantomData }
    }

    fn questions<F: Field>(&mut self, name: &str, questions: Questions<impl Fn(u64) -> u32 + Copy>) {
        let mut row = self.row::<_, F>(name, 10_000, questions);
        F::limiters(&mut row);
        if questions.granted {
            F::least_grant(&mut row);
        }
        F::least_refusal(&mut row);
    }

    /// Measures decisions.
    pub(crate) fn decisions<F: Field>(&mut self) {
        self.questions::<F>("granted full", Questions::full(one));
        let saturated = Questions { allowance: SATURATED, taken: SATURATED.burst / 2, ..Questions::full(one) };
        self.questions::<F>("granted saturated", saturated);
        self.questions::<F>("granted weighted", Questions::full(weight));
        let refused =
            Questions { allowance: EMPTY, taken: 1, granted: false, passed_on: false, ..Questions::full(one) };
        self.questions::<F>("refused", refused);
        self.questions::<F>("refused passed on", Questions { passed_on: true, ..refused });
    }

    /// Measures grants only.
    pub(crate) fn grants<F: Field>(&mut self) {
        self.questions::<F>("granted full", Questions::full(one));
        self.questions::<F>("granted weighted", Questions::full(weight));
    }

    /// Measures the construction of limiters.
    pub(crate) fn construction<F: Field>(&mut self) {
        F::limiters(&mut self.row::<_, F>("construction", 100, Construction));
    }
}
