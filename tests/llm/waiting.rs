//! Threads and tasks that actually wait, on the system's clock and on one that is moved by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use limitor::llm::{LlmLimiter, Usage};
use limitor::{AcquireError, Clock, Quota};

use crate::support::{built, one_a_second, secs, tokens};

/// Waits until the condition holds; fails rather than hangs, and ends all waits first.
fn until<C: Clock>(limiter: &LlmLimiter<C>, what: &str, so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        if start.elapsed() > secs(20) {
            limiter.close();
            panic!("{what}: {} wait", limiter.waiters());
        }
        thread::yield_now();
    }
}

fn until_one_waits<C: Clock>(limiter: &LlmLimiter<C>) {
    until(limiter, "a task waits", || limiter.waiters() == 1);
}

/// 40 calls of 10 tokens, each of which refunds 5, at 1,000 per second: as many threads as tasks.
#[test]
fn threads_and_tasks_share_one_queue_on_the_systems_clock() {
    let quota = Quota::per_second(1_000).unwrap().with_burst(50).unwrap();
    let limiter = Arc::new(LlmLimiter::builder().tokens(quota).max_concurrent(3).build().unwrap());
    let (start, under_way) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let enter = |under_way: &AtomicU64| assert!(under_way.fetch_add(1, Ordering::SeqCst) < 3, "three slots");
    let leave = |under_way: &AtomicU64| under_way.fetch_sub(1, Ordering::SeqCst);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let call = limiter.acquire(10).timeout(secs(20)).wait().unwrap();
                    enter(&under_way);
                    thread::sleep(Duration::from_millis(1));
                    leave(&under_way);
                    call.reconcile(5);
                }
            });
        }
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
            runtime.block_on(async {
                let tasks = (0..4).map(|_| {
                    let (limiter, under_way) = (limiter.clone(), under_way.clone());
                    tokio::spawn(async move {
                        for _ in 0..5 {
                            let call = limiter.acquire_owned(Usage::new(3, 7)).timeout(secs(20)).await.unwrap();
                            enter(&under_way);
                            tokio::time::sleep(Duration::from_millis(1)).await;
                            leave(&under_way);
                            call.reconcile(Usage::new(3, 2));
                        }
                    })
                });
                for task in tasks.collect::<Vec<_>>() {
                    task.await.unwrap();
                }
            });
        });
    });
    // 200 were used, of which 50 were available at the start.
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_millis(149) && elapsed < secs(10), "{elapsed:?}");
    assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 0));
}

#[test]
fn thread_is_granted_when_the_clock_reaches_its_time() {
    let (limiter, clock) = tokens(10);
    limiter.try_acquire(10).unwrap().reconcile(10);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| limiter.acquire(3).wait().unwrap().reconcile(3));
        until_one_waits(&limiter);
        clock.advance(Duration::from_nanos(2_999_999_999));
        thread::sleep(Duration::from_millis(5));
        assert!(!waiter.is_finished());
        clock.advance(Duration::from_nanos(1));
        until(&limiter, "it goes", || waiter.is_finished());
    });
}

#[test]
fn threads_are_woken_by_every_grant_or_end_of_a_wait() {
    let (limiter, clock) = built(|builder| builder.tokens(one_a_second(10)).max_concurrent(1));
    let waits = |end: &dyn Fn()| {
        thread::scope(|scope| {
            let waiter = scope.spawn(|| limiter.acquire(5).timeout(secs(50)).wait().map(|call| call.reconcile(0)));
            until_one_waits(&limiter);
            end();
            until(&limiter, "the wait ends", || waiter.is_finished());
            waiter.join().unwrap().map_err(|error| error.error())
        })
    };
    // A slot that becomes free with enough tokens, refunded tokens, and the end of a call that was
    // not settled.
    let call = std::cell::Cell::new(Some(limiter.try_acquire(1).unwrap()));
    assert_eq!(waits(&|| call.take().unwrap().reconcile(1)), Ok(()));
    call.set(Some(limiter.try_acquire(9).unwrap()));
    assert_eq!(waits(&|| call.take().unwrap().refund()), Ok(()));
    call.set(Some(limiter.try_acquire(4).unwrap()));
    assert_eq!(waits(&|| drop(call.take())), Ok(()));
    // A pause past its deadline, the deadline itself, and the ends of all waits.
    call.set(Some(limiter.try_acquire(1).unwrap()));
    let pause_and_end = || {
        limiter.pause(secs(100));
        call.take().unwrap().reconcile(1);
    };
    assert!(matches!(waits(&pause_and_end), Err(AcquireError::TooLong { .. })));
    clock.advance(secs(100));
    call.set(Some(limiter.try_acquire(1).unwrap()));
    assert!(matches!(waits(&|| clock.advance(secs(50))), Err(AcquireError::Busy { .. })));
    assert_eq!(waits(&|| limiter.cancel_waiters()), Err(AcquireError::Cancelled));
    assert_eq!(waits(&|| limiter.close()), Err(AcquireError::Closed));
}

#[tokio::test]
async fn select_that_drops_the_wait_leaves_nothing_behind() {
    let limiter = LlmLimiter::builder().requests_per_day(1).max_concurrent(2).build().unwrap();
    let call = limiter.acquire(1).await.unwrap();
    tokio::select! {
        _ = limiter.acquire(1) => panic!("a day early"),
        () = tokio::time::sleep(Duration::from_millis(10)) => {}
    }
    assert_eq!((limiter.waiters(), limiter.in_flight()), (0, 1));
    let refused = limiter.acquire(1).timeout(Duration::from_millis(5)).await.unwrap_err();
    assert_eq!(refused.limit(), Some("requests per day"));
    call.refund();
    limiter.acquire(1).timeout(secs(1)).await.unwrap().reconcile(1);
}
