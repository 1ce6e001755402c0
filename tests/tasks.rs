//! Tasks that wait, beside threads, on any executor.
#![cfg(all(feature = "std", not(loom)))]

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use limitor::{Acquire, AcquireError, Clock, ManualClock, Quota, RateLimiter, Reservation, Timestamp, clock::Sleep};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One permit per second, with this burst.
fn limiter(burst: u64) -> (Arc<RateLimiter<ManualClock>>, ManualClock) {
    let clock = ManualClock::new();
    let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
    (Arc::new(RateLimiter::with_clock(quota, clock.clone())), clock)
}

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
fn futures_can_be_spawned_selected_and_moved() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<Acquire<'static, ManualClock>>();
    check::<Reservation<'static, ManualClock>>();
    check::<Acquire<'static, limitor::SystemClock>>();
}

#[test]
fn future_takes_nothing_before_its_first_poll() {
    let (limiter, _) = limiter(1);
    let mut acquire = limiter.acquire(1);
    assert_eq!(limiter.available(), 1);
    assert!(matches!(Task::new().poll(&mut acquire), Poll::Ready(Ok(_))));
    assert_eq!(limiter.available(), 0);
}

#[test]
fn task_is_woken_when_it_is_due_and_not_before() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let (task, mut acquire) = (Task::new(), limiter.acquire(1));
    assert!(task.poll(&mut acquire).is_pending());
    clock.advance(Duration::from_nanos(999_999_999));
    assert_eq!(task.woken(), 0);
    assert!(task.poll(&mut acquire).is_pending());
    clock.advance(Duration::from_nanos(1));
    assert_eq!(task.woken(), 1);
    assert!(matches!(task.poll(&mut acquire), Poll::Ready(Ok(grant)) if grant.amount() == 1));
}

#[test]
fn dropped_future_moves_later_tasks_forward_and_wakes_them() {
    for left in 0..3 {
        let (limiter, clock) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let tasks: Vec<Task> = (0..3).map(|_| Task::new()).collect();
        let mut futures: Vec<_> = (0..3).map(|_| Some(limiter.acquire(1))).collect();
        for (task, future) in tasks.iter().zip(&mut futures) {
            assert!(task.poll(future.as_mut().unwrap()).is_pending());
        }
        futures[left] = None;
        let woken: Vec<usize> = tasks.iter().map(Task::woken).collect();
        assert!(woken[..=left].iter().all(|woken| *woken == 0), "no earlier waiter is woken: {woken:?}");
        assert!(woken[left + 1..].iter().all(|woken| *woken == 1), "{woken:?}");
        for (task, future) in tasks.iter().zip(&mut futures) {
            if let Some(future) = future {
                assert!(task.poll(future).is_pending());
            }
        }
        let mut granted = Vec::new();
        for second in 1..=2 {
            clock.advance(secs(1));
            for (name, (task, future)) in tasks.iter().zip(&mut futures).enumerate() {
                if future.as_mut().is_some_and(|future| task.poll(future).is_ready()) {
                    *future = None;
                    granted.push((second, name));
                }
            }
        }
        let expected: Vec<_> = (1..=2).zip((0..3).filter(|name| *name != left)).collect();
        assert_eq!(granted, expected);
        assert_eq!(limiter.waiters(), 0);
    }
}

#[test]
fn polled_future_can_be_waited_for_without_losing_its_entry() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let mut polled = limiter.acquire(1);
    assert!(Task::new().poll(&mut polled).is_pending());
    let behind = limiter.reserve(1).unwrap();
    clock.advance(secs(1));
    assert!(polled.wait().is_ok());
    assert_eq!(behind.wait_time(), secs(1));
}

#[test]
fn refund_wakes_the_tasks_it_grants_and_few_others() {
    let (limiter, _) = limiter(10);
    limiter.try_acquire(10).unwrap();
    let tasks: Vec<Task> = (0..1_000).map(|_| Task::new()).collect();
    let mut futures: Vec<_> = (0..1_000).map(|_| limiter.acquire(1)).collect();
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
    }
    limiter.refund(3);
    let woken: Vec<usize> = tasks.iter().map(Task::woken).collect();
    assert!(woken[..3].iter().all(|count| *count == 1));
    assert!(woken.iter().sum::<usize>() <= 12, "{} of a thousand", woken.iter().sum::<usize>());
    assert!(futures[..3].iter_mut().zip(&tasks).all(|(future, task)| task.poll(future).is_ready()));
    assert!(task_pending(&tasks[3], &mut futures[3]));
}

/// 200 waiters a tenth of a millisecond apart: a move wakes those within 2 ms of the first, and no
/// more.
#[test]
fn move_wakes_waiters_that_are_nearly_due() {
    let clock = ManualClock::new();
    let quota = Quota::per_second(10_000).unwrap().with_burst(1).unwrap();
    let limiter = RateLimiter::with_clock(quota, clock.clone());
    limiter.try_acquire(1).unwrap();
    let leaving = limiter.reserve(1).unwrap();
    let tasks: Vec<Task> = (0..200).map(|_| Task::new()).collect();
    let mut futures: Vec<_> = (0..200).map(|_| limiter.acquire(1)).collect();
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future).is_pending());
    }
    drop(leaving);
    let woken: Vec<usize> = tasks.iter().map(Task::woken).collect();
    assert_eq!(woken.iter().sum::<usize>(), 21, "{woken:?}");
    assert!(woken[..21].iter().all(|count| *count == 1), "{woken:?}");
}

fn task_pending(task: &Task, future: &mut Acquire<'_, ManualClock>) -> bool {
    task.poll(future).is_pending()
}

#[test]
fn refund_reaches_distant_waiters_when_they_are_nearly_due() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    limiter.charge(5);
    let tasks: Vec<Task> = (0..40).map(|_| Task::new()).collect();
    let mut futures: Vec<_> = (0..40).map(|_| Some(limiter.acquire(1))).collect();
    for (task, future) in tasks.iter().zip(&mut futures) {
        assert!(task.poll(future.as_mut().unwrap()).is_pending());
    }
    limiter.refund(5);
    // Each is polled only when it is woken, as an executor would.
    for turn in 1..=40_usize {
        clock.advance(secs(1));
        for _ in 0..3 {
            for (task, slot) in tasks.iter().zip(&mut futures) {
                if task.woken() > 0 && slot.as_mut().is_some_and(|future| task.poll(future).is_ready()) {
                    *slot = None;
                }
            }
        }
        assert_eq!(futures.iter().filter(|slot| slot.is_none()).count(), turn, "one per second, from the first on");
    }
}

/// Some are leaked, the first waiter or later ones: waiters behind them still learn that they have
/// moved forward.
#[test]
fn leaked_future_delays_no_other_waiter() {
    for ahead in [0, 5, 20] {
        let (limiter, clock) = limiter(1);
        limiter.try_acquire(1).unwrap();
        limiter.charge(1);
        let mut before: Vec<_> = (0..ahead).map(|_| (Task::new(), limiter.acquire(1))).collect();
        for (task, acquire) in &mut before {
            assert!(task.poll(acquire).is_pending());
        }
        let leaked_task = Task::new();
        for _ in 0..3 {
            let mut leaked = limiter.acquire_owned(1);
            assert!(leaked_task.poll(&mut leaked).is_pending());
            std::mem::forget(leaked);
        }
        let (task, mut acquire) = (Task::new(), limiter.acquire(1));
        assert!(task.poll(&mut acquire).is_pending());
        limiter.refund(1);
        for (task, mut acquire) in before {
            clock.advance(secs(1));
            assert!(task.woken() > 0 && task.poll(&mut acquire).is_ready());
        }
        assert!(task.woken() > 0 && task.poll(&mut acquire).is_pending(), "woken because it has moved, {ahead}");
        clock.advance(secs(4));
        assert!(task.woken() > 0 && task.poll(&mut acquire).is_ready());
    }
}

#[test]
fn threads_and_tasks_share_one_queue() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let (first, third) = (Task::new(), Task::new());
    let mut first_future = limiter.acquire(1);
    assert!(first.poll(&mut first_future).is_pending());
    thread::scope(|scope| {
        let second = scope.spawn(|| limiter.acquire(1).wait().is_ok());
        let start = Instant::now();
        while limiter.waiters() < 2 {
            assert!(start.elapsed() < secs(20));
            thread::yield_now();
        }
        let mut third_future = limiter.acquire(1);
        assert!(third.poll(&mut third_future).is_pending());
        clock.advance(secs(1));
        assert!(first.poll(&mut first_future).is_ready());
        assert!(!second.is_finished() && third.poll(&mut third_future).is_pending());
        clock.advance(secs(1));
        assert!(second.join().unwrap() && third.poll(&mut third_future).is_pending());
        clock.advance(secs(1));
        assert!(third.poll(&mut third_future).is_ready());
    });
}

#[test]
fn control_verbs_wake_and_answer_tasks() {
    type Verb = fn(&RateLimiter<ManualClock>);
    let verbs: [(Verb, Result<(), AcquireError>); 4] = [
        (RateLimiter::cancel_waiters, Err(AcquireError::Cancelled)),
        (RateLimiter::reset, Err(AcquireError::Cancelled)),
        (RateLimiter::close, Err(AcquireError::Closed)),
        (RateLimiter::bypass, Ok(())),
    ];
    for (verb, expected) in verbs {
        let (limiter, _) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let (task, mut acquire) = (Task::new(), limiter.acquire(1));
        assert!(task.poll(&mut acquire).is_pending());
        verb(&limiter);
        assert_eq!(task.woken(), 1);
        match task.poll(&mut acquire) {
            Poll::Ready(answer) => assert_eq!(answer.map(drop), expected),
            Poll::Pending => panic!("still waiting"),
        }
    }
}

#[test]
fn task_with_a_new_waker_is_woken_there() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let (before, after, mut acquire) = (Task::new(), Task::new(), limiter.acquire(1));
    assert!(before.poll(&mut acquire).is_pending());
    assert!(after.poll(&mut acquire).is_pending());
    limiter.refund(1);
    assert_eq!((before.woken(), after.woken()), (0, 1));
    clock.advance(secs(1));
    assert!(after.poll(&mut acquire).is_ready());
}

#[test]
fn timeout_of_a_task_is_refused_immediately() {
    let (limiter, _) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let task = Task::new();
    let refused = task.poll(&mut limiter.acquire(1).timeout(Duration::from_millis(999)));
    assert!(matches!(refused, Poll::Ready(Err(AcquireError::TooLong { wait, .. })) if wait == secs(1)));
    assert!(task.poll(&mut limiter.acquire(1).timeout(Duration::ZERO)).is_ready());
    assert_eq!(limiter.waiters(), 0);
    let mut fits = limiter.acquire(1).timeout(secs(1));
    assert!(task.poll(&mut fits).is_pending());
    // A request that was refused earlier gets nothing when entries move forward.
    limiter.refund(1);
    assert!(task.poll(&mut fits).is_ready());
}

#[test]
#[should_panic(expected = "polled again")]
fn poll_of_a_finished_future_panics() {
    let (limiter, _) = limiter(1);
    let (task, mut acquire) = (Task::new(), limiter.acquire(1));
    assert!(task.poll(&mut acquire).is_ready());
    let _ = task.poll(&mut acquire);
}

/// A `block_on` of a few lines is a sufficient executor.
#[test]
fn acquire_works_on_any_executor() {
    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let limiter = RateLimiter::new(Quota::per_second(100).unwrap().with_burst(1).unwrap());
    let start = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    for _ in 0..4 {
        let mut acquire = limiter.acquire(1);
        while pin!(&mut acquire).poll(&mut Context::from_waker(&waker)).is_pending() {
            thread::park();
        }
    }
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_micros(29_990) && elapsed < secs(2), "{elapsed:?}");
}

/// A clock of the user decides how tasks wait on it.
#[test]
fn clock_of_the_user_can_have_its_own_timer() {
    #[derive(Clone, Default)]
    struct Jumping(Arc<AtomicUsize>);

    impl Clock for Jumping {
        fn now(&self) -> Timestamp {
            Timestamp::from_ticks(self.0.load(Ordering::SeqCst) as u64)
        }

        fn can_spin(&self) -> bool {
            false
        }

        fn sleep_until(&self, at: Timestamp) -> Sleep {
            let clock = self.0.clone();
            Sleep::from_future(async move { clock.store(usize::try_from(at.ticks()).unwrap(), Ordering::SeqCst) })
        }
    }

    let clock = Jumping::default();
    let limiter = RateLimiter::with_clock(Quota::per_hour(1).unwrap(), clock.clone());
    let task = Task::new();
    for hour in 0..3 {
        assert!(task.poll(&mut limiter.acquire(1)).is_ready());
        assert_eq!(clock.now().ticks(), hour * 3_600_000_000_000);
    }
}

mod on_tokio {
    use super::*;

    #[tokio::test]
    async fn a_hundred_tasks_share_one_rate() {
        let limiter = Arc::new(RateLimiter::new(Quota::per_second(1_000).unwrap().with_burst(5).unwrap()));
        let start = Instant::now();
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let limiter = limiter.clone();
                tokio::spawn(async move {
                    limiter.acquire(1).await.unwrap();
                    limiter.acquire_owned(1).await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_micros(194_900) && elapsed < secs(3), "{elapsed:?}");
    }

    #[tokio::test]
    async fn select_that_drops_the_wait_returns_its_permits() {
        let limiter = RateLimiter::new(Quota::per_hour(1).unwrap());
        limiter.acquire(1).await.unwrap();
        tokio::select! {
            _ = limiter.acquire(1) => panic!("an hour early"),
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
        assert_eq!(limiter.waiters(), 0);
        assert!(limiter.reserve(1).unwrap().wait_time() <= secs(3_600));
    }

    /// The tests of the Python library.
    #[tokio::test]
    async fn counterparts_of_the_python_tests() {
        let two = || RateLimiter::new(Quota::new(2, Duration::from_millis(200)).unwrap());
        let limiter = two();
        limiter.acquire(2).await.unwrap();
        assert!(limiter.acquire(1).timeout(Duration::from_millis(1)).await.is_err(), "0.001 is refused");
        assert!(limiter.acquire(1).timeout(Duration::from_millis(200)).await.is_ok(), "0.2 is granted");

        let limiter = two();
        let start = Instant::now();
        for amount in [1, 2, 1, 2, 1, 2] {
            limiter.acquire(amount).await.unwrap();
        }
        assert!(start.elapsed() >= Duration::from_millis(699), "{:?}", start.elapsed());

        let limiter = RateLimiter::new(Quota::per_hour(100).unwrap());
        limiter.acquire(15).await.unwrap().reconcile(10);
        assert_eq!(limiter.available(), 90);
    }

    #[cfg(feature = "tokio")]
    #[tokio::test(start_paused = true)]
    async fn paused_clock_is_honoured() {
        let limiter = RateLimiter::with_clock(Quota::per_hour(1).unwrap(), limitor::TokioClock::new());
        let (real, start) = (Instant::now(), tokio::time::Instant::now());
        for _ in 0..5 {
            limiter.acquire(1).await.unwrap();
        }
        assert!(start.elapsed() >= secs(4 * 3_600) && start.elapsed() < secs(4 * 3_600 + 1));
        assert!(real.elapsed() < secs(5));
        let refused = limiter.acquire(1).timeout(secs(3_500)).await;
        assert!(matches!(refused, Err(AcquireError::TooLong { .. })));
    }
}

/// A waker that owns the last handle of another wait in the same queue, as in executors with wakers
/// that own their tasks. Dropping the waker cancels that entry, which must not happen under the
/// lock.
#[test]
fn waker_may_own_another_entry_of_the_queue() {
    struct Owner(#[expect(dead_code, reason = "only its drop matters")] Reservation<'static, ManualClock>);

    impl Wake for Owner {
        fn wake(self: Arc<Self>) {}
    }

    type Verb = fn(&RateLimiter<ManualClock>, Acquire<'_, ManualClock>, &ManualClock);
    let ends: [Verb; 6] = [
        |_, acquire, _| drop(acquire),
        |limiter, _acquire, _| limiter.cancel_waiters(),
        |limiter, _acquire, _| limiter.reset(),
        |limiter, _acquire, clock| {
            clock.advance(secs(1));
            limiter.waiters();
        },
        |limiter, _acquire, _| limiter.refund(1),
        |_, mut acquire, _| assert!(Task::new().poll(&mut acquire).is_pending()),
    ];
    for end in ends {
        let (limiter, clock) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let mut acquire = limiter.acquire(1);
        let place = limiter.reserve_owned(1).unwrap();
        let waker = Waker::from(Arc::new(Owner(place)));
        // Due after the owned entry, so that this is the only holder of its waker.
        assert!(pin!(&mut acquire).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        end(&limiter, acquire, &clock);
        assert!(limiter.waiters() <= 2);
    }
}

/// If the waker of a task panics, the caller that wakes it fails, and no other task: the others are
/// still woken.
#[test]
fn waker_that_panics_leaves_no_later_waiter_asleep() {
    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("not today");
        }
    }

    type Verb = fn(&RateLimiter<ManualClock>, &ManualClock);
    let ends: [Verb; 5] = [
        |limiter, _| limiter.refund(5),
        |limiter, _| limiter.cancel_waiters(),
        |limiter, _| limiter.reset(),
        |limiter, _| limiter.close(),
        |_, clock| clock.advance(secs(5)),
    ];
    for (verb, end) in ends.into_iter().enumerate() {
        let (limiter, clock) = limiter(5);
        limiter.try_acquire(5).unwrap();
        let tasks: Vec<_> = (0..5).map(|_| Task::new()).collect();
        let mut waits: Vec<_> = tasks.iter().map(|_| limiter.acquire(1)).collect();
        for (index, (task, wait)) in tasks.iter().zip(&mut waits).enumerate() {
            let panics = Waker::from(Arc::new(Panics));
            let waker = if index % 2 == 0 { &panics } else { &task.waker };
            assert!(pin!(wait).poll(&mut Context::from_waker(waker)).is_pending());
        }
        let panicked = panic::catch_unwind(AssertUnwindSafe(|| end(&limiter, &clock))).unwrap_err();
        assert_eq!(panicked.downcast_ref(), Some(&"not today"));
        assert!([1, 3].iter().all(|index| tasks[*index].woken() > 0), "by verb {verb}");
        assert!(waits.iter_mut().zip(&tasks).all(|(wait, task)| task.poll(wait).is_ready()), "by verb {verb}");
    }
}
