//! What is counted.

use std::hint::black_box;
use std::num::NonZeroU32;

use limitor::{LocalLimiter, Quota, RateLimiter, SystemClock};

pub(crate) const NAMES: [&str; 7] = [
    "limitor grant",
    "limitor grant of 3",
    "limitor refusal",
    "limitor acquire that need not wait",
    "limitor prepaid grant",
    "governor grant",
    "governor refusal",
];

/// Runs `round` so often; callgrind counts what happens in here.
#[inline(never)]
fn measured(rounds: u32, mut round: impl FnMut() -> bool) -> u32 {
    (0..rounds).map(|_| u32::from(black_box(round()))).sum()
}

fn quota(permits: u64) -> Quota {
    Quota::per_second(permits).expect("a quota")
}

/// Does one kind of work so often, and sees to it that it was that.
pub(crate) fn run(name: &str, rounds: u32) {
    let (plenty, none) = (quota(5_000_000_000), Quota::per_day(1).expect("a quota"));
    let limiter = RateLimiter::new(if name.ends_with("refusal") { none } else { plenty });
    let nonzero = |n| NonZeroU32::new(n).expect("not zero");
    let governed = match name {
        "governor refusal" => governor::Quota::per_hour(nonzero(1)),
        _ => governor::Quota::per_second(nonzero(1_000_000_000)),
    };
    let governor = governor::RateLimiter::direct(governed);
    let (granted, expected) = match name {
        "limitor grant" => (measured(rounds, || limiter.try_acquire(black_box(1)).is_ok()), rounds),
        "limitor grant of 3" => (measured(rounds, || limiter.try_acquire(black_box(3)).is_ok()), rounds),
        "limitor refusal" => {
            drop(limiter.try_acquire(1));
            (measured(rounds, || limiter.try_acquire(black_box(1)).is_ok()), 0)
        }
        "limitor acquire that need not wait" => {
            (measured(rounds, || limiter.acquire(black_box(1)).wait().is_ok()), rounds)
        }
        "limitor prepaid grant" => {
            let prepaid = RateLimiter::builder(plenty).local(1, 1 << 20).expect("a burst").build();
            let local: LocalLimiter<'_, SystemClock> = prepaid.local().expect("a handle");
            local.try_acquire(1).expect("plenty");
            (measured(rounds, || local.try_acquire(black_box(1)).is_ok()), rounds)
        }
        "governor grant" => (measured(rounds, || black_box(&governor).check().is_ok()), rounds),
        "governor refusal" => {
            drop(governor.check());
            (measured(rounds, || black_box(&governor).check().is_ok()), 0)
        }
        other => panic!("{other} is no work"),
    };
    assert_eq!(granted, expected, "{name}");
}
