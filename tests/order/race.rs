//! Runs two programs in sequence in every order, and then at the same time.

use std::sync::{Arc, Mutex};

use super::bound::assert_bound;
use super::world::{Op, Outcome, Step, World};
use crate::beside::beside;

/// Runs `here` beside `there` in all interleavings, with at most `preemptions` if that is given.
/// The entries that the set-up takes belong to the first thread.
pub(crate) fn race(preemptions: Option<usize>, setup: &'static [Step], here: &[Step], there: &[Step]) {
    let begins_anew = here.iter().chain(there).any(|Step(_, op)| matches!(op, Op::Reset | Op::Bypass | Op::Close));
    let seen = move |outcome: Outcome| if begins_anew { outcome.without_verdicts() } else { outcome };
    let allowed: Arc<Vec<_>> = Arc::new(one_after_the_other(setup, here, there).into_iter().map(seen).collect());
    let programs = [Arc::new(here.to_vec()), Arc::new(there.to_vec())];
    let [here, there] = programs.clone();
    let begin = move || {
        let (world, mut places) = (World::new(), Vec::new());
        let before = world.run(setup, &mut places);
        (world, before, Mutex::new(places))
    };
    beside(
        preemptions,
        begin,
        move |(world, _, places)| {
            let mut places = std::mem::take(&mut *places.lock().unwrap());
            (world.run(&here, &mut places), places)
        },
        move |(world, ..)| {
            let mut places = Vec::new();
            (world.run(&there, &mut places), places)
        },
        move |(world, before, _), (answers, places), (others_answers, others_places)| {
            let outcome = world.outcome([answers, others_answers], [places, others_places]);
            assert_bound([&programs[0], &programs[1]], (setup, before), &outcome);
            let outcome = seen(outcome);
            assert!(
                allowed.contains(&outcome),
                "after {setup:?}, {programs:?} together gave {outcome:?}, but in sequence one of {allowed:#?}"
            );
        },
    );
}

/// The results of all sequential orders that keep the order of each thread. An operation that takes
/// the lock of the queue settles the entries that are due at its reading; an operation on the
/// lock-free path does not. At the same time as others, an operation that is otherwise lock-free
/// may have to take the lock. So each order is run with all choices of which operations take it.
fn one_after_the_other(setup: &'static [Step], here: &[Step], there: &[Step]) -> Vec<Outcome> {
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    for order in orders(here.len(), there.len()) {
        for finds_out in 0..1_u32 << order.len() {
            let (here, there, order, outcomes) = (here.to_vec(), there.to_vec(), order.clone(), Arc::clone(&outcomes));
            loom::model(move || {
                let world = World::new();
                let (mut places, mut answers) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
                world.run(setup, &mut places[0]);
                let mut programs = [here.iter(), there.iter()];
                for (number, side) in order.iter().enumerate() {
                    let step = programs[*side].next().unwrap();
                    if finds_out >> number & 1 == 1 {
                        world.find_out(*step);
                    }
                    answers[*side].push(world.step(*step, &mut places[*side]));
                }
                outcomes.lock().unwrap().push(world.outcome(answers, places));
            });
        }
    }
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
    outcomes
}

/// Sequences of this many zeros and ones.
fn orders(zeros: usize, ones: usize) -> Vec<Vec<usize>> {
    if zeros == 0 && ones == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (side, left) in [zeros, ones].into_iter().enumerate().filter(|(_, left)| *left > 0) {
        let rest = if side == 0 { orders(left - 1, ones) } else { orders(zeros, left - 1) };
        all.extend(rest.into_iter().map(|rest| [vec![side], rest].concat()));
    }
    all
}
