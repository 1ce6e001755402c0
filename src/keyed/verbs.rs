//! The verbs that wait for a key: `acquire` and `reserve`.

use std::sync::Arc;
use std::time::Duration;

use super::acquire::Acquire;
use super::key::Lookup;
use super::known::Known;
use super::limiter::{Handle, KeyedLimiter};
use super::reservation::Reservation;
use crate::clock::{Clock, Timestamp};
use crate::error::{Denied, Refused};
use crate::held::Held;

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Asks for `n` permits of a key. [`wait`](Acquire::wait) blocks this thread until they are
    /// granted, `.await` suspends the task. Nothing is taken until then.
    ///
    /// Requests for the same key are granted first come, first served, in the order in which their
    /// waits began.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(1_000)?.with_burst(1)?);
    /// for _ in 0..3 {
    ///     limiter.acquire(&7, 1).timeout(Duration::from_secs(1)).wait()?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn acquire<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) -> Acquire<'_, K, C> {
        Acquire::new(Held::Borrowed(self), self.known(key), n)
    }

    /// Does what [`acquire`](Self::acquire) does. The request keeps the limiter alive and borrows
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    /// use std::sync::Arc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limiter = Arc::new(KeyedLimiter::<String>::new(Quota::per_second(100)?));
    /// let grant = tokio::spawn(limiter.acquire_owned("ann", 5)).await??;
    /// assert_eq!(grant.amount(), 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_owned<Q: Lookup<K> + ?Sized>(self: &Arc<Self>, key: &Q, n: u64) -> Acquire<'static, K, C> {
        Acquire::new(self.shared(), self.known(key), n)
    }

    /// Takes an entry of a key's queue for `n` permits now, however long it has to wait.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed, if `n` exceeds the burst, the queue of the key is full, or
    /// the key is saturated or the limiter closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(&7, 1).unwrap();
    /// assert_eq!(limiter.reserve(&7, 1).unwrap().wait_time(), Duration::from_secs(1));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) -> Result<Reservation<'_, K, C>, Denied> {
        self.reserve_at(self.clock().now(), key, n)
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
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(1)?);
    /// assert!(limiter.reserve_at(limiter.clock().now(), &7, 1).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_at<Q: Lookup<K> + ?Sized>(
        &self,
        now: Timestamp,
        key: &Q,
        n: u64,
    ) -> Result<Reservation<'_, K, C>, Denied> {
        self.reserve_known(Held::Borrowed(self), self.known(key), now, n, None)
    }

    /// Takes an entry of a key's queue for `n` permits if the entry is due within `max_wait`.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed: the same as [`reserve`](Self::reserve), or if the wait
    /// would be longer. Then [`Denied::retry_after`] is the wait that it would have been.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(&7, 1).unwrap();
    /// let denied = limiter.reserve_within(&7, 1, Duration::from_millis(500)).unwrap_err();
    /// assert_eq!(denied.retry_after(), Some(Duration::from_secs(1)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_within<Q: Lookup<K> + ?Sized>(
        &self,
        key: &Q,
        n: u64,
        max_wait: Duration,
    ) -> Result<Reservation<'_, K, C>, Denied> {
        self.reserve_within_at(self.clock().now(), key, n, max_wait)
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
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(1)?);
    /// let now = limiter.clock().now();
    /// assert!(limiter.reserve_within_at(now, &7, 1, Duration::ZERO).is_ok());
    /// assert!(limiter.reserve_within_at(now, &7, 1, Duration::ZERO).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_within_at<Q: Lookup<K> + ?Sized>(
        &self,
        now: Timestamp,
        key: &Q,
        n: u64,
        max_wait: Duration,
    ) -> Result<Reservation<'_, K, C>, Denied> {
        self.reserve_known(Held::Borrowed(self), self.known(key), now, n, Some(max_wait))
    }

    /// Does what [`reserve`](Self::reserve) does. The reservation keeps the limiter alive and
    /// borrows nothing.
    ///
    /// # Errors
    ///
    /// The same as [`reserve`](Self::reserve).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let limiter = Arc::new(KeyedLimiter::<String>::new(Quota::per_second(100)?));
    /// let reservation = limiter.reserve_owned("ann", 5).unwrap();
    /// assert!(thread::spawn(move || reservation.wait().is_ok()).join().unwrap());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_owned<Q: Lookup<K> + ?Sized>(
        self: &Arc<Self>,
        key: &Q,
        n: u64,
    ) -> Result<Reservation<'static, K, C>, Denied> {
        self.reserve_known(self.shared(), self.known(key), self.clock().now(), n, None)
    }

    /// Does what [`reserve_within`](Self::reserve_within) does. The reservation keeps the limiter
    /// alive and borrows nothing.
    ///
    /// # Errors
    ///
    /// The same as [`reserve_within`](Self::reserve_within).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// let limiter = Arc::new(limiter);
    /// limiter.try_acquire(&7, 1).unwrap();
    /// assert!(limiter.reserve_within_owned(&7, 1, Duration::from_secs(1)).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_within_owned<Q: Lookup<K> + ?Sized>(
        self: &Arc<Self>,
        key: &Q,
        n: u64,
        max_wait: Duration,
    ) -> Result<Reservation<'static, K, C>, Denied> {
        self.reserve_known(self.shared(), self.known(key), self.clock().now(), n, Some(max_wait))
    }

    /// Takes an entry for a key that has been looked up.
    pub(super) fn reserve_known<'a>(
        &self,
        handle: Handle<'a, K, C>,
        known: Result<Known<K>, Refused>,
        now: Timestamp,
        n: u64,
        max_wait: Option<Duration>,
    ) -> Result<Reservation<'a, K, C>, Denied> {
        let known = known.map_err(|refused| self.denied_unknown(n, refused))?;
        let by = max_wait.map(|wait| self.clock().tick().later(now, wait));
        match self.enter_queue(&known, now, n, by) {
            Ok(entered) => Ok(Reservation::new(handle, known, n, entered)),
            Err(refused) => Err(self.denied(&known, n, refused)),
        }
    }
}
