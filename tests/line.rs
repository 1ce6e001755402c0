//! The line of waiters against the plain model, on random timelines.
#![cfg(not(loom))]

mod model;

use model::timeline::{Op, run};
use proptest::prelude::*;

/// Rates and bursts at which a few steps meet every boundary, from 1 in 18 minutes to the fastest there is. T is a power of two
/// nanoseconds, or a whole fraction of one, so that clock readings convert exactly and the comparison can be exact as well;
/// `vectors.rs` and `contract.rs` have the rates at which they round.
fn quotas() -> impl Strategy<Value = (u64, u64, u64)> {
    prop_oneof![
        (1..10_u64, 0..6_u32, 1..12_u64).prop_map(|(capacity, log, burst)| (capacity, capacity << log, burst)),
        (1..10_u64, 6..40_u32, 1..30_u64).prop_map(|(capacity, log, burst)| (capacity, capacity << log, burst)),
        Just((10_000_000_000, 1_000_000_000, 7)),
        Just((2_000_000_000, 1_000_000_000, 3)),
    ]
}

fn ops(with_debts: bool) -> impl Strategy<Value = Vec<Op>> {
    let amounts = 0..14_u64;
    let debts = if with_debts { amounts.clone().boxed() } else { Just(0).boxed() };
    let op = prop_oneof![
        4 => (0..6_u64).prop_map(Op::Advance),
        2 => amounts.clone().prop_map(Op::Try),
        6 => amounts.clone().prop_map(Op::Reserve),
        3 => any::<usize>().prop_map(Op::Cancel),
        1 => any::<usize>().prop_map(Op::Keep),
        3 => amounts.prop_map(Op::Refund),
        2 => debts.prop_map(Op::Charge),
        1 => Just(Op::CancelWaiters),
    ];
    proptest::collection::vec(op, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn decides_and_moves_as_the_model_does(quota in quotas(), ops in ops(true)) {
        run(quota, ops);
    }

    #[test]
    fn keeps_the_bound_through_all_that_happens(quota in quotas(), ops in ops(false)) {
        run(quota, ops).assert_bound();
    }
}
