//! Limiters built to order.

use core::fmt;

use crate::clock::Clock;
use crate::limiter::RateLimiter;
use crate::quota::Quota;

#[cfg(feature = "std")]
use crate::clock::SystemClock;
#[cfg(feature = "std")]
use crate::wait::Strategy;

/// Builds a [`RateLimiter`]; made by [`RateLimiter::builder`].
#[derive(Clone)]
#[must_use]
pub struct Builder<#[cfg(feature = "std")] C: Clock = SystemClock, #[cfg(not(feature = "std"))] C: Clock> {
    pub(crate) quota: Quota,
    pub(crate) clock: C,
    pub(crate) initial: Option<u64>,
    /// With a burst of 1: spaced by when each really left, not by when it was due.
    pub(crate) strict: bool,
    #[cfg(feature = "std")]
    pub(crate) strategy: Strategy,
    #[cfg(feature = "std")]
    pub(crate) max_waiters: usize,
}

impl<C: Clock> fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("quota", &self.quota).field("initial", &self.initial).finish_non_exhaustive()
    }
}

impl<C: Clock> Builder<C> {
    /// The default limiter of this quota on this clock: full at the start, any number of waiters.
    pub fn new(quota: Quota, clock: C) -> Self {
        Self {
            quota,
            clock,
            initial: None,
            strict: false,
            #[cfg(feature = "std")]
            strategy: Strategy::default(),
            #[cfg(feature = "std")]
            max_waiters: usize::MAX,
        }
    }

    /// Begin with `permits` to be had instead of the whole burst; more than the burst are the burst.
    pub fn initial(mut self, permits: u64) -> Self {
        self.initial = Some(permits);
        self
    }

    /// Use another clock.
    pub fn clock<D: Clock>(self, clock: D) -> Builder<D> {
        Builder {
            quota: self.quota,
            clock,
            initial: self.initial,
            strict: self.strict,
            #[cfg(feature = "std")]
            strategy: self.strategy,
            #[cfg(feature = "std")]
            max_waiters: self.max_waiters,
        }
    }

    /// How threads wait.
    #[cfg(feature = "std")]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Let no more than `waiters` wait at a time; the next is refused with
    /// [`QueueFull`](crate::AcquireError::QueueFull).
    #[cfg(feature = "std")]
    pub fn max_waiters(mut self, waiters: usize) -> Self {
        self.max_waiters = waiters;
        self
    }

    /// Builds the limiter.
    pub fn build(self) -> RateLimiter<C> {
        RateLimiter::assemble(self)
    }
}
