//! Helpers that the tests share.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use limitor::llm::{Acquire, Builder, Call, LlmLimiter, PerLimit};
use limitor::{AcquireError, ManualClock, Quota, set};

pub(crate) type Limiter = Arc<LlmLimiter<ManualClock>>;

pub(crate) const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One permit per second, with this burst.
pub(crate) fn one_a_second(burst: u64) -> Quota {
    Quota::per_second(1).unwrap().with_burst(burst).unwrap()
}

/// A limiter built by `order`, on a clock that is moved by hand.
pub(crate) fn built(order: impl FnOnce(Builder<ManualClock>) -> Builder<ManualClock>) -> (Limiter, ManualClock) {
    let clock = ManualClock::new();
    let limiter = order(Builder::new(clock.clone())).build().unwrap();
    (Arc::new(limiter), clock)
}

/// A limit on tokens alone: one per second, with this burst.
pub(crate) fn tokens(burst: u64) -> (Limiter, ManualClock) {
    built(|builder| builder.tokens(one_a_second(burst)))
}

/// Figures for some limits.
pub(crate) fn left(set: impl FnOnce(&mut PerLimit)) -> PerLimit {
    let mut left = PerLimit::default();
    set(&mut left);
    left
}

pub(crate) fn left_tokens(tokens: u64) -> PerLimit {
    left(|left| left.tokens = Some(tokens))
}

/// Grants all waiters that are due, as every verb does, and does nothing else.
pub(crate) fn pump(limiter: &LlmLimiter<ManualClock>) {
    limiter.lower_to(PerLimit::default());
}

/// The number of tokens available now: takes and counts them.
pub(crate) fn had_now(limiter: &LlmLimiter<ManualClock>) -> u64 {
    std::iter::from_fn(|| limiter.try_acquire(1).ok().map(drop)).count() as u64
}

/// The immediate refusal of a call that cannot be granted, or not in time.
pub(crate) fn refusal(mut asked: Acquire<'_, ManualClock>) -> set::LimitError {
    match Pin::new(&mut asked).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome.expect_err("the call may go"),
        Poll::Pending => panic!("it waits: {asked:?}"),
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

type Outcome = Result<Call<'static, ManualClock>, set::LimitError>;

/// A task, polled by hand, that waits to make a call.
pub(crate) struct Waits {
    future: Acquire<'static, ManualClock>,
    count: Arc<Count>,
}

impl Waits {
    /// Returns a task that has been polled and waits.
    pub(crate) fn new(future: Acquire<'static, ManualClock>) -> Self {
        let mut waits = Self { future, count: Arc::default() };
        assert!(waits.poll().is_pending(), "it does not wait: {:?}", waits.future);
        waits
    }

    pub(crate) fn poll(&mut self) -> Poll<Outcome> {
        let waker = Waker::from(self.count.clone());
        pin!(&mut self.future).poll(&mut Context::from_waker(&waker))
    }

    /// Whether it was woken since the last call.
    pub(crate) fn woken(&self) -> bool {
        self.count.0.swap(0, Ordering::SeqCst) > 0
    }

    /// The result of the wait, if the task was woken, as with an executor: a task that is not woken
    /// learns nothing.
    pub(crate) fn outcome_if_woken(&mut self) -> Option<Outcome> {
        if !self.woken() {
            return None;
        }
        match self.poll() {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    /// Asserts that the task was woken and granted.
    pub(crate) fn goes(&mut self) -> Call<'static, ManualClock> {
        self.outcome_if_woken().expect("it still waits").expect("it was refused")
    }

    /// Asserts that the task was woken and refused.
    pub(crate) fn refused(&mut self) -> (Option<&'static str>, AcquireError) {
        let error = self.outcome_if_woken().expect("it still waits").expect_err("the call may go");
        (error.limit(), error.error())
    }

    pub(crate) fn still_waits(&mut self) -> bool {
        self.outcome_if_woken().is_none() && self.poll().is_pending()
    }
}

/// Asserts that the task is granted at `at` and not a nanosecond before.
pub(crate) fn goes_at(waits: &mut Waits, clock: &ManualClock, at: Duration) -> Call<'static, ManualClock> {
    clock.set(at.checked_sub(Duration::from_nanos(1)).unwrap());
    assert!(waits.still_waits(), "it should be granted at {at:?}");
    clock.set(at);
    waits.goes()
}
