//! A key of a keyed limiter as a limiter of its own: the type, its decisions and its waits.

mod control;
mod query;
mod settle;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::acquire::Acquire;
use super::amount::Amount;
use super::grant::Grant;
use super::key::Lookup;
use super::known::Known;
use super::limiter::{Handle, KeyedLimiter};
use super::reservation::Reservation;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{Denied, Refused};
use crate::held::Held;
use crate::quota::Quota;

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Looks a key up once, for several requests.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<String>::new(Quota::per_minute(100)?);
    /// let ann = limiter.key("ann");
    /// ann.try_acquire(60).unwrap().reconcile(20);
    /// assert_eq!(ann.available(), 80);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn key<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Key<'_, K, C> {
        Key { limiter: Held::Borrowed(self), known: self.known(key) }
    }

    /// Does what [`key`](Self::key) does. The handle keeps the limiter alive and borrows nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let limiter = Arc::new(KeyedLimiter::<String>::new(Quota::per_minute(100)?));
    /// let ann = limiter.key_owned("ann");
    /// thread::spawn(move || ann.charge(20)).join().unwrap();
    /// assert_eq!(limiter.available("ann"), 80);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn key_owned<Q: Lookup<K> + ?Sized>(self: &Arc<Self>, key: &Q) -> Key<'static, K, C> {
        Key { limiter: self.shared(), known: self.known(key) }
    }
}

/// A key of a keyed limiter, looked up once: a limiter of its own for callers.
///
/// Made by [`KeyedLimiter::key`]. The handle keeps the quota that the key had then. It takes no
/// room in the table.
///
/// # Examples
///
/// ```
/// use limitor::{KeyedLimiter, Quota};
///
/// let limiter = KeyedLimiter::<String>::new(Quota::per_minute(100)?);
/// let ann = limiter.key("ann");
/// assert!(ann.try_acquire(100).is_ok());
/// assert!(ann.try_acquire(1).is_err());
/// assert!(limiter.key("bob").try_acquire(1).is_ok());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct Key<'a, K, C: Clock = SystemClock> {
    limiter: Handle<'a, K, C>,
    /// `Err` if the key can have no quota.
    known: Result<Known<K>, Refused>,
}

impl<K, C: Clock> Clone for Key<'_, K, C> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), known: self.known.clone() }
    }
}

/// Shows the limiter, not the key.
impl<K, C: Clock> fmt::Debug for Key<'_, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("limiter", &*self.limiter).finish_non_exhaustive()
    }
}

impl<'a, K, C: Clock> Key<'a, K, C> {
    /// Returns the limiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// assert_eq!(limiter.key(&7).limiter().available(&8), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn limiter(&self) -> &KeyedLimiter<K, C> {
        &self.limiter
    }

    /// Returns the quota of the key, or the quota that the limiter was built with if the key can
    /// have none.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// assert_eq!(limiter.key(&7).quota().burst(), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn quota(&self) -> Quota {
        let store = &self.limiter.store;
        self.known.as_ref().map_or_else(|_| store.tiers.first(), |known| store.tier(known)).rate.quota()
    }

    fn now(&self) -> Timestamp {
        self.limiter.clock().now()
    }

    fn denied(&self, n: u64, refused: Refused) -> Denied {
        Denied::new(n, self.quota(), refused)
    }

    /// Takes `n` permits of the key if they are available now.
    ///
    /// # Errors
    ///
    /// The same as [`KeyedLimiter::try_acquire`].
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// assert_eq!(limiter.key(&7).try_acquire(40).unwrap().remaining(), 60);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire(&self, n: u64) -> Result<Grant<'a, K, C>, Denied> {
        self.try_acquire_at(self.now(), n)
    }

    /// Does what [`try_acquire`](Self::try_acquire) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`KeyedLimiter::try_acquire`].
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let now = limiter.clock().now();
    /// assert!(limiter.key(&7).try_acquire_at(now, 100).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire_at(&self, now: Timestamp, n: u64) -> Result<Grant<'a, K, C>, Denied> {
        let known = self.known.as_ref().map_err(|refused| self.denied(n, *refused))?;
        if let Some(charge) = self.limiter.take_ordinary(known, now, n) {
            return Ok(Grant::new(self.limiter.clone(), known.clone(), n, charge));
        }
        self.limiter.grant(self.limiter.clone(), known.clone(), now, Amount::Exactly(n))
    }

    /// Takes as many permits of the key as are available now, at least 1 and at most `n`.
    ///
    /// # Errors
    ///
    /// The same as [`KeyedLimiter::try_acquire_up_to`].
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// assert_eq!(limiter.key(&7).try_acquire_up_to(1_000).unwrap().amount(), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire_up_to(&self, n: u64) -> Result<Grant<'a, K, C>, Denied> {
        self.try_acquire_up_to_at(self.now(), n)
    }

    /// Does what [`try_acquire_up_to`](Self::try_acquire_up_to) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire_up_to`](Self::try_acquire_up_to).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let (key, now) = (limiter.key(&7), limiter.clock().now());
    /// assert_eq!(key.try_acquire_up_to_at(now, 1_000).unwrap().amount(), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire_up_to_at(&self, now: Timestamp, n: u64) -> Result<Grant<'a, K, C>, Denied> {
        let known = self.known.clone().map_err(|refused| self.denied(n.min(1), refused))?;
        self.limiter.grant(self.limiter.clone(), known, now, Amount::UpTo(n))
    }

    /// Asks for `n` permits of the key, to be waited for. Nothing is taken until then.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(1_000)?);
    /// limiter.key(&7).acquire(1).wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn acquire(&self, n: u64) -> Acquire<'a, K, C> {
        Acquire::new(self.limiter.clone(), self.known.clone(), n)
    }

    /// Takes an entry of the key's queue for `n` permits now, however long it has to wait.
    ///
    /// # Errors
    ///
    /// The same as [`KeyedLimiter::reserve`].
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// let key = limiter.key(&7);
    /// key.try_acquire(1).unwrap();
    /// assert_eq!(key.reserve(1).unwrap().wait_time(), Duration::from_secs(1));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve(&self, n: u64) -> Result<Reservation<'a, K, C>, Denied> {
        self.reserve_at(self.now(), n)
    }

    /// Does what [`reserve`](Self::reserve) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`reserve`](Self::reserve).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let (key, now) = (limiter.key(&7), limiter.clock().now());
    /// assert!(key.reserve_at(now, 100).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_at(&self, now: Timestamp, n: u64) -> Result<Reservation<'a, K, C>, Denied> {
        self.limiter.reserve_known(self.limiter.clone(), self.known.clone(), now, n, None)
    }

    /// Takes an entry of the key's queue for `n` permits if the entry is due within `max_wait`.
    ///
    /// # Errors
    ///
    /// The same as [`KeyedLimiter::reserve_within`].
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// let key = limiter.key(&7);
    /// key.try_acquire(1).unwrap();
    /// assert!(key.reserve_within(1, Duration::from_millis(999)).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_within(&self, n: u64, max_wait: Duration) -> Result<Reservation<'a, K, C>, Denied> {
        self.reserve_within_at(self.now(), n, max_wait)
    }

    /// Does what [`reserve_within`](Self::reserve_within) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`reserve_within`](Self::reserve_within).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_minute(100)?);
    /// let (key, now) = (limiter.key(&7), limiter.clock().now());
    /// assert!(key.reserve_within_at(now, 100, Duration::ZERO).is_ok());
    /// assert!(key.reserve_within_at(now, 1, Duration::ZERO).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_within_at(
        &self,
        now: Timestamp,
        n: u64,
        max_wait: Duration,
    ) -> Result<Reservation<'a, K, C>, Denied> {
        self.limiter.reserve_known(self.limiter.clone(), self.known.clone(), now, n, Some(max_wait))
    }
}
