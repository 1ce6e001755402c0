//! Keyed limiters built to order.

use std::borrow::Borrow;
use std::fmt;
#[cfg(feature = "exact")]
use std::hash::Hash;

use super::KeyedLimiter;
use super::store::Words;
use super::tiers::Classes;
use crate::clock::{Clock, SystemClock};
use crate::quota::Quota;
use crate::pace::Strategy;

/// How many keys a limiter is for unless it is said: they take 2.4 MB.
const MAX_KEYS: usize = 100_000;

/// Builds a [`KeyedLimiter`]; made by [`KeyedLimiter::builder`].
#[must_use]
pub struct Builder<K, C: Clock = SystemClock> {
    pub(super) quota: Quota,
    pub(super) clock: C,
    pub(super) max_keys: usize,
    /// Makes the table.
    pub(super) words: fn(usize) -> Words<K>,
    pub(super) classes: Option<Classes<K>>,
    pub(super) strategy: Strategy,
    pub(super) max_waiters: usize,
}

impl<K, C: Clock> fmt::Debug for Builder<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("quota", &self.quota)
            .field("max_keys", &self.max_keys)
            .finish_non_exhaustive()
    }
}

impl<K, C: Clock + Clone + 'static> Builder<K, C> {
    /// The default limiter of this quota for each key, on this clock.
    pub fn new(quota: Quota, clock: C) -> Self {
        Self {
            quota,
            clock,
            max_keys: MAX_KEYS,
            words: Words::hashed,
            classes: None,
            strategy: Strategy::default(),
            max_waiters: usize::MAX,
        }
    }

    /// Make room for so many keys that are busy at a time: 24 bytes each, occupied from the start and never more.
    ///
    /// Busy is a key that took something within the last `burst · T`; others need no room. See
    /// [`KeyedLimiter`](KeyedLimiter#size) for how to choose it, and for what happens beyond it.
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// Store the keys, so that none is ever taken for another, and none begins with the debt of another.
    ///
    /// A key is stored when it is first granted something, and forgotten when its room is needed and its permits have all come
    /// back. When [`max_keys`](Self::max_keys) are busy, a key that is not among them is refused, with the time until the first of
    /// them is idle; a debt of such a key is lost. [`crowded`](KeyedLimiter::crowded) counts both. Memory is taken as keys come, 142
    /// bytes for each `u64`, and never more than for `max_keys`; [`KeyedLimiter`](KeyedLimiter#two-tables) has the comparison.
    ///
    /// Keys are compared under a lock, so that must not involve the limiter. They are dropped without one, some time after
    /// they were forgotten.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota, Reason};
    ///
    /// let limiter = KeyedLimiter::<String>::builder(Quota::per_hour(100)?).max_keys(2).exact().build();
    /// assert!(limiter.try_acquire("ann", 1).is_ok());
    /// assert!(limiter.try_acquire("bob", 1).is_ok());
    /// // Full: until ann's permit has come back, there is no room for another.
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
        self.words = Words::exact;
        self
    }

    /// Give each key the quota that `quota_for` says, instead of one for all.
    ///
    /// It is asked at every decision, so it should be quick. It may be written for any form in which keys are looked up;
    /// looked up in another form, the key is cloned for it. There may be 64 different quotas, as of classes of users; a key
    /// with one more is refused with [`TooManyQuotas`](crate::Reason::TooManyQuotas). A key whose quota changes begins
    /// anew with the other one.
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
        self.classes = Some(Classes::new(quota_for));
        self
    }

    /// Use another clock. Clones of it must be the same clock.
    pub fn with_clock<D: Clock + Clone>(self, clock: D) -> Builder<K, D> {
        Builder {
            quota: self.quota,
            clock,
            max_keys: self.max_keys,
            words: self.words,
            classes: self.classes,
            strategy: self.strategy,
            max_waiters: self.max_waiters,
        }
    }

    /// How threads wait.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Let no more than `waiters` wait for one key at a time; the next is refused with
    /// [`QueueFull`](crate::AcquireError::QueueFull).
    pub fn max_waiters(mut self, waiters: usize) -> Self {
        self.max_waiters = waiters;
        self
    }

    /// Builds the limiter.
    pub fn build(self) -> KeyedLimiter<K, C> {
        KeyedLimiter::assemble(self)
    }
}
