//! Limiters of the work under way with options.

use std::fmt;
use std::sync::Arc;

use super::limiter::{ConcurrentLimiter, Options};
use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::limiter::RateLimiter;
use crate::pace::Strategy;
use crate::quota::Quota;

/// Builds a [`ConcurrentLimiter`]. Made by [`ConcurrentLimiter::builder`].
///
/// `R` is what limits the rate: [`OwnRate`], which a [`clock`](Self::clock) and a
/// [`rate`](Self::rate) can be set of, or a [`limiter`](Self::limiter) that has both.
///
/// # Examples
///
/// ```
/// use limitor::{ConcurrentLimiter, Quota, Strategy};
///
/// let limiter = ConcurrentLimiter::builder(8)
///     .rate(Quota::per_second(100)?)
///     .strategy(Strategy::Park)
///     .max_waiters(1_000)
///     .build()?;
/// assert!(limiter.try_acquire(100).is_ok());
/// # Ok::<(), limitor::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Builder<R = OwnRate<SystemClock>> {
    rate: R,
    options: Options,
}

/// A rate that only the limiter to be built uses, or none, on a clock.
#[derive(Clone)]
pub struct OwnRate<C> {
    clock: C,
    quota: Option<Quota>,
}

impl<C> fmt::Debug for OwnRate<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnRate").field("quota", &self.quota).finish_non_exhaustive()
    }
}

impl<R: fmt::Debug> fmt::Debug for Builder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("rate", &self.rate).field("options", &self.options).finish()
    }
}

impl ConcurrentLimiter {
    /// Starts a limiter of `max_concurrent` slots with options: without a rate unless one is set,
    /// on the system's clock unless another is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::builder(8).rate(Quota::per_second(5)?).clock(ManualClock::new()).build()?;
    /// assert_eq!((limiter.max_concurrent(), limiter.available()), (8, 5));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn builder(max_concurrent: usize) -> Builder {
        let rate = OwnRate { clock: SystemClock::new(), quota: None };
        Builder { rate, options: Options::new(max_concurrent) }
    }
}

impl<R> Builder<R> {
    /// Sets how threads wait: for a slot, and for the permits of a [`rate`](Builder::rate). A
    /// [`limiter`](Builder::limiter) keeps the strategy that it was built with.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.options.strategy = strategy;
        self
    }

    /// Sets how many requests may wait for a slot at a time. The next one is refused with
    /// [`QueueFull`](crate::AcquireError::QueueFull). By default there is no bound.
    pub fn max_waiters(mut self, waiters: usize) -> Self {
        self.options.max_waiters = waiters;
        self
    }
}

impl<C: Clock> Builder<OwnRate<C>> {
    /// Sets the rate.
    pub fn rate(mut self, quota: Quota) -> Self {
        self.rate.quota = Some(quota);
        self
    }

    /// Sets another clock.
    pub fn clock<D: Clock>(self, clock: D) -> Builder<OwnRate<D>> {
        Builder { rate: OwnRate { clock, quota: self.rate.quota }, options: self.options }
    }

    /// Sets a limiter that has the rate and the clock. In an [`Arc`], it can be shared with other
    /// callers. It replaces a rate and a clock that were set before.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let rate = Arc::new(RateLimiter::new(Quota::per_hour(100)?));
    /// let heavy = ConcurrentLimiter::builder(1).limiter(rate.clone()).max_waiters(10).build()?;
    /// let _slot = heavy.try_acquire(30).unwrap();
    /// assert_eq!(rate.available(), 70);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn limiter<D: Clock>(self, limiter: impl Into<Arc<RateLimiter<D>>>) -> Builder<Arc<RateLimiter<D>>> {
        Builder { rate: limiter.into(), options: self.options }
    }

    /// Builds the limiter.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroConcurrency`] if the number of slots is 0: no work could begin.
    pub fn build(self) -> Result<ConcurrentLimiter<C>, BuildError> {
        let Self { rate: OwnRate { clock, quota }, options } = self;
        match quota {
            None => ConcurrentLimiter::without_rate(clock, options),
            Some(quota) => {
                let limiter = crate::limiter::Builder::new(quota, clock).strategy(options.strategy).build();
                ConcurrentLimiter::with_rate(Arc::new(limiter), options)
            }
        }
    }
}

impl<C: Clock> Builder<Arc<RateLimiter<C>>> {
    /// Builds the limiter.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroConcurrency`] if the number of slots is 0: no work could begin.
    pub fn build(self) -> Result<ConcurrentLimiter<C>, BuildError> {
        ConcurrentLimiter::with_rate(self.rate, self.options)
    }
}
