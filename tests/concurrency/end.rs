//! The effect of control verbs on waiters and on slots that are held.

use std::thread;

use limitor::{AcquireError, Reason};

use super::{Task, limiter, poll, ready, wait_until};

#[test]
fn close_ends_waits_for_a_slot() {
    let (limiter, _) = limiter(10, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let (task, mut waiting) = (Task::default(), limiter.acquire(1));
    assert!(task.poll(&mut waiting).is_pending());
    thread::scope(|scope| {
        let thread = scope.spawn(|| limiter.acquire(1).wait().map(drop));
        wait_until(|| limiter.waiters() == 2);
        limiter.close();
        assert!(matches!(thread.join().unwrap(), Err(AcquireError::Closed)));
    });
    assert_eq!(task.woken(), 1);
    assert!(matches!(ready(task.poll(&mut waiting)), Err(AcquireError::Closed)));
    assert!(matches!(limiter.acquire(1).wait(), Err(AcquireError::Closed)));
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Closed);
    assert_eq!((limiter.in_flight(), limiter.waiters()), (1, 0));
    drop(slot);
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Closed);
    limiter.limiter().reset();
    assert!(limiter.try_acquire(1).is_ok());
}

#[test]
fn closed_rate_is_reported_once_the_slot_is_free() {
    let (limiter, _) = limiter(10, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let (task, mut waiting) = (Task::default(), limiter.acquire(1));
    assert!(task.poll(&mut waiting).is_pending());
    limiter.limiter().close();
    assert_eq!(task.woken(), 0);
    drop(slot);
    assert_eq!(task.woken(), 1);
    assert!(matches!(ready(task.poll(&mut waiting)), Err(AcquireError::Closed)));
    assert_eq!(limiter.in_flight(), 0);
}

#[test]
fn cancelling_waiters_for_the_rate_frees_their_slots() {
    let (limiter, _) = limiter(1, 2);
    limiter.limiter().try_acquire(1).unwrap();
    let mut waiting = limiter.acquire(1);
    assert!(poll(&mut waiting).is_pending());
    limiter.limiter().cancel_waiters();
    assert!(matches!(ready(poll(&mut waiting)), Err(AcquireError::Cancelled)));
    assert_eq!(limiter.in_flight(), 0);
}

#[test]
fn bypass_lifts_the_rate_and_not_the_slots() {
    let (limiter, _) = limiter(1, 2);
    limiter.limiter().bypass();
    let _slots = [limiter.try_acquire(1).unwrap(), limiter.acquire(1).wait().unwrap()];
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Busy);
}
