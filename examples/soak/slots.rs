//! A limit on the work under way, beside a rate that others ask directly.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use limitor::{ConcurrentLimiter, Slot};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::checks::Check;
use crate::clock::{Trace, Warp, traced};
use crate::faults::Fault;
use crate::subject::Subject;
use crate::threads::LONGEST;
use crate::watch;
use crate::world::World;

#[derive(Debug)]
pub(crate) struct Slots {
    pub(crate) limiter: Arc<ConcurrentLimiter<Warp>>,
    pub(crate) rate: Arc<Subject>,
    pub(crate) inside: Inside,
}

/// How much is under way, as those see it who do it.
#[derive(Debug)]
pub(crate) struct Inside {
    now: AtomicUsize,
    most: AtomicUsize,
    pub(crate) allowed: usize,
}

impl Inside {
    pub(crate) fn new(allowed: usize) -> Self {
        Self { now: AtomicUsize::new(0), most: AtomicUsize::new(0), allowed }
    }

    /// Until what this returns is dropped.
    pub(crate) fn enter(&self, world: &World, name: &str) -> Within<'_> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        if now > self.allowed {
            world.wrong(Check::UnderWay, format!("{name}: {now} at a time, of {}", self.allowed));
        }
        Within(self)
    }

    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// One piece of work under way.
pub(crate) struct Within<'a>(&'a Inside);

impl Drop for Within<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A waiter that is leaked may have been handed a slot, which nobody else gets then: no more than so many.
pub(crate) const LEAKS: u64 = 2;

impl Slots {
    pub(crate) fn new(rate: Arc<Subject>, at_a_time: usize) -> Self {
        let limiter = ConcurrentLimiter::over(Arc::clone(&rate.limiter), at_a_time).expect("some slots");
        Self { limiter: Arc::new(limiter), rate, inside: Inside::new(at_a_time) }
    }
}

pub(crate) fn ask(world: &World, seat: usize, rng: &mut StdRng) {
    let slots = &world.slots;
    let n = slots.rate.amount(rng);
    let timeout = LONGEST.mul_f64(rng.random());
    world.board.begin(seat, "ask for a slot", slots.rate.name, timeout + world.patience);
    let (slot, trace) = if rng.random_bool(0.5) {
        traced(|| slots.limiter.try_acquire(n).ok())
    } else {
        traced(|| slots.limiter.acquire(n).timeout(timeout).wait().ok())
    };
    world.board.end(seat);
    let Some(slot) = slot else { return world.tally.refusals.count() };
    let within = begin(world, &slot, trace, rng);
    std::thread::sleep(Duration::from_micros(rng.random_range(0..8_000)));
    end(world, slot, within, rng);
}

pub(crate) async fn wait(world: &World, seat: usize, rng: &mut StdRng) {
    let slots = &world.slots;
    let n = slots.rate.amount(rng);
    let timeout = LONGEST.mul_f64(rng.random());
    let acquire = slots.limiter.acquire_owned(n).timeout(timeout);
    if rng.random_bool(0.2) {
        let patience = Duration::from_millis(rng.random_range(0..50));
        if let Some((waiting, _)) = watch::for_a_while(acquire, patience).await {
            if rng.random_bool(0.05) && world.slot_leaks.up_to(LEAKS) {
                world.tally.leaks.count();
                return mem::forget(waiting);
            }
            slots.rate.journal.slipping(n, || drop(waiting));
            world.tally.cancels.count();
        }
        return;
    }
    world.board.begin(seat, "wait for a slot", slots.rate.name, timeout + world.patience);
    let (answer, trace) = watch::readings(acquire).await;
    world.board.end(seat);
    let Ok(slot) = answer else { return world.tally.refusals.count() };
    world.tally.waits.count();
    let within = begin(world, &slot, trace, rng);
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..8))).await;
    end(world, slot, within, rng);
}

/// The work, which may panic; then the slot is free as it unwinds.
fn begin<'a>(world: &'a World, slot: &Slot<'_, Warp>, trace: Trace, rng: &mut StdRng) -> Within<'a> {
    let slots = &world.slots;
    slots.rate.journal.granted(slot.amount(), trace);
    world.tally.grants.count();
    let within = slots.inside.enter(world, slots.rate.name);
    Fault::maybe(rng, &world.tally);
    within
}

fn end(world: &World, slot: Slot<'_, Warp>, within: Within<'_>, rng: &mut StdRng) {
    let n = slot.amount();
    let journal = &world.slots.rate.journal;
    drop(within);
    match rng.random_range(0..10) {
        0 => journal.giving_back(n, || slot.refund()),
        1 => {
            let used = rng.random_range(0..=n);
            journal.giving_back(n - used, || slot.reconcile(used));
        }
        2 => slot.reconcile(n + 1),
        _ => return drop(slot),
    }
    world.tally.refunds.count();
}
