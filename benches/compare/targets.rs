//! What limitor sets out to reach, and whether it does in this run.

use std::fmt::Write as _;

use crate::contended::{AGAIN, THREADS};
use crate::contenders::{Field, OnCounter};
use crate::results::Results;

const GOVERNOR: &str = "governor";

/// What a figure must be.
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// A line for each target.
pub(crate) fn verdicts(results: &Results) -> String {
    let mut text = String::new();
    let mut judge = |what: String, figure: Option<f64>, bound: Bound| {
        let (holds, bound) = match bound {
            Bound::AtMost(most) => (figure.map(|figure| figure <= most), format!("at most {most:.2}")),
            Bound::AtLeast(least) => (figure.map(|figure| figure >= least), format!("at least {least:.2}")),
        };
        let verdict = match holds {
            Some(true) => "holds",
            Some(false) => "does not hold",
            None => "not measured",
        };
        let figure = figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.3}"));
        let _ = writeln!(text, "- {verdict}: {what} is {figure}, {bound}");
    };

    let ratio = |row: &str, name| {
        let row = format!("{} {row}", OnCounter::NAME);
        results.single(&row, name).map(|single| single.ratio)
    };
    for row in ["granted full", "granted saturated", "granted weighted"] {
        let least = ratio(row, "limit: clock + CAS").map(f64::recip);
        judge(format!("{row}, limitor / (clock + CAS)"), least, Bound::AtMost(1.12));
        judge(format!("{row}, governor / limitor"), ratio(row, GOVERNOR), Bound::AtLeast(1.05));
    }
    for row in ["refused", "refused passed on"] {
        judge(format!("{row}, limitor / clock"), ratio(row, "limit: clock").map(f64::recip), Bound::AtMost(1.10));
    }
    for threads in THREADS.into_iter().filter(|threads| *threads > 1) {
        // What calls cost on the whole, and a single one.
        let over = |name| match results.contended(OnCounter::CONTENDED, threads, name) {
            Some(theirs) => {
                [theirs.cost_ratio, theirs.call_ratios[0], theirs.call_ratios[2]].map(|it| it.map(f64::recip))
            }
            None => [None; 3],
        };
        for ((what, figure), noise) in ["cost", "p50", "p99.9"].into_iter().zip(over(GOVERNOR)).zip(over(AGAIN)) {
            let noise = noise.map_or(String::new(), |noise| format!(" (beside itself {noise:.3})"));
            judge(
                format!("{threads} threads, {what} of a call, limitor / governor{noise}"),
                figure,
                Bound::AtMost(1.0),
            );
        }
    }
    let noise = ratio("granted full", "limitor").map_or(String::new(), |ratio| {
        format!("\nlimitor beside itself (granted full): {ratio:.3}, which would be 1 without noise.\n")
    });
    format!("## Targets\n\n{text}{noise}")
}
