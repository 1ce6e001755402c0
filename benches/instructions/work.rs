//! The work of which the instructions are counted.

use std::hint::black_box;

use limitor::{LocalLimiter, Quota, RateLimiter, SystemClock};
use limitor_callgrind::measured;

pub(crate) const NAMES: [&str; 5] = [
    "limitor grant",
    "limitor grant of 3",
    "limitor refusal",
    "limitor acquire that need not wait",
    "limitor prepaid grant",
];

fn quota(permits: u64) -> Quota {
    Quota::per_second(permits).expect("a quota")
}

/// Does one kind of work so many times, and checks its results.
pub(crate) fn run(name: &str, rounds: u32) {
    // A permit takes 1 ns. At 5 permits a nanosecond, a counter under 2.5 GHz has no usual scale
    // (`src/scale.rs`) and needs 13 instructions more.
    let (plenty, none) = (quota(1_000_000_000), Quota::per_day(1).expect("a quota"));
    let limiter = RateLimiter::new(if name.ends_with("refusal") { none } else { plenty });
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
        other => panic!("{other} is no work"),
    };
    assert_eq!(granted, expected, "{name}");
}
