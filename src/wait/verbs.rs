//! The verbs that wait: `acquire` and `reserve`.

use std::sync::Arc;
use std::time::Duration;

use super::acquire::Acquire;
use super::reservation::Reservation;
use crate::clock::{Clock, Timestamp};
use crate::error::Denied;
use crate::held::Held;
use crate::limiter::{Handle, RateLimiter};

impl<C: Clock> RateLimiter<C> {
    /// Asks for `n` permits. [`wait`](Acquire::wait) blocks this thread until they are granted,
    /// `.await` suspends the task. Nothing is taken until then.
    ///
    /// Requests are granted first come, first served, in the order in which their waits began.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::new(Quota::per_hour(2)?);
    /// let grant = limiter.acquire(2).wait()?;
    /// assert!(matches!(
    ///     limiter.acquire(1).timeout(Duration::from_secs(1)).wait(),
    ///     Err(AcquireError::TooLong { .. }) // at once
    /// ));
    /// grant.refund(); // the work failed
    /// assert!(limiter.acquire(1).wait().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn acquire(&self, n: u64) -> Acquire<'_, C> {
        Acquire::new(Held::Borrowed(self), n)
    }

    /// Does what [`acquire`](Self::acquire) does. The request keeps the limiter alive and borrows
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limiter = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let grant = tokio::spawn(limiter.acquire_owned(5)).await??;
    /// assert_eq!(grant.amount(), 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_owned(self: &Arc<Self>, n: u64) -> Acquire<'static, C> {
        Acquire::new(self.shared(), n)
    }

    /// Takes an entry of the queue for `n` permits now, however long it has to wait.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed, if `n` exceeds the burst, the queue is full, or the
    /// limiter is closed or saturated.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(1).unwrap();
    /// let reservation = limiter.reserve(1).unwrap();
    /// assert_eq!(reservation.wait_time(), Duration::from_secs(1));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve(&self, n: u64) -> Result<Reservation<'_, C>, Denied> {
        self.reserve_at(self.clock().now(), n)
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
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// assert!(limiter.reserve_at(limiter.clock().now(), 1).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_at(&self, now: Timestamp, n: u64) -> Result<Reservation<'_, C>, Denied> {
        self.reserve_by(Held::Borrowed(self), now, n, None)
    }

    /// Takes an entry of the queue for `n` permits if the entry is due within `max_wait`.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed: the same as [`reserve`](Self::reserve), or if the wait
    /// would be longer. Then [`Denied::retry_after`] is the wait that it would have been.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(1).unwrap();
    /// let denied = limiter.reserve_within(1, Duration::from_millis(500)).unwrap_err();
    /// assert_eq!(denied.retry_after(), Some(Duration::from_secs(1)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_within(&self, n: u64, max_wait: Duration) -> Result<Reservation<'_, C>, Denied> {
        self.reserve_within_at(self.clock().now(), n, max_wait)
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
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// let now = limiter.clock().now();
    /// assert!(limiter.reserve_within_at(now, 1, Duration::ZERO).is_ok());
    /// assert!(limiter.reserve_within_at(now, 1, Duration::ZERO).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_within_at(&self, now: Timestamp, n: u64, max_wait: Duration) -> Result<Reservation<'_, C>, Denied> {
        self.reserve_by(Held::Borrowed(self), now, n, Some(max_wait))
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
    /// use limitor::{Quota, RateLimiter};
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let limiter = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let reservation = limiter.reserve_owned(5).unwrap();
    /// assert!(thread::spawn(move || reservation.wait().is_ok()).join().unwrap());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_owned(self: &Arc<Self>, n: u64) -> Result<Reservation<'static, C>, Denied> {
        self.reserve_by(self.shared(), self.clock().now(), n, None)
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
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let limiter = Arc::new(RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new()));
    /// limiter.try_acquire(1).unwrap();
    /// assert!(limiter.reserve_within_owned(1, Duration::from_secs(1)).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reserve_within_owned(
        self: &Arc<Self>,
        n: u64,
        max_wait: Duration,
    ) -> Result<Reservation<'static, C>, Denied> {
        self.reserve_by(self.shared(), self.clock().now(), n, Some(max_wait))
    }

    fn reserve_by<'a>(
        &self,
        handle: Handle<'a, C>,
        now: Timestamp,
        n: u64,
        max_wait: Option<Duration>,
    ) -> Result<Reservation<'a, C>, Denied> {
        let by = max_wait.map(|wait| self.clock().tick().later(now, wait));
        let entered = self.engine.enter(now, n, by, self.max_waiters());
        Ok(Reservation::new(handle, n, by, entered.map_err(|refused| self.denied(n, refused))?))
    }
}
