//! The line of waiters against the plain model, on random timelines.
#![cfg(not(loom))]

mod model;

use std::collections::BTreeMap;
use std::time::Duration;

use limitor::{ManualClock, Quota, RateLimiter, Reservation};
use model::{Model, Reserved};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Op {
    Advance(u64),
    Try(u64),
    Reserve(u64),
    Cancel(usize),
    Keep(usize),
    Refund(u64),
    Charge(u64),
    CancelWaiters,
}

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

fn near(seen: Duration, expected: u128) -> bool {
    seen.as_nanos().abs_diff(expected) <= 1
}

/// Runs the limiter beside the model. Time passes in halves of T, so that boundaries are hit exactly
/// and missed by 1 ns.
fn run(quota: (u64, u64, u64), ops: Vec<Op>) -> Result<Model, TestCaseError> {
    let (capacity, period, burst) = quota;
    let mut model = Model::new(capacity, period, burst);
    let clock = ManualClock::new();
    let quota = Quota::new(capacity, Duration::from_nanos(period)).unwrap().with_burst(burst).unwrap();
    let limiter = RateLimiter::with_clock(quota, clock.clone());
    let interval = (period / capacity).max(1);
    let mut held: BTreeMap<usize, Reservation<'_, ManualClock>> = BTreeMap::new();
    let mut now = 0;
    for (id, op) in ops.into_iter().enumerate() {
        let nth = |held: &BTreeMap<usize, _>, index: usize| held.keys().nth(index % held.len().max(1)).copied();
        match op {
            Op::Advance(steps) => {
                now += steps * interval / 2 + steps % 2;
                clock.set(Duration::from_nanos(now));
                model.set_time(now);
            }
            Op::Try(n) => match (limiter.try_acquire(n), model.try_acquire(n)) {
                (Ok(_), Ok(())) => {}
                (Err(denied), Err(expected)) => match (denied.retry_after(), expected) {
                    (None, None) => {}
                    (Some(seen), Some(expected)) => prop_assert!(near(seen, expected), "{seen:?} {expected}"),
                    (seen, expected) => prop_assert!(false, "retry {seen:?}, expected {expected:?}"),
                },
                (seen, expected) => prop_assert!(false, "try {n}: {seen:?}, expected {expected:?}"),
            },
            Op::Reserve(n) => match (limiter.reserve(n), model.reserve(id, n)) {
                (Err(_), Reserved::Never) => {}
                (Ok(reservation), Reserved::Granted) => prop_assert_eq!(reservation.wait_time(), Duration::ZERO),
                (Ok(reservation), Reserved::Waits(expected)) => {
                    let seen = reservation.wait_time();
                    prop_assert!(near(seen, expected), "{seen:?} {expected}");
                    held.insert(id, reservation);
                }
                (seen, expected) => prop_assert!(false, "reserve {n}: {seen:?}, expected {expected:?}"),
            },
            Op::Cancel(index) => {
                if let Some(id) = nth(&held, index) {
                    held.remove(&id).unwrap().cancel();
                    model.cancel(id);
                }
            }
            Op::Keep(index) => {
                if let Some(id) = nth(&held, index) {
                    let (seen, expected) = (held.remove(&id).unwrap().keep(), model.wait_time(id));
                    model.keep(id);
                    prop_assert!(near(seen, expected), "keep: {seen:?} {expected}");
                }
            }
            Op::Refund(n) => {
                limiter.refund(n);
                model.refund(n);
            }
            Op::Charge(n) => {
                limiter.charge(n);
                model.charge(n);
            }
            Op::CancelWaiters => {
                // Those whose time has come were granted; the others are sent away.
                let waiting: Vec<usize> = held.keys().copied().filter(|id| model.wait_time(*id) > 0).collect();
                limiter.cancel_waiters();
                model.cancel_waiters();
                for id in waiting {
                    let reservation = held.remove(&id).unwrap();
                    prop_assert_eq!(reservation.wait_time(), Duration::MAX);
                    prop_assert!(reservation.wait().is_err());
                }
            }
        }
        prop_assert_eq!(limiter.waiters(), model.waiting(), "waiters after {:?}", op);
        prop_assert_eq!(limiter.available(), model.available(), "available after {:?}", op);
        prop_assert_eq!(limiter.capacity_info(3).needed, model.needed(3), "needed after {:?}", op);
        for (id, reservation) in &held {
            let (seen, expected) = (reservation.wait_time(), model.wait_time(*id));
            prop_assert!(near(seen, expected), "place {id} after {op:?}: {seen:?}, expected {expected}");
        }
    }
    // Let all come due, so that every grant is on the record.
    model.set_time(now + 1_000 * interval);
    Ok(model)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn decides_and_moves_as_the_model_does(quota in quotas(), ops in ops(true)) {
        run(quota, ops)?;
    }

    #[test]
    fn keeps_the_bound_through_all_that_happens(quota in quotas(), ops in ops(false)) {
        run(quota, ops)?.assert_bound();
    }
}
