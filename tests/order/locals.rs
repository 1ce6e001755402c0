//! Handles that refill, spend and return permits at different readings.

use limitor::{Quota, RateLimiter};

use super::programs::Random;
use super::readings::Readings;
use super::world::LAST;
use crate::beside::beside;

#[derive(Debug, Clone, Copy)]
enum Op {
    Spend(u64),
    Flush,
}

const BURST: u64 = 14;
const HANDLES: usize = 2;
const BATCH: u64 = 2;

/// How many a handle has spent. It is dropped at the end, which returns what it holds.
fn spend(limiter: &RateLimiter<Readings>, program: &[(u64, Op)]) -> u64 {
    let local = limiter.local().unwrap();
    let mut spent = 0;
    for (at, op) in program {
        limiter.clock().set(*at);
        match op {
            Op::Spend(n) => spent += if local.try_acquire(*n).is_ok() { *n } else { 0 },
            Op::Flush => local.flush(),
        }
    }
    spent
}

/// What is spent and what is available at the end add up to all there was, whatever handles held in
/// between. Only the time between the first and the last reading may add to it.
#[test]
fn two_handles_refill_spend_and_flush() {
    let mut random = Random(13);
    for _ in 0..60 {
        let mut program = || -> Vec<(u64, Op)> {
            let ops = [Op::Spend(1), Op::Spend(2), Op::Spend(1), Op::Flush];
            (0..3).map(|_| (random.reading(), random.one_of(&ops))).collect()
        };
        let (here, there) = (program(), program());
        let first = here.iter().chain(&there).map(|(at, _)| *at).min().unwrap();
        beside(
            Some(3),
            || {
                let quota = Quota::per_second(1).unwrap().with_burst(BURST).unwrap();
                RateLimiter::builder(quota).local(HANDLES, BATCH).unwrap().clock(Readings::default()).build()
            },
            move |limiter| spend(limiter, &here),
            move |limiter| spend(limiter, &there),
            move |limiter, here, there| {
                limiter.clock().set(LAST);
                let (shared, spent, left) = (BURST - HANDLES as u64 * BATCH, here + there, limiter.available());
                assert!(spent <= BURST + LAST - first);
                assert!(left >= shared.saturating_sub(spent), "{left} left of {shared} after {spent}");
                assert!(left + spent <= shared + LAST - first, "{left} left of {shared} after {spent}");
            },
        );
    }
}
