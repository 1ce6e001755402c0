//! A limiter for each key: users, models, or both.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use super::limiter::LlmLimiter;
use crate::clock::{Clock, SystemClock};
use crate::quota::QuotaError;
use crate::sync::Lock;

/// A limiter for each key, made when it is first asked for: for each user, each model, each of both.
///
/// Models that share a limit, as the versions of one do with most providers, share a key: name the class, not the model.
///
/// There are at most `max` limiters at a time. One of which nothing is missing, and which nobody holds, is no different
/// from a new one, so when there is no room such are forgotten. If there are none, the next key is refused: no
/// limit is ever reset for want of room.
///
/// # Examples
///
/// ```
/// use limitor::llm::{LlmLimiter, LlmPool, Usage};
///
/// /// The models that share a limit.
/// #[derive(Clone, Copy, PartialEq, Eq, Hash)]
/// enum Class {
///     Large,
///     Small,
/// }
///
/// fn class(model: &str) -> Class {
///     if model.contains("mini") { Class::Small } else { Class::Large }
/// }
///
/// let pool = LlmPool::new(10_000, |(_user, class): &(u64, Class)| {
///     let tokens = match class {
///         Class::Large => 30_000,
///         Class::Small => 200_000,
///     };
///     LlmLimiter::builder().tokens_per_minute(tokens).build()
/// });
/// let ann = pool.limiter(&(7, class("gpt-4o-2024-08-06")))?;
/// ann.acquire(Usage::new(20_000, 10_000)).wait()?.settle(Usage::new(20_000, 10_000));
/// assert_eq!(pool.limiter(&(7, class("gpt-4o")))?.available().tokens, Some(0)); // the same one
/// assert_eq!(pool.limiter(&(7, class("gpt-4o-mini")))?.available().tokens, Some(200_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LlmPool<K, C: Clock = SystemClock> {
    limiters: Lock<HashMap<K, Arc<LlmLimiter<C>>>>,
    build: Build<K, C>,
    max: usize,
}

type Build<K, C> = Box<dyn Fn(&K) -> Result<LlmLimiter<C>, QuotaError> + Send + Sync>;

/// A limiter that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// There are as many limiters as there may be, and all are in use.
    #[error("all {max} limiters of the pool are in use")]
    #[non_exhaustive]
    Full {
        /// How many there may be.
        max: usize,
    },
    /// The key's limits cannot be.
    #[error(transparent)]
    Quota(#[from] QuotaError),
}

impl<K, C: Clock> fmt::Debug for LlmPool<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlmPool").field("len", &self.len()).field("max", &self.max).finish_non_exhaustive()
    }
}

impl<K, C: Clock> LlmPool<K, C> {
    /// A pool of at most `max` limiters, each made by `build` from its key.
    pub fn new(max: usize, build: impl Fn(&K) -> Result<LlmLimiter<C>, QuotaError> + Send + Sync + 'static) -> Self {
        Self { limiters: Lock::new(HashMap::new()), build: Box::new(build), max }
    }

    /// How many limiters there are now.
    pub fn len(&self) -> usize {
        self.limiters.lock().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash + Eq, C: Clock> LlmPool<K, C> {
    /// The limiter of a key. Hold on to it for as long as its calls take, and ask again for the next: one that nobody holds may be
    /// forgotten when nothing is missing of it.
    ///
    /// # Errors
    ///
    /// [`PoolError::Full`] if there is no room for another; [`PoolError::Quota`] if its limits cannot be.
    pub fn limiter<Q: Hash + Eq + ToOwned<Owned = K> + ?Sized>(&self, key: &Q) -> Result<Arc<LlmLimiter<C>>, PoolError>
    where
        K: Borrow<Q>,
    {
        if let Some(limiter) = self.limiters.lock().get(key) {
            return Ok(Arc::clone(limiter));
        }
        // Not under the lock, as it is foreign code. If another was quicker, this one is not used.
        let key = key.to_owned();
        let made = Arc::new((self.build)(&key)?);
        let mut limiters = self.limiters.lock();
        if limiters.len() >= self.max && !limiters.contains_key::<K>(&key) {
            limiters.retain(|_, limiter| !(Arc::strong_count(limiter) == 1 && limiter.is_idle()));
            if limiters.len() >= self.max {
                return Err(PoolError::Full { max: self.max });
            }
        }
        Ok(Arc::clone(limiters.entry(key).or_insert(made)))
    }
}
