//! Keys that displace each other in a set of two entries, at different readings.

use std::time::Duration;

use limitor::{KeyedLimiter, Quota, Timestamp};

use super::programs::Random;
use super::readings::Readings;
use super::tats::{self, Move};
use super::world::{BURST, LAST};
use crate::beside::beside;

#[derive(Debug, Clone, Copy)]
enum Op {
    Try(u64),
    /// A reservation of one permit, if it does not wait.
    Reserve,
    /// A reservation of one permit that may have to wait: then the key has a waiter for a moment,
    /// which leaves.
    GiveUp,
    Charge(u64),
    Refund(u64),
}

const KEYS: u64 = 3;

struct Shared(KeyedLimiter<u64, Readings>);

impl Shared {
    fn new() -> Self {
        let quota = Quota::per_second(1).unwrap().with_burst(BURST).unwrap();
        let limiter = KeyedLimiter::builder(quota).max_keys(1).clock(Readings::default()).build();
        // Both entries are taken, and idle from 4 on.
        let at_3 = Timestamp::from_ticks(3_000_000_000);
        [0, 1].iter().for_each(|key| limiter.reconcile_at(at_3, key, 1, 0));
        Self(limiter)
    }

    /// The moves of each key.
    fn run(&self, program: &[(u64, u64, Op)]) -> Vec<(u64, Move)> {
        let run = program.iter().copied().flat_map(|(at, key, op)| {
            self.0.clock().set(at);
            let moves = match op {
                Op::Try(n) => self.0.try_acquire(&key, n).map_or(Vec::new(), |_| Move::granted(at, n)),
                Op::Reserve => self.0.reserve_within(&key, 1, Duration::ZERO).map_or(Vec::new(), |place| {
                    place.keep();
                    Move::granted(at, 1)
                }),
                // If there was no wait, it was granted.
                Op::GiveUp => self.0.reserve(&key, 1).map_or(Vec::new(), |_| Move::passing(at, 1)),
                Op::Charge(n) => {
                    self.0.charge(&key, n);
                    Move::settled(at, n.cast_signed())
                }
                Op::Refund(n) => {
                    self.0.refund(&key, n);
                    Move::settled(at, -n.cast_signed())
                }
            };
            moves.into_iter().map(move |made| (key, made))
        });
        run.collect()
    }
}

/// No key is granted more than a limiter of its own would grant, and none of its debt is forgotten.
/// It does not matter which key takes its entry.
#[test]
fn keys_that_displace_each_other() {
    const OPS: [Op; 7] = [Op::Try(1), Op::Try(2), Op::Try(1), Op::Reserve, Op::GiveUp, Op::Charge(2), Op::Refund(1)];
    let mut random = Random(19);
    for _ in 0..60 {
        let mut program = || -> Vec<(u64, u64, Op)> {
            (0..2).map(|_| (random.reading(), random.below(KEYS), random.one_of(&OPS))).collect()
        };
        let (here, there) = (program(), program());
        beside(
            Some(2),
            Shared::new,
            move |s| s.run(&here),
            move |s| s.run(&there),
            |s, here, there| {
                s.0.clock().set(LAST);
                for key in 0..KEYS {
                    let of = |run: &[(u64, Move)]| -> Vec<Move> {
                        run.iter().filter(|(of, _)| *of == key).map(|(_, made)| *made).collect()
                    };
                    let (here, there) = (of(&here), of(&there));
                    let (low, _) = tats::after(if key < 2 { 4 } else { 0 }, [&here, &there]);
                    let needed = s.0.capacity_info(&key, BURST).needed;
                    let least = i128::from(low.max(LAST) - LAST);
                    assert!(needed >= least, "{needed} of {key} after {here:?} and {there:?}");
                    tats::assert_bound(BURST, [&here, &there]);
                }
            },
        );
    }
}
