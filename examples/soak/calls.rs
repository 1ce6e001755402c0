//! Calls of a language model, which are limited in requests, in tokens and in how many are under way.
//!
//! They are held to a stronger bound than the rest: what calls really used, each at the time it was let go, without anything
//! being taken off for what came back later. What an estimate was too low by nobody knew: that does not count.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use limitor::Quota;
use limitor::llm::{Call, Charged, Left, LlmLimiter, Usage};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::clock::{Trace, Warp, traced};
use crate::faults::Fault;
use crate::journal::Journal;
use crate::slots::{Inside, LEAKS, Within};
use crate::threads::LONGEST;
use crate::watch;
use crate::world::World;

pub(crate) const NAME: &str = "calls";

#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) limiter: Arc<LlmLimiter<Warp>>,
    pub(crate) requests: (Quota, Journal),
    pub(crate) tokens: (Quota, Journal),
    pub(crate) inside: Inside,
}

/// The largest estimate.
const MOST: u64 = 4_000;

impl Calls {
    pub(crate) fn new(clock: &Warp, at_a_time: usize) -> Self {
        let quota = |text: &str| text.parse::<Quota>().expect("a valid quota");
        let (requests, tokens) = (quota("100/s burst 10"), quota("150000/s burst 8000"));
        let builder = LlmLimiter::builder().clock(clock.clone()).requests(requests).tokens(tokens);
        let limiter = builder.max_concurrent(at_a_time).build().expect("valid limits");
        let journal = || Journal::new(clock.clone());
        Self {
            limiter: Arc::new(limiter),
            requests: (requests, journal()),
            tokens: (tokens, journal()),
            inside: Inside::new(at_a_time),
        }
    }
}

fn estimate(rng: &mut StdRng) -> Usage {
    Usage::new(rng.random_range(0..=MOST / 2), rng.random_range(0..=MOST / 2))
}

pub(crate) fn ask(world: &World, seat: usize, rng: &mut StdRng) {
    let (limiter, estimate) = (&world.calls.limiter, estimate(rng));
    let timeout = LONGEST.mul_f64(rng.random());
    world.board.begin(seat, "ask for a call", NAME, timeout + world.patience);
    let (call, trace) = if rng.random_bool(0.5) {
        traced(|| limiter.try_acquire(estimate).ok())
    } else {
        traced(|| limiter.acquire(estimate).timeout(timeout).wait().ok())
    };
    world.board.end(seat);
    let Some(call) = call else { return world.tally.refusals.count() };
    let within = world.calls.inside.enter(world, NAME);
    std::thread::sleep(Duration::from_micros(rng.random_range(0..20_000)));
    make(world, call, within, trace, rng);
    if rng.random_bool(0.02) {
        unsettle(limiter, rng);
        world.tally.controls.count();
    }
}

/// What a provider may say of its limits.
fn unsettle(limiter: &LlmLimiter<Warp>, rng: &mut StdRng) {
    let mut left = Left::default();
    match rng.random_range(0..4) {
        0 => limiter.pause(Duration::from_millis(rng.random_range(0..50))),
        1 => {
            left.tokens = Some(rng.random_range(0..8_000));
            limiter.lower_to(left);
        }
        2 => limiter.cancel_waiters(),
        _ => drop((limiter.available(), limiter.waiters(), limiter.is_idle())),
    }
}

pub(crate) async fn wait(world: &World, seat: usize, rng: &mut StdRng) {
    let estimate = estimate(rng);
    let timeout = LONGEST.mul_f64(rng.random());
    let acquire = world.calls.limiter.acquire_owned(estimate).timeout(timeout);
    if rng.random_bool(0.2) {
        let patience = Duration::from_millis(rng.random_range(0..50));
        if let Some((waiting, wait)) = watch::for_a_while(acquire, patience).await {
            world.calls.requests.1.waited(wait);
            if rng.random_bool(0.05) && world.call_leaks.up_to(LEAKS) {
                world.tally.leaks.count();
                return mem::forget(waiting);
            }
            world.tally.cancels.count();
        }
        return;
    }
    world.board.begin(seat, "wait for a call", NAME, timeout + world.patience);
    let (answer, trace) = watch::readings(acquire).await;
    world.board.end(seat);
    let Ok(call) = answer else { return world.tally.refusals.count() };
    world.tally.waits.count();
    let within = world.calls.inside.enter(world, NAME);
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..20))).await;
    make(world, call, within, trace, rng);
}

/// Ends the call, and settles it in one way or another.
fn make(world: &World, mut call: Call<'_, Warp>, within: Within<'_>, trace: Trace, rng: &mut StdRng) {
    let calls = &world.calls;
    let estimate = call.estimate();
    let all = estimate.input + estimate.output;
    world.tally.grants.count();
    let journal = |requests: u64, tokens: u64| {
        for (journal, used) in [(&calls.requests.1, requests), (&calls.tokens.1, tokens.min(all))] {
            if used > 0 {
                journal.granted(used, trace);
            }
        }
    };
    if rng.random_range(0..200) == 0 {
        // Dropped as the panic unwinds, its estimate stands.
        journal(1, all);
        Fault::strike(&world.tally);
    }
    drop(within);
    match rng.random_range(0..10) {
        0 => call.cancel(),
        1 => {
            journal(1, 0);
            call.fail(Charged::Request);
        }
        2 => call.fail(Charged::Nothing),
        3 => {
            let arrived = rng.random_range(0..=MOST);
            journal(1, estimate.input + arrived);
            call.stream(arrived / 2);
            call.stream(arrived - arrived / 2);
            call.end();
        }
        4 => {
            journal(1, all);
            drop(call);
        }
        _ => {
            let used = Usage::new(estimate.input, rng.random_range(0..=estimate.output + 100));
            journal(1, used.input + used.output);
            call.settle(used);
        }
    }
}
