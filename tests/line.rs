//! Compares the whole public API of a limiter with the plain model, on random timelines.
#![cfg(all(feature = "std", not(loom)))]

mod timeline;

use limitor_model::Limiter;
use proptest::prelude::*;
use timeline::{Amount, Op, Reading, Step, exact, rounding, run};

/// Full at the start on a clock at 0, or any other configuration.
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
    #![proptest_config(ProptestConfig::with_cases(8_000))]

    #[test]
    fn limiter_answers_as_the_model_to_the_nanosecond(
        built in built(any::<(u8, u16, u16)>().prop_map(|(log, capacity, burst)| exact(log, capacity, burst))),
        ops in ops(),
    ) {
        run(built, ops);
    }

    #[test]
    fn limiter_answers_as_the_model_where_readings_round(
        built in built((any::<u64>(), 0..64_u32, any::<u64>(), any::<u16>()).prop_map(
            |(capacity, shift, period, burst)| rounding(capacity, period >> shift, burst),
        )),
        ops in ops(),
    ) {
        run(built, ops);
    }
}

const fn some(n: u64) -> Amount {
    Amount::Some(n)
}

#[test]
fn refunded_debt_does_not_pass_a_kept_reservation() {
    use Op::{Charge, Keep, Refund, Reserve, Try};
    let ops = [
        Try(some(9), Reading::Clock),
        Reserve(some(4), Reading::Clock),
        Charge(some(1)),
        Keep(0),
        Refund(some(1)),
        Reserve(some(1), Reading::Clock),
    ];
    run(Limiter::new(3, 3_000_000, 12), ops);
}

#[test]
fn refund_beyond_all_waiters_repays_the_debt_behind_them() {
    use Op::{Charge, Keep, Move, Refund, Reserve, Try};
    let ops = [
        Try(some(8), Reading::Clock),
        Reserve(some(4), Reading::Clock),
        Reserve(some(1), Reading::Clock),
        Reserve(some(1), Reading::Clock),
        Keep(2),
        Move(Step::Halves(1)),
        Charge(some(2)),
        Refund(some(8)),
        Move(Step::Halves(1)),
    ];
    run(Limiter::new(1, 1, 11), ops);
}
