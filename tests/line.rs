//! The whole public API of a limiter against the plain model, on random timelines.
#![cfg(all(feature = "async", not(loom)))]

mod timeline;

use limitor_model::Limiter;
use proptest::prelude::*;
use timeline::{Op, exact, rounding, run};

/// Full at first, on a clock at 0; or some other way.
fn built(limiter: impl Strategy<Value = Limiter>) -> impl Strategy<Value = Limiter> {
    let initial = prop_oneof![3 => Just(u64::MAX), 1 => 0..12_u64];
    let max_waiters = prop_oneof![3 => Just(usize::MAX), 1 => 0..4_usize];
    let start = prop_oneof![3 => Just(0), 1 => 0..1_u64 << 57, 1 => 1_u64 << 58..1_u64 << 63];
    (limiter, initial, max_waiters, start).prop_map(|(limiter, initial, max_waiters, start)| Limiter {
        initial,
        max_waiters,
        start,
        ..limiter
    })
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    proptest::collection::vec(any::<[u8; 5]>().prop_map(Op::from), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn answers_as_the_model_does_to_the_nanosecond(
        built in built(any::<(u8, u16, u16)>().prop_map(|(log, capacity, burst)| exact(log, capacity, burst))),
        ops in ops(),
    ) {
        run(built, ops);
    }

    #[test]
    fn answers_as_the_model_does_where_readings_round(
        built in built((any::<u64>(), 0..64_u32, any::<u64>(), any::<u16>()).prop_map(
            |(capacity, shift, period, burst)| rounding(capacity, period >> shift, burst),
        )),
        ops in ops(),
    ) {
        run(built, ops);
    }
}
