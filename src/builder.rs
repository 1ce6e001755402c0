//! Limiters built to order.

use core::fmt;

use crate::clock::Clock;
use crate::error::QuotaError;
use crate::limiter::RateLimiter;
use crate::local::Aside;
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
    pub(crate) aside: Aside,
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
            aside: Aside::default(),
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

    /// Set aside permits for [`LocalLimiter`](crate::LocalLimiter)s: `handles` of them, each of which may hold up to `batch`.
    ///
    /// They come off the burst, so that the bound holds for all together: who asks the limiter directly has a burst of what is
    /// left.
    ///
    /// # Errors
    ///
    /// [`QuotaError::NothingLeft`] if they are as many as the burst or more.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, QuotaError, RateLimiter};
    ///
    /// let quota = Quota::per_second(1_000)?;
    /// let limiter = RateLimiter::builder(quota).local(4, 64)?.build();
    /// assert_eq!(limiter.available(), 1_000 - 4 * 64);
    /// assert!(matches!(RateLimiter::builder(quota).local(16, 64), Err(QuotaError::NothingLeft { .. })));
    /// # Ok::<(), QuotaError>(())
    /// ```
    pub fn local(mut self, handles: usize, batch: u64) -> Result<Self, QuotaError> {
        let burst = self.quota.burst();
        let permits = u128::from(batch) * handles as u128;
        if permits >= u128::from(burst) {
            return Err(QuotaError::NothingLeft { handles, batch, burst });
        }
        self.aside = Aside { handles, batch };
        Ok(self)
    }

    /// Use another clock.
    pub fn clock<D: Clock>(self, clock: D) -> Builder<D> {
        Builder {
            quota: self.quota,
            clock,
            initial: self.initial,
            aside: self.aside,
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
