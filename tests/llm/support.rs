//! What the tests have in common.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use limitor::llm::{Acquire, Call, PerLimit, Builder, LlmLimiter};
use limitor::{AcquireError, ManualClock, Quota, set};

pub(crate) type Limiter = Arc<LlmLimiter<ManualClock>>;

pub(crate) const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One a second, with this burst.
pub(crate) fn one_a_second(burst: u64) -> Quota {
    Quota::per_second(1).unwrap().with_burst(burst).unwrap()
}

/// To order, on a clock that is moved by hand.
pub(crate) fn built(order: impl FnOnce(Builder<ManualClock>) -> Builder<ManualClock>) -> (Limiter, ManualClock) {
    let clock = ManualClock::new();
    let limiter = order(Builder::new(clock.clone())).build().unwrap();
    (Arc::new(limiter), clock)
}

/// A limit on tokens alone: one a second, with this burst.
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

/// Lets through all whose time has come, as any verb does, and does nothing else.
pub(crate) fn pump(limiter: &LlmLimiter<ManualClock>) {
    limiter.lower_to(PerLimit::default());
}

/// How much of what there is left can be had now: takes it and counts.
pub(crate) fn had_now(limiter: &LlmLimiter<ManualClock>) -> u64 {
    std::iter::from_fn(|| limiter.try_acquire(1).ok().map(drop)).count() as u64
}

/// What is said at once to one who cannot be let go, or not in time.
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

/// A task polled by hand that waits to make a call.
pub(crate) struct Waits {
    future: Acquire<'static, ManualClock>,
    count: Arc<Count>,
}

impl Waits {
    /// Has been polled, and waits.
    pub(crate) fn new(future: Acquire<'static, ManualClock>) -> Self {
        let mut waits = Self { future, count: Arc::default() };
        assert!(waits.poll().is_pending(), "it need not wait: {:?}", waits.future);
        waits
    }

    pub(crate) fn poll(&mut self) -> Poll<Outcome> {
        let waker = Waker::from(self.count.clone());
        pin!(&mut self.future).poll(&mut Context::from_waker(&waker))
    }

    /// Whether it was woken since this was last asked.
    pub(crate) fn woken(&self) -> bool {
        self.count.0.swap(0, Ordering::SeqCst) > 0
    }

    /// What came of it, if it was woken, as with an executor: who is not woken knows of nothing.
    pub(crate) fn told(&mut self) -> Option<Outcome> {
        if !self.woken() {
            return None;
        }
        match self.poll() {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    /// It was woken, and the call may go.
    pub(crate) fn goes(&mut self) -> Call<'static, ManualClock> {
        self.told().expect("it still waits").expect("it was refused")
    }

    /// It was woken, and has been refused.
    pub(crate) fn refused(&mut self) -> (Option<&'static str>, AcquireError) {
        let error = self.told().expect("it still waits").expect_err("the call may go");
        (error.limit(), error.error())
    }

    pub(crate) fn still_waits(&mut self) -> bool {
        self.told().is_none() && self.poll().is_pending()
    }
}

/// It goes at `at` and not a nanosecond before.
pub(crate) fn goes_at(waits: &mut Waits, clock: &ManualClock, at: Duration) -> Call<'static, ManualClock> {
    clock.set(at.checked_sub(Duration::from_nanos(1)).unwrap());
    assert!(waits.still_waits(), "it was to go at {at:?}");
    clock.set(at);
    waits.goes()
}
