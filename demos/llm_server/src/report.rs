//! Prints the results: the runs side by side, and whether the claims hold.

use std::io::{self, Write};
use std::iter;
use std::time::Duration;

use indicatif::HumanCount;

use crate::run::Run;

/// The share of the budget that is used with the limiter.
const LEAST_SHARE: f64 = 0.97;

/// In shorter runs, the tokens that are left at the end count too much.
const LONG_ENOUGH: Duration = Duration::from_secs(15);

/// The number of requests after a change of the limits, from which none is refused.
const FEW: usize = 20;

/// Prints a line. A closed output is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A row of the table: its text for each run.
type Figure<'a> = &'a dyn Fn(&Run) -> String;

/// Prints the runs side by side.
pub(crate) fn table(runs: &[Run]) -> String {
    let count = |number: u64| HumanCount(number).to_string();
    let time = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    let rows: [(&str, Figure<'_>); 9] = [
        ("", &|run| run.setup.name.into()),
        ("requests sent", &|run| count(run.sent())),
        ("  refused, with 429", &|run| count(run.refused())),
        ("calls answered", &|run| count(run.outcome.answered.len() as u64)),
        ("  tokens of one, on average", &|run| count(run.mean())),
        ("  time to an answer, p50", &|run| time(run.time(50))),
        ("  time to an answer, p99", &|run| time(run.time(99))),
        ("calls given up", &|run| count(run.outcome.given_up)),
        ("tokens used, of the budget", &|run| percent(run.share())),
    ];
    let line = |(name, of): &(&str, Figure<'_>)| {
        let figures = runs.iter().map(|run| format!("{:>24}", of(run)));
        iter::once(format!("{name:27}")).chain(figures).collect::<String>()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The claims, and whether each holds.
pub(crate) fn claims(retry: &Run, limited: &Run, halved: &Run, length: Duration) -> Vec<(bool, String)> {
    let refused = limited.refused();
    let mut claims = vec![
        (retry.refused() * 2 > retry.sent(), "without a limiter, most requests are refused".into()),
        (refused == 0, format!("through the limiter, none is refused: {refused} were")),
    ];
    if length >= LONG_ENOUGH {
        let share = limited.share();
        let claim = format!("and {} of the budget are used: {}", percent(LEAST_SHARE), percent(share));
        claims.push((share >= LEAST_SHARE, claim));
    }
    let refused = halved.refused_after();
    let last = refused.last().copied().unwrap_or(0);
    let numbers = match refused.as_slice() {
        [] => "none was".into(),
        [one] => format!("no. {one} was"),
        some => format!("{} were, the last of them no. {last}", some.len()),
    };
    let claim = format!("when limits are halved, none is refused after the first {FEW} requests: {numbers}");
    claims.push((last <= FEW && halved.refused() == refused.len() as u64, claim));
    claims
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
