//! Keyed limiters with options.

use std::borrow::Borrow;
use std::fmt;
#[cfg(feature = "exact")]
use std::hash::Hash;

use super::classes::Classes;
use super::config::Config;
use super::limiter::KeyedLimiter;
#[cfg(feature = "exact")]
use super::store::Words;
use crate::clock::{Clock, SystemClock};
use crate::pace::Strategy;
use crate::quota::Quota;

/// Builds a [`KeyedLimiter`]. Made by [`KeyedLimiter::builder`].
///
/// # Examples
///
/// ```
/// use limitor::{KeyedLimiter, Quota};
///
/// let limiter = KeyedLimiter::<String>::builder(Quota::per_minute(100)?)
///     .max_keys(50_000)
///     .max_waiters(10)
///     .build();
/// assert!(limiter.try_acquire("ann", 100).is_ok());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[must_use]
pub struct Builder<K, C: Clock = SystemClock> {
    config: Config<K>,
    clock: C,
}

impl<K, C: Clock + Clone> Clone for Builder<K, C> {
    fn clone(&self) -> Self {
        Self { config: self.config.clone(), clock: self.clock.clone() }
    }
}

impl<K, C: Clock> fmt::Debug for Builder<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { quota, max_keys, .. } = &self.config;
        f.debug_struct("Builder").field("quota", quota).field("max_keys", max_keys).finish_non_exhaustive()
    }
}

impl<K> KeyedLimiter<K> {
    /// Starts a limiter with options, on the system's clock unless [`Builder::clock`] is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::builder(Quota::per_minute(100)?).max_keys(1_000).build();
    /// assert_eq!(limiter.memory(), 24_064);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn builder(quota: Quota) -> Builder<K> {
        Builder::new(quota, SystemClock::new())
    }
}

impl<K, C: Clock> Builder<K, C> {
    /// Starts the default limiter of this quota for each key, on this clock: for 100,000 keys, with
    /// any number of waiters.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, keyed};
    ///
    /// let limiter = keyed::Builder::<u64, _>::new(Quota::per_second(1)?, ManualClock::new()).build();
    /// assert!(limiter.try_acquire(&7, 1).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn new(quota: Quota, clock: C) -> Self {
        Self { config: Config::new(quota), clock }
    }

    /// Makes room for so many keys that are busy at a time: 24 bytes each, from the start and never
    /// more. The default is 100,000.
    ///
    /// A key is busy if it took something within the last `burst · T`; other keys need no room. See
    /// [`KeyedLimiter`](KeyedLimiter#size) for how to choose the number, and for what happens
    /// beyond it.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::builder(Quota::per_minute(100)?).max_keys(1_000_000).build();
    /// assert_eq!(limiter.memory(), 24_000_000);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.config.max_keys = keys;
        self
    }

    /// Stores the keys, so that no key is taken for another, and no key begins with another key's
    /// debt.
    ///
    /// A key is stored when it is first granted something. It is forgotten when its room is needed
    /// and its permits have all come back. If [`max_keys`](Self::max_keys) keys are busy, a key
    /// that is not among them is refused with the time until the first of them is idle. A debt of
    /// such a key is lost. [`evictions`](KeyedLimiter::evictions) counts both. Memory is taken as
    /// keys come, 142 bytes for each `u64`, and never for more than `max_keys`;
    /// [`KeyedLimiter`](KeyedLimiter#two-tables) has the comparison.
    ///
    /// Keys are compared under a lock, so a comparison must not call the limiter. Keys are dropped
    /// without a lock, some time after they were forgotten.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota, Reason};
    ///
    /// let limiter = KeyedLimiter::<String>::builder(Quota::per_hour(100)?).max_keys(2).exact().build();
    /// assert!(limiter.try_acquire("ann", 1).is_ok());
    /// assert!(limiter.try_acquire("bob", 1).is_ok());
    /// // Full: until ann's permit has come back, there is no room for another key.
    /// let denied = limiter.try_acquire("cy", 1).unwrap_err();
    /// assert_eq!((denied.reason(), limiter.evictions()), (Reason::NotYet, 1));
    /// assert!(denied.retry_after().unwrap().as_secs() <= 36);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[cfg(feature = "exact")]
    pub fn exact(mut self) -> Self
    where
        K: Hash + Eq + Send + Sync + 'static,
    {
        self.config.words = Words::exact;
        self
    }

    /// Gives each key the quota that `quota_for` returns, instead of one quota for all keys.
    ///
    /// `quota_for` is called at every decision, so it should be fast. It may be written for any
    /// form in which keys are looked up. If a key is looked up in another form, the key is cloned
    /// for it.
    ///
    /// There may be 64 different quotas, such as those of classes of users. A key with one more is
    /// refused with [`TooManyQuotas`](crate::Reason::TooManyQuotas). If the quota of a key changes,
    /// the key begins as new with the other quota.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let (free, paid) = (Quota::per_minute(10)?, Quota::per_minute(600)?);
    /// let limiter = KeyedLimiter::<String>::builder(free)
    ///     .quota_for(move |user: &str| if user.starts_with("paid-") { paid } else { free })
    ///     .build();
    /// assert_eq!(limiter.available("paid-ann"), 600);
    /// assert_eq!(limiter.available("bob"), 10);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn quota_for<Q>(mut self, quota_for: impl Fn(&Q) -> Quota + Send + Sync + 'static) -> Self
    where
        K: Borrow<Q>,
        Q: ?Sized + 'static,
    {
        self.config.classes = Some(Classes::new(quota_for));
        self
    }

    /// Sets another clock. Clones of it must be the same clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    ///
    /// let clock = ManualClock::new();
    /// let limiter = KeyedLimiter::<u64>::builder(Quota::per_second(1)?).clock(clock.clone()).build();
    /// assert!(limiter.try_acquire(&7, 1).is_ok());
    /// assert!(limiter.try_acquire(&7, 1).is_err()); // the clock stands still
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn clock<D: Clock>(self, clock: D) -> Builder<K, D> {
        Builder { config: self.config, clock }
    }

    /// Sets how threads wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota, Strategy};
    ///
    /// let limiter =
    ///     KeyedLimiter::<u64>::builder(Quota::per_second(1_000)?).strategy(Strategy::Park).build();
    /// limiter.acquire(&7, 1).wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.config.strategy = strategy;
        self
    }

    /// Sets how many requests may wait for one key at a time. The next one is refused with
    /// [`QueueFull`](crate::AcquireError::QueueFull). By default there is no bound.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota, Reason};
    ///
    /// let limiter = KeyedLimiter::<u64>::builder(Quota::per_hour(1)?).max_waiters(1).build();
    /// limiter.try_acquire(&7, 1).unwrap();
    /// let _waiting = limiter.reserve(&7, 1).unwrap();
    /// assert_eq!(limiter.reserve(&7, 1).unwrap_err().reason(), Reason::QueueFull);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn max_waiters(mut self, waiters: usize) -> Self {
        self.config.max_waiters = waiters;
        self
    }

    /// Builds the limiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::builder(Quota::per_second(10)?).build();
    /// assert_eq!(limiter.available(&7), 10);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn build(self) -> KeyedLimiter<K, C>
    where
        C: Clone,
    {
        KeyedLimiter::assemble(self.config, self.clock)
    }
}
