//! Control of a set: close, reset, the bound of the queue, strategies; and settlement through the
//! set.

use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, BuildError, LimitSet, Quota, RateLimiter, Reason, Strategy};

use crate::task::Task;
use crate::{Pair, one_a_second, secs};

#[test]
fn close_refuses_waiters_and_newcomers() {
    let pair = Pair::empty(10, 10);
    let tasks = [Task::new(), Task::new()];
    let mut futures = [pair.set.acquire([1, 1]), pair.set.acquire([2, 2])];
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
    }
    pair.set.close();
    assert!(pair.set.is_closed());
    assert_eq!(pair.set.waiters(), 0);
    for (task, future) in tasks.iter().zip(&mut futures) {
        let Poll::Ready(outcome) = task.run(future) else { panic!("not woken") };
        let error = outcome.unwrap_err();
        assert_eq!((error.limit(), error.error()), (None, AcquireError::Closed));
    }
    pair.clock.advance(secs(5));
    let denied = pair.set.try_acquire([1, 1]).unwrap_err();
    assert_eq!((denied.reason(), denied.limit(), denied.retry_after()), (Reason::Closed, "", None));
    assert_eq!(denied.to_string(), "the limiter is closed");
    assert_eq!(pair.set.try_acquire([0, 0]).unwrap_err().reason(), Reason::Closed);
    assert_eq!(pair.set.acquire([1, 1]).wait().unwrap_err().error(), AcquireError::Closed);
    assert_eq!(pair.set.acquire([1, 1]).timeout(secs(0)).wait().unwrap_err().error(), AcquireError::Closed);
    assert_eq!(pair.available(), [5, 5]);
}

#[test]
fn close_leaves_the_limits_open() {
    let pair = Pair::new(10, 10);
    let other = LimitSet::new([("b", pair.b.clone()), ("a", pair.a.clone())]);
    let before = pair.set.try_acquire([4, 4]).unwrap();
    pair.set.close();
    assert!(!pair.a.is_closed() && !other.is_closed());
    assert!(pair.a.try_acquire(1).is_ok() && other.try_acquire([1, 1]).is_ok());
    before.refund();
    assert_eq!(pair.available(), [8, 9], "grants can still be settled");
}

/// The waiter was due before the close, and has not looked since.
#[test]
fn close_grants_a_waiter_that_was_due() {
    let pair = Pair::empty(10, 10);
    let (task, mut due) = (Task::new(), pair.set.acquire([2, 2]));
    assert!(task.poll(&mut due).is_pending());
    pair.clock.advance(secs(2));
    pair.set.close();
    assert!(matches!(task.run(&mut due), Poll::Ready(Ok(_))));
    assert_eq!(pair.available(), [0, 0]);
}

#[test]
fn close_ends_the_waits_of_threads() {
    let pair = Pair::empty(10, 10);
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..3).map(|_| scope.spawn(|| pair.set.acquire([1, 1]).wait().map(drop))).collect();
        wait_until(|| pair.set.waiters() == 3);
        pair.set.close();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap().unwrap_err().error(), AcquireError::Closed);
        }
    });
}

#[test]
fn reset_opens_the_set_and_leaves_the_limits() {
    let pair = Pair::empty(10, 10);
    pair.set.close();
    pair.set.reset();
    assert!(!pair.set.is_closed());
    assert_eq!(pair.available(), [0, 0]);
    pair.clock.advance(secs(3));
    assert!(pair.set.try_acquire([3, 3]).is_ok());
}

#[test]
fn reset_cancels_waiters() {
    let pair = Pair::empty(10, 10);
    let (task, mut waiting) = (Task::new(), pair.set.acquire([1, 1]));
    assert!(task.poll(&mut waiting).is_pending());
    pair.set.reset();
    let Poll::Ready(outcome) = task.run(&mut waiting) else { panic!("not woken") };
    assert_eq!(outcome.unwrap_err().error(), AcquireError::Cancelled);
    let (task, mut next) = (Task::new(), pair.set.acquire([1, 1]));
    assert!(task.poll(&mut next).is_pending());
    pair.clock.advance(secs(1));
    assert!(task.run(&mut next).is_ready());
}

#[test]
fn full_queue_refuses_the_next_waiter() {
    let clock = limitor::ManualClock::new();
    let limit = one_a_second(1, clock.clone());
    let set = LimitSet::builder([("only", limit)]).max_waiters(2).build().unwrap();
    drop(set.try_acquire([1]).unwrap());
    let task = Task::new();
    let mut futures = [set.acquire([1]), set.acquire([1])];
    assert!(futures.iter_mut().all(|future| task.poll(future).is_pending()));
    let Poll::Ready(outcome) = task.poll(&mut set.acquire([1])) else { panic!("a third one waits") };
    let error = outcome.unwrap_err();
    assert_eq!((error.limit(), error.error()), (None, AcquireError::QueueFull));
    clock.advance(secs(1));
    assert!(task.run(&mut futures[0]).is_ready());
    let mut third = set.acquire([1]);
    assert!(task.poll(&mut third).is_pending(), "there is room again");
}

#[test]
fn full_queue_does_not_refuse_a_request_that_need_not_wait() {
    let limit = one_a_second(1, limitor::ManualClock::new());
    let set = LimitSet::builder([("only", limit)]).max_waiters(0).build().unwrap();
    assert!(set.acquire([1]).wait().is_ok());
    let Poll::Ready(outcome) = Task::new().poll(&mut set.acquire([1])) else { panic!("it waits") };
    assert_eq!(outcome.unwrap_err().error(), AcquireError::QueueFull);
}

#[test]
fn builder_gives_an_error_for_a_limit_that_is_there_twice() {
    let limit = one_a_second(1, limitor::ManualClock::new());
    let error = LimitSet::builder([("one", limit.clone()), ("other", limit)]).build().unwrap_err();
    assert!(matches!(error, BuildError::LimitTwice { name: "other", .. }));
}

/// Each strategy keeps the order and the rate. No grant is early.
#[test]
fn every_strategy_keeps_the_rate_for_threads() {
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let quota = Quota::per_second(1_000).unwrap().with_burst(1).unwrap();
        let limit = Arc::new(RateLimiter::new(quota));
        let set = LimitSet::builder([("only", limit)]).strategy(strategy).build().unwrap();
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..20).for_each(|_| drop(set.acquire([1]).wait().unwrap())));
            }
        });
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_millis(38), "{strategy:?}: {elapsed:?}");
        assert!(elapsed < secs(10), "{strategy:?}: {elapsed:?}");
    }
}

/// A thread that spins, or parks, is woken by a change that brings its grant nearer.
#[test]
fn every_strategy_learns_of_a_refund() {
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let limit = Arc::new(RateLimiter::new(Quota::per_hour(10).unwrap()));
        let set = LimitSet::builder([("only", limit)]).strategy(strategy).build().unwrap();
        let grant = set.try_acquire([10]).unwrap();
        thread::scope(|scope| {
            let waiters = [(); 2].map(|()| scope.spawn(|| set.acquire([5]).wait().map(drop)));
            wait_until(|| set.waiters() == 2);
            grant.refund();
            assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap().is_ok()));
        });
    }
}

#[test]
fn settlement_through_the_set_reaches_every_limit() {
    let pair = Pair::new(10, 100);
    pair.set.charge([3, 40]);
    assert_eq!(pair.set.available(), [7, 60]);
    pair.set.refund([1, 10]);
    assert_eq!(pair.set.available(), [8, 70]);
    pair.set.reconcile([4, 0], [1, 20]);
    assert_eq!(pair.set.available(), [5, 90]);
    let at = limitor::Timestamp::from_ticks(2_000_000_000);
    pair.set.charge_at(at, [10, 100]);
    assert_eq!(pair.set.available_at(at), [0, 0]);
    pair.set.refund_at(at, [10, 100]);
    pair.set.reconcile_at(at, [2, 2], [1, 1]);
    assert_eq!(pair.set.available_at(at), [6, 91]);
}

#[test]
fn refund_through_the_set_wakes_its_waiter() {
    type Refund = fn(&Pair);
    let refunds: [Refund; 3] = [
        |pair| pair.set.refund([3, 3]),
        |pair| pair.set.refund_at(limitor::Timestamp::default(), [3, 3]),
        |pair| pair.set.reconcile_at(limitor::Timestamp::default(), [0, 0], [3, 3]),
    ];
    for refund in refunds {
        let pair = Pair::empty(10, 10);
        let (task, mut waiting) = (Task::new(), pair.set.acquire([3, 3]));
        assert!(task.poll(&mut waiting).is_pending());
        refund(&pair);
        assert!(task.run(&mut waiting).is_ready());
    }
}

#[test]
fn remaining_is_what_each_limit_had_after_the_grant() {
    let pair = Pair::new(10, 20);
    let first = pair.set.try_acquire([4, 5]).unwrap();
    let second = pair.set.acquire([0, 6]).wait().unwrap();
    assert_eq!((first.remaining(), second.remaining()), ([6, 15], [6, 9]));
    let (task, mut waiting) = (Task::new(), pair.set.acquire([10, 1]));
    assert!(task.poll(&mut waiting).is_pending());
    pair.clock.advance(secs(4));
    let Poll::Ready(waited) = task.run(&mut waiting) else { panic!("it was due") };
    assert_eq!(waited.unwrap().remaining(), [0, 12]);
    pair.a.bypass();
    assert_eq!(pair.set.try_acquire([3, 3]).unwrap().remaining(), [10, 9]);
}

#[test]
fn queries_take_nothing_and_say_the_same_of_each_limit() {
    let pair = Pair::new(10, 20);
    drop(pair.set.try_acquire([4, 5]).unwrap());
    let needed = pair.set.capacity_info([7, 7]).map(|info| (info.has_capacity, info.needed));
    assert_eq!(needed, [(false, 1), (true, -8)]);
    let standing = pair.set.standing();
    assert_eq!(standing.map(|limit| (limit.available, limit.full_in)), [(6, secs(4)), (15, secs(5))]);
    assert_eq!(standing.map(|limit| limit.wait_for(11)), [None, Some(secs(0))]);
    assert_eq!(pair.available(), [6, 15]);
}

#[test]
fn owned_grant_keeps_the_set_alive() {
    let pair = Pair::new(10, 10);
    let (weak, a) = (Arc::downgrade(&pair.set), pair.a.clone());
    let grant = pair.set.try_acquire_owned([4, 4]).unwrap();
    let now = limitor::Timestamp::from_ticks(9);
    assert!(pair.set.try_acquire_owned_at(now, [7, 7]).is_err());
    drop(pair);
    assert!(weak.upgrade().is_some());
    thread::spawn(move || grant.refund()).join().unwrap();
    assert_eq!(a.available(), 10);
    assert!(weak.upgrade().is_none());
}

fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < secs(20), "the condition does not come");
        thread::yield_now();
    }
}
