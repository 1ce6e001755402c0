//! The targets of limitor.

use limitor_benches::{Bound, Verdict};

use crate::batch;
use crate::contended::{AGAIN, ALONE, THREADS};
use crate::contest::Contender;
use crate::fields::{Field, OnCounter, OnPrepaid};
use crate::prepaid::Prepaid;
use crate::results::{Results, Single};

const GOVERNOR: &str = "governor";

/// The share of a linear gain that threads must reach on prepaid permits, if all of them run at the
/// same time.
const LINEAR: f64 = 0.95;

/// The same if threads take turns on a processor, which costs 2 to 3 % by itself on a quiet
/// machine.
const LINEAR_IN_TURNS: f64 = 0.90;

/// Whether each target was reached.
pub(crate) fn verdicts(results: &Results) -> Vec<Verdict> {
    let mut verdicts = one_thread(results);
    verdicts.extend(several_threads(results));
    verdicts.extend(prepaid(results));
    verdicts
}

/// The ratio of limitor to itself in each field, which is noise.
pub(crate) fn remarks(results: &Results) -> Vec<String> {
    let fields = [(OnCounter::NAME, <OnCounter as Field>::Ours::NAME), (OnPrepaid::NAME, Prepaid::NAME)];
    let remark = |(field, ours)| {
        let row = format!("{field} granted full");
        let Single { ratio, .. } = results.single(&row, ours)?;
        Some(format!("{ours} beside itself ({row}): {ratio:.3}. Without noise it would be 1."))
    };
    fields.into_iter().filter_map(remark).collect()
}

/// Decisions of one thread on the shared word.
fn one_thread(results: &Results) -> Vec<Verdict> {
    let ratio =
        |row: &str, name| results.single(&format!("{} {row}", OnCounter::NAME), name).map(|single| single.ratio);
    let mut verdicts = Vec::new();
    for row in ["granted full", "granted saturated", "granted weighted"] {
        let least = ratio(row, "limit: clock + CAS").map(f64::recip);
        verdicts.push(Verdict::new(format!("{row}, limitor / (clock + CAS)"), least, Bound::AtMost(1.12)));
        let governor = ratio(row, GOVERNOR);
        verdicts.push(Verdict::new(format!("{row}, governor / limitor"), governor, Bound::AtLeast(1.05)));
    }
    for row in ["refused", "refused passed on"] {
        let least = ratio(row, "limit: clock").map(f64::recip);
        verdicts.push(Verdict::new(format!("{row}, limitor / clock"), least, Bound::AtMost(1.10)));
    }
    verdicts
}

/// Decisions of several threads on the shared word.
fn several_threads(results: &Results) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for threads in THREADS.into_iter().filter(|threads| *threads > 1) {
        // The cost of calls on average, and of a single one.
        let over = |name| match results.contended(OnCounter::CONTENDED, threads, name) {
            Some(theirs) => {
                [theirs.cost_ratio, theirs.call_ratios[0], theirs.call_ratios[2]].map(|it| it.map(f64::recip))
            }
            None => [None; 3],
        };
        for ((what, figure), noise) in ["cost", "p50", "p99.9"].into_iter().zip(over(GOVERNOR)).zip(over(AGAIN)) {
            let what = format!("{threads} threads, {what} of a call, limitor / governor");
            verdicts.push(Verdict { what, figure, bound: Bound::AtMost(1.0), noise });
        }
    }
    verdicts
}

/// Decisions of one thread and of several on prepaid permits.
fn prepaid(results: &Results) -> Vec<Verdict> {
    let single = |name| results.single(&format!("{} granted full", OnPrepaid::NAME), name);
    let nanos = single(Prepaid::NAME).map(|ours| ours.nanos);
    let mut verdicts = vec![Verdict::new("prepaid, nanoseconds of a decision".to_owned(), nanos, Bound::AtMost(2.0))];
    for threads in THREADS {
        let s = if threads == 1 { "" } else { "s" };
        let over = |name| results.contended(OnPrepaid::CONTENDED, threads, name).and_then(|theirs| theirs.cost_ratio);
        let what = format!("prepaid, {threads} thread{s}, cost of a call, governor / limitor");
        verdicts.push(Verdict { what, figure: over(GOVERNOR), bound: Bound::AtLeast(10.0), noise: over(AGAIN) });
    }
    for threads in THREADS.into_iter().filter(|threads| *threads > 1) {
        let ours = |name| results.contended(OnPrepaid::CONTENDED, threads, name).and_then(|theirs| theirs.cost_ratio);
        let linear = if batch::running(threads) == threads { LINEAR } else { LINEAR_IN_TURNS };
        #[expect(clippy::cast_precision_loss, reason = "a few processors")]
        let running = batch::running(threads) as f64;
        // The same rounds have the cost of a call on one thread. That many threads run at the same
        // time.
        let figure = ours(ALONE).map(|alone| alone * running);
        let what = format!("prepaid, {threads} threads, calls per second over those of 1 thread");
        verdicts.push(Verdict { what, figure, bound: Bound::AtLeast(linear * running), noise: ours(AGAIN) });
    }
    verdicts
}
