//! A limit on the work under way, held for the whole of the work.
#![cfg(all(feature = "async", feature = "concurrency", not(loom)))]

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use limitor::{
    AcquireError, AcquireSlot, ConcurrentLimiter, ManualClock, Quota, QuotaError, RateLimiter, Reason, Slot,
    SystemClock,
};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One permit a second with this burst, and this many slots.
fn limiter(burst: u64, slots: usize) -> (Arc<ConcurrentLimiter<ManualClock>>, ManualClock) {
    let clock = ManualClock::new();
    let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
    (Arc::new(ConcurrentLimiter::with_clock(quota, slots, clock.clone()).unwrap()), clock)
}

/// A rate that is never in the way.
fn free_rate(slots: usize) -> Arc<ConcurrentLimiter> {
    Arc::new(ConcurrentLimiter::new(Quota::per_second(1_000_000_000).unwrap(), slots).unwrap())
}

/// A task polled by hand, that counts how often it is woken.
#[derive(Default)]
struct Task(Arc<Count>);

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Task {
    fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&Waker::from(self.0.clone())))
    }

    fn woken(&self) -> usize {
        self.0.0.swap(0, Ordering::SeqCst)
    }
}

/// Polls once, by a task that nobody hears of again.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Task::default().poll(future)
}

fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("still pending"),
    }
}

/// How many are inside, and how many there ever were.
#[derive(Default)]
struct Inside {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Inside {
    fn enter(&self) {
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < secs(20), "it does not come");
        thread::yield_now();
    }
}

#[test]
fn everything_can_be_sent_and_shared() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<ConcurrentLimiter<ManualClock>>();
    check::<AcquireSlot<'static, ManualClock>>();
    check::<AcquireSlot<'static, SystemClock>>();
    check::<Slot<'static, SystemClock>>();
}

#[test]
fn no_slots_are_an_error() {
    let quota = Quota::default();
    assert_eq!(ConcurrentLimiter::new(quota, 0).unwrap_err(), QuotaError::ZeroConcurrency);
    assert_eq!(ConcurrentLimiter::over(RateLimiter::new(quota), 0).unwrap_err(), QuotaError::ZeroConcurrency);
    assert!(QuotaError::ZeroConcurrency.to_string().contains("no work could ever begin"));
    let all = ConcurrentLimiter::new(quota, usize::MAX).unwrap();
    assert_eq!((all.max_concurrent(), all.in_flight()), (usize::MAX, 0));
}

#[test]
fn a_limiter_can_be_shared_with_others() {
    let rate = Arc::new(RateLimiter::with_clock(Quota::per_second(5).unwrap(), ManualClock::new()));
    let limiter = ConcurrentLimiter::over(rate.clone(), 1).unwrap();
    let slot = limiter.try_acquire(3).unwrap();
    assert_eq!((slot.amount(), rate.available(), limiter.limiter().available()), (3, 2, 2));
}

#[test]
fn a_slot_is_held_for_the_work_and_no_longer() {
    let (limiter, _) = limiter(10, 2);
    let first = limiter.try_acquire(1).unwrap();
    let second = limiter.acquire(1).wait().unwrap();
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (2, 8));
    let denied = limiter.try_acquire(1).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after(), denied.requested()), (Reason::Busy, None, 1));
    assert_eq!(denied.to_string(), "all slots are taken (2)");
    assert!(matches!(AcquireError::from(denied), AcquireError::Busy { max_concurrent: 2, .. }));
    assert_eq!(limiter.limiter().available(), 8, "nothing is taken by a refusal");
    drop(first);
    assert_eq!(limiter.in_flight(), 1);
    let third = limiter.try_acquire(1).unwrap();
    drop((second, third));
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 7));
}

#[test]
fn whoever_is_refused_the_rate_gives_the_slot_back() {
    let (limiter, _) = limiter(2, 1);
    limiter.try_acquire(2).unwrap().refund();
    limiter.limiter().try_acquire(2).unwrap();
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::NotYet);
    assert_eq!(limiter.in_flight(), 0);
    assert!(matches!(limiter.acquire(1).timeout(Duration::ZERO).wait(), Err(AcquireError::TooLong { .. })));
    assert_eq!(limiter.in_flight(), 0);
    let mut refused = limiter.acquire(1).timeout(Duration::ZERO);
    assert!(ready(poll(&mut refused)).is_err());
    assert_eq!(limiter.in_flight(), 0, "at once, not when the future is dropped");
}

#[test]
fn settling_ends_the_work() {
    let (limiter, _) = limiter(10, 1);
    limiter.try_acquire(8).unwrap().reconcile(3);
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 7));
    limiter.try_acquire(7).unwrap().refund();
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 7));
    limiter.try_acquire(1).unwrap().reconcile(9);
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 0));
    assert_eq!(limiter.try_acquire(1).unwrap_err().retry_after(), Some(secs(3)));
}

#[test]
fn whoever_gets_the_slot_finds_the_permits_settled() {
    let (limiter, _) = limiter(10, 1);
    let slot = limiter.try_acquire(10).unwrap();
    let mut next = limiter.acquire(10);
    assert!(poll(&mut next).is_pending());
    slot.refund();
    assert_eq!(ready(poll(&mut next)).unwrap().amount(), 10);
}

#[test]
fn nothing_is_taken_of_the_rate_while_the_slots_are_taken() {
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
fn slots_are_handed_over_in_the_order_of_asking() {
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
        assert!(limiter.try_acquire(1).is_err(), "nobody comes in between");
        for later in next + 1..4 {
            assert!(tasks[later].poll(&mut futures[later]).is_pending());
        }
        slot = Some(ready(tasks[next].poll(&mut futures[next])).unwrap());
    }
}

#[test]
fn slots_that_come_free_at_once_all_go_to_those_who_wait() {
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
fn a_pending_future_that_is_dropped_leaves_the_line() {
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
fn a_slot_handed_to_a_future_that_is_dropped_goes_to_the_next() {
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
fn a_future_dropped_while_it_waits_for_the_rate_gives_both_back() {
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
    assert!(ready(next.poll(&mut behind)).is_ok(), "the place was given back: one second, not two");
}

#[test]
fn a_panic_gives_the_slot_back_and_keeps_the_charge() {
    let (limiter, _) = limiter(10, 1);
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        let _slot = limiter.acquire(4).wait().unwrap();
        panic!("the work fails");
    }));
    assert!(panicked.is_err());
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 6));

    let theirs = limiter.clone();
    let thread = thread::spawn(move || {
        let _slot = theirs.acquire(4).wait().unwrap();
        panic!("the work fails");
    });
    assert!(thread.join().is_err());
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 2));
}

#[test]
fn never_more_threads_inside_than_slots() {
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
async fn never_more_tasks_inside_than_slots() {
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
async fn a_task_that_is_aborted_gives_the_slot_back() {
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

#[test]
fn threads_and_tasks_stand_in_one_line() {
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
fn the_timeout_bounds_the_wait_for_a_slot() {
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
fn the_timeout_bounds_a_thread_s_wait_for_a_slot() {
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
fn what_is_left_of_the_timeout_bounds_the_wait_for_the_rate() {
    for (debt, granted) in [(0, true), (1, false)] {
        let (limiter, clock) = limiter(2, 1);
        let slot = limiter.try_acquire(1).unwrap();
        let mut waiting = limiter.acquire(2).timeout(secs(5));
        assert!(poll(&mut waiting).is_pending());
        clock.advance(secs(3));
        // Two seconds are left, and that is how long two permits take from here; with a debt, three.
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
fn no_timeout_means_now_or_never() {
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
fn a_slot_handed_over_in_time_is_granted_however_late_it_is_noticed() {
    let (limiter, clock) = limiter(2, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let mut waiting = limiter.acquire(1).timeout(secs(1));
    assert!(poll(&mut waiting).is_pending());
    drop(slot);
    clock.advance(secs(9));
    assert!(ready(poll(&mut waiting)).is_ok());
}

#[test]
fn what_no_wait_would_help_is_refused_at_once() {
    let (limiter, _) = limiter(5, 1);
    let _slot = limiter.try_acquire(1).unwrap();
    assert_eq!(limiter.try_acquire(6).unwrap_err().reason(), Reason::ExceedsBurst);
    assert!(matches!(limiter.acquire(6).wait(), Err(AcquireError::ExceedsBurst { requested: 6, burst: 5, .. })));
    assert!(matches!(ready(poll(&mut limiter.acquire(6))), Err(AcquireError::ExceedsBurst { .. })));
}

#[test]
fn nothing_costs_nothing_but_needs_a_slot() {
    let (limiter, _) = limiter(1, 1);
    limiter.limiter().try_acquire(1).unwrap();
    let _slot = limiter.acquire(0).wait().unwrap();
    assert_eq!(limiter.try_acquire(0).unwrap_err().reason(), Reason::Busy);
}

#[test]
fn closing_ends_the_waits_for_a_slot() {
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
fn if_only_the_rate_is_closed_that_is_learnt_with_the_slot() {
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
fn sending_away_those_who_wait_for_the_rate_frees_their_slots() {
    let (limiter, _) = limiter(1, 2);
    limiter.limiter().try_acquire(1).unwrap();
    let mut waiting = limiter.acquire(1);
    assert!(poll(&mut waiting).is_pending());
    limiter.limiter().cancel_waiters();
    assert!(matches!(ready(poll(&mut waiting)), Err(AcquireError::Cancelled)));
    assert_eq!(limiter.in_flight(), 0);
}

#[test]
fn a_breach_lifts_the_rate_and_not_the_slots() {
    let (limiter, _) = limiter(1, 2);
    limiter.limiter().breach();
    let _slots = [limiter.try_acquire(1).unwrap(), limiter.acquire(1).wait().unwrap()];
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Busy);
}

#[test]
fn owned_forms_keep_the_limiter_alive() {
    let (limiter, _) = limiter(3, 1);
    let (asked, weak) = (limiter.acquire_owned(3), Arc::downgrade(&limiter));
    drop(limiter);
    let slot = thread::spawn(move || asked.wait().unwrap()).join().unwrap();
    assert_eq!(slot.amount(), 3);
    drop(slot);
    assert!(weak.upgrade().is_none());
}

#[test]
fn what_was_polled_can_be_waited_for() {
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

#[tokio::test]
async fn waits_end_in_real_time_too() {
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

#[test]
#[should_panic(expected = "polled again after it was done")]
fn it_is_polled_no_more_after_it_is_done() {
    let (limiter, _) = limiter(1, 1);
    let mut done = limiter.acquire(1);
    assert!(ready(poll(&mut done)).is_ok());
    let _ = poll(&mut done);
}
