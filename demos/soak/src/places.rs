//! Reservations: their order, and every way to leave the queue.

use std::mem;
use std::thread;
use std::time::Duration;

use limitor::{Clock, Reservation};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::checks::Check;
use crate::clock::{Trace, Warp, traced};
use crate::faults::Fault;
use crate::order::Wait;
use crate::subject::Subject;
use crate::threads::{LONGEST, at_most};
use crate::world::World;

/// A reservation, and the readings that it took.
struct Place<'a> {
    held: Reservation<'a, Warp>,
    taken: Trace,
    /// A reading at which the reservation existed.
    since: u64,
    /// The number of the reservation among several.
    number: usize,
}

/// Makes several reservations one after the other, checks that they come due in that order, and
/// ends each in some way.
pub(crate) fn reservations(world: &World, subject: &Subject, seat: usize, rng: &mut StdRng) {
    let mut places = Vec::new();
    for number in 0..rng.random_range(1..5) {
        let n = subject.amount(rng);
        let within = LONGEST.mul_f64(rng.random());
        let (answer, taken) = traced(|| subject.limiter.reserve_within(n, within));
        match answer {
            Ok(held) => places.push(Place { held, taken, since: subject.journal.clock().glance(), number }),
            Err(_) => world.tally.refusals.count(),
        }
    }
    // Control verbs end all waits, so later requests need not wait for earlier ones.
    if !subject.controlled {
        for _ in 0..rng.random_range(1..4) {
            in_order(world, subject, &places);
            thread::sleep(Duration::from_micros(rng.random_range(0..500)));
        }
    }
    places.shuffle(rng);
    for place in places {
        end(world, subject, seat, place, rng);
    }
}

/// Checks that no entry comes due before an earlier one. Entries only move forward, so the check
/// goes from the last to the first.
fn in_order(world: &World, subject: &Subject, places: &[Place<'_>]) {
    let clock = subject.journal.clock();
    // The latest reading at which one of the later entries can come due.
    let mut behind = u64::MAX;
    for place in places.iter().rev() {
        let (left, look) = traced(|| place.held.wait_time());
        // The wait is rounded up to a nanosecond.
        if !left.is_zero() {
            subject.journal.waited(Wait { since: place.since, still: look.last });
        }
        let earliest = look.last + clock.ticks(left.saturating_sub(Duration::from_nanos(1)));
        if !left.is_zero() && earliest > behind.saturating_add(1) {
            let late = clock.between(limitor::Timestamp::from_ticks(behind), limitor::Timestamp::from_ticks(earliest));
            let what = format!("{}: entry {} comes due {late:?} after one behind it", subject.name, place.number);
            world.wrong(Check::Order, what);
        }
        let latest = match (left.is_zero(), look.count) {
            // Granted when it was made, or due by this check.
            (true, 0) => place.taken.last,
            _ => look.last.saturating_add(clock.ticks(left)),
        };
        behind = behind.min(latest);
    }
    world.tally.orders.count();
}

fn end(world: &World, subject: &Subject, seat: usize, place: Place<'_>, rng: &mut StdRng) {
    let Place { held, taken, .. } = place;
    let n = held.amount();
    match rng.random_range(0..100) {
        0..20 if subject.gives_back => {
            subject.journal.slipping(n, || held.cancel());
            world.tally.cancels.count();
        }
        20..35 => {
            let (left, look) = traced(|| held.keep());
            world.tally.keeps.count();
            keep(subject, n, taken, left, look);
        }
        35..37 => {
            mem::forget(held);
            world.tally.leaks.count();
        }
        37..39 if subject.gives_back => {
            // The reservation is cancelled as the panic unwinds.
            subject.journal.slipping(n, || {
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                    let _held = held;
                    Fault::strike(&world.tally);
                }));
            });
        }
        _ => {
            let limit = at_most(world, subject, LONGEST);
            world.board.begin(seat, "wait for a reservation", subject.name, limit);
            let (answer, look) = traced(|| held.wait());
            world.board.end(seat);
            if let Ok(grant) = answer {
                world.tally.waits.count();
                subject.work(grant, taken.then(look), rng, &world.tally);
            }
        }
    }
}

/// A kept reservation counts at the time that `keep` returned.
fn keep(subject: &Subject, n: u64, taken: Trace, left: Duration, look: Trace) {
    let clock = subject.journal.clock();
    if left == Duration::MAX {
        // The wait was cancelled meanwhile.
    } else if left.is_zero() {
        subject.journal.granted(n, taken.then(look));
    } else {
        let due = look.last + clock.ticks(left);
        subject.journal.granted_between(n, due - clock.ticks(Duration::from_nanos(1)), due);
    }
}

/// Leaves during a wait, as a thread does that returns.
pub(crate) fn leave(world: &World, subject: &Subject, rng: &mut StdRng) {
    if !subject.gives_back {
        return;
    }
    let n = subject.amount(rng);
    if let Ok(held) = subject.limiter.reserve_owned(n) {
        world.tally.deaths.count();
        thread::sleep(held.wait_time().min(Duration::from_millis(2)));
        subject.journal.slipping(n, || drop(held));
    }
}
