//! A relay: waiters hand one grant on, so that the next waiter is known, and no waiter is granted
//! unless it is woken.
//!
//! The limits here grant nothing by themselves for ten minutes. So the holder of the grant gives it
//! back, and the first waiter must get it immediately. Some waiters leave the queue meanwhile, and
//! then the next one must. Lost wake-ups, lost refunds, forgotten cancellations and overtaking all
//! end this: within `patience` the wrong waiter is granted, or none.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use limitor::Quota;
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::checks::Check;
use crate::tracks::{self, Track};
use crate::world::World;

pub(crate) fn run(world: &World, runtime: &Handle, mut rng: StdRng) {
    let quota: Quota = "6/h burst 1".parse().expect("a valid quota");
    while !world.is_over() {
        let clock = || world.running.clone();
        match rng.random_range(0..3 + world.parts.len()) {
            0 => round(world, runtime, &mut rng, &tracks::rate(quota, clock())),
            1 => round(world, runtime, &mut rng, &tracks::key(quota, clock())),
            2 => round(world, runtime, &mut rng, &tracks::set(quota, &clock())),
            other => world.parts[other - 3].relay(world, runtime, &mut rng, quota),
        }
        // The other work needs the processor, too.
        thread::sleep(Duration::from_millis(2));
    }
}

/// Which waits have ended, and how.
type End<G> = (usize, Option<G>);

pub(crate) fn round<L: Send + Sync + 'static, G: Send + 'static>(
    world: &World,
    runtime: &Handle,
    rng: &mut StdRng,
    track: &Track<L, G>,
) {
    let wrong = |what: String| world.wrong(Check::Wakes, format!("relay of {}: {what}", track.name));
    let (ends, ended) = channel();
    let mut held = None;
    // Permits that are given back while no request waits are available again.
    for _ in 0..3 {
        held.take().into_iter().for_each(track.give_back);
        enter(track, runtime, rng.random_bool(0.5), 0, &ends);
        let Some((_, Some(grant))) = next_end(world, &ended) else {
            wrong("permits that were given back are not available".to_owned());
            return (track.stop)(&track.limiter);
        };
        held = Some(grant);
    }
    let mut line = Vec::new();
    for number in 0..rng.random_range(2..8) {
        let abort = enter(track, runtime, rng.random_bool(0.5), number, &ends);
        let there = || (track.waiters)(&track.limiter) > number;
        if !soon(world, there) {
            return wrong(format!("number {number} never came to wait"));
        }
        line.push((number, abort));
    }
    drop(ends);
    while !line.is_empty() && rng.random_bool(0.9) {
        leave(rng, &mut line, || (track.waiters)(&track.limiter), world);
        if line.is_empty() {
            break;
        }
        let (next, _) = line.remove(0);
        let began = world.board.stalls.watch();
        held.take().into_iter().for_each(track.give_back);
        match next_end(world, &ended) {
            Some((number, Some(grant))) if number == next => held = Some(grant),
            Some((number, Some(_))) => {
                world.wrong(Check::Order, format!("relay of {}: number {number} before {next}", track.name));
                return (track.stop)(&track.limiter);
            }
            other => {
                wrong(format!("number {next} was not let through: {}", outcome(other)));
                return (track.stop)(&track.limiter);
            }
        }
        world.tally.relays.count();
        world.tally.slowest.at_least(u64::try_from(world.board.stalls.since(began).as_micros()).unwrap_or(u64::MAX));
    }
    (track.stop)(&track.limiter);
    for (number, _) in &line {
        if !matches!(next_end(world, &ended), Some((_, None))) {
            wrong(format!("number {number} or another still waits after all waits were cancelled"));
        }
    }
}

fn outcome<G>(end: Option<End<G>>) -> String {
    end.map_or_else(|| "no waiter was".to_owned(), |(number, _)| format!("{number} was refused"))
}

/// Adds a waiter, as a task or as a thread.
fn enter<L: Send + Sync + 'static, G: Send + 'static>(
    track: &Track<L, G>,
    runtime: &Handle,
    as_task: bool,
    number: usize,
    ends: &Sender<End<G>>,
) -> Option<AbortHandle> {
    let ends = ends.clone();
    if as_task {
        let waiting = (track.task)(&track.limiter);
        let task = runtime.spawn(async move { ends.send((number, waiting.await)) });
        return Some(task.abort_handle());
    }
    let (limiter, ask) = (Arc::clone(&track.limiter), track.thread);
    thread::spawn(move || ends.send((number, ask(&limiter))));
    None
}

/// Maybe cancels a waiter. Only tasks can be cancelled.
fn leave(rng: &mut StdRng, line: &mut Vec<(usize, Option<AbortHandle>)>, waiters: impl Fn() -> usize, world: &World) {
    let at = rng.random_range(0..2 * line.len());
    if let Some((_, Some(task))) = line.get(at) {
        task.abort();
        line.remove(at);
        world.tally.cancels.count();
        if !soon(world, || waiters() == line.len()) {
            world
                .wrong(Check::Wakes, format!("a task that was cancelled still waits: {} of {}", waiters(), line.len()));
        }
    }
}

/// Whether the condition becomes true in time.
fn soon(world: &World, mut is_true: impl FnMut() -> bool) -> bool {
    let began = world.board.stalls.watch();
    while !is_true() {
        if world.board.stalls.since(began) > world.patience {
            return false;
        }
        thread::sleep(Duration::from_micros(50));
    }
    true
}

/// Returns the next wait that ends, if it ends in time.
fn next_end<G>(world: &World, ended: &Receiver<End<G>>) -> Option<End<G>> {
    let mut end = None;
    soon(world, || {
        end = ended.recv_timeout(Duration::from_millis(100)).ok();
        end.is_some()
    });
    end
}
