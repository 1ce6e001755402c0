//! A limiter for each key: users, models, or both.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use super::limiter::LlmLimiter;
use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::sync::Lock;

/// Keeps a limiter for each key: for each user, each model, or each pair of them.
///
/// The pool makes the limiter of a key when the key is first requested. With most providers the
/// versions of a model share a limit. Then use the class of the model as the key, not the model.
///
/// There are at most `max` limiters at a time. If there is no room, the pool forgets the limiters
/// that are [idle](LlmLimiter::is_idle) and that no caller holds, which do not differ from new
/// ones. If there are none, a new key is refused. The pool never resets a limit to make room.
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
/// ann.acquire(Usage::new(20_000, 10_000)).wait()?.reconcile(Usage::new(20_000, 10_000));
/// assert_eq!(pool.limiter(&(7, class("gpt-4o")))?.available().tokens, Some(0)); // the same limiter
/// assert_eq!(pool.limiter(&(7, class("gpt-4o-mini")))?.available().tokens, Some(200_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LlmPool<K, C: Clock = SystemClock> {
    limiters: Lock<HashMap<K, Arc<LlmLimiter<C>>>>,
    build: Build<K, C>,
    max: usize,
}

type Build<K, C> = Box<dyn Fn(&K) -> Result<LlmLimiter<C>, BuildError> + Send + Sync>;

/// The error of [`LlmPool::limiter`]: the pool cannot make the limiter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The pool has as many limiters as it may have, and all are in use.
    #[error("no limiter for another key: all {max} limiters of the pool are in use")]
    #[non_exhaustive]
    Full {
        /// The most limiters that the pool may have.
        max: usize,
    },
    /// The limits of the key are not valid.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl<K, C: Clock> fmt::Debug for LlmPool<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlmPool").field("len", &self.len()).field("max", &self.max).finish_non_exhaustive()
    }
}

impl<K, C: Clock> LlmPool<K, C> {
    /// Makes a pool of at most `max` limiters, each made by `build` from its key.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, LlmPool};
    ///
    /// let pool = LlmPool::new(1_000, |_user: &u64| LlmLimiter::builder().tokens_per_minute(30_000).build());
    /// assert!(pool.is_empty());
    /// # let _ = pool.limiter(&7);
    /// ```
    pub fn new(max: usize, build: impl Fn(&K) -> Result<LlmLimiter<C>, BuildError> + Send + Sync + 'static) -> Self {
        Self { limiters: Lock::new(HashMap::new()), build: Box::new(build), max }
    }

    /// Returns the number of limiters now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, LlmPool};
    ///
    /// let pool = LlmPool::new(10, |_user: &u64| LlmLimiter::builder().tokens_per_minute(30_000).build());
    /// let ann = pool.limiter(&7)?;
    /// assert_eq!(pool.len(), 1);
    /// # Ok::<(), limitor::llm::PoolError>(())
    /// ```
    pub fn len(&self) -> usize {
        self.limiters.lock().len()
    }

    /// Returns whether the pool has no limiter now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash + Eq, C: Clock> LlmPool<K, C> {
    /// Returns the limiter of a key, and makes it if there is none.
    ///
    /// Hold the limiter for as long as its calls take, and request it again for the next call. The
    /// pool may forget a limiter that is idle and that no caller holds.
    ///
    /// # Errors
    ///
    /// - [`PoolError::Full`] if there is no room for another limiter.
    /// - [`PoolError::Build`] if the limits of the key are not valid.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, LlmPool, PoolError};
    ///
    /// let pool = LlmPool::new(1, |_user: &u64| LlmLimiter::builder().tokens_per_minute(30_000).build());
    /// let ann = pool.limiter(&1)?;
    /// let _call = ann.try_acquire(100).unwrap();
    /// assert!(matches!(pool.limiter(&2), Err(PoolError::Full { max: 1, .. })));
    /// # Ok::<(), PoolError>(())
    /// ```
    pub fn limiter<Q: Hash + Eq + ToOwned<Owned = K> + ?Sized>(&self, key: &Q) -> Result<Arc<LlmLimiter<C>>, PoolError>
    where
        K: Borrow<Q>,
    {
        if let Some(limiter) = self.limiters.lock().get(key) {
            return Ok(Arc::clone(limiter));
        }
        // `build` is foreign code and must not run under the lock. If another caller has inserted a
        // limiter meanwhile, this one is not used.
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
