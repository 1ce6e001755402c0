//! Random timelines: the actual use of calls is within the bound over every window, and after every
//! step each limit has what the plain model has.

use limitor::llm::Usage;
use proptest::prelude::*;

use crate::model::{DAY, Rate};
use crate::run::{Op, Plan, Run};

const SECOND: u64 = 1_000_000_000;

/// T is a power of two nanoseconds, so clock readings convert exactly and the comparison is exact.
fn rate() -> impl Strategy<Value = Rate> {
    let burst = prop_oneof![Just(1), 2..40_u64];
    (1..6_u64, 28..34_u32, burst).prop_map(|(capacity, log, burst)| Rate { capacity, period: capacity << log, burst })
}

/// Limits per day convert exactly at whole seconds if they are multiples of 675.
fn plan() -> impl Strategy<Value = Plan> {
    let maybe_rate = || proptest::option::of(rate());
    let rates = prop_oneof![
        3 => rate().prop_map(|rate| [None, Some(rate), None, None]),
        4 => [maybe_rate(), maybe_rate(), maybe_rate(), maybe_rate()],
    ];
    let days = prop_oneof![
        3 => Just(([None, None], None)),
        1 => (1..3_u64).prop_map(|n| ([None, Some(675 * n)], None)),
        2 => ([proptest::option::of(1..12_u64), proptest::option::of(10..60_u64)], 1..60 * SECOND)
            .prop_map(|(days, midnight)| (days, Some(midnight))),
    ];
    let slots = prop_oneof![2 => Just(usize::MAX), 1 => 1..5_usize];
    (rates, days, slots, any::<bool>()).prop_map(|(rates, (days, midnight), slots, count_cached)| Plan {
        rates,
        days,
        midnight,
        slots,
        count_cached,
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    prop_oneof![
        6 => (0..20_u64, 0..20_u64, prop_oneof![3 => Just(0), 1 => 0..5_u64]),
        1 => Just((0, 0, 0)),
        1 => (0..200_u64, 0..200_u64, 0..9_u64),
    ]
    .prop_map(|(input, output, cached)| Usage::new(input, output).cached(cached))
}

/// Boundaries are hit exactly and missed by 1 ns.
fn advance() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0..24_u64, 0..2_u64).prop_map(|(steps, more)| (steps << 28) + more),
        2 => 0..20 * SECOND,
        1 => Just(DAY),
    ]
    .prop_map(Op::Advance)
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let index = any::<usize>;
    let op = prop_oneof![
        10 => advance(),
        3 => usage().prop_map(Op::Try),
        8 => usage().prop_map(Op::Ask),
        2 => index().prop_map(Op::Leave),
        2 => (index(), usage()).prop_map(|(index, usage)| Op::Settle(index, usage)),
        6 => (index(), 0..120_u64).prop_map(|(index, percent)| Op::SettleAt(index, percent)),
        2 => index().prop_map(Op::Cancel),
        1 => index().prop_map(Op::Fail),
        1 => index().prop_map(Op::Lose),
        2 => (index(), 0..30_u64).prop_map(|(index, tokens)| Op::Stream(index, tokens)),
        1 => index().prop_map(Op::End),
        1 => (0..6_usize, 0..30_u64).prop_map(|(kind, remaining)| Op::Lower(kind, remaining)),
        1 => (0..10 * SECOND).prop_map(Op::Pause),
    ];
    proptest::collection::vec(op, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn actual_use_keeps_the_bound_and_the_rest_is_exact(plan in plan(), mut ops in ops()) {
        if plan.midnight.is_none() && plan.days.iter().flatten().count() > 0 {
            for op in &mut ops {
                if let Op::Advance(by) = op {
                    *by = by.next_multiple_of(SECOND);
                }
            }
        }
        let mut run = Run::new(plan);
        run.run(ops)?;
        run.check_bound()?;
    }
}
