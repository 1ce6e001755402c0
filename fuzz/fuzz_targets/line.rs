//! Compares the whole public API of a limiter with the plain model, as `tests/line.rs` does.
//!
//! `cargo fuzz run -s none line -- -max_total_time=60`
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use limitor_model::Limiter;

#[path = "../../tests/timeline/mod.rs"]
mod timeline;

use timeline::Op;

#[derive(Debug, Arbitrary)]
struct Timeline {
    rate: Rate,
    initial: Option<u8>,
    max_waiters: Option<u8>,
    /// Most clocks begin at 0.
    start: Option<u64>,
    ops: Vec<[u8; 5]>,
}

#[derive(Debug, Arbitrary)]
enum Rate {
    /// No reading rounds.
    Exact {
        log: u8,
        capacity: u16,
        burst: u16,
    },
    Rounding {
        capacity: u64,
        period: u64,
        burst: u16,
    },
}

fuzz_target!(|timeline: Timeline| {
    let Timeline { rate, initial, max_waiters, start, ops } = timeline;
    let limiter = match rate {
        Rate::Exact { log, capacity, burst } => timeline::exact(log, capacity, burst),
        Rate::Rounding { capacity, period, burst } => timeline::rounding(capacity, period, burst),
    };
    let built = Limiter {
        initial: initial.map_or(u64::MAX, u64::from),
        max_waiters: max_waiters.map_or(usize::MAX, usize::from),
        start: start.unwrap_or(0) >> 1,
        ..limiter
    };
    timeline::run(built, ops.into_iter().take(200).map(Op::from));
});
