//! A limit on the work under way, beside a rate that others call directly.

use std::iter;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use limitor::{ConcurrentLimiter, Quota, concurrency};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::runtime::Handle;

use super::{Make, Part, Subjects, Work};
use crate::checks::Check;
use crate::clock::{Trace, Warp, traced};
use crate::faults::Fault;
use crate::journal::Journal;
use crate::subject::Subject;
use crate::threads::LONGEST;
use crate::tracks::Track;
use crate::world::World;
use crate::{relay, watch};

pub(super) const MAKE: Option<Make> = Some(|clock, subjects| Box::new(Slots::new(clock, subjects)));

#[derive(Debug)]
struct Slots {
    limiter: Arc<ConcurrentLimiter<Warp>>,
    rate: Arc<Subject>,
    inside: Inside,
}

/// The work under way, as its threads see it.
#[derive(Debug)]
pub(super) struct Inside {
    name: &'static str,
    now: AtomicUsize,
    most: AtomicUsize,
    allowed: usize,
    leaked: AtomicUsize,
}

/// The most waiters that are leaked: each may have been granted a slot, which no other waiter gets
/// then.
const LEAKS: usize = 2;

impl Inside {
    pub(super) fn new(name: &'static str, allowed: usize) -> Self {
        let [now, most, leaked] = [0; 3].map(AtomicUsize::new);
        Self { name, now, most, allowed, leaked }
    }

    /// The work is under way until the result is dropped.
    pub(super) fn enter(&self, world: &World) -> Within<'_> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        if now > self.allowed {
            world.wrong(Check::UnderWay, format!("{}: {now} at a time, of {}", self.name, self.allowed));
        }
        Within(self)
    }

    /// Whether one more waiter may be leaked.
    pub(super) fn may_leak(&self) -> bool {
        let more = |leaked| (leaked < LEAKS).then_some(leaked + 1);
        self.leaked.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok()
    }

    pub(super) fn figures(&self) -> String {
        format!("at most {} of {} {}", self.most.load(Ordering::SeqCst), self.allowed, self.name)
    }

    /// Checks at the end that all slots are available, except those of leaked waiters.
    pub(super) fn all_found<S>(&self, world: &World, take: impl FnMut() -> Option<S>) {
        let taken: Vec<_> = iter::from_fn(take).collect();
        let (found, allowed, leaked) = (taken.len(), self.allowed, self.leaked.load(Ordering::SeqCst));
        if found > allowed || found + leaked < allowed {
            let what =
                format!("{}: {found} slots found at the end, of {allowed}, and {leaked} may have leaked", self.name);
            world.wrong(Check::LastPermit, what);
        }
    }
}

/// One piece of work under way.
pub(super) struct Within<'a>(&'a Inside);

impl Drop for Within<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Slots {
    fn new(clock: &Warp, subjects: &mut Subjects) -> Self {
        let rate = Arc::new(Subject::new("slots", "1000/s burst 30", clock, 4));
        subjects.push(Arc::clone(&rate));
        let at_a_time = 5;
        let limiter = ConcurrentLimiter::over(Arc::clone(&rate.limiter), at_a_time).expect("some slots");
        Self { limiter: Arc::new(limiter), rate, inside: Inside::new("slots", at_a_time) }
    }
}

impl Part for Slots {
    fn ask(&self, world: &World, seat: usize, rng: &mut StdRng) {
        ask(self, world, seat, rng);
    }

    fn wait<'a>(&'a self, world: &'a World, seat: usize, rng: &'a mut StdRng) -> Work<'a> {
        Box::pin(wait(self, world, seat, rng))
    }

    fn relay(&self, world: &World, runtime: &Handle, rng: &mut StdRng, _quota: Quota) {
        relay::round(world, runtime, rng, &track(world.running.clone()));
    }

    fn limits(&self) -> Vec<(&'static str, Quota, &Journal)> {
        Vec::new()
    }

    fn under_way(&self) -> String {
        self.inside.figures()
    }

    fn find(&self, world: &World) {
        self.inside.all_found(world, || self.limiter.try_acquire(0).ok());
    }
}

/// One slot, with a rate that always has permits.
fn track(clock: Warp) -> Track<ConcurrentLimiter<Warp>, concurrency::Slot<'static, Warp>> {
    let quota = Quota::per_second(1_000_000).expect("a valid quota");
    Track {
        name: "a slot",
        limiter: Arc::new(ConcurrentLimiter::with_clock(quota, 1, clock).expect("a slot")),
        task: |limiter| {
            let acquire = limiter.acquire_owned(1);
            Box::pin(async { acquire.await.ok() })
        },
        thread: |limiter| limiter.acquire_owned(1).wait().ok(),
        give_back: drop,
        waiters: |limiter| limiter.waiters(),
        stop: |limiter| limiter.close(),
    }
}

fn ask(slots: &Slots, world: &World, seat: usize, rng: &mut StdRng) {
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
    let within = slots.begin(world, &slot, trace, rng);
    std::thread::sleep(Duration::from_micros(rng.random_range(0..8_000)));
    slots.end(world, slot, within, rng);
}

async fn wait(slots: &Slots, world: &World, seat: usize, rng: &mut StdRng) {
    let n = slots.rate.amount(rng);
    let timeout = LONGEST.mul_f64(rng.random());
    let acquire = slots.limiter.acquire_owned(n).timeout(timeout);
    if rng.random_bool(0.2) {
        let patience = Duration::from_millis(rng.random_range(0..50));
        if let Some((waiting, _)) = watch::for_a_while(acquire, patience).await {
            if rng.random_bool(0.05) && slots.inside.may_leak() {
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
    let within = slots.begin(world, &slot, trace, rng);
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..8))).await;
    slots.end(world, slot, within, rng);
}

impl Slots {
    /// The work, which may panic. Then the slot is free as it unwinds.
    fn begin<'a>(
        &'a self,
        world: &World,
        slot: &concurrency::Slot<'_, Warp>,
        trace: Trace,
        rng: &mut StdRng,
    ) -> Within<'a> {
        self.rate.journal.granted(slot.amount(), trace);
        world.tally.grants.count();
        let within = self.inside.enter(world);
        Fault::maybe(rng, &world.tally);
        within
    }

    fn end(&self, world: &World, slot: concurrency::Slot<'_, Warp>, within: Within<'_>, rng: &mut StdRng) {
        let n = slot.amount();
        let journal = &self.rate.journal;
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
}
