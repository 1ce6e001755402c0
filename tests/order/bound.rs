//! The permits granted over any window, by the readings that the decisions used.

use std::time::Duration;

use super::world::{Answer, BURST, LAST, Op, Outcome, Step};

/// Permits, and the seconds between which they came due.
type Grant = (u64, u64, u64);

/// Between any two readings, at most the burst, one permit per second, and the refunds were
/// granted. With different readings, a refund counts whenever it was made. Without refunds, the
/// bound is exact. For an entry that was due when it was last looked at, the due time is not known:
/// it counts where it must have been.
///
/// Does not apply to limiters that were reset or bypassed.
pub(crate) fn assert_bound(programs: [&[Step]; 2], setup: (&[Step], &[Answer]), outcome: &Outcome) {
    let mut run: Vec<(Step, &Answer)> = setup.0.iter().copied().zip(setup.1).collect();
    for (program, answers) in programs.iter().zip(&outcome.answers) {
        run.extend(program.iter().copied().zip(answers));
    }
    if run.iter().any(|(Step(_, op), _)| matches!(op, Op::Reset | Op::Bypass)) {
        return;
    }
    let back: u64 = run.iter().map(|(step, _)| given_back(step.1)).sum();
    let answered = run.iter().filter_map(|(step, answer)| granted(*step, answer));
    let held = outcome.places.iter().flatten().filter_map(|(n, wait)| due(0, *n, *wait, LAST));
    let grants: Vec<Grant> = answered.chain(held).collect();
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

fn granted(Step(at, op): Step, answer: &Answer) -> Option<Grant> {
    match (op, answer) {
        (Op::Try(n), Answer::Granted) => Some((at, at, n)),
        (Op::Keep, Answer::Kept(n, wait)) => due(at, *n, *wait, at),
        _ => None,
    }
}

/// The due time of an entry with this wait at a reading.
fn due(at: u64, n: u64, wait: Duration, latest: u64) -> Option<Grant> {
    match wait {
        Duration::ZERO => Some((0, latest, n)),
        Duration::MAX => None,
        wait => Some((at + wait.as_secs(), at + wait.as_secs(), n)),
    }
}
