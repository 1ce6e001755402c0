//! A limit for each key: exact while there is room, never more than exact otherwise, and always
//! bounded in memory.
//!
//! The reference is a [`RateLimiter`] for each key, called at the same clock readings. The races
//! are in `loom_keyed.rs`, allocations in `keyed_allocation.rs`.
#![cfg(all(feature = "keyed", not(loom)))]

mod control;
mod edges;
mod exact;
mod flood;
mod overload;
mod tasks;
mod tiers;
mod verbs;
mod waiting;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use limitor::{KeyedLimiter, ManualClock, Quota, RateLimiter, Timestamp};

type Keyed = KeyedLimiter<u64, ManualClock>;

/// Entries per set. A table for one key has one set.
const ENTRIES: u64 = 10;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ticks(seconds * 1_000_000_000)
}

/// One permit per second, with this burst.
fn per_second(burst: u64) -> Quota {
    Quota::per_second(1).unwrap().with_burst(burst).unwrap()
}

/// One permit per second for each key, with this burst, in a table of a single set.
fn one_set(burst: u64) -> (Arc<Keyed>, ManualClock) {
    let clock = ManualClock::new();
    let limiter = KeyedLimiter::builder(per_second(burst)).max_keys(1).clock(clock.clone()).build();
    (Arc::new(limiter), clock)
}

/// A limiter for one key, on a clock that began with the other limiter's. Called at given readings
/// only.
fn own(quota: Quota) -> RateLimiter<ManualClock> {
    RateLimiter::with_clock(quota, ManualClock::new())
}

/// Waits until the condition holds; fails rather than hangs.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < secs(20), "never so: {what}");
        thread::yield_now();
    }
}
