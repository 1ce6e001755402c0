//! Waits that are bounded: said at once where it can be known, and otherwise as soon as it is.

use std::task::Poll;
use std::time::{Duration, Instant};

use limitor::{AcquireError, Clock, ManualClock, set};

use crate::task::Task;
use crate::{Pair, secs};

/// The limit that binds, and how long it would have taken.
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
fn what_would_take_too_long_is_said_at_once() {
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
fn now_or_never() {
    let pair = Pair::new(10, 10);
    assert!(pair.set.acquire([10, 4]).timeout(Duration::ZERO).wait().is_ok());
    assert_eq!(too_long(pair.set.acquire([1, 1]).timeout(Duration::ZERO).wait()), ("a", secs(1)));
    let (task, mut waiting) = (Task::new(), pair.set.acquire([1, 0]));
    assert!(task.poll(&mut waiting).is_pending());
    assert!(pair.set.acquire([0, 1]).timeout(Duration::ZERO).wait().is_err(), "somebody is in front");
    drop(waiting);
    assert!(pair.set.acquire([0, 1]).timeout(Duration::ZERO).wait().is_ok());
}

/// Those in front are reckoned with: two of 5 want 10 s of the first limit, and one of 2 stands behind them.
#[test]
fn those_in_front_are_reckoned_with() {
    let pair = Pair::empty(10, 10);
    let tasks: Vec<Task> = (0..2).map(|_| Task::new()).collect();
    let mut futures: Vec<_> = tasks.iter().map(|_| pair.set.acquire([5, 0])).collect();
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
    }
    assert_eq!(too_long(pair.set.acquire([2, 1]).timeout(secs(11)).wait()).1, secs(12));
    // Of the second limit there is enough at 1, but it is not its turn before 10.
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

/// At 0 again, it is the turn of nobody before those in front, who joined at 3.
#[test]
fn those_in_front_who_joined_before_the_clock_stepped_back_are_reckoned_with() {
    let pair = Pair::new(5, 5);
    pair.clock.set(secs(3));
    drop(pair.set.try_acquire([4, 0]).unwrap());
    let mut first = pair.set.acquire([2, 0]);
    assert!(Task::new().poll(&mut first).is_pending());
    pair.clock.set(secs(0));
    pair.set.reconcile([0, 0], [4, 0]);
    assert_eq!(too_long(pair.set.acquire([0, 1]).timeout(secs(2)).wait()).1, secs(3));
}

/// Whoever is first in line and has a minute is told when others have taken what it was to have.
#[test]
fn said_as_soon_as_others_have_put_it_off() {
    let pair = Pair::empty(10, 10);
    let (task, mut first) = (Task::new(), pair.set.acquire([5, 5]).timeout(secs(8)));
    assert!(task.poll(&mut first).is_pending());
    pair.clock.advance(secs(4));
    pair.b.try_acquire(4).unwrap();
    assert!(task.run(&mut first).is_pending(), "at 9 now, which is too late, but nobody has told");
    pair.set.notify();
    assert_eq!(refused(task.run(&mut first)), ("b", secs(5)));
    assert_eq!((pair.available(), pair.set.waiters()), ([4, 0], 0));
}

#[test]
fn said_when_it_would_have_been_its_turn_if_nobody_tells() {
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
fn said_at_the_deadline_to_those_behind() {
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

/// At 9 it comes due, at 8 its time was over, and nobody looks before 20: that is no grant, as none counts after its deadline.
#[test]
fn nothing_is_granted_after_its_deadline_however_late_anybody_looks() {
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
fn being_late_to_look_is_still_a_grant() {
    let pair = Pair::empty(10, 10);
    let (task, mut first) = (Task::new(), pair.set.acquire([5, 5]).timeout(secs(5)));
    assert!(task.poll(&mut first).is_pending());
    pair.clock.set(secs(20));
    assert!(matches!(task.run(&mut first), Poll::Ready(Ok(_))));
    // It counts at 5: all has come back by 20.
    assert_eq!(pair.available(), [10, 10]);
}

/// Refused in the middle of the line, or at its front, it makes room at once.
#[test]
fn those_behind_one_whose_time_is_over_go_when_they_can() {
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
    assert!(matches!(tasks[1].run(&mut futures[1]), Poll::Ready(Ok(_))), "of the first limit there are 2");
    assert!(matches!(tasks[2].run(&mut futures[2]), Poll::Ready(Ok(_))));
    assert_eq!((pair.available(), pair.set.waiters()), ([0, 6], 0));
}
