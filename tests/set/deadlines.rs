//! Waits with a time limit: refused immediately if it is known that the time will not suffice, and
//! otherwise as soon as that is known.

use std::task::Poll;
use std::time::{Duration, Instant};

use limitor::{AcquireError, Clock, ManualClock, set};

use crate::task::Task;
use crate::{Pair, secs};

/// The limit that binds, and the wait that would have been needed.
fn too_long<T>(outcome: Result<T, set::LimitError>) -> (&'static str, Duration) {
    let error = outcome.err().expect("refused");
    match error.error() {
        AcquireError::TooLong { wait, .. } => (error.limit().expect("a limit binds"), wait),
        other => panic!("{other:?}"),
    }
}

fn refused<T>(polled: Poll<Result<T, set::LimitError>>) -> (&'static str, Duration) {
    match polled {
        Poll::Ready(outcome) => too_long(outcome),
        Poll::Pending => panic!("still waiting"),
    }
}

#[test]
fn too_long_wait_is_refused_immediately() {
    let pair = Pair::empty(10, 10);
    pair.b.refund(8);
    let ask = || pair.set.acquire([5, 3]);
    assert_eq!(too_long(ask().timeout(Duration::from_nanos(4_999_999_999)).wait()), ("a", secs(5)));
    assert_eq!(too_long(ask().deadline(pair.clock.after(secs(4))).wait()), ("a", secs(5)));
    assert_eq!(too_long(ask().deadline(Instant::now() + secs(3)).wait()), ("a", secs(5)));
    assert_eq!(too_long(ask().timeout(secs(9)).deadline(pair.clock.after(secs(1))).wait()), ("a", secs(5)));
    assert_eq!((pair.available(), pair.set.waiters()), ([0, 8], 0));
    let (task, mut in_time) = (Task::new(), ask().timeout(secs(5)));
    assert!(task.poll(&mut in_time).is_pending());
    pair.clock.advance(secs(5));
    assert!(matches!(task.run(&mut in_time), Poll::Ready(Ok(_))));
}

#[test]
fn zero_timeout_grants_immediately_or_refuses() {
    let pair = Pair::new(10, 10);
    assert!(pair.set.acquire([10, 4]).timeout(Duration::ZERO).wait().is_ok());
    assert_eq!(too_long(pair.set.acquire([1, 1]).timeout(Duration::ZERO).wait()), ("a", secs(1)));
    let (task, mut waiting) = (Task::new(), pair.set.acquire([1, 0]));
    assert!(task.poll(&mut waiting).is_pending());
    assert!(pair.set.acquire([0, 1]).timeout(Duration::ZERO).wait().is_err(), "another waiter is first");
    drop(waiting);
    assert!(pair.set.acquire([0, 1]).timeout(Duration::ZERO).wait().is_ok());
}

/// Earlier waiters are included: two waiters for 5 need 10 s of the first limit, and a waiter for 2
/// comes after them.
#[test]
fn forecast_includes_earlier_waiters() {
    let pair = Pair::empty(10, 10);
    let tasks: Vec<Task> = (0..2).map(|_| Task::new()).collect();
    let mut futures: Vec<_> = tasks.iter().map(|_| pair.set.acquire([5, 0])).collect();
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
    }
    assert_eq!(too_long(pair.set.acquire([2, 1]).timeout(secs(11)).wait()).1, secs(12));
    // The second limit has enough at 1, but the earlier waiters are done at 10.
    assert_eq!(too_long(pair.set.acquire([0, 1]).timeout(secs(9)).wait()).1, secs(10));
    let (task, mut behind) = (Task::new(), pair.set.acquire([0, 1]).timeout(secs(10)));
    assert!(task.poll(&mut behind).is_pending());
    for (turn, second) in [5, 10].into_iter().enumerate() {
        assert!(task.run(&mut behind).is_pending());
        pair.clock.set(secs(second));
        assert!(tasks[turn].run(&mut futures[turn]).is_ready());
    }
    assert!(task.run(&mut behind).is_ready());
}

/// At 0 again, no waiter is due before the earlier ones, which entered the queue at 3.
#[test]
fn forecast_includes_waiters_from_before_a_step_back() {
    let pair = Pair::new(5, 5);
    pair.clock.set(secs(3));
    drop(pair.set.try_acquire([4, 0]).unwrap());
    let mut first = pair.set.acquire([2, 0]);
    assert!(Task::new().poll(&mut first).is_pending());
    pair.clock.set(secs(0));
    pair.set.reconcile([0, 0], [4, 0]);
    assert_eq!(too_long(pair.set.acquire([0, 1]).timeout(secs(2)).wait()).1, secs(3));
}

/// The first waiter has a minute. It is woken when others have taken what it was about to get.
#[test]
fn waiter_delayed_past_its_deadline_is_refused_then() {
    let pair = Pair::empty(10, 10);
    let (task, mut first) = (Task::new(), pair.set.acquire([5, 5]).timeout(secs(8)));
    assert!(task.poll(&mut first).is_pending());
    pair.clock.advance(secs(4));
    pair.b.try_acquire(4).unwrap();
    assert!(task.run(&mut first).is_pending(), "due at 9 now, which is too late, but the waiter was not notified");
    pair.set.notify();
    assert_eq!(refused(task.run(&mut first)), ("b", secs(5)));
    assert_eq!((pair.available(), pair.set.waiters()), ([4, 0], 0));
}

#[test]
fn waiter_delayed_unnoticed_is_refused_at_its_due_time() {
    let pair = Pair::empty(10, 10);
    let (task, mut first) = (Task::new(), pair.set.acquire([5, 5]).timeout(secs(8)));
    assert!(task.poll(&mut first).is_pending());
    pair.clock.advance(secs(4));
    pair.b.try_acquire(4).unwrap();
    pair.clock.advance(secs(1));
    assert_eq!(refused(task.run(&mut first)), ("b", secs(4)));
    assert_eq!(pair.available(), [5, 1]);
}

#[test]
fn later_waiters_are_refused_at_their_deadline() {
    let pair = Pair::empty(10, 10);
    let (first, second) = (Task::new(), Task::new());
    let (mut one, mut other) = (pair.set.acquire([5, 0]), pair.set.acquire([1, 0]).timeout(secs(6)));
    assert!(first.poll(&mut one).is_pending() && second.poll(&mut other).is_pending());
    pair.clock.advance(secs(4));
    pair.a.try_acquire(4).unwrap();
    pair.clock.advance(secs(1));
    assert!(first.run(&mut one).is_pending(), "at 9 now");
    pair.clock.advance(secs(1));
    assert_eq!(refused(second.run(&mut other)).0, "a");
    assert_eq!(pair.set.waiters(), 1);
    pair.clock.advance(secs(3));
    assert!(first.run(&mut one).is_ready());
}

/// At 9 it comes due, at 8 its time was over, and no caller looks before 20: that is no grant,
/// because no grant counts after its deadline.
#[test]
fn nothing_is_granted_after_its_deadline() {
    let pair = Pair::empty(10, 10);
    let (task, mut first) = (Task::new(), pair.set.acquire([5, 5]).timeout(secs(8)));
    assert!(task.poll(&mut first).is_pending());
    pair.clock.advance(secs(4));
    pair.b.try_acquire(4).unwrap();
    pair.clock.set(secs(20));
    assert_eq!(refused(task.run(&mut first)).0, "b");
    assert_eq!(pair.available(), [10, 10]);
}

#[test]
fn grant_noticed_after_its_deadline_is_still_a_grant() {
    let pair = Pair::empty(10, 10);
    let (task, mut first) = (Task::new(), pair.set.acquire([5, 5]).timeout(secs(5)));
    assert!(task.poll(&mut first).is_pending());
    pair.clock.set(secs(20));
    assert!(matches!(task.run(&mut first), Poll::Ready(Ok(_))));
    // The grant counts at 5: all has come back by 20.
    assert_eq!(pair.available(), [10, 10]);
}

/// A waiter that is refused makes room immediately, whether it is first in the queue or not.
#[test]
fn waiters_behind_an_expired_one_are_granted_when_possible() {
    let pair = Pair::empty(10, 10);
    pair.b.refund(10);
    let tasks: Vec<Task> = (0..3).map(|_| Task::new()).collect();
    let ask = |costs, timeout| pair.set.acquire(costs).timeout(secs(timeout));
    let mut futures: Vec<set::Acquire<'_, 2, ManualClock>> =
        vec![ask([5, 0], 7), ask([2, 1], 100), pair.set.acquire([0, 3])];
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
    }
    pair.a.charge(3);
    pair.clock.advance(secs(5));
    assert_eq!(refused(tasks[0].run(&mut futures[0])), ("a", secs(3)));
    assert!(matches!(tasks[1].run(&mut futures[1]), Poll::Ready(Ok(_))), "2 of the first limit are available");
    assert!(matches!(tasks[2].run(&mut futures[2]), Poll::Ready(Ok(_))));
    assert_eq!((pair.available(), pair.set.waiters()), ([0, 6], 0));
}
