//! Sets with options.

use std::fmt;
use std::sync::Arc;

use super::limit_list::LimitList;
use super::limit_set::LimitSet;
use super::limits::Options;
use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::limiter::RateLimiter;
use crate::pace::Strategy;

/// Builds a [`LimitSet`]. Made by [`LimitSet::builder`].
///
/// # Examples
///
/// ```
/// use limitor::{LimitSet, Quota, RateLimiter, Strategy};
/// use std::sync::Arc;
///
/// let limit = Arc::new(RateLimiter::new(Quota::per_second(100)?));
/// let set = LimitSet::builder([("requests", limit)]).max_waiters(1_000).strategy(Strategy::Park).build()?;
/// assert!(set.try_acquire([1]).is_ok());
/// # Ok::<(), limitor::BuildError>(())
/// ```
#[must_use]
pub struct Builder<const N: usize, C: Clock = SystemClock> {
    limits: [(&'static str, Arc<RateLimiter<C>>); N],
    options: Options,
}

/// Builds a [`LimitList`]. Made by [`LimitList::builder`].
///
/// # Examples
///
/// ```
/// use limitor::{Quota, RateLimiter, Strategy, set::LimitList};
/// use std::sync::Arc;
///
/// let limit = Arc::new(RateLimiter::new(Quota::per_second(100)?));
/// let list = LimitList::builder([("requests", limit)]).max_waiters(1_000).strategy(Strategy::Park).build()?;
/// assert!(list.try_acquire(&[1]).is_ok());
/// # Ok::<(), limitor::BuildError>(())
/// ```
#[must_use]
pub struct ListBuilder<C: Clock = SystemClock> {
    limits: Vec<(&'static str, Arc<RateLimiter<C>>)>,
    options: Options,
}

impl<const N: usize, C: Clock> fmt::Debug for Builder<N, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("limits", &self.limits).field("options", &self.options).finish()
    }
}

impl<C: Clock> fmt::Debug for ListBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListBuilder").field("limits", &self.limits).field("options", &self.options).finish()
    }
}

impl<const N: usize, C: Clock> LimitSet<N, C> {
    /// Starts a set of these limits with options.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{BuildError, LimitSet, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let twice = LimitSet::builder([("requests", limit.clone()), ("again", limit)]).build();
    /// assert!(matches!(twice, Err(BuildError::LimitTwice { name: "again", .. })));
    /// # Ok::<(), BuildError>(())
    /// ```
    pub fn builder(limits: [(&'static str, Arc<RateLimiter<C>>); N]) -> Builder<N, C> {
        Builder { limits, options: Options::default() }
    }
}

impl<C: Clock> LimitList<C> {
    /// Starts a list of these limits with options.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{BuildError, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// assert!(LimitList::builder([("requests", limit)]).max_waiters(10).build().is_ok());
    /// # Ok::<(), BuildError>(())
    /// ```
    pub fn builder(limits: impl IntoIterator<Item = (&'static str, Arc<RateLimiter<C>>)>) -> ListBuilder<C> {
        ListBuilder { limits: limits.into_iter().collect(), options: Options::default() }
    }
}

/// The options that the builders share.
macro_rules! options {
    ($set:ty) => {
        /// Sets how threads wait.
        pub fn strategy(mut self, strategy: Strategy) -> Self {
            self.options.strategy = strategy;
            self
        }

        /// Sets how many requests may wait at a time. The next one is refused with
        /// [`QueueFull`](crate::AcquireError::QueueFull). By default there is no bound.
        pub fn max_waiters(mut self, waiters: usize) -> Self {
            self.options.max_waiters = waiters;
            self
        }

        /// Builds the set.
        ///
        /// # Errors
        ///
        /// [`BuildError::LimitTwice`] if a limit is there twice, [`BuildError::NoLimits`] without
        /// any limit.
        pub fn build(self) -> Result<$set, BuildError> {
            <$set>::assemble(&self.limits, self.options)
        }
    };
}

impl<const N: usize, C: Clock> Builder<N, C> {
    options!(LimitSet<N, C>);
}

impl<C: Clock> ListBuilder<C> {
    options!(LimitList<C>);
}
