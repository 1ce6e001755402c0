//! The work of threads, until they end: after their operations, by leaving during a wait, or by a
//! panic.

use std::thread;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom};

use crate::clock::traced;
use crate::subject::Subject;
use crate::world::World;
use crate::{keyed, locals, places, sets};

/// The longest wait that a caller accepts.
pub(crate) const LONGEST: Duration = Duration::from_secs(1);

pub(crate) fn live(world: &World, seat: usize, mut rng: StdRng) {
    for _ in 0..rng.random_range(20..400) {
        if world.is_over() {
            break;
        }
        let subject = world.subjects.choose(&mut rng).expect("some");
        match rng.random_range(0..100) {
            0..40 => ask(world, subject, seat, &mut rng),
            40..55 => wait(world, subject, seat, &mut rng),
            55..65 => places::reservations(world, subject, seat, &mut rng),
            65..74 => keyed::ask(world, seat, &mut rng),
            74..80 => sets::ask(world, seat, &mut rng),
            80..91 => {
                if let Some(part) = world.parts.choose(&mut rng) {
                    part.ask(world, seat, &mut rng);
                }
            }
            91..96 => locals::spend(world, &mut rng),
            96..99 => control(world, &mut rng),
            // A thread that ends during a wait.
            99 if rng.random_bool(0.3) => return places::leave(world, subject, &mut rng),
            _ => thread::yield_now(),
        }
        if rng.random_bool(0.7) {
            thread::sleep(Duration::from_micros(rng.random_range(0..5_000)));
        }
    }
}

fn ask(world: &World, subject: &Subject, seat: usize, rng: &mut StdRng) {
    let n = subject.amount(rng);
    let up_to = rng.random_bool(0.2);
    world.board.begin(seat, "try", subject.name, world.patience);
    let (answer, trace) =
        traced(|| if up_to { subject.limiter.try_acquire_up_to(n) } else { subject.limiter.try_acquire(n) });
    world.board.end(seat);
    match answer {
        Ok(grant) => subject.work(grant, trace, rng, &world.tally),
        Err(_) => world.tally.refusals.count(),
    }
}

fn wait(world: &World, subject: &Subject, seat: usize, rng: &mut StdRng) {
    let n = subject.amount(rng);
    let timeout = LONGEST.mul_f64(rng.random());
    world.board.begin(seat, "wait", subject.name, at_most(world, subject, timeout));
    let (answer, trace) = traced(|| subject.limiter.acquire(n).timeout(timeout).wait());
    world.board.end(seat);
    match answer {
        Ok(grant) => {
            world.tally.waits.count();
            subject.work(grant, trace, rng, &world.tally);
        }
        Err(_) => world.tally.refusals.count(),
    }
}

/// The longest time of a wait in real time. On a clock that is set back and stopped it has no
/// bound.
pub(crate) fn at_most(world: &World, subject: &Subject, timeout: Duration) -> Duration {
    if subject.journal.clock().steps() { Duration::MAX } else { timeout + world.patience }
}

fn control(world: &World, rng: &mut StdRng) {
    let controlled = world.subjects.iter().filter(|subject| subject.controlled);
    let limiter = &controlled.choose(rng).expect("some").limiter;
    world.tally.controls.count();
    match rng.random_range(0..10) {
        0 => limiter.bypass(),
        1 => limiter.close(),
        2 => limiter.charge(u64::MAX),
        3..6 => limiter.cancel_waiters(),
        _ => limiter.reset(),
    }
}
