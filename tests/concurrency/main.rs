//! A limit on the work under way, held until the work ends.
#![cfg(all(feature = "std", not(loom)))]

mod control;
mod end;
mod line;
mod threads;
mod timeout;

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use limitor::{
    AcquireError, BuildError, ConcurrentLimiter, ManualClock, Quota, RateLimiter, Reason, SystemClock, concurrency,
};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One permit per second with this burst, and this many slots.
fn limiter(burst: u64, slots: usize) -> (Arc<ConcurrentLimiter<ManualClock>>, ManualClock) {
    let clock = ManualClock::new();
    let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
    (Arc::new(ConcurrentLimiter::with_clock(quota, slots, clock.clone()).unwrap()), clock)
}

/// A rate that never delays a request.
fn free_rate(slots: usize) -> Arc<ConcurrentLimiter> {
    Arc::new(ConcurrentLimiter::new(Quota::per_second(1_000_000_000).unwrap(), slots).unwrap())
}

/// A task that is polled by hand and counts how often it is woken.
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

/// Polls once, with a task that is discarded afterwards.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Task::default().poll(future)
}

fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("still pending"),
    }
}

/// How many are inside now, and the most that were inside at the same time.
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
        assert!(start.elapsed() < secs(20), "the condition was not reached");
        thread::yield_now();
    }
}

#[test]
fn all_types_are_send_and_sync() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<ConcurrentLimiter<ManualClock>>();
    check::<concurrency::Acquire<'static, ManualClock>>();
    check::<concurrency::Acquire<'static, SystemClock>>();
    check::<concurrency::Slot<'static, SystemClock>>();
}

#[test]
fn zero_slots_are_an_error() {
    let quota = Quota::default();
    assert_eq!(ConcurrentLimiter::new(quota, 0).unwrap_err(), BuildError::ZeroConcurrency);
    assert_eq!(ConcurrentLimiter::over(RateLimiter::new(quota), 0).unwrap_err(), BuildError::ZeroConcurrency);
    assert!(BuildError::ZeroConcurrency.to_string().contains("work needs at least 1 slot"));
    let all = ConcurrentLimiter::new(quota, usize::MAX).unwrap();
    assert_eq!((all.max_concurrent(), all.in_flight()), (usize::MAX, 0));
}

#[test]
fn rate_limiter_can_be_shared_with_other_users() {
    let rate = Arc::new(RateLimiter::with_clock(Quota::per_second(5).unwrap(), ManualClock::new()));
    let limiter = ConcurrentLimiter::over(rate.clone(), 1).unwrap();
    let slot = limiter.try_acquire(3).unwrap();
    assert_eq!((slot.amount(), rate.available(), limiter.limiter().available()), (3, 2, 2));
}

#[test]
fn slot_is_held_for_the_work_and_no_longer() {
    let (limiter, _) = limiter(10, 2);
    let first = limiter.try_acquire(1).unwrap();
    let second = limiter.acquire(1).wait().unwrap();
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (2, 8));
    let denied = limiter.try_acquire(1).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after(), denied.requested()), (Reason::Busy, None, 1));
    assert_eq!(denied.to_string(), "all slots are taken (2)");
    assert!(matches!(AcquireError::from(denied), AcquireError::Busy { max_concurrent: 2, .. }));
    assert_eq!(limiter.limiter().available(), 8, "a refusal takes nothing");
    drop(first);
    assert_eq!(limiter.in_flight(), 1);
    let third = limiter.try_acquire(1).unwrap();
    drop((second, third));
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 7));
}

#[test]
fn refusal_by_the_rate_returns_the_slot() {
    let (limiter, _) = limiter(2, 1);
    limiter.try_acquire(2).unwrap().refund();
    limiter.limiter().try_acquire(2).unwrap();
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::NotYet);
    assert_eq!(limiter.in_flight(), 0);
    assert!(matches!(limiter.acquire(1).timeout(Duration::ZERO).wait(), Err(AcquireError::TooLong { .. })));
    assert_eq!(limiter.in_flight(), 0);
    let mut refused = limiter.acquire(1).timeout(Duration::ZERO);
    assert!(ready(poll(&mut refused)).is_err());
    assert_eq!(limiter.in_flight(), 0, "immediately, not when the future is dropped");
}

#[test]
fn settling_releases_the_slot() {
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
fn panic_returns_the_slot_and_keeps_the_charge() {
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
fn zero_permits_cost_nothing_but_need_a_slot() {
    let (limiter, _) = limiter(1, 1);
    limiter.limiter().try_acquire(1).unwrap();
    let _slot = limiter.acquire(0).wait().unwrap();
    assert_eq!(limiter.try_acquire(0).unwrap_err().reason(), Reason::Busy);
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
#[should_panic(expected = "polled again after completion")]
fn poll_after_completion_panics() {
    let (limiter, _) = limiter(1, 1);
    let mut done = limiter.acquire(1);
    assert!(ready(poll(&mut done)).is_ok());
    let _ = poll(&mut done);
}
