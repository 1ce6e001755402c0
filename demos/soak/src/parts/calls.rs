//! Calls of a language model, limited in requests, in tokens and in calls under way.
//!
//! They are held to a stronger bound than the rest: the actual use of each call at the time of its
//! grant, without a deduction for permits that came back later. The part of the use above the
//! estimate does not count, because it was unknown at that time.

use std::iter;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use limitor::Quota;
use limitor::llm::{Call, Charged, LlmLimiter, PerLimit, Usage};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::runtime::Handle;

use super::slots::{Inside, Within};
use super::{Make, Part, Work};
use crate::clock::{Trace, Warp, traced};
use crate::faults::Fault;
use crate::journal::Journal;
use crate::threads::LONGEST;
use crate::tracks::Track;
use crate::world::World;
use crate::{last, relay, watch};

pub(super) const MAKE: Option<Make> = Some(|clock, _| Box::new(Calls::new(clock)));

const NAME: &str = "calls";

#[derive(Debug)]
struct Calls {
    limiter: Arc<LlmLimiter<Warp>>,
    requests: (Quota, Journal),
    tokens: (Quota, Journal),
    inside: Inside,
}

/// The largest estimate.
const MOST: u64 = 4_000;

impl Calls {
    fn new(clock: &Warp) -> Self {
        let at_a_time = 6;
        let quota = |text: &str| text.parse::<Quota>().expect("a valid quota");
        let (requests, tokens) = (quota("100/s burst 10"), quota("150000/s burst 8000"));
        let builder = LlmLimiter::builder().clock(clock.clone()).requests(requests).tokens(tokens);
        let limiter = builder.max_concurrent(at_a_time).build().expect("valid limits");
        let journal = || Journal::new(clock.clone());
        Self {
            limiter: Arc::new(limiter),
            requests: (requests, journal()),
            tokens: (tokens, journal()),
            inside: Inside::new(NAME, at_a_time),
        }
    }
}

impl Part for Calls {
    fn ask(&self, world: &World, seat: usize, rng: &mut StdRng) {
        ask(self, world, seat, rng);
    }

    fn wait<'a>(&'a self, world: &'a World, seat: usize, rng: &'a mut StdRng) -> Work<'a> {
        Box::pin(wait(self, world, seat, rng))
    }

    fn relay(&self, world: &World, runtime: &Handle, rng: &mut StdRng, quota: Quota) {
        relay::round(world, runtime, rng, &track(quota, world.running.clone()));
    }

    fn limits(&self) -> Vec<(&'static str, Quota, &Journal)> {
        let ((requests, by_request), (tokens, by_token)) = (&self.requests, &self.tokens);
        vec![("requests of calls", *requests, by_request), ("tokens of calls", *tokens, by_token)]
    }

    fn under_way(&self) -> String {
        self.inside.figures()
    }

    /// Checks that all tokens, all requests and all slots are available.
    fn find(&self, world: &World) {
        let (limiter, requests, tokens) = (&self.limiter, self.requests.0, self.tokens.0);
        last::rest(limiter.clock(), || {
            let left = limiter.available();
            (left.requests, left.tokens) == (Some(requests.burst()), Some(tokens.burst()))
        });
        // One after the other, because slots may be fewer: all tokens but one, the last one, and
        // then calls that use none.
        let makes = |usage: u64| limiter.try_acquire(usage).map(|call| call.reconcile(usage)).is_ok();
        let all = u64::from(makes(tokens.burst() - 1)) * (tokens.burst() - 1) + u64::from(makes(1));
        last::check_found(world, "tokens of calls", all + u64::from(makes(1)), tokens);
        let others = iter::from_fn(|| makes(0).then_some(1)).sum::<u64>();
        last::check_found(world, "requests of calls", 2 + others, requests);
        last::rest(limiter.clock(), || limiter.available().requests == Some(requests.burst()));
        self.inside.all_found(world, || limiter.try_acquire(0).ok());
        last::check_waiters(world, NAME, limiter.waiters());
    }
}

/// One request at a time.
fn track(quota: Quota, clock: Warp) -> Track<LlmLimiter<Warp>, Call<'static, Warp>> {
    let limiter = LlmLimiter::builder().clock(clock).requests(quota).tokens_per_minute(1_000_000).build();
    Track {
        name: "a call",
        limiter: Arc::new(limiter.expect("valid limits")),
        task: |limiter| {
            let acquire = limiter.acquire_owned(Usage::new(10, 10));
            Box::pin(async { acquire.await.ok() })
        },
        thread: |limiter| limiter.acquire_owned(Usage::new(10, 10)).wait().ok(),
        give_back: |call| call.refund(),
        waiters: |limiter| limiter.waiters(),
        stop: |limiter| limiter.close(),
    }
}

fn estimate(rng: &mut StdRng) -> Usage {
    Usage::new(rng.random_range(0..=MOST / 2), rng.random_range(0..=MOST / 2))
}

fn ask(calls: &Calls, world: &World, seat: usize, rng: &mut StdRng) {
    let (limiter, estimate) = (&calls.limiter, estimate(rng));
    let timeout = LONGEST.mul_f64(rng.random());
    world.board.begin(seat, "ask for a call", NAME, timeout + world.patience);
    let (call, trace) = if rng.random_bool(0.5) {
        traced(|| limiter.try_acquire(estimate).ok())
    } else {
        traced(|| limiter.acquire(estimate).timeout(timeout).wait().ok())
    };
    world.board.end(seat);
    let Some(call) = call else { return world.tally.refusals.count() };
    let within = calls.inside.enter(world);
    std::thread::sleep(Duration::from_micros(rng.random_range(0..20_000)));
    calls.make(world, call, within, trace, rng);
    if rng.random_bool(0.02) {
        unsettle(limiter, rng);
        world.tally.controls.count();
    }
}

/// A provider's report of its limits.
fn unsettle(limiter: &LlmLimiter<Warp>, rng: &mut StdRng) {
    let mut left = PerLimit::default();
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

async fn wait(calls: &Calls, world: &World, seat: usize, rng: &mut StdRng) {
    let estimate = estimate(rng);
    let timeout = LONGEST.mul_f64(rng.random());
    let acquire = calls.limiter.acquire_owned(estimate).timeout(timeout);
    if rng.random_bool(0.2) {
        let patience = Duration::from_millis(rng.random_range(0..50));
        if let Some((waiting, wait)) = watch::for_a_while(acquire, patience).await {
            calls.requests.1.waited(wait);
            if rng.random_bool(0.05) && calls.inside.may_leak() {
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
    let within = calls.inside.enter(world);
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..20))).await;
    calls.make(world, call, within, trace, rng);
}

impl Calls {
    /// Ends the call, and settles it in one of several ways.
    fn make(&self, world: &World, mut call: Call<'_, Warp>, within: Within<'_>, trace: Trace, rng: &mut StdRng) {
        let estimate = call.estimate();
        let all = estimate.input + estimate.output;
        world.tally.grants.count();
        let journal = |requests: u64, tokens: u64| {
            for (journal, used) in [(&self.requests.1, requests), (&self.tokens.1, tokens.min(all))] {
                if used > 0 {
                    journal.granted(used, trace);
                }
            }
        };
        if rng.random_range(0..200) == 0 {
            // If it is dropped as the panic unwinds, its estimate counts.
            journal(1, all);
            Fault::strike(&world.tally);
        }
        drop(within);
        match rng.random_range(0..10) {
            0 => call.refund(),
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
                call.reconcile(used);
            }
        }
    }
}
