//! The keyed limiter itself. Its verbs are in the files beside this one.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;
use foldhash::quality::RandomState;

use super::awaited::Awaited;
use super::config::Config;
use super::key::Lookup;
use super::known::Known;
use super::site::Site;
use super::store::Store;
use super::tiers::Tiers;
use crate::clock::{Clock, SystemClock};
use crate::error::{Denied, Refused};
use crate::held::Held;
use crate::limiter::RateLimiter;
use crate::quota::Quota;
use crate::sync::yield_now;

/// A limit for each of any number of keys (users, addresses, tenants), in bounded memory.
///
/// | to | call |
/// |---|---|
/// | wait for permits of a key (what most callers want) | [`acquire(&key, n).wait()`](Self::acquire) or `.await` |
/// | wait, but not longer than a time | [`acquire(&key, n).timeout(t).wait()`](Self::acquire) |
/// | take permits only if they are available now | [`try_acquire(&key, n)`](Self::try_acquire) |
/// | take an entry of the key's queue now and wait for it later, or not | [`reserve(&key, n)`](Self::reserve) |
/// | settle the actual cost of work that was estimated | [`Grant::reconcile`](crate::keyed::Grant::reconcile) |
/// | look, and take nothing | [`available(&key)`](Self::available), [`standing(&key)`](Self::standing) |
/// | do several of these with one key | [`key(&key)`](Self::key) |
///
/// A key whose permits have all come back is no different from a key that was never seen. So the
/// limiter remembers only the keys that took something within the last `burst · T`, and 8 bytes of
/// each. The table for them is made once and does not grow. A decision costs one cache miss. A
/// decision on a key that is in the table takes no lock, and no decision allocates.
///
/// Requests that wait for a key have a queue of that key. It delays no other key, and is there only
/// while requests wait.
///
/// # Exactness
///
/// Each key has the [bound](crate::RateLimiter#the-bound) of a limiter of its own, exactly. Two
/// things depend on chance:
///
/// - *Keys that are taken for each other.* A key is known by a hash with a secret seed: by the set
///   that the hash leads to and 32 more bits (26 with
///   [`quota_for`](crate::keyed::Builder::quota_for)). The chance that a new key is taken for one
///   of the 10 that can be in its set is less than 1 in 400 million. Then the two share a limit.
/// - *Sets that are full.* If all 10 entries of a key's set are busy, the key takes the entry with
///   the least debt and begins with that debt, so it may be refused too early. (If debts were
///   forgotten instead, each forgotten key would get a fresh burst.) With
///   [`max_keys`](crate::keyed::Builder::max_keys) keys busy at once, this happens to 0.66 % of
///   them; with half as many to 0.005 %, with twice as many to 15 %. [`evictions`](Self::evictions)
///   counts it.
///
/// # Size
///
/// 24 bytes for each key that the limiter is for, rounded up to 128. Choose
/// [`max_keys`](crate::keyed::Builder::max_keys) as the number of keys that ask within `burst · T`,
/// the time after which an exhausted key has its burst again. For 100 requests a minute, this is
/// the number of keys in a minute.
///
/// # Two tables
///
/// By default, keys are known by their hash, as described above. With the feature `exact`, a
/// limiter that is built with `Builder::exact` stores its keys instead. Then nothing depends on
/// chance:
///
/// | | by hash | `exact` |
/// |---|---|---|
/// | keys taken for each other | 1 newcomer in 400 million | never |
/// | a newcomer when `max_keys` keys are busy | begins with the least debt of its set | is refused until the first of them is idle |
/// | memory | 24 bytes for each key that it is for, from the start | for each key that it has: 142 bytes for a `u64`, 202 for a `String` of 20 bytes |
/// | a decision | one cache miss | two or three, and about 140 instructions more |
/// | a newcomer | allocates nothing, takes the lock of one set | the key is cloned, takes the lock of one part of up to 64 |
/// | which keys are busy | unknown | `keys` |
///
/// The memory is what a million keys add to the resident memory of a process, divided by a million.
/// In both tables it is bounded by `max_keys`. Both tables are exact otherwise: a debt is never
/// forgotten, and no key is granted more than a limiter of its own would grant. Use the hashed
/// table unless you cannot accept a 1-in-400-million chance that two keys share a limit, or an
/// early refusal under a flood of keys.
///
/// With `exact`, a flood of fresh keys can keep other newcomers out for as long as the keys of the
/// flood are busy. Keys that are known are not affected.
///
/// # An attacker with many keys
///
/// An attacker that sends a fresh key each time can neither make the table grow nor reset the debt
/// of any key: the keys with the least debt lose their entries, and no key enters with less than
/// that. With more busy keys than the table is for, the attacker can make newcomers begin with a
/// debt, as small as the least there is. If keys can be made up freely, limit the making of keys
/// too: by address, or all together.
///
/// # Examples
///
/// ```
/// use limitor::{KeyedLimiter, Quota};
///
/// let limiter = KeyedLimiter::<String>::builder(Quota::per_minute(100)?).max_keys(1_000_000).build();
/// assert!(limiter.try_acquire("ann", 100).is_ok());
/// assert!(limiter.try_acquire("ann", 1).is_err());
/// assert!(limiter.try_acquire("bob", 1).is_ok());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct KeyedLimiter<K, C: Clock = SystemClock> {
    pub(super) store: Store<K>,
    hasher: RandomState,
    clock: C,
    pub(super) awaited: Awaited<K, C>,
    evictions: CachePadded<AtomicU64>,
    copy_clock: fn(&C) -> C,
    config: Config<K>,
}

/// A keyed limiter, borrowed or shared: what a grant, a reservation or an acquire holds.
pub(super) type Handle<'a, K, C> = Held<'a, KeyedLimiter<K, C>>;

/// Shows the quotas and the memory. Shows no key.
impl<K, C: Clock> fmt::Debug for KeyedLimiter<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedLimiter")
            .field("quotas", &self.store.tiers)
            .field("memory", &self.store.memory())
            .finish_non_exhaustive()
    }
}

impl<K> KeyedLimiter<K> {
    /// Builds a limiter on the system's clock, with this quota for each of 100,000 keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// assert_eq!(limiter.available(&7), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn new(quota: Quota) -> Self {
        Self::with_clock(quota, SystemClock::new())
    }
}

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Builds a limiter on another clock, with this quota for each of 100,000 keys. Clones of the
    /// clock must be the same clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    ///
    /// let clock = ManualClock::new();
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, clock.clone());
    /// assert!(limiter.try_acquire(&7, 1).is_ok());
    /// clock.advance(std::time::Duration::from_secs(1));
    /// assert!(limiter.try_acquire(&7, 1).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn with_clock(quota: Quota, clock: C) -> Self
    where
        C: Clone,
    {
        Self::assemble(Config::new(quota), clock)
    }

    pub(super) fn assemble(config: Config<K>, clock: C) -> Self
    where
        C: Clone,
    {
        let tiers = Tiers::new(config.quota, config.classes.clone(), clock.tick(), clock.now());
        Self {
            store: Store::new((config.words)(config.max_keys), tiers),
            hasher: RandomState::default(),
            clock,
            awaited: Awaited::new(),
            evictions: CachePadded::default(),
            copy_clock: C::clone,
            config,
        }
    }

    /// Returns the clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(10)?);
    /// let now = limiter.clock().now(); // read once, for two decisions
    /// assert!(limiter.try_acquire_at(now, &1, 10).is_ok());
    /// assert!(limiter.try_acquire_at(now, &2, 10).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// Returns the quota of a key.
    ///
    /// If the keys have more than 64 different quotas and this key's is not among the first 64,
    /// returns the quota that the limiter was built with. Requests for such a key are refused with
    /// [`TooManyQuotas`](crate::Reason::TooManyQuotas).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<String>::new(Quota::per_second(10)?);
    /// assert_eq!(limiter.quota("ann").burst(), 10);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn quota<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Quota {
        self.store.tiers.of_key(key).map_or_else(|_| self.config.quota, |(_, tier)| tier.rate.quota())
    }

    #[inline]
    pub(super) fn hash<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key)
    }

    /// A key as it is known from now on. An error if it can have no quota.
    pub(super) fn known<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Result<Known<K>, Refused> {
        let (tier, _) = self.store.tiers.of_key(key)?;
        Ok(self.store.known(key, self.hash(key), tier))
    }

    /// The refusal of a request for `n` permits of a key that can have no quota.
    pub(super) fn denied_unknown(&self, n: u64, refused: Refused) -> Denied {
        Denied::new(n, self.config.quota, refused)
    }

    /// The refusal of a request for `n` permits of a key.
    pub(super) fn denied(&self, known: &Known<K>, n: u64, refused: Refused) -> Denied {
        Denied::new(n, self.store.tier(known).rate.quota(), refused)
    }

    /// A handle that shares the limiter.
    pub(super) fn shared(self: &Arc<Self>) -> Handle<'static, K, C> {
        Held::Shared(Arc::clone(self))
    }

    pub(super) fn count_eviction(&self) {
        self.evictions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_of_evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }
}

/// The limiters of keys that are waited for.
impl<K, C: Clock> KeyedLimiter<K, C> {
    /// A limiter that has the word of a key.
    pub(super) fn limiter_with(&self, known: &Known<K>, word: u64) -> RateLimiter<C> {
        let Config { strategy, max_waiters, .. } = self.config;
        let clock = (self.copy_clock)(&self.clock);
        RateLimiter::resume(self.store.tier(known).rate, word, clock, strategy, max_waiters)
    }

    /// What `ask` gets from the limiter that has the key's word. `None` if the word has gone back,
    /// or is on its way.
    pub(super) fn with_awaited<R>(
        &self,
        site: &Site<'_, K>,
        name: usize,
        ask: impl FnOnce(&RateLimiter<C>) -> R,
    ) -> Option<R> {
        let Some(limiter) = self.awaited.get(name, &site.owner()) else {
            yield_now();
            return None;
        };
        let answer = ask(&limiter);
        drop(limiter);
        self.release(name);
        Some(answer)
    }

    /// Puts a word back, if no request waits for it. To be called when the limiter that has the
    /// word has been let go of.
    pub(super) fn release(&self, name: usize) {
        self.awaited.release(name, &self.store);
    }

    /// Puts back all words without a waiter that could make room for this one.
    pub(super) fn release_others(&self, site: &mut Site<'_, K>) {
        site.others(|name| self.release(name));
    }
}
