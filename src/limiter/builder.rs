//! Limiters with options.

use core::fmt;

use super::config::{Aside, Config};
use super::limiter::RateLimiter;
use crate::clock::Clock;
use crate::error::BuildError;
use crate::quota::Quota;

#[cfg(feature = "std")]
use crate::clock::SystemClock;
#[cfg(feature = "std")]
use crate::pace::Strategy;

/// Builds a [`RateLimiter`]. Made by [`RateLimiter::builder`].
///
/// # Examples
///
/// ```
/// use limitor::{Quota, RateLimiter, Strategy};
///
/// let limiter = RateLimiter::builder(Quota::per_second(100)?)
///     .initial(0)
///     .strategy(Strategy::Park)
///     .max_waiters(1_000)
///     .build();
/// assert!(limiter.try_acquire(100).is_err());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Builder<#[cfg(feature = "std")] C: Clock = SystemClock, #[cfg(not(feature = "std"))] C: Clock> {
    config: Config,
    clock: C,
}

impl<C: Clock> fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { quota, initial, .. } = &self.config;
        f.debug_struct("Builder").field("quota", quota).field("initial", initial).finish_non_exhaustive()
    }
}

#[cfg(feature = "std")]
impl RateLimiter {
    /// Starts a limiter with options, on the system's clock unless [`Builder::clock`] is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::builder(Quota::per_second(100)?).initial(10).build();
    /// assert!(limiter.try_acquire(11).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn builder(quota: Quota) -> Builder {
        Builder::new(quota, SystemClock::new())
    }
}

impl<C: Clock> Builder<C> {
    /// Starts the default limiter of this quota on this clock: full at the start, any number of
    /// waiters.
    pub fn new(quota: Quota, clock: C) -> Self {
        Self { config: Config::new(quota), clock }
    }

    /// Sets the permits available at the start. The default is the burst. Larger values are clamped
    /// to the burst.
    pub fn initial(mut self, permits: u64) -> Self {
        self.config.initial = Some(permits);
        self
    }

    /// Sets permits aside for `handles` [`LocalLimiter`](crate::LocalLimiter)s, each of which may
    /// hold up to `batch` permits.
    ///
    /// The permits come off the burst, so the bound holds for all callers together. The burst of a
    /// caller that asks the limiter directly is what is left.
    ///
    /// # Errors
    ///
    /// [`BuildError::NothingLeft`] if the handles could hold the whole burst.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{BuildError, Quota, RateLimiter};
    ///
    /// let quota = Quota::per_second(1_000)?;
    /// let limiter = RateLimiter::builder(quota).local(4, 64)?.build();
    /// assert_eq!(limiter.available(), 1_000 - 4 * 64);
    /// assert!(matches!(RateLimiter::builder(quota).local(16, 64), Err(BuildError::NothingLeft { .. })));
    /// # Ok::<(), BuildError>(())
    /// ```
    pub fn local(mut self, handles: usize, batch: u64) -> Result<Self, BuildError> {
        let burst = self.config.quota.burst();
        let permits = u128::from(batch) * handles as u128;
        if permits >= u128::from(burst) {
            return Err(BuildError::NothingLeft { handles, batch, burst });
        }
        self.config.aside = Aside { handles, batch };
        Ok(self)
    }

    /// Sets another clock.
    pub fn clock<D: Clock>(self, clock: D) -> Builder<D> {
        Builder { config: self.config, clock }
    }

    /// Sets how threads wait.
    #[cfg(feature = "std")]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.config.strategy = strategy;
        self
    }

    /// Sets how many requests may wait at a time. The next one is refused with
    /// [`QueueFull`](crate::AcquireError::QueueFull). By default there is no bound.
    #[cfg(feature = "std")]
    pub fn max_waiters(mut self, waiters: usize) -> Self {
        self.config.max_waiters = waiters;
        self
    }

    /// Spaces entries by when each waiter left, not by when it was due.
    #[cfg(feature = "std")]
    pub(crate) fn strict(mut self, strict: bool) -> Self {
        self.config.strict = strict;
        self
    }

    /// Builds the limiter.
    pub fn build(self) -> RateLimiter<C> {
        RateLimiter::assemble(&self.config, self.clock)
    }
}
