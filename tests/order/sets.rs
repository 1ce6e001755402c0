//! Two limits together, beside direct callers of either, at different readings.

use std::sync::Arc;

use limitor::{LimitSet, Quota, RateLimiter, Timestamp};

use super::programs::Random;
use super::readings::Readings;
use super::tats::{self, Move};
use super::world::{BURST, LAST};
use crate::beside::beside;

#[derive(Debug, Clone, Copy)]
enum Op {
    /// From both limits together, all or nothing.
    Both([u64; 2]),
    One(usize, u64),
    Refund(usize, u64),
}

struct Shared {
    limits: [Arc<RateLimiter<Readings>>; 2],
    set: LimitSet<2, Readings>,
}

/// The first limit is full, and the second has nothing before 4.
const TATS: [u64; 2] = [0, 6];

impl Shared {
    fn new() -> Self {
        let quota = Quota::per_second(1).unwrap().with_burst(BURST).unwrap();
        let limits = [(); 2].map(|()| Arc::new(RateLimiter::with_clock(quota, Readings::default())));
        limits[1].reconcile_at(at(TATS[1] - 2), 2, 0);
        let set = LimitSet::new([("a", Arc::clone(&limits[0])), ("b", Arc::clone(&limits[1]))]);
        Self { limits, set }
    }

    /// The moves of each limit. A set that is refused by the second limit may have taken from the
    /// first in passing.
    fn run(&self, program: &[(u64, Op)]) -> [Vec<Move>; 2] {
        let mut moves = [Vec::new(), Vec::new()];
        for (reading, op) in program.iter().copied() {
            let now = at(reading);
            match op {
                Op::Both(costs) if self.set.try_acquire_at(now, costs).is_ok() => {
                    moves.iter_mut().zip(costs).for_each(|(moves, n)| moves.extend(Move::granted(reading, n)));
                }
                Op::Both([first, _]) => moves[0].extend(Move::passing(reading, first)),
                Op::One(limit, n) if self.limits[limit].try_acquire_at(now, n).is_ok() => {
                    moves[limit].extend(Move::granted(reading, n));
                }
                Op::One(..) => {}
                Op::Refund(limit, n) => {
                    self.limits[limit].reconcile_at(now, 0, n);
                    moves[limit].extend(Move::settled(reading, -n.cast_signed()));
                }
            }
        }
        moves
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ticks(seconds * 1_000_000_000)
}

/// Each limit keeps its bound. Permits taken in passing return: in the end each word is where the
/// moves have brought it, in some order.
#[test]
fn set_beside_all_other_operations() {
    const OPS: [Op; 7] = [
        Op::Both([1, 1]),
        Op::Both([2, 1]),
        Op::Both([1, 2]),
        Op::One(0, 1),
        Op::One(1, 1),
        Op::Refund(0, 1),
        Op::Refund(1, 2),
    ];
    let mut random = Random(17);
    for round in 0..1_000 {
        // In every other round there are no refunds.
        let ops = if round % 2 == 0 { &OPS[..5] } else { &OPS };
        let mut program = || -> Vec<(u64, Op)> { (0..2).map(|_| (random.reading(), random.one_of(ops))).collect() };
        let (here, there) = (program(), program());
        beside(
            Some(3),
            Shared::new,
            move |s| s.run(&here),
            move |s| s.run(&there),
            |s, here, there| {
                for limit in 0..2 {
                    let runs = [&here[limit][..], &there[limit]];
                    let (low, high) = tats::after(TATS[limit], runs);
                    // The wait for the whole burst gives the TAT, unless that has passed.
                    let needed = s.limits[limit].capacity_info_at(at(LAST), BURST).needed;
                    let expected = [low, high].map(|tat| i128::from(tat.max(LAST) - LAST));
                    assert!((expected[0]..=expected[1]).contains(&needed), "{needed} of limit {limit} after {runs:?}");
                    tats::assert_bound(BURST, runs);
                }
            },
        );
    }
}
