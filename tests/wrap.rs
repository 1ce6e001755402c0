//! Functions under a limiter.
#![cfg(all(feature = "std", not(loom)))]

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use limitor::wrap::OnError;
use limitor::{
    AcquireError, LeakyBucket, LeakyBucketGcra, LeakyQueue, ManualClock, Quota, RateLimiter, TokenBucket,
    VirtualSchedulingGcra,
};

/// An error as services have it: made from refusals, and from failures of the work.
#[derive(Debug, PartialEq)]
enum Failed {
    Limited(AcquireError),
    Work,
}

impl From<AcquireError> for Failed {
    fn from(why: AcquireError) -> Self {
        Self::Limited(why)
    }
}

/// 100 permits per hour.
fn limiter() -> (RateLimiter<ManualClock>, ManualClock) {
    let clock = ManualClock::new();
    (RateLimiter::with_clock(Quota::per_hour(100).unwrap(), clock.clone()), clock)
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn ready<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn call_costs_one_by_default() {
    let (limiter, _) = limiter();
    let plain = limitor::wrap(&limiter);
    assert_eq!(plain.call((2, 3), |(a, b)| a + b), Ok(5));
    assert_eq!(limiter.available(), 99);
    let same_for_all = limitor::wrap(&limiter).cost(|_| 9);
    assert_eq!(same_for_all.call("x", str::len), Ok(1));
    assert_eq!(limiter.available(), 90);
    let by_length = limitor::wrap(&limiter).cost(|text: &&str| text.len() as u64);
    assert_eq!(by_length.call("twelve chars", str::len), Ok(12));
    assert_eq!(limiter.available(), 78);
}

#[test]
fn actual_cost_settles_the_estimate() {
    let (limiter, _) = limiter();
    let wrapped = limitor::wrap(&limiter).cost(|text: &String| text.len() as u64).actual(|out: &u64| *out);
    assert_eq!(wrapped.call("0123456789".to_owned(), |_| 3), Ok(3));
    assert_eq!(limiter.available(), 97);
    assert_eq!(wrapped.call("0123456789".to_owned(), |_| 40), Ok(40));
    assert_eq!(limiter.available(), 57, "a debt beyond the estimate");
    assert_eq!(wrapped.try_call("0123456789".to_owned(), |_| Ok::<_, Failed>(7)), Ok(7));
    assert_eq!(limiter.available(), 50, "the value in a `Result`");
}

#[test]
fn work_without_a_result_is_charged_or_refunded() {
    for (on_error, left) in [(None, 90), (Some(OnError::Keep), 90), (Some(OnError::Refund), 100)] {
        let made = |limiter| {
            let wrapped = limitor::wrap(limiter).cost(|()| 10).actual(|_: &u64| 1);
            match on_error {
                Some(on_error) => wrapped.on_error(on_error),
                None => wrapped,
            }
        };

        let (by_error, _) = limiter();
        assert_eq!(made(&by_error).try_call((), |()| Err(Failed::Work)), Err(Failed::Work));
        assert_eq!(by_error.available(), left, "{on_error:?}, an error");

        let (by_panic, _) = limiter();
        let panicking = || made(&by_panic).call((), |()| panic!("in the work"));
        assert!(panic::catch_unwind(AssertUnwindSafe(panicking)).is_err());
        assert_eq!(by_panic.available(), left, "{on_error:?}, a panic");

        let (by_error, _) = limiter();
        assert_eq!(ready(made(&by_error).try_call_async((), async |()| Err(Failed::Work))), Err(Failed::Work));
        assert_eq!(by_error.available(), left, "{on_error:?}, an error in a task");

        let (by_panic, _) = limiter();
        let panicking = || ready(made(&by_panic).call_async((), async |()| panic!("in the work")));
        assert!(panic::catch_unwind(AssertUnwindSafe(panicking)).is_err());
        assert_eq!(by_panic.available(), left, "{on_error:?}, a panic in a task");

        let (by_drop, _) = limiter();
        let wrapped = made(&by_drop);
        {
            let mut call = pin!(wrapped.call_async((), async |()| std::future::pending().await));
            assert_eq!(by_drop.available(), 100, "lazy");
            assert!(poll(call.as_mut()).is_pending());
            assert_eq!(by_drop.available(), 90);
        }
        assert_eq!(by_drop.available(), left, "{on_error:?}, a dropped future");
    }
}

#[test]
fn refused_work_does_not_start() {
    let (limiter, _) = limiter();
    let wrapped = limitor::wrap(&limiter).cost(|n: &u64| *n).timeout(Duration::from_secs(1));
    let too_much = wrapped.call(101, |_| unreachable!("not begun"));
    assert!(matches!(too_much, Err::<(), _>(AcquireError::ExceedsBurst { .. })));
    assert!(wrapped.call(100, drop).is_ok());
    assert!(matches!(wrapped.call(1, |_| unreachable!("not begun")), Err::<(), _>(AcquireError::TooLong { .. })));
    let refused: Result<(), Failed> = wrapped.try_call(1, |_| unreachable!("not begun"));
    assert!(matches!(refused, Err(Failed::Limited(AcquireError::TooLong { .. }))));
    let refused = ready(wrapped.try_call_async(1, async |_| -> Result<(), Failed> { unreachable!("not begun") }));
    assert!(matches!(refused, Err(Failed::Limited(AcquireError::TooLong { .. }))));
}

#[test]
fn call_waits_until_granted() {
    let (limiter, clock) = limiter();
    limiter.try_acquire(100).unwrap();
    let wrapped = limitor::wrap(&limiter);
    let mut call = pin!(wrapped.call_async(7, async |n| n * 6));
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(limiter.waiters(), 1);
    {
        let mut dropped = pin!(wrapped.call_async(7, async |n| n * 6));
        assert!(poll(dropped.as_mut()).is_pending());
        assert_eq!(limiter.waiters(), 2);
    }
    assert_eq!(limiter.waiters(), 1);
    clock.advance(Duration::from_secs(36));
    assert_eq!(poll(call.as_mut()), Poll::Ready(Ok(42)));
}

#[test]
fn any_limiter_can_be_used() {
    let (quota, clock) = (Quota::per_hour(5).unwrap(), ManualClock::new());
    let ok = Ok(());
    assert_eq!(limitor::wrap(&TokenBucket::with_clock(quota, clock.clone())).call((), drop), ok);
    assert_eq!(limitor::wrap(&LeakyBucket::with_clock(quota, clock.clone())).call((), drop), ok);
    assert_eq!(limitor::wrap(&VirtualSchedulingGcra::with_clock(quota, clock.clone())).call((), drop), ok);
    assert_eq!(limitor::wrap(&LeakyBucketGcra::with_clock(quota, clock.clone())).call((), drop), ok);
    assert_eq!(limitor::wrap(&LeakyQueue::with_clock(quota, 3, clock.clone())).call((), drop), ok);
    let shared = Arc::new(RateLimiter::with_clock(quota, clock));
    assert_eq!(limitor::wrap(&shared).call((), drop), ok);
    assert_eq!(limitor::wrap(shared.clone()).call((), drop), ok);
    assert_eq!(shared.available(), 3);
}

#[tokio::test]
async fn calls_can_be_spawned() {
    let limiter = Arc::new(RateLimiter::new(Quota::per_hour(100).unwrap()));
    let wrapped = Arc::new(limitor::wrap(limiter.clone()).cost(|n: &u64| *n).actual(|out: &u64| *out));
    let tasks: Vec<_> = (1..=4)
        .map(|n| {
            let wrapped = wrapped.clone();
            tokio::spawn(async move { wrapped.call_async(n * 10, async |n| n / 2).await })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap().unwrap();
    }
    assert_eq!((sum, limiter.available()), (50, 50));
}

#[test]
fn wrapped_function_has_a_debug_form() {
    let (limiter, _) = limiter();
    let text = format!("{:?}", limitor::wrap(&limiter).cost(|(): &()| 1).timeout(Duration::from_secs(1)));
    assert!(text.contains("timeout: Some(1s)") && text.contains("Keep"), "{text}");
}

mod concurrent {
    use super::*;
    use limitor::ConcurrentLimiter;

    /// Wraps `handle`, which is a handle of `limiter`.
    fn slot_is_held<L>(limiter: &ConcurrentLimiter<ManualClock>, handle: L)
    where
        L: limitor::Admit<Cost = u64, Refusal = AcquireError>,
    {
        let wrapped = limitor::wrap(handle).timeout(Duration::ZERO).actual(|_: &usize| 2);
        let nested = |()| {
            assert!(matches!(wrapped.call((), |()| 0), Err(AcquireError::Busy { .. })));
            limiter.in_flight()
        };
        assert_eq!(wrapped.call((), nested), Ok(1));
        assert_eq!(limiter.in_flight(), 0);
        assert_eq!(ready(wrapped.call_async((), async |()| limiter.in_flight())), Ok(1));
        assert_eq!(limiter.in_flight(), 0);
    }

    #[test]
    fn slot_is_held_for_the_work() {
        let quota = Quota::per_hour(100).unwrap();
        let limiter = Arc::new(ConcurrentLimiter::with_clock(quota, 1, ManualClock::new()).unwrap());
        slot_is_held(&limiter, &*limiter);
        slot_is_held(&limiter, &limiter);
        slot_is_held(&limiter, limiter.clone());
        assert_eq!(limiter.limiter().available(), 100 - 3 * 2 * 2);
    }

    #[test]
    fn slot_is_released_however_the_work_ends() {
        let quota = Quota::per_hour(100).unwrap();
        let limiter = ConcurrentLimiter::with_clock(quota, 1, ManualClock::new()).unwrap();
        for on_error in [OnError::Keep, OnError::Refund] {
            let wrapped = limitor::wrap(&limiter).on_error(on_error);
            assert_eq!(wrapped.try_call((), |()| Err::<(), _>(Failed::Work)), Err(Failed::Work));
            let panicking = || wrapped.call((), |()| panic!("in the work"));
            assert!(panic::catch_unwind(AssertUnwindSafe(panicking)).is_err());
            {
                let mut call = pin!(wrapped.call_async((), async |()| std::future::pending::<()>().await));
                assert!(poll(call.as_mut()).is_pending());
                assert_eq!(limiter.in_flight(), 1);
            }
            assert_eq!(limiter.in_flight(), 0);
        }
        assert_eq!(limiter.limiter().available(), 97, "three were kept, three refunded");
    }
}
