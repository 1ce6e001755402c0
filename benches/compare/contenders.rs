//! Who takes part, how each is set up, and how it is asked.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use governor::clock::{QuantaClock, QuantaInstant, QuantaUpkeepClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{InsufficientCapacity, NotUntil};
use limitor::{Denied, Grant, Quota, RateLimiter, SystemClock};
use ratelimit::{Ratelimiter, StdClock, TryWaitError};

use crate::buckets::{ClockAndCas, ClockRead, Double, Locked};
use crate::clocks::{Cached, Counter, Time, UPKEEP};

/// What a limiter is to allow; all are full at the start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    pub(crate) capacity: u32,
    pub(crate) period: Duration,
    pub(crate) burst: u32,
}

impl Allowance {
    /// Permits per second.
    pub(crate) fn rate(self) -> f64 {
        f64::from(self.capacity) / self.period.as_secs_f64()
    }
}

/// Something that decides at once.
pub(crate) trait Contender: Sized + Sync {
    const NAME: &'static str;
    /// How it is set up, for the legend.
    const SETUP: &'static str;
    /// Whether it limits anything; what does not is a limit itself.
    const DECIDES: bool = true;

    /// What it says when it is asked.
    type Answer<'a>
    where
        Self: 'a;

    fn new(allowance: Allowance) -> Self;

    /// Asks for `n` permits.
    fn ask(&self, n: u32) -> Self::Answer<'_>;

    /// Whether that was a grant.
    fn granted(answer: &Self::Answer<'_>) -> bool;
}

/// Visits contenders one by one, each with its own type: nothing is called through a pointer.
pub(crate) trait Visitor {
    fn visit<C: Contender>(&mut self);
}

/// Those who are compared with each other, on one kind of clock.
pub(crate) trait Field {
    /// What the rows of one thread are called by, and those of several.
    const NAME: &'static str;
    const CONTENDED: &'static str;
    /// Whom the others are compared with.
    type Ours: Contender;
    type Clock: Time;

    /// Visits the limiters.
    fn limiters(visitor: &mut impl Visitor);

    /// Visits the least that a grant costs.
    fn least_grant(visitor: &mut impl Visitor) {
        visitor.visit::<ClockAndCas<Self::Clock>>();
    }

    /// Visits the least that a refusal costs.
    fn least_refusal(visitor: &mut impl Visitor) {
        visitor.visit::<ClockRead<Self::Clock>>();
    }
}

/// Each on the clock it advises, and on the processor's counter where it takes a clock.
pub(crate) struct OnCounter;

impl Field for OnCounter {
    const NAME: &'static str = "single";
    const CONTENDED: &'static str = "contended";
    type Ours = RateLimiter;
    type Clock = Counter;

    fn limiters(visitor: &mut impl Visitor) {
        visitor.visit::<RateLimiter>();
        visitor.visit::<Governor<QuantaClock>>();
        visitor.visit::<Ratelimiter>();
        visitor.visit::<Ratelimiter<Counter>>();
        visitor.visit::<leaky_bucket::RateLimiter>();
        visitor.visit::<Locked>();
        visitor.visit::<Double<Counter>>();
    }
}

/// All that can be had on a cached clock.
pub(crate) struct OnCached;

impl Field for OnCached {
    const NAME: &'static str = "cached";
    const CONTENDED: &'static str = "contended cached";
    type Ours = RateLimiter<Cached>;
    type Clock = Cached;

    fn limiters(visitor: &mut impl Visitor) {
        visitor.visit::<RateLimiter<Cached>>();
        visitor.visit::<Governor<QuantaUpkeepClock>>();
        visitor.visit::<Ratelimiter<Cached>>();
        visitor.visit::<Double<Cached>>();
    }
}

fn quota(allowance: Allowance) -> Quota {
    let quota = Quota::new(allowance.capacity.into(), allowance.period).expect("a quota");
    quota.with_burst(allowance.burst.into()).expect("a burst")
}

impl Contender for RateLimiter {
    const NAME: &'static str = "limitor";
    const SETUP: &'static str =
        "`RateLimiter::new(quota)`, for the cached clock `with_clock(quota, ..)`; `try_acquire(n)`";
    type Answer<'a> = Result<Grant<'a, SystemClock>, Denied>;

    fn new(allowance: Allowance) -> Self {
        Self::new(quota(allowance))
    }

    #[inline(always)]
    fn ask(&self, n: u32) -> Self::Answer<'_> {
        self.try_acquire(n.into())
    }

    #[inline]
    fn granted(answer: &Self::Answer<'_>) -> bool {
        answer.is_ok()
    }
}

impl Contender for RateLimiter<Cached> {
    const NAME: &'static str = RateLimiter::<SystemClock>::NAME;
    const SETUP: &'static str = RateLimiter::<SystemClock>::SETUP;
    type Answer<'a> = Result<Grant<'a, Cached>, Denied>;

    fn new(allowance: Allowance) -> Self {
        Self::with_clock(quota(allowance), Cached::start())
    }

    #[inline(always)]
    fn ask(&self, n: u32) -> Self::Answer<'_> {
        self.try_acquire(n.into())
    }

    #[inline]
    fn granted(answer: &Self::Answer<'_>) -> bool {
        answer.is_ok()
    }
}

type Governor<C> = governor::RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<QuantaInstant>>;

fn governed(allowance: Allowance) -> governor::Quota {
    let interval = allowance.period / allowance.capacity;
    let burst = NonZeroU32::new(allowance.burst).expect("a burst");
    governor::Quota::with_period(interval).expect("an interval").allow_burst(burst)
}

impl Contender for Governor<QuantaClock> {
    const NAME: &'static str = "governor";
    const SETUP: &'static str = "0.10, `RateLimiter::direct(quota)`, whose clock is quanta's counter, for the cached clock \
         `direct_with_clock(quota, QuantaUpkeepClock)`; `check_n(n)`";
    type Answer<'a> = Result<Result<(), NotUntil<QuantaInstant>>, InsufficientCapacity>;

    fn new(allowance: Allowance) -> Self {
        Self::direct(governed(allowance))
    }

    #[inline(always)]
    fn ask(&self, n: u32) -> Self::Answer<'_> {
        self.check_n(NonZeroU32::new(n).expect("not 0"))
    }

    #[inline]
    fn granted(answer: &Self::Answer<'_>) -> bool {
        matches!(answer, Ok(Ok(())))
    }
}

impl Contender for Governor<QuantaUpkeepClock> {
    const NAME: &'static str = Governor::<QuantaClock>::NAME;
    const SETUP: &'static str = Governor::<QuantaClock>::SETUP;
    type Answer<'a> = Result<Result<(), NotUntil<QuantaInstant>>, InsufficientCapacity>;

    fn new(allowance: Allowance) -> Self {
        static CLOCK: LazyLock<QuantaUpkeepClock> =
            LazyLock::new(|| QuantaUpkeepClock::from_interval(UPKEEP).expect("no other upkeep thread"));
        Self::direct_with_clock(governed(allowance), CLOCK.clone())
    }

    #[inline(always)]
    fn ask(&self, n: u32) -> Self::Answer<'_> {
        self.check_n(NonZeroU32::new(n).expect("not 0"))
    }

    #[inline]
    fn granted(answer: &Self::Answer<'_>) -> bool {
        matches!(answer, Ok(Ok(())))
    }
}

fn bucketed<C: ratelimit::Clock>(builder: ratelimit::Builder<C>, allowance: Allowance) -> Ratelimiter<C> {
    let burst = allowance.burst.into();
    builder.period(allowance.period).max_tokens(burst).initial_available(burst).build().expect("a limit")
}

impl Contender for Ratelimiter<StdClock> {
    const NAME: &'static str = "ratelimit";
    const SETUP: &'static str = "2.0, `Ratelimiter::builder(rate)`, whose clock is `Instant`; `try_wait_n(n)`";
    type Answer<'a> = Result<(), TryWaitError>;

    fn new(allowance: Allowance) -> Self {
        bucketed(Self::builder(allowance.capacity.into()), allowance)
    }

    #[inline(always)]
    fn ask(&self, n: u32) -> Self::Answer<'_> {
        self.try_wait_n(n.into())
    }

    #[inline]
    fn granted(answer: &Self::Answer<'_>) -> bool {
        answer.is_ok()
    }
}

impl<T: Time + ratelimit::Clock> Contender for Ratelimiter<T> {
    const NAME: &'static str = "ratelimit, quanta";
    const SETUP: &'static str = "the same, `Builder::with_clock(rate, ..)` over quanta's counter or its cached clock";
    type Answer<'a> = Result<(), TryWaitError>;

    fn new(allowance: Allowance) -> Self {
        bucketed(ratelimit::Builder::with_clock(allowance.capacity.into(), T::start()), allowance)
    }

    #[inline(always)]
    fn ask(&self, n: u32) -> Self::Answer<'_> {
        self.try_wait_n(n.into())
    }

    #[inline]
    fn granted(answer: &Self::Answer<'_>) -> bool {
        answer.is_ok()
    }
}

impl Contender for leaky_bucket::RateLimiter {
    const NAME: &'static str = "leaky-bucket";
    const SETUP: &'static str = "1.1, `RateLimiter::builder()`, refilled at most once a millisecond, which is all it can; fair, as \
         by default (without, it refuses now and then under contention although it is full); its clock is tokio's; \
         `try_acquire(n)`";
    type Answer<'a> = bool;

    fn new(allowance: Allowance) -> Self {
        let interval = (allowance.period / allowance.capacity).max(Duration::from_millis(1));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole permits, under 2^32")]
        let refill = (allowance.rate() * interval.as_secs_f64()).round() as usize;
        let burst = allowance.burst as usize;
        Self::builder().initial(burst).max(burst).refill(refill).interval(interval).build()
    }

    #[inline(always)]
    fn ask(&self, n: u32) -> bool {
        self.try_acquire(n as usize)
    }

    #[inline]
    fn granted(answer: &bool) -> bool {
        *answer
    }
}
