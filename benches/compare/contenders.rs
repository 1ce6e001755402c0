//! The limiters, their set-up and their calls.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use governor::clock::{QuantaClock, QuantaInstant, QuantaUpkeepClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{InsufficientCapacity, NotUntil};
use limitor::{Denied, Grant, Quota, RateLimiter, SystemClock};
use limitor_benches::Allowance;
use ratelimit::{Ratelimiter, StdClock, TryWaitError};

use crate::clocks::{Cached, Time, UPKEEP};
use crate::contest::Shared;

pub(crate) fn quota(allowance: Allowance) -> Quota {
    let quota = Quota::new(allowance.capacity.into(), allowance.period).expect("a quota");
    quota.with_burst(allowance.burst.into()).expect("a burst")
}

impl Shared for RateLimiter {
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

impl Shared for RateLimiter<Cached> {
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

pub(crate) type Governor<C> = governor::RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<QuantaInstant>>;

fn governed(allowance: Allowance) -> governor::Quota {
    let interval = allowance.period / allowance.capacity;
    let burst = NonZeroU32::new(allowance.burst).expect("a burst");
    governor::Quota::with_period(interval).expect("an interval").allow_burst(burst)
}

impl Shared for Governor<QuantaClock> {
    const NAME: &'static str = "governor";
    const SETUP: &'static str = "0.10, `RateLimiter::direct(quota)` with quanta's counter as its clock, for the cached clock \
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

impl Shared for Governor<QuantaUpkeepClock> {
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

impl Shared for Ratelimiter<StdClock> {
    const NAME: &'static str = "ratelimit";
    const SETUP: &'static str = "2.0, `Ratelimiter::builder(rate)` with `Instant` as its clock; `try_wait_n(n)`";
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

impl<T: Time + ratelimit::Clock> Shared for Ratelimiter<T> {
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

impl Shared for leaky_bucket::RateLimiter {
    const NAME: &'static str = "leaky-bucket";
    const SETUP: &'static str = "1.1, `RateLimiter::builder()`, refilled once a millisecond, which is its fastest; fair, as \
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
