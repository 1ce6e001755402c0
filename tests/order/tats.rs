//! The possible final values of a word, from what each thread took and returned.

/// Permits taken at a reading, in seconds; negative if returned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub(crate) at: u64,
    pub(crate) n: i64,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Granted,
    /// A debt, or a refund.
    Settled,
    /// Taken for a moment, if at all, and returned.
    Passing,
}

impl Move {
    pub(crate) fn granted(at: u64, n: u64) -> Vec<Self> {
        vec![Self { at, n: n.cast_signed(), kind: Kind::Granted }]
    }

    pub(crate) fn settled(at: u64, n: i64) -> Vec<Self> {
        vec![Self { at, n, kind: Kind::Settled }]
    }

    pub(crate) fn passing(at: u64, n: u64) -> Vec<Self> {
        [n.cast_signed(), -n.cast_signed()].map(|n| Self { at, n, kind: Kind::Passing }).into()
    }
}

/// The earliest and the latest TAT after the moves of both threads, over all orders that keep the
/// order of each thread. Passing moves are made or not; one permit per second.
pub(crate) fn after(tat: u64, runs: [&[Move]; 2]) -> (u64, u64) {
    let stay = runs.map(|run| run.iter().copied().filter(|made| made.kind != Kind::Passing).collect::<Vec<_>>());
    let [(low, high), (lower, higher)] = [ends(tat, runs), ends(tat, [&stay[0], &stay[1]])];
    (low.min(lower), high.max(higher))
}

fn ends(tat: u64, [here, there]: [&[Move]; 2]) -> (u64, u64) {
    let first = here.split_first().map(|(next, rest)| ends(made(tat, *next), [rest, there]));
    let other = there.split_first().map(|(next, rest)| ends(made(tat, *next), [here, rest]));
    let both = first.into_iter().chain(other);
    both.reduce(|(low, high), (lower, higher)| (low.min(lower), high.max(higher))).unwrap_or((tat, tat))
}

/// As the contract says, for a limiter without waiters.
fn made(tat: u64, Move { at, n, .. }: Move) -> u64 {
    if n >= 0 { tat.max(at) + n.unsigned_abs() } else { tat.min(tat.saturating_sub(n.unsigned_abs()).max(at)) }
}

/// Between any two readings, the grants were at most the burst, one permit per second, and all
/// refunds, whenever these were made.
pub(crate) fn assert_bound(burst: u64, runs: [&[Move]; 2]) {
    let moves = || runs.into_iter().flatten();
    let back: u64 = moves().filter(|made| made.n < 0).map(|made| made.n.unsigned_abs()).sum();
    let grants = || moves().filter(|made| made.kind == Kind::Granted);
    for from in grants() {
        for to in grants().filter(|to| to.at >= from.at) {
            let within = grants().filter(|grant| (from.at..=to.at).contains(&grant.at));
            let sum: u64 = within.map(|grant| grant.n.unsigned_abs()).sum();
            assert!(sum <= burst + to.at - from.at + back, "{sum} from {} to {}: {runs:?}", from.at, to.at);
        }
    }
}
