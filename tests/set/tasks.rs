//! Tasks in the queue of a set.

use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, LimitSet, ManualClock, Quota, RateLimiter};

use crate::task::Task;
use crate::{Pair, one_a_second, secs};

/// The first limit could grant ten at 0, the second not before 20. Suppose that the first were
/// charged during the wait for the second. Then ten granted at 0 and ten of a caller at 20 would be
/// used together.
#[test]
fn wait_for_one_limit_charges_no_other_limit() {
    for others_first in [true, false] {
        let pair = Pair::new(10, 1);
        pair.b.charge(20);
        let (task, mut waiting) = (Task::new(), pair.set.acquire([10, 1]));
        assert!(task.poll(&mut waiting).is_pending());
        assert_eq!(pair.available(), [10, 0], "nothing is held back during the wait");
        for second in [0, 10] {
            pair.clock.set(secs(second));
            assert!(pair.a.try_acquire(10).is_ok());
            assert!(task.run(&mut waiting).is_pending());
        }
        pair.clock.set(secs(20));
        if others_first {
            assert!(pair.a.try_acquire(10).is_ok());
            assert!(task.run(&mut waiting).is_pending(), "never twenty together");
            pair.clock.set(secs(30));
            assert!(task.run(&mut waiting).is_ready());
        } else {
            assert!(task.run(&mut waiting).is_ready());
            assert!(pair.a.try_acquire(1).is_err(), "never eleven together");
        }
        assert_eq!(pair.a.available(), 0);
    }
}

#[test]
fn future_takes_nothing_before_its_first_poll() {
    let pair = Pair::new(1, 1);
    let mut acquire = pair.set.acquire([1, 1]);
    assert_eq!(pair.available(), [1, 1]);
    assert!(matches!(Task::new().poll(&mut acquire), Poll::Ready(Ok(grant)) if grant.costs() == [1, 1]));
    assert_eq!(pair.available(), [0, 0]);
}

#[test]
fn task_is_woken_when_it_is_due_and_not_before() {
    let pair = Pair::empty(10, 10);
    pair.a.refund(8);
    let (task, mut acquire) = (Task::new(), pair.set.acquire([3, 2]));
    assert!(task.poll(&mut acquire).is_pending());
    pair.clock.advance(Duration::from_nanos(1_999_999_999));
    assert_eq!(task.woken(), 0);
    assert!(task.poll(&mut acquire).is_pending());
    pair.clock.advance(Duration::from_nanos(1));
    assert_eq!(task.woken(), 1);
    assert!(task.poll(&mut acquire).is_ready());
    assert_eq!(pair.available(), [7, 0]);
}

#[test]
fn no_waiter_is_overtaken() {
    let pair = Pair::empty(10, 10);
    pair.b.refund(10);
    let tasks: Vec<Task> = (0..3).map(|_| Task::new()).collect();
    let mut futures: Vec<_> = [[3, 0], [0, 1], [0, 1]].map(|costs| pair.set.acquire(costs)).into();
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
        assert!(pair.set.try_acquire([0, 1]).is_err(), "also not by a caller that does not wait");
    }
    pair.clock.advance(secs(2));
    assert!(tasks.iter().all(|task| task.woken() == 0));
    pair.clock.advance(secs(1));
    assert!(tasks[0].run(&mut futures[0]).is_ready());
    // Granted together, they are woken together.
    assert!(tasks[1].run(&mut futures[1]).is_ready() && tasks[2].run(&mut futures[2]).is_ready());
    assert_eq!(pair.available(), [0, 8]);
    assert!(pair.set.try_acquire([0, 1]).is_ok());
}

/// Other sets and direct callers have other queues.
#[test]
fn queue_of_a_set_delays_no_caller_outside_of_it() {
    let pair = Pair::empty(10, 10);
    let other = LimitSet::new([("b", pair.b.clone()), ("c", one_a_second(1, pair.clock.clone()))]);
    pair.b.refund(5);
    let (task, mut waiting) = (Task::new(), pair.set.acquire([5, 5]));
    assert!(task.poll(&mut waiting).is_pending());
    assert!(other.try_acquire([1, 1]).is_ok() && pair.b.try_acquire(1).is_ok());
    pair.clock.advance(secs(5));
    assert!(task.run(&mut waiting).is_ready());
    assert_eq!(pair.available(), [0, 3]);
}

#[test]
fn leaving_waiter_is_charged_nothing_and_later_ones_move() {
    for left in 0..3 {
        let pair = Pair::empty(10, 10);
        let tasks: Vec<Task> = (0..3).map(|_| Task::new()).collect();
        let mut futures: Vec<_> = (0..3).map(|_| Some(pair.set.acquire([1, 1]))).collect();
        for (task, future) in tasks.iter().zip(&mut futures) {
            assert!(task.poll(future.as_mut().unwrap()).is_pending());
        }
        futures[left] = None;
        assert_eq!((pair.available(), pair.set.waiters()), ([0, 0], 2));
        let mut granted = Vec::new();
        for second in 1..=2 {
            pair.clock.advance(secs(1));
            for (name, (task, future)) in tasks.iter().zip(&mut futures).enumerate() {
                if future.as_mut().is_some_and(|future| task.run(future).is_ready()) {
                    *future = None;
                    granted.push((second, name));
                }
            }
        }
        let expected: Vec<_> = (1..=2).zip((0..3).filter(|name| *name != left)).collect();
        assert_eq!(granted, expected);
        assert_eq!((pair.available(), pair.set.waiters()), ([0, 0], 0));
    }
}

#[test]
fn next_waiter_is_woken_if_one_ahead_leaves() {
    let pair = Pair::new(10, 10);
    drop(pair.set.try_acquire([4, 4]).unwrap());
    let (task, mut first, mut second) = (Task::new(), pair.set.acquire([10, 1]), pair.set.acquire([6, 1]));
    assert!(Task::new().poll(&mut first).is_pending() && task.poll(&mut second).is_pending());
    drop(first);
    assert!(task.run(&mut second).is_ready());
    assert_eq!(pair.available(), [0, 5]);
}

/// There was enough for it from 0 on, but it is charged as of its grant: at 5, when the waiter
/// ahead leaves.
#[test]
fn delayed_waiter_is_granted_when_the_one_ahead_leaves() {
    let pair = Pair::new(10, 20);
    pair.b.try_acquire(20).unwrap();
    let (task, mut first, mut second) = (Task::new(), pair.set.acquire([0, 20]), pair.set.acquire([8, 0]));
    assert!(Task::new().poll(&mut first).is_pending() && task.poll(&mut second).is_pending());
    pair.clock.advance(secs(5));
    drop(first);
    assert!(task.run(&mut second).is_ready());
    assert_eq!(pair.a.available(), 2);
}

#[test]
fn unannounced_refund_counts_from_when_it_is_found() {
    let pair = Pair::empty(10, 10);
    let (task, mut waiting) = (Task::new(), pair.set.acquire([10, 0]));
    assert!(task.poll(&mut waiting).is_pending());
    pair.clock.advance(secs(5));
    pair.a.refund(5);
    pair.clock.advance(secs(2));
    assert!(task.run(&mut waiting).is_pending(), "asleep until 10");
    // With another waker the task has to look.
    assert!(Task::new().poll(&mut waiting).is_ready());
    assert_eq!(pair.a.available(), 0, "ten were taken at 7, not at 5");
}

/// Once another caller has granted the waiter, the permits are spent, whether or not the waiter
/// learns of it.
#[test]
fn granted_waiter_that_leaves_has_spent_its_permits() {
    let pair = Pair::empty(10, 10);
    let (task, mut waiting) = (Task::new(), pair.set.acquire([2, 1]));
    assert!(task.poll(&mut waiting).is_pending());
    pair.clock.advance(secs(2));
    pair.set.notify();
    assert_eq!((pair.available(), pair.set.waiters(), task.woken() > 0), ([0, 1], 0, true));
    drop(waiting);
    assert_eq!(pair.available(), [0, 1]);
}

/// However late it is noticed, what follows is on time again.
#[test]
fn grant_counts_at_its_due_time() {
    let pair = Pair::empty(1, 1);
    let (task, mut waiting) = (Task::new(), pair.set.acquire([1, 1]));
    assert!(task.poll(&mut waiting).is_pending());
    pair.clock.advance(Duration::from_millis(1_500));
    assert!(task.run(&mut waiting).is_ready());
    let denied = pair.set.try_acquire([1, 1]).unwrap_err();
    assert_eq!(denied.retry_after(), Some(Duration::from_millis(500)));
    // At 3 per second no grant comes due at a whole nanosecond, and the rounding of one does not
    // delay the next.
    let clock = ManualClock::new();
    let spaced = || {
        let quota = Quota::per_second(3).unwrap().with_burst(1).unwrap();
        Arc::new(RateLimiter::with_clock(quota, clock.clone()))
    };
    let set = LimitSet::new([("one", spaced()), ("other", spaced())]);
    assert!(set.try_acquire([1, 1]).is_ok());
    for turn in 1..=3_000_u64 {
        let (task, mut waiting) = (Task::new(), set.acquire([1, 1]));
        assert!(task.poll(&mut waiting).is_pending());
        clock.set(Duration::from_nanos((turn * 1_000_000_000).div_ceil(3)));
        assert!(task.run(&mut waiting).is_ready(), "turn {turn}");
    }
    // Of many waiters, each with a known due time.
    let mut waiting: Vec<_> = (0..300).map(|_| set.acquire([1, 1])).collect();
    assert!(waiting.iter_mut().all(|waiting| Task::new().poll(waiting).is_pending()));
    let error = set.acquire([1, 1]).timeout(secs(1)).wait().unwrap_err().error();
    let AcquireError::TooLong { wait, .. } = error else { panic!("{error:?}") };
    assert_eq!(wait, Duration::from_nanos(100_333_333_334));
}

/// There was enough for the second all the time: it is granted at 4, with the first, and not at 0
/// or when it is noticed.
#[test]
fn grant_counts_not_before_its_request_or_earlier_waiters() {
    let pair = Pair::empty(10, 10);
    pair.b.refund(10);
    let (first, second) = (Task::new(), Task::new());
    let (mut one, mut other) = (pair.set.acquire([4, 0]), pair.set.acquire([0, 2]));
    assert!(first.poll(&mut one).is_pending());
    pair.clock.advance(secs(3));
    assert!(second.poll(&mut other).is_pending());
    pair.clock.set(secs(20));
    assert!(first.run(&mut one).is_ready() && second.run(&mut other).is_ready());
    let left = |seconds: u64| pair.b.available_at(limitor::Timestamp::from_ticks(seconds * 1_000_000_000));
    assert_eq!([3, 4, 5, 6].map(left), [7, 8, 9, 10]);
}

#[test]
fn polled_future_can_be_waited_for_without_losing_its_entry() {
    let pair = Pair::empty(10, 10);
    let mut polled = pair.set.acquire([1, 1]);
    assert!(Task::new().poll(&mut polled).is_pending());
    let (task, mut behind) = (Task::new(), pair.set.acquire([1, 1]));
    assert!(task.poll(&mut behind).is_pending());
    pair.clock.advance(secs(1));
    assert!(polled.wait().is_ok());
    assert!(task.run(&mut behind).is_pending());
}

#[test]
fn task_that_moves_to_another_waker_is_woken_there() {
    let pair = Pair::empty(10, 10);
    let (old, new) = (Task::new(), Task::new());
    let mut acquire = pair.set.acquire([1, 1]);
    assert!(old.poll(&mut acquire).is_pending() && new.poll(&mut acquire).is_pending());
    pair.set.reconcile([0, 0], [1, 1]);
    assert_eq!((old.woken(), new.woken()), (0, 1));
    assert!(new.poll(&mut acquire).is_ready());
}

#[test]
fn refunds_and_settlements_grant_waiters() {
    type Verb = fn(&Pair);
    let verbs: [Verb; 5] = [
        |pair| pair.set.reconcile([0, 0], [3, 3]),
        |pair| {
            pair.a.refund(3);
            pair.b.refund(3);
            pair.set.notify();
        },
        |pair| {
            pair.a.reset();
            pair.b.reset();
            pair.set.notify();
        },
        |pair| {
            pair.a.bypass();
            pair.b.bypass();
            pair.set.notify();
        },
        |pair| {
            pair.a.bypass();
            pair.set.reconcile([0, 0], [0, 3]);
        },
    ];
    for (number, verb) in verbs.into_iter().enumerate() {
        let pair = Pair::empty(10, 10);
        let (task, mut waiting) = (Task::new(), pair.set.acquire([3, 3]));
        assert!(task.poll(&mut waiting).is_pending());
        verb(&pair);
        assert!(task.run(&mut waiting).is_ready(), "verb {number}");
    }
    for refund in [true, false] {
        let pair = Pair::new(10, 10);
        let grant = pair.set.try_acquire([10, 10]).unwrap();
        let (task, mut waiting) = (Task::new(), pair.set.acquire([3, 3]));
        assert!(task.poll(&mut waiting).is_pending());
        if refund {
            grant.refund();
        } else {
            grant.reconcile([7, 7]);
        }
        assert!(task.run(&mut waiting).is_ready());
    }
}

/// A refund to the first two limits brings the due time of the first waiter forward, but not to
/// now: its timer follows.
#[test]
fn waiter_with_an_earlier_due_time_is_granted_then() {
    let pair = Pair::empty(10, 10);
    let (task, mut waiting) = (Task::new(), pair.set.acquire([10, 10]));
    assert!(task.poll(&mut waiting).is_pending());
    pair.set.reconcile([0, 0], [4, 6]);
    assert!(task.run(&mut waiting).is_pending());
    pair.clock.advance(Duration::from_nanos(5_999_999_999));
    assert!(task.run(&mut waiting).is_pending());
    pair.clock.advance(Duration::from_nanos(1));
    assert!(task.run(&mut waiting).is_ready());
}

#[test]
fn cancelled_waits_are_charged_nothing() {
    let pair = Pair::empty(10, 10);
    let tasks: Vec<Task> = (0..6).map(|_| Task::new()).collect();
    let mut futures: Vec<_> = tasks.iter().map(|_| pair.set.acquire([1, 1])).collect();
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
    }
    pair.set.cancel_waiters();
    assert_eq!((pair.available(), pair.set.waiters()), ([0, 0], 0));
    for (task, future) in tasks.iter().zip(&mut futures) {
        let Poll::Ready(outcome) = task.run(future) else { panic!("not woken") };
        let error = outcome.unwrap_err();
        assert_eq!((error.limit(), error.error()), (None, AcquireError::Cancelled));
        assert_eq!(error.to_string(), "the wait was cancelled");
    }
    pair.clock.advance(secs(1));
    assert!(pair.set.try_acquire([1, 1]).is_ok(), "the set goes on");
}

#[test]
fn closed_limit_ends_waits_that_need_it() {
    let pair = Pair::empty(10, 10);
    let (first, second) = (Task::new(), Task::new());
    let (mut one, mut other) = (pair.set.acquire([1, 1]), pair.set.acquire([0, 1]));
    assert!(first.poll(&mut one).is_pending() && second.poll(&mut other).is_pending());
    pair.a.close();
    pair.set.notify();
    let Poll::Ready(outcome) = first.run(&mut one) else { panic!("not woken") };
    let error = outcome.unwrap_err();
    assert_eq!((error.limit(), error.error()), (Some("a"), AcquireError::Closed));
    assert!(second.run(&mut other).is_pending());
    pair.clock.advance(secs(1));
    assert!(second.run(&mut other).is_ready());
}

/// If the clock steps back, even to before the first request, no waiter is delayed for longer than
/// the clock takes to catch up.
#[test]
fn clock_may_step_back() {
    let pair = Pair::empty(10, 10);
    pair.clock.set(secs(100));
    drop(pair.set.try_acquire([10, 10]).unwrap());
    let (task, mut waiting) = (Task::new(), pair.set.acquire([2, 2]));
    assert!(task.poll(&mut waiting).is_pending());
    for back in [101, 50, 0] {
        pair.clock.set(secs(back));
        assert!(pair.set.try_acquire([1, 1]).is_err());
        assert!(task.poll(&mut waiting).is_pending());
    }
    pair.clock.set(secs(102));
    assert!(task.run(&mut waiting).is_ready());
    assert_eq!(pair.available(), [0, 0]);
}

#[test]
fn threads_and_tasks_share_one_queue() {
    let pair = Pair::empty(10, 10);
    let (first, third) = (Task::new(), Task::new());
    let mut first_future = pair.set.acquire([1, 1]);
    assert!(first.poll(&mut first_future).is_pending());
    thread::scope(|scope| {
        let second = scope.spawn(|| pair.set.acquire([1, 1]).wait().is_ok());
        let start = Instant::now();
        while pair.set.waiters() < 2 {
            assert!(start.elapsed() < secs(20));
            thread::yield_now();
        }
        let mut third_future = pair.set.acquire([1, 1]);
        assert!(third.poll(&mut third_future).is_pending());
        pair.clock.advance(secs(1));
        assert!(first.run(&mut first_future).is_ready());
        assert!(!second.is_finished() && third.run(&mut third_future).is_pending());
        pair.clock.advance(secs(1));
        assert!(second.join().unwrap() && third.run(&mut third_future).is_pending());
        pair.clock.advance(secs(1));
        assert!(third.run(&mut third_future).is_ready());
    });
}

/// Each waker is called, and dropped, when no lock is held: here both use the set again.
#[test]
fn wakers_may_use_the_set() {
    use std::future::Future;
    use std::sync::{Arc, Weak};
    use std::task::{Context, Wake, Waker};

    struct Reenter(Weak<LimitSet<2, limitor::ManualClock>>);

    impl Reenter {
        fn enter(&self) {
            if let Some(set) = self.0.upgrade() {
                set.notify();
                set.cancel_waiters();
            }
        }
    }

    impl Wake for Reenter {
        fn wake(self: Arc<Self>) {
            self.enter();
        }
    }

    impl Drop for Reenter {
        fn drop(&mut self) {
            self.enter();
        }
    }

    let (done, finished) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let pair = Pair::empty(10, 10);
        let poll = |future: &mut limitor::set::Acquire<'static, 2, limitor::ManualClock>| {
            let waker = Waker::from(Arc::new(Reenter(Arc::downgrade(&pair.set))));
            std::pin::pin!(future).poll(&mut Context::from_waker(&waker)).is_pending()
        };
        // Replaced, dropped, granted, and cancelled.
        let (mut one, mut other) = (pair.set.acquire_owned([1, 1]), pair.set.acquire_owned([1, 1]));
        assert!(poll(&mut one) && poll(&mut one));
        drop(one);
        assert!(poll(&mut other));
        pair.set.reconcile([0, 0], [5, 5]);
        drop(other);
        let mut cancelled = pair.set.acquire_owned([9, 9]);
        let _ = poll(&mut cancelled);
        pair.set.cancel_waiters();
        let _ = done.send(());
    });
    finished.recv_timeout(secs(20)).expect("no lock was held");
}
