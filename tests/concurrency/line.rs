//! The order in which slots are handed over, and what happens when a waiter leaves.

use std::thread;

use super::{Task, limiter, poll, ready, secs, wait_until};

#[test]
fn next_holder_of_a_slot_finds_the_permits_settled() {
    let (limiter, _) = limiter(10, 1);
    let slot = limiter.try_acquire(10).unwrap();
    let mut next = limiter.acquire(10);
    assert!(poll(&mut next).is_pending());
    slot.refund();
    assert_eq!(ready(poll(&mut next)).unwrap().amount(), 10);
}

#[test]
fn waiting_for_a_slot_takes_no_permits() {
    let (limiter, clock) = limiter(5, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let mut waiting = limiter.acquire(4);
    assert_eq!(limiter.waiters(), 0, "lazy");
    assert!(poll(&mut waiting).is_pending());
    assert_eq!((limiter.waiters(), limiter.limiter().waiters(), limiter.limiter().available()), (1, 0, 4));
    clock.advance(secs(100));
    assert!(poll(&mut waiting).is_pending());
    assert_eq!((limiter.waiters(), limiter.limiter().available()), (1, 5));
    drop(slot);
    let slot = ready(poll(&mut waiting)).unwrap();
    assert_eq!((limiter.waiters(), limiter.in_flight(), limiter.limiter().available()), (0, 1, 1));
    drop(slot);
}

#[test]
fn slots_are_handed_over_in_the_order_of_requests() {
    let (limiter, _) = limiter(10, 1);
    let mut slot = Some(limiter.try_acquire(1).unwrap());
    let tasks: Vec<Task> = (0..4).map(|_| Task::default()).collect();
    let mut futures: Vec<_> = (0..4).map(|_| limiter.acquire(1)).collect();
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
    }
    for next in 0..4 {
        drop(slot.take());
        let woken: Vec<usize> = tasks.iter().map(Task::woken).collect();
        assert_eq!(woken.iter().sum::<usize>(), 1, "one is woken for one slot: {woken:?}");
        assert_eq!(woken[next], 1);
        assert!(limiter.try_acquire(1).is_err(), "no other caller comes in between");
        for later in next + 1..4 {
            assert!(tasks[later].poll(&mut futures[later]).is_pending());
        }
        slot = Some(ready(tasks[next].poll(&mut futures[next])).unwrap());
    }
}

#[test]
fn slots_released_together_all_go_to_waiters() {
    let (limiter, _) = limiter(10, 2);
    let held = (limiter.try_acquire(1).unwrap(), limiter.try_acquire(1).unwrap());
    let tasks = [Task::default(), Task::default()];
    let mut futures = [limiter.acquire(1), limiter.acquire(1)];
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
    }
    drop(held);
    assert_eq!(tasks.map(|task| task.woken()), [1, 1]);
}

#[test]
fn dropped_pending_future_leaves_the_queue() {
    let (limiter, _) = limiter(10, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let mut waiting = limiter.acquire(1);
    let mut behind = limiter.acquire(1);
    assert!(poll(&mut waiting).is_pending() && poll(&mut behind).is_pending());
    drop(waiting);
    assert_eq!(limiter.waiters(), 1);
    drop(slot);
    assert!(ready(poll(&mut behind)).is_ok());
}

#[test]
fn slot_handed_to_a_dropped_future_goes_to_the_next() {
    let (limiter, _) = limiter(10, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let (mut waiting, mut behind, next) = (limiter.acquire(1), limiter.acquire(1), Task::default());
    assert!(poll(&mut waiting).is_pending() && next.poll(&mut behind).is_pending());
    drop(slot);
    assert_eq!((limiter.in_flight(), limiter.waiters(), next.woken()), (1, 1, 0));
    drop(waiting);
    assert_eq!((limiter.in_flight(), limiter.waiters(), next.woken()), (1, 0, 1));
    drop(behind);
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 9));
}

#[test]
fn future_dropped_while_waiting_for_the_rate_returns_both() {
    let (limiter, clock) = limiter(1, 1);
    limiter.limiter().try_acquire(1).unwrap();
    let (mut waiting, mut behind, next) = (limiter.acquire(1), limiter.acquire(1), Task::default());
    assert!(poll(&mut waiting).is_pending() && next.poll(&mut behind).is_pending());
    assert_eq!((limiter.in_flight(), limiter.waiters(), limiter.limiter().waiters()), (1, 1, 1));
    drop(waiting);
    assert_eq!((limiter.in_flight(), limiter.waiters(), limiter.limiter().waiters()), (1, 0, 0));
    assert_eq!(next.woken(), 1);
    assert!(next.poll(&mut behind).is_pending());
    clock.advance(secs(1));
    assert!(ready(next.poll(&mut behind)).is_ok(), "the permits were returned: one second, not two");
}

#[test]
fn threads_and_tasks_share_one_queue() {
    let (limiter, _) = limiter(10, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let mut first = limiter.acquire(1);
    assert!(poll(&mut first).is_pending());
    thread::scope(|scope| {
        let thread = scope.spawn(|| limiter.acquire(1).wait().map(drop));
        wait_until(|| limiter.waiters() == 2);
        let mut last = limiter.acquire(1);
        assert!(poll(&mut last).is_pending());
        drop(slot);
        drop(ready(poll(&mut first)));
        thread.join().unwrap().unwrap();
        assert!(ready(poll(&mut last)).is_ok());
    });
}

#[test]
fn polled_future_can_be_waited_for() {
    let (limiter, clock) = limiter(1, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let [mut in_line, mut at_rate] = [limiter.acquire(1), limiter.acquire(1)];
    assert!(poll(&mut at_rate).is_pending() && poll(&mut in_line).is_pending());
    drop(slot);
    assert!(poll(&mut at_rate).is_pending());
    assert_eq!((limiter.in_flight(), limiter.waiters()), (1, 1));
    thread::scope(|scope| {
        let first = scope.spawn(|| at_rate.wait().map(drop));
        let second = scope.spawn(|| in_line.wait().map(drop));
        clock.advance(secs(1));
        assert!(first.join().unwrap().is_ok());
        wait_until(|| limiter.limiter().waiters() == 1);
        clock.advance(secs(1));
        assert!(second.join().unwrap().is_ok());
    });
    assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 0));
}
