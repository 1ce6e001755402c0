//! Two limits as one.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use limitor::set;
use rand::RngExt;
use rand::rngs::StdRng;

use crate::clock::{Trace, Warp, traced};
use crate::faults::Fault;
use crate::threads::LONGEST;
use crate::watch;
use crate::world::World;

/// The result of a poll, and the readings that it took.
type Polled<'a> = (Poll<Result<set::Grant<'a, 2, Warp>, set::LimitError>>, Trace);

fn costs(world: &World, rng: &mut StdRng) -> [u64; 2] {
    world.members.each_ref().map(|member| if rng.random_bool(0.1) { 0 } else { member.amount(rng) })
}

/// Tries, or enters the queue. Meanwhile permits may be taken from one limit and given back,
/// because the other refuses.
fn begin<'a>(
    world: &World,
    acquire: &mut set::Acquire<'a, 2, Warp>,
    costs: [u64; 2],
    cx: &mut Context<'_>,
) -> Polled<'a> {
    let [requests, bytes] = world.members.each_ref().map(|member| &member.journal);
    requests.slipping(costs[0], || bytes.slipping(costs[1], || traced(|| Pin::new(acquire).poll(cx))))
}

pub(crate) fn ask(world: &World, seat: usize, rng: &mut StdRng) {
    let costs = costs(world, rng);
    let timeout = LONGEST.mul_f64(rng.random());
    world.board.begin(seat, "ask a set", "set", timeout + world.patience);
    let mut acquire = world.set.acquire(costs).timeout(timeout);
    let (answer, trace) = if rng.random_bool(0.5) {
        let [requests, bytes] = world.members.each_ref().map(|member| &member.journal);
        let asked = || traced(|| world.set.try_acquire(costs).ok());
        requests.slipping(costs[0], || bytes.slipping(costs[1], asked))
    } else {
        let (polled, first) = begin(world, &mut acquire, costs, &mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(answer) => (answer.ok(), first),
            Poll::Pending => {
                let (answer, trace) = traced(|| acquire.wait());
                (answer.ok(), first.then(trace))
            }
        }
    };
    world.board.end(seat);
    work(world, answer, trace, rng);
}

fn work(world: &World, answer: Option<set::Grant<'_, 2, Warp>>, trace: Trace, rng: &mut StdRng) {
    let Some(grant) = answer else { return world.tally.refusals.count() };
    let [requests, bytes] = world.members.each_ref().map(|member| &member.journal);
    let costs = grant.costs();
    for (journal, cost) in [(requests, costs[0]), (bytes, costs[1])] {
        if cost > 0 {
            journal.granted(cost, trace);
        }
    }
    world.tally.grants.count();
    Fault::maybe(rng, &world.tally);
    if rng.random_bool(0.2) {
        let used = costs.map(|cost| rng.random_range(0..=cost));
        let back = [costs[0] - used[0], costs[1] - used[1]];
        requests.giving_back(back[0], || bytes.giving_back(back[1], || grant.reconcile(used)));
        world.tally.refunds.count();
    }
}

pub(crate) async fn wait(world: &World, seat: usize, rng: &mut StdRng) {
    let costs = costs(world, rng);
    let timeout = LONGEST.mul_f64(rng.random());
    let mut acquire = world.set.acquire_owned(costs).timeout(timeout);
    let (polled, first) = poll_fn(|cx| Poll::Ready(begin(world, &mut acquire, costs, cx))).await;
    if let Poll::Ready(answer) = polled {
        return work(world, answer.ok(), first, rng);
    }
    if rng.random_bool(0.2) {
        let patience = Duration::from_millis(rng.random_range(0..50));
        drop(watch::for_a_while(acquire, patience).await);
        return world.tally.cancels.count();
    }
    world.board.begin(seat, "wait for a set", "set", timeout + world.patience);
    let (answer, trace) = watch::readings(acquire).await;
    world.board.end(seat);
    world.tally.waits.count();
    work(world, answer.ok(), first.then(trace), rng);
}
