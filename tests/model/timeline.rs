//! A limiter and the model of it, told of the same, and held to the same answers.

use std::collections::BTreeMap;
use std::time::Duration;

use limitor::{ManualClock, Quota, RateLimiter, Reservation};

use super::{Model, Reserved};

/// What is done to both. Places that are held are named by their order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    Advance(u64),
    Try(u64),
    Reserve(u64),
    Cancel(usize),
    Keep(usize),
    Refund(u64),
    Charge(u64),
    CancelWaiters,
}

fn near(seen: Duration, expected: u128) -> bool {
    seen.as_nanos().abs_diff(expected) <= 1
}

/// Runs the limiter beside the model. Time passes in halves of T, so that boundaries are hit exactly
/// and missed by 1 ns.
pub(crate) fn run(quota: (u64, u64, u64), ops: impl IntoIterator<Item = Op>) -> Model {
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
                    (Some(seen), Some(expected)) => assert!(near(seen, expected), "{seen:?} {expected}"),
                    (seen, expected) => panic!("retry {seen:?}, expected {expected:?}"),
                },
                (seen, expected) => panic!("try {n}: {seen:?}, expected {expected:?}"),
            },
            Op::Reserve(n) => match (limiter.reserve(n), model.reserve(id, n)) {
                (Err(_), Reserved::Never) => {}
                (Ok(reservation), Reserved::Granted) => assert_eq!(reservation.wait_time(), Duration::ZERO),
                (Ok(reservation), Reserved::Waits(expected)) => {
                    let seen = reservation.wait_time();
                    assert!(near(seen, expected), "{seen:?} {expected}");
                    held.insert(id, reservation);
                }
                (seen, expected) => panic!("reserve {n}: {seen:?}, expected {expected:?}"),
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
                    assert!(near(seen, expected), "keep: {seen:?} {expected}");
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
                    assert_eq!(reservation.wait_time(), Duration::MAX);
                    assert!(reservation.wait().is_err());
                }
            }
        }
        assert_eq!(limiter.waiters(), model.waiting(), "waiters after {op:?}");
        assert_eq!(limiter.available(), model.available(), "available after {op:?}");
        assert_eq!(limiter.capacity_info(3).needed, model.needed(3), "needed after {op:?}");
        for (id, reservation) in &held {
            let (seen, expected) = (reservation.wait_time(), model.wait_time(*id));
            assert!(near(seen, expected), "place {id} after {op:?}: {seen:?}, expected {expected}");
        }
    }
    // Let all come due, so that every grant is on the record.
    model.set_time(now + 1_000 * interval);
    model
}
