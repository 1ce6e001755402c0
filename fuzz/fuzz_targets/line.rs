//! The line of waiters beside the plain model that `tests/line.rs` has it follow: places, kept places, debts, refunds.
//!
//! `cargo fuzz run -s none line -- -max_total_time=60`
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/model/mod.rs"]
mod model;

use model::timeline;

#[derive(Debug, Arbitrary)]
struct Timeline {
    /// At most a thousand permits in as many nanoseconds, times a power of two: so that nothing rounds.
    capacity: u16,
    log: u8,
    burst: u16,
    debts: bool,
    ops: Vec<Op>,
}

#[derive(Debug, Arbitrary)]
enum Op {
    Advance(u8),
    AdvanceFar(u16),
    Try(u8),
    Reserve(u8),
    Cancel(u8),
    Keep(u8),
    Refund(u8),
    Charge(u8),
    CancelWaiters,
}

fuzz_target!(|timeline: Timeline| {
    let Timeline { capacity, log, burst, debts, ops } = timeline;
    let capacity = u64::from(capacity % 1_000) + 1;
    let quota = (capacity, capacity << (log % 30), u64::from(burst) + 1);
    let ops = ops.into_iter().take(200).filter_map(|op| {
        Some(match op {
            Op::Advance(steps) => timeline::Op::Advance(steps.into()),
            Op::AdvanceFar(steps) => timeline::Op::Advance(steps.into()),
            Op::Try(n) => timeline::Op::Try(n.into()),
            Op::Reserve(n) => timeline::Op::Reserve(n.into()),
            Op::Cancel(index) => timeline::Op::Cancel(index.into()),
            Op::Keep(index) => timeline::Op::Keep(index.into()),
            Op::Refund(n) => timeline::Op::Refund(n.into()),
            Op::Charge(n) if debts => timeline::Op::Charge(n.into()),
            Op::Charge(_) => return None,
            Op::CancelWaiters => timeline::Op::CancelWaiters,
        })
    });
    let model = timeline::run(quota, ops);
    if !debts {
        model.assert_bound();
    }
});
