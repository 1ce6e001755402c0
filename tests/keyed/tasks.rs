//! Tasks that wait for keys.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use limitor::{AcquireError, KeyedLimiter, ManualClock, Quota, keyed};

use super::{Keyed, one_set, secs, until};

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A task that is polled by hand.
struct Task {
    count: Arc<Count>,
    waker: Waker,
}

impl Task {
    fn new() -> Self {
        let count = Arc::new(Count::default());
        Self { waker: Waker::from(count.clone()), count }
    }

    fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(&self.waker))
    }

    fn woken(&self) -> usize {
        self.count.0.swap(0, Ordering::SeqCst)
    }
}

#[test]
fn future_takes_nothing_before_its_first_poll() {
    let (limiter, _) = one_set(1);
    let mut acquire = limiter.acquire(&1, 1);
    assert_eq!((limiter.available(&1), limiter.len()), (1, 0));
    assert!(matches!(Task::new().poll(&mut acquire), Poll::Ready(Ok(grant)) if grant.amount() == 1));
    assert_eq!(limiter.available(&1), 0);
}

#[test]
fn task_is_woken_when_its_key_is_due() {
    let (limiter, clock) = one_set(1);
    limiter.try_acquire(&1, 1).unwrap();
    limiter.charge(&2, 10);
    let tasks = [Task::new(), Task::new()];
    let mut futures = [limiter.acquire(&1, 1), limiter.acquire(&2, 1)];
    assert!(tasks.iter().zip(&mut futures).all(|(task, future)| task.poll(future).is_pending()));
    clock.advance(secs(1));
    assert_eq!(tasks.each_ref().map(Task::woken), [1, 0]);
    assert!(matches!(tasks[0].poll(&mut futures[0]), Poll::Ready(Ok(_))));
    assert_eq!(limiter.waiters(), 1);
    clock.advance(secs(9));
    assert!(matches!(tasks[1].poll(&mut futures[1]), Poll::Ready(Ok(_))));
    assert_eq!(limiter.waiters(), 0);
}

#[test]
fn dropped_future_moves_later_tasks_forward_and_wakes_them() {
    for left in 0..3 {
        let (limiter, clock) = one_set(1);
        limiter.try_acquire(&1, 1).unwrap();
        let tasks: Vec<Task> = (0..3).map(|_| Task::new()).collect();
        let mut futures: Vec<_> = (0..3).map(|_| Some(limiter.acquire(&1, 1))).collect();
        for (task, future) in tasks.iter().zip(&mut futures) {
            assert!(task.poll(future.as_mut().unwrap()).is_pending());
        }
        futures[left] = None;
        let woken: Vec<usize> = tasks.iter().map(Task::woken).collect();
        assert!(woken[..=left].iter().all(|woken| *woken == 0), "no earlier waiter is woken: {woken:?}");
        assert!(woken[left + 1..].iter().all(|woken| *woken == 1), "{woken:?}");
        clock.advance(secs(2));
        for (task, future) in tasks.iter().zip(&mut futures) {
            assert!(future.as_mut().is_none_or(|future| task.poll(future).is_ready()));
        }
        assert_eq!((limiter.waiters(), limiter.available(&1)), (0, 0));
    }
}

#[test]
fn tasks_are_woken_for_timeouts_and_resets() {
    let (limiter, _) = one_set(1);
    limiter.try_acquire(&1, 1).unwrap();
    let task = Task::new();
    let refused = task.poll(&mut limiter.acquire(&1, 1).timeout(secs(1).mul_f64(0.999)));
    assert!(matches!(refused, Poll::Ready(Err(AcquireError::TooLong { wait, .. })) if wait == secs(1)));
    assert_eq!(limiter.waiters(), 0);
    let mut acquire = limiter.acquire(&1, 1).timeout(secs(1));
    assert!(task.poll(&mut acquire).is_pending());
    limiter.reset(&1);
    assert_eq!(task.woken(), 1);
    assert!(matches!(task.poll(&mut acquire), Poll::Ready(Err(AcquireError::Cancelled))));
    assert_eq!((limiter.waiters(), limiter.available(&1)), (0, 1));
}

#[test]
fn threads_and_tasks_share_one_queue() {
    let (limiter, clock) = one_set(1);
    limiter.try_acquire(&1, 1).unwrap();
    let (task, mut first) = (Task::new(), limiter.acquire(&1, 1));
    assert!(task.poll(&mut first).is_pending());
    thread::scope(|scope| {
        let second = scope.spawn(|| limiter.acquire(&1, 1).wait().is_ok());
        until("the thread waits", || limiter.waiters() == 2);
        let mut third = limiter.acquire(&1, 1);
        assert!(task.poll(&mut third).is_pending());
        clock.advance(secs(1));
        assert!(first.wait().is_ok() && !second.is_finished() && task.poll(&mut third).is_pending());
        clock.advance(secs(1));
        assert!(second.join().unwrap() && task.poll(&mut third).is_pending());
        clock.advance(secs(1));
        assert!(third.wait().is_ok());
    });
    assert_eq!(limiter.waiters(), 0);
}

#[test]
#[should_panic(expected = "polled again")]
fn poll_of_a_finished_future_panics() {
    let (limiter, _) = one_set(1);
    let (task, mut acquire) = (Task::new(), limiter.acquire(&1, 1));
    assert!(task.poll(&mut acquire).is_ready());
    let _ = task.poll(&mut acquire);
}

#[test]
fn leaked_future_delays_no_other_waiter() {
    let (limiter, clock) = one_set(1);
    limiter.try_acquire(&1, 1).unwrap();
    let mut leaked = limiter.acquire_owned(&1, 1);
    assert!(Task::new().poll(&mut leaked).is_pending());
    std::mem::forget(leaked);
    let (task, mut acquire) = (Task::new(), limiter.acquire(&1, 1));
    assert!(task.poll(&mut acquire).is_pending());
    clock.advance(secs(2));
    assert!(task.woken() > 0 && task.poll(&mut acquire).is_ready());
    assert_eq!(limiter.waiters(), 0);
}

/// A waker may ask the limiter, or drop what it owns of it: the waker is called under no lock,
/// whichever caller wakes it.
#[test]
fn wakers_may_use_the_limiter() {
    struct Nosy(Arc<Keyed>);

    impl Wake for Nosy {
        fn wake(self: Arc<Self>) {
            self.0.waiters();
            self.0.available(&1);
            self.0.charge(&1, 1);
        }
    }

    type Verb = fn(&Keyed, &ManualClock, keyed::Acquire<'static, u64, ManualClock>);
    let verbs: [Verb; 6] = [
        |limiter, _, _first| assert_eq!(limiter.waiters(), 20),
        |limiter, _, _first| assert_eq!(limiter.states().map(|state| state.waiters).sum::<usize>(), 20),
        |limiter, _, _first| assert_eq!(limiter.available(&1), 0),
        |limiter, _, _first| limiter.refund(&1, 3),
        |limiter, _, _first| limiter.reset(&1),
        |_, _, first| drop(first),
    ];
    for (number, verb) in verbs.into_iter().enumerate() {
        let (done, finished) = mpsc::channel();
        thread::spawn(move || {
            let (limiter, clock) = one_set(1);
            limiter.try_acquire(&1, 1).unwrap();
            limiter.charge(&1, 1);
            let waker = Waker::from(Arc::new(Nosy(limiter.clone())));
            let mut futures: Vec<_> = (0..22).map(|_| limiter.acquire_owned(&1, 1)).collect();
            for future in &mut futures {
                assert!(pin!(future).poll(&mut Context::from_waker(&waker)).is_pending());
            }
            // All have moved, and few were woken. A waiter that looks after the first have left
            // wakes some of the others.
            limiter.refund(&1, 1);
            clock.advance(secs(2));
            verb(&limiter, &clock, futures.remove(3));
            done.send(()).unwrap();
        });
        finished.recv_timeout(secs(20)).unwrap_or_else(|_| panic!("verb {number} did not return"));
    }
}

mod on_tokio {
    use std::time::{Duration, Instant};

    use super::*;

    /// Fifty tasks for each of twenty keys, owned and borrowed: each key has its rate, all at the
    /// same time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_tasks_wait_for_many_keys() {
        let quota = Quota::per_second(500).unwrap().with_burst(5).unwrap();
        let limiter = Arc::new(KeyedLimiter::<String>::builder(quota).build());
        let start = Instant::now();
        let tasks: Vec<_> = (0..1_000)
            .map(|number| {
                let (limiter, key) = (limiter.clone(), format!("user {}", number % 20));
                tokio::spawn(async move {
                    limiter.acquire(&key, 1).await.unwrap();
                    limiter.acquire_owned(key.as_str(), 1).await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        // 100 permits of each key, 5 of which were available.
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_micros(189_900) && elapsed < secs(10), "{elapsed:?}");
        assert_eq!(limiter.waiters(), 0);
    }

    #[tokio::test]
    async fn select_that_drops_the_wait_returns_its_permits() {
        let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1).unwrap());
        limiter.acquire(&1, 1).await.unwrap();
        tokio::select! {
            biased;
            _ = limiter.acquire(&1, 1) => panic!("an hour early"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(limiter.waiters(), 0);
        assert!(limiter.reserve(&1, 1).unwrap().wait_time() <= secs(3_600));
    }
}
