//! Limits on the wait for a slot and the permits.

use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, Clock, Reason};

use super::{Task, free_rate, limiter, poll, ready, secs, wait_until};

#[test]
fn timeout_bounds_the_wait_for_a_slot() {
    let (limiter, clock) = limiter(10, 1);
    let _slot = limiter.try_acquire(1).unwrap();
    let (task, mut waiting) = (Task::default(), limiter.acquire(1).timeout(secs(5)));
    assert!(task.poll(&mut waiting).is_pending());
    clock.advance(Duration::from_nanos(4_999_999_999));
    assert_eq!(task.woken(), 0);
    assert!(task.poll(&mut waiting).is_pending());
    clock.advance(Duration::from_nanos(1));
    assert_eq!(task.woken(), 1);
    let why = ready(task.poll(&mut waiting)).unwrap_err();
    assert!(matches!(why, AcquireError::Busy { max_concurrent: 1, .. }));
    assert_eq!(why.to_string(), "all slots stayed taken (1) until the timeout");
    assert_eq!((limiter.waiters(), limiter.limiter().available()), (0, 10));
}

#[test]
fn timeout_bounds_the_wait_of_a_thread_for_a_slot() {
    let (limiter, clock) = limiter(10, 1);
    let _slot = limiter.try_acquire(1).unwrap();
    thread::scope(|scope| {
        let thread = scope.spawn(|| limiter.acquire(1).timeout(secs(5)).wait().map(drop));
        wait_until(|| limiter.waiters() == 1);
        clock.advance(Duration::from_nanos(4_999_999_999));
        thread::sleep(Duration::from_millis(5));
        assert_eq!(limiter.waiters(), 1);
        clock.advance(Duration::from_nanos(1));
        assert!(matches!(thread.join().unwrap(), Err(AcquireError::Busy { .. })));
    });
    assert_eq!(limiter.waiters(), 0);
}

#[test]
fn rest_of_the_timeout_bounds_the_wait_for_the_rate() {
    for (debt, granted) in [(0, true), (1, false)] {
        let (limiter, clock) = limiter(2, 1);
        let slot = limiter.try_acquire(1).unwrap();
        let mut waiting = limiter.acquire(2).timeout(secs(5));
        assert!(poll(&mut waiting).is_pending());
        clock.advance(secs(3));
        // Two seconds are left, and two permits take exactly that from here; with a debt, three.
        limiter.limiter().try_acquire(2).unwrap();
        limiter.limiter().charge(debt);
        drop(slot);
        let outcome = poll(&mut waiting);
        if granted {
            assert!(outcome.is_pending());
            clock.advance(secs(2));
            assert!(ready(poll(&mut waiting)).is_ok());
        } else {
            let why = ready(outcome).unwrap_err();
            assert!(matches!(why, AcquireError::TooLong { wait, .. } if wait == secs(3)), "said at once: {why}");
            assert_eq!(limiter.in_flight(), 0);
        }
    }
}

#[test]
fn earlier_of_deadline_and_timeout_applies() {
    let (limiter, clock) = limiter(10, 1);
    clock.advance(secs(100));
    let slot = limiter.try_acquire(1).unwrap();
    let in_5s = clock.after(secs(5));
    for (timeout, deadline) in [(secs(60), in_5s), (secs(5), clock.after(secs(60)))] {
        let mut waiting = limiter.acquire(1).timeout(timeout).deadline(deadline);
        assert!(poll(&mut waiting).is_pending());
        clock.set(secs(105));
        assert!(matches!(ready(poll(&mut waiting)), Err(AcquireError::Busy { .. })));
        clock.set(secs(100));
    }
    // After the deadline, a request is granted immediately or refused.
    let late = || limiter.acquire(1).deadline(clock.after(Duration::ZERO));
    assert!(matches!(late().wait(), Err(AcquireError::Busy { .. })));
    drop(slot);
    assert!(late().wait().is_ok());
}

#[test]
fn zero_timeout_grants_immediately_or_refuses() {
    let (limiter, _) = limiter(1, 1);
    let now = || limiter.acquire(1).timeout(Duration::ZERO);
    let slot = now().wait().unwrap();
    assert!(matches!(now().wait(), Err(AcquireError::Busy { .. })));
    assert!(matches!(ready(poll(&mut now())), Err(AcquireError::Busy { .. })));
    drop(slot);
    assert!(matches!(now().wait(), Err(AcquireError::TooLong { .. })));
    assert!(matches!(ready(poll(&mut now())), Err(AcquireError::TooLong { .. })));
    assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 0));
}

#[test]
fn slot_handed_over_in_time_is_granted_if_noticed_late() {
    let (limiter, clock) = limiter(2, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let mut waiting = limiter.acquire(1).timeout(secs(1));
    assert!(poll(&mut waiting).is_pending());
    drop(slot);
    clock.advance(secs(9));
    assert!(ready(poll(&mut waiting)).is_ok());
}

#[test]
fn impossible_request_is_refused_without_a_wait() {
    let (limiter, _) = limiter(5, 1);
    let _slot = limiter.try_acquire(1).unwrap();
    assert_eq!(limiter.try_acquire(6).unwrap_err().reason(), Reason::ExceedsBurst);
    assert!(matches!(limiter.acquire(6).wait(), Err(AcquireError::ExceedsBurst { requested: 6, burst: 5, .. })));
    assert!(matches!(ready(poll(&mut limiter.acquire(6))), Err(AcquireError::ExceedsBurst { .. })));
}

#[tokio::test]
async fn waits_end_in_real_time() {
    let limiter = free_rate(1);
    let slot = limiter.try_acquire(1).unwrap();
    let (start, timeout) = (Instant::now(), Duration::from_millis(20));
    assert!(matches!(limiter.acquire(1).timeout(timeout).await, Err(AcquireError::Busy { .. })));
    assert!(start.elapsed() >= timeout);
    let theirs = limiter.clone();
    let waiting = tokio::spawn(async move { theirs.acquire_owned(1).timeout(Duration::MAX).await.map(drop) });
    while limiter.waiters() == 0 {
        tokio::task::yield_now().await;
    }
    drop(slot);
    waiting.await.unwrap().unwrap();
    let (start, _slot) = (Instant::now(), limiter.try_acquire(1).unwrap());
    assert!(matches!(limiter.acquire(1).timeout(timeout).wait(), Err(AcquireError::Busy { .. })));
    assert!(start.elapsed() >= timeout);
}
