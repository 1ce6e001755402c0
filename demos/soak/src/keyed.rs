//! A limit for each key: few keys with waits, and more keys than the table is for.

use std::time::Duration;

use limitor::keyed;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::clock::{Trace, Warp, traced};
use crate::faults::Fault;
use crate::threads::LONGEST;
use crate::watch;
use crate::world::{Keyed, World};

fn choose<'a>(world: &'a World, rng: &mut StdRng) -> (&'a Keyed, u64, u64) {
    let keyed = world.keyed.choose(rng).expect("some");
    let n = rng.random_range(1..=keyed.quota.burst().min(4));
    (keyed, rng.random_range(0..keyed.keys), n)
}

pub(crate) fn ask(world: &World, seat: usize, rng: &mut StdRng) {
    let (keyed, key, n) = choose(world, rng);
    let timeout = LONGEST.mul_f64(rng.random());
    world.board.begin(seat, "ask for a key", keyed.name, timeout + world.patience);
    let limiter = &keyed.limiter;
    match rng.random_range(0..100) {
        0..50 => {
            let (answer, trace) = traced(|| limiter.try_acquire(&key, n));
            match answer {
                Ok(grant) => work(world, keyed, key, grant, trace, rng),
                Err(_) => world.tally.refusals.count(),
            }
        }
        50..80 => {
            let (answer, trace) = traced(|| limiter.acquire(&key, n).timeout(timeout).wait());
            match answer {
                Ok(grant) => work(world, keyed, key, grant, trace, rng),
                Err(_) => world.tally.refusals.count(),
            }
        }
        80..90 => {
            if let Ok(held) = limiter.reserve_within(&key, n, timeout) {
                keyed.journals[&key].slipping(n, || held.cancel());
                world.tally.cancels.count();
            }
        }
        90..95 => {
            // Leaked: the entry stays in the queue and comes due.
            std::mem::forget(limiter.reserve_within(&key, n, timeout));
            world.tally.leaks.count();
        }
        _ => {
            limiter.charge(&key, n);
            world.tally.debts.count();
        }
    }
    world.board.end(seat);
}

fn work(world: &World, keyed: &Keyed, key: u64, grant: keyed::Grant<'_, u64, Warp>, trace: Trace, rng: &mut StdRng) {
    let (journal, n) = (&keyed.journals[&key], grant.amount());
    journal.granted(n, trace);
    world.tally.grants.count();
    Fault::maybe(rng, &world.tally);
    if rng.random_bool(0.1) {
        let used = rng.random_range(0..=n);
        journal.giving_back(n - used, || grant.reconcile(used));
        world.tally.refunds.count();
    }
}

pub(crate) async fn wait(world: &World, seat: usize, rng: &mut StdRng) {
    let (keyed, key, n) = choose(world, rng);
    let timeout = LONGEST.mul_f64(rng.random());
    let journal = &keyed.journals[&key];
    let acquire = keyed.limiter.acquire_owned(&key, n).timeout(timeout);
    if rng.random_bool(0.2) {
        let patience = Duration::from_millis(rng.random_range(0..50));
        if let Some((waiting, _)) = watch::for_a_while(acquire, patience).await {
            journal.slipping(n, || drop(waiting));
            world.tally.cancels.count();
        }
        return;
    }
    world.board.begin(seat, "wait for a key", keyed.name, timeout + world.patience);
    let (answer, trace) = watch::readings(acquire).await;
    world.board.end(seat);
    match answer {
        Ok(grant) => {
            world.tally.waits.count();
            work(world, keyed, key, grant, trace, rng);
        }
        Err(_) => world.tally.refusals.count(),
    }
}
