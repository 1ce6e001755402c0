//! Two threads use one limiter at the same time, at any clock readings. The result is that of some
//! sequential order of their operations.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom_order`. Each thread has a
//! program: a few operations with the reading of each. So readings are stale, differ between the
//! threads, and step back. `order/race.rs` first runs the programs on one thread, in every order
//! that keeps the order of each thread. Then it runs them on two threads in every interleaving, in
//! both orders (see `loom.rs`). The answers to the callers, and the final word, must equal the
//! result of one of the sequential orders. So no permit is lost or created that the same operations
//! would not have lost or created in sequence. That the sequential results are those of the
//! contract is tested by `line`, beside an exact model. In addition, `order/bound.rs` counts the
//! grants by the readings used.
//!
//! `order/` has the same for prepaid permits, sets and keys, which promise less, and for waits on
//! clocks that lag.
//!
//! The bound of the search: pairs of single operations without a bound on preemptions, longer
//! programs with at most three (keys: two); one permit per second, bursts of 2, and loom's model of
//! memory.
#![cfg(loom)]

mod beside;
mod order;

use order::programs::{Random, SETUPS, pairs};
use order::race::race;
use order::world::Op::{self, *};
use order::world::Step;

/// Readings of the first and of the second thread: equal, ahead of the other, behind it, and behind
/// the readings of the set-up.
const READINGS: [[u64; 2]; 4] = [[4, 4], [6, 4], [4, 6], [2, 5]];

/// All pairs of one operation with each of these, after each set-up, at all readings.
fn beside_all(first: &[Op]) {
    for setup in SETUPS {
        for (here, there) in pairs(first) {
            for [now, other] in READINGS {
                race(None, setup, &[Step(now, here)], &[Step(other, there)]);
            }
        }
    }
}

#[test]
fn tries_beside_all_operations() {
    beside_all(&[Try(1), Try(2)]);
}

#[test]
fn reservations_beside_all_operations() {
    beside_all(&[Reserve(1), Within(1, 2), Within(2, 1)]);
}

#[test]
fn cancels_beside_all_operations() {
    beside_all(&[Cancel]);
}

#[test]
fn kept_reservations_beside_all_operations() {
    beside_all(&[Keep]);
}

#[test]
fn refunds_beside_all_operations() {
    beside_all(&[Refund(1), Refund(3)]);
}

#[test]
fn debts_beside_all_operations() {
    beside_all(&[Charge(1), Charge(3), Charge(u64::MAX)]);
}

#[test]
fn control_verbs_beside_all_operations() {
    beside_all(&[CancelWaiters, Reset, Bypass, Close]);
}

/// Programs of two operations per thread, random but the same in every run.
#[test]
fn longer_programs() {
    let mut random = Random(7);
    for _ in 0..600 {
        let (setup, here, there) = (random.setup(), random.program(3), random.program(2));
        race(Some(3), setup, &here, &there);
    }
}

/// The same without operations that cancel or refund: the bound is exact by the readings, however
/// far apart they are.
#[test]
fn longer_programs_of_grants_only() {
    let mut random = Random(11);
    for _ in 0..150 {
        let (setup, here, there) = (random.setup(), random.takes(3), random.takes(2));
        race(Some(3), setup, &here, &there);
    }
}
