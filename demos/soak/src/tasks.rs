//! The work of tasks, until a panic ends them.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::checks::Check;
use crate::clock::traced;
use crate::order::Wait;
use crate::subject::Subject;
use crate::threads::{LONGEST, at_most};
use crate::watch::Watched;
use crate::world::World;
use crate::{keyed, sets, watch};

pub(crate) async fn live(world: Arc<World>, seat: usize, mut rng: StdRng) {
    while !world.is_over() {
        let subject = Arc::clone(world.subjects.choose(&mut rng).expect("some"));
        match rng.random_range(0..100) {
            0..40 => wait(&world, &subject, seat, &mut rng).await,
            40..60 if subject.gives_back => hold(&world, &subject, seat, &mut rng).await,
            60..70 if subject.gives_back => give_up(&world, &subject, &mut rng).await,
            70..72 => {
                watch::leaked(subject.limiter.acquire_owned(1).timeout(LONGEST)).await;
                world.tally.leaks.count();
            }
            72..82 => keyed::wait(&world, seat, &mut rng).await,
            82..88 => sets::wait(&world, seat, &mut rng).await,
            88..99 => {
                if let Some(part) = world.parts.choose(&mut rng) {
                    part.wait(&world, seat, &mut rng).await;
                }
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..100))).await;
    }
}

async fn wait(world: &World, subject: &Subject, seat: usize, rng: &mut StdRng) {
    let n = subject.amount(rng);
    let timeout = LONGEST.mul_f64(rng.random());
    world.board.begin(seat, "wait as a task", subject.name, at_most(world, subject, timeout));
    let (answer, trace) = watch::readings(subject.limiter.acquire_owned(n).timeout(timeout)).await;
    world.board.end(seat);
    match answer {
        Ok(grant) => {
            world.tally.waits.count();
            subject.work(grant, trace, rng, &world.tally);
        }
        Err(_) => world.tally.refusals.count(),
    }
}

/// Enters the queue, and is watched while it waits.
async fn hold(world: &World, subject: &Subject, seat: usize, rng: &mut StdRng) {
    let n = subject.amount(rng);
    let (answer, taken) = traced(|| subject.limiter.reserve_owned(n));
    let Ok(held) = answer else { return world.tally.refusals.count() };
    let since = subject.journal.clock().glance();
    if held.wait_time() > LONGEST {
        // The queue has too many entries.
        return subject.journal.slipping(n, || held.cancel());
    }
    world.board.begin(seat, "wait for a reservation as a task", subject.name, at_most(world, subject, LONGEST));
    let Watched { answer, trace, late, still } = watch::place(held, world).await;
    world.board.end(seat);
    subject.journal.waited(Wait { since, still });
    if let Some(late) = late {
        let what = format!("{}: a task was not woken for {late:.1?} past its time", subject.name);
        world.wrong(Check::Wakes, what);
    }
    if let Ok(grant) = answer {
        world.tally.waits.count();
        subject.work(grant, taken.then(trace), rng, &world.tally);
    }
}

async fn give_up(world: &World, subject: &Subject, rng: &mut StdRng) {
    let n = subject.amount(rng);
    let patience = Duration::from_millis(rng.random_range(0..50));
    let acquire = subject.limiter.acquire_owned(n).timeout(LONGEST);
    if let Some((waiting, _)) = watch::for_a_while(acquire, patience).await {
        subject.journal.slipping(n, || drop(waiting));
        world.tally.cancels.count();
    }
}
