//! What was granted over any stretch of time, by the readings that the decisions used.

use std::time::Duration;

use super::world::{BURST, LAST, Op, Outcome, Step, Told};

/// Permits, and the seconds between which they came due.
type Grant = (u64, u64, u64);

/// Between any two readings at most the burst was granted, a permit a second, and what was given back. That a refund counts whenever it
/// was is what readings that differ may do; where nothing is given back, the bound is exact. Of a place that has come due when it
/// was last looked at, nobody is told when that was: it counts where it must have been.
///
/// Not of limiters that were reset or bypassed.
pub(crate) fn assert_bound(programs: [&[Step]; 2], setup: (&[Step], &[Told]), outcome: &Outcome) {
    let mut run: Vec<(Step, &Told)> = setup.0.iter().copied().zip(setup.1).collect();
    for (program, told) in programs.iter().zip(&outcome.told) {
        run.extend(program.iter().copied().zip(told));
    }
    if run.iter().any(|(Step(_, op), _)| matches!(op, Op::Reset | Op::Bypass)) {
        return;
    }
    let back: u64 = run.iter().map(|(step, _)| given_back(step.1)).sum();
    let told = run.iter().filter_map(|(step, told)| granted(*step, told));
    let held = outcome.places.iter().flatten().filter_map(|(n, wait)| due(0, *n, *wait, LAST));
    let grants: Vec<Grant> = told.chain(held).collect();
    for (from, ..) in &grants {
        for (_, to, _) in grants.iter().filter(|(_, to, _)| to >= from) {
            let within = grants.iter().filter(|(begin, end, _)| begin >= from && end <= to);
            let sum: u64 = within.map(|(_, _, n)| n).sum();
            assert!(sum <= BURST + to - from + back, "{sum} from {from} to {to}: {run:?}");
        }
    }
}

fn given_back(op: Op) -> u64 {
    if let Op::Refund(n) = op { n } else { 0 }
}

fn granted(Step(at, op): Step, told: &Told) -> Option<Grant> {
    match (op, told) {
        (Op::Try(n), Told::Granted) => Some((at, at, n)),
        (Op::Keep, Told::Kept(n, wait)) => due(at, *n, *wait, at),
        _ => None,
    }
}

/// Of a place that had so long to wait at a reading.
fn due(at: u64, n: u64, wait: Duration, latest: u64) -> Option<Grant> {
    match wait {
        Duration::ZERO => Some((0, latest, n)),
        Duration::MAX => None,
        wait => Some((at + wait.as_secs(), at + wait.as_secs(), n)),
    }
}
