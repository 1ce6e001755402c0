//! Handles that spend prepaid permits.

use limitor::Clock;
use rand::RngExt;
use rand::rngs::StdRng;

use crate::faults::Fault;
use crate::world::{BATCH, World};

pub(crate) fn spend(world: &World, rng: &mut StdRng) {
    let subject = &world.local;
    // All handles may be taken.
    let Some(handle) = subject.limiter.local() else { return };
    let clock = subject.journal.clock();
    for _ in 0..rng.random_range(1..100) {
        let n = if rng.random_bool(0.02) { BATCH + 10 } else { rng.random_range(1..4) };
        // A handle spends its permits without a reading of the clock.
        let from = clock.now().ticks();
        let answer = handle.try_acquire(n);
        let to = clock.now().ticks();
        match answer {
            Ok(_) => {
                subject.journal.granted_between(n, from, to);
                world.tally.grants.count();
            }
            Err(_) => world.tally.refusals.count(),
        }
        // The handle gives back its permits as the panic unwinds.
        Fault::maybe(rng, &world.tally);
        match rng.random_range(0..100) {
            0 => handle.flush(),
            1 => handle.idle(),
            _ => {}
        }
    }
}
