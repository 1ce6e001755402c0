//! Threads and tasks at the same time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::{Inside, free_rate};

#[test]
fn threads_inside_never_exceed_the_slots() {
    let (limiter, inside) = (free_rate(3), Inside::default());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for round in 0..200 {
                    let slot = limiter.acquire(1).wait().unwrap();
                    inside.enter();
                    if round % 8 == 0 {
                        thread::sleep(Duration::from_micros(50));
                    }
                    inside.leave();
                    drop(slot);
                }
            });
        }
    });
    assert_eq!(inside.most.into_inner(), 3);
    assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_inside_never_exceed_the_slots() {
    let (limiter, inside) = (free_rate(3), Arc::new(Inside::default()));
    let tasks = (0..32).map(|_| {
        let (limiter, inside) = (limiter.clone(), inside.clone());
        tokio::spawn(async move {
            for _ in 0..20 {
                let slot = limiter.acquire_owned(1).await.unwrap();
                inside.enter();
                tokio::task::yield_now().await;
                inside.leave();
                drop(slot);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(inside.most.load(Ordering::SeqCst), 3);
    assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 0));
}

#[tokio::test]
async fn aborted_task_returns_the_slot() {
    let limiter = free_rate(1);
    for at_work in [true, false] {
        let outer = if at_work { None } else { Some(limiter.try_acquire(1).unwrap()) };
        let theirs = limiter.clone();
        let task = tokio::spawn(async move {
            let _slot = theirs.acquire_owned(1).await;
            std::future::pending::<()>().await;
        });
        while limiter.in_flight() + limiter.waiters() < 1 + usize::from(!at_work) {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        drop(outer);
        assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 0));
    }
}
