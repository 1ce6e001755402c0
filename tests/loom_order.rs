//! Whatever two threads do at once to one limiter, at whatever readings of the clock, is as if one had done it after the other.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom_order`. Each thread has a program, a few operations with the
//! reading each is made at: so readings are stale, differ between the threads, and step back. `order/race.rs` first runs the programs on
//! one thread in every order that keeps each thread's own, then on two threads in every interleaving, both ways round (`loom.rs` says
//! why): what the callers were told and what the word says in the end must be what one of the orders gave. So nothing is lost
//! and nothing minted that the same operations would not have lost or minted in turn; and that in turn they do what the contract
//! says is what `line` holds them to, beside an exact model. Besides, `order/bound.rs` counts what was granted, by the readings used.
//!
//! `order/` has the same for prepaid permits, sets and keys, where less is promised, and for waits on clocks that lag.
//!
//! The bound of the search: pairs of single operations with no bound on preemptions, longer programs with at most three (keys: two); one
//! permit a second, bursts of 2, and loom's model of memory.
#![cfg(loom)]

mod beside;
mod order;

use order::programs::{Random, SETUPS, pairs};
use order::race::race;
use order::world::Op::{self, *};
use order::world::Step;

/// Readings of the first and of the second thread: the same, ahead of the other, behind it, and behind what was there before.
const READINGS: [[u64; 2]; 4] = [[4, 4], [6, 4], [4, 6], [2, 5]];

/// All pairs of one operation with each of these, before each set-up, at all readings.
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
fn tries_beside_all() {
    beside_all(&[Try(1), Try(2)]);
}

#[test]
fn reservations_beside_all() {
    beside_all(&[Reserve(1), Within(1, 2), Within(2, 1)]);
}

#[test]
fn cancels_beside_all() {
    beside_all(&[Cancel]);
}

#[test]
fn kept_places_beside_all() {
    beside_all(&[Keep]);
}

#[test]
fn refunds_beside_all() {
    beside_all(&[Refund(1), Refund(3)]);
}

#[test]
fn debts_beside_all() {
    beside_all(&[Charge(1), Charge(3), Charge(u64::MAX)]);
}

#[test]
fn control_verbs_beside_all() {
    beside_all(&[CancelWaiters, Reset, Bypass, Close]);
}

/// Programs of two operations a thread, drawn at random but always the same ones.
#[test]
fn longer_programs() {
    let mut random = Random(7);
    for _ in 0..600 {
        let (setup, here, there) = (random.setup(), random.program(3), random.program(2));
        race(Some(3), setup, &here, &there);
    }
}

/// The same without what takes away or gives back: the bound is exact by the readings, however far they are apart.
#[test]
fn longer_programs_that_only_take() {
    let mut random = Random(11);
    for _ in 0..150 {
        let (setup, here, there) = (random.setup(), random.takes(3), random.takes(2));
        race(Some(3), setup, &here, &there);
    }
}
