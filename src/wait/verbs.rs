//! The verbs that wait: `acquire` and `reserve`.

use std::sync::Arc;
use std::time::Duration;

use super::acquire::Acquire;
use super::reservation::Reservation;
use crate::clock::{Clock, Timestamp};
use crate::error::Denied;
use crate::handle::Handle;
use crate::limiter::RateLimiter;

impl<C: Clock> RateLimiter<C> {
    /// Asks for `n` permits, to be waited for with [`wait`](Acquire::wait) on this thread. Nothing is taken until then.
    ///
    /// Turns are first come, first served, in the order in which the waits began.
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
    ///     Err(AcquireError::TooLong { .. }) // said at once
    /// ));
    /// grant.refund(); // the work failed
    /// assert!(limiter.acquire(1).wait().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn acquire(&self, n: u64) -> Acquire<'_, C> {
        Acquire::new(Handle::Borrowed(self), n)
    }

    /// [`acquire`](Self::acquire) that keeps the limiter alive and borrows nothing.
    pub fn acquire_owned(self: &Arc<Self>, n: u64) -> Acquire<'static, C> {
        Acquire::new(Handle::Shared(Arc::clone(self)), n)
    }

    /// Takes a place for `n` permits at once, however long it has to wait.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed, if `n` is over the burst, the queue is full, or the limiter closed or saturated.
    pub fn reserve(&self, n: u64) -> Result<Reservation<'_, C>, Denied> {
        self.reserve_at(self.clock().now(), n)
    }

    /// [`reserve`](Self::reserve) at a given reading of the clock.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub fn reserve_at(&self, now: Timestamp, n: u64) -> Result<Reservation<'_, C>, Denied> {
        self.place(Handle::Borrowed(self), now, n, None)
    }

    /// Takes a place for `n` permits if it comes due within `max_wait`.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed: as for [`reserve`](Self::reserve), or if the wait would be longer. Then
    /// [`Denied::retry_after`] is the wait it would have been.
    pub fn reserve_within(&self, n: u64, max_wait: Duration) -> Result<Reservation<'_, C>, Denied> {
        self.reserve_within_at(self.clock().now(), n, max_wait)
    }

    /// [`reserve_within`](Self::reserve_within) at a given reading of the clock.
    ///
    /// # Errors
    ///
    /// As [`reserve_within`](Self::reserve_within).
    pub fn reserve_within_at(&self, now: Timestamp, n: u64, max_wait: Duration) -> Result<Reservation<'_, C>, Denied> {
        self.place(Handle::Borrowed(self), now, n, Some(max_wait))
    }

    /// [`reserve`](Self::reserve) that keeps the limiter alive and borrows nothing.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub fn reserve_owned(self: &Arc<Self>, n: u64) -> Result<Reservation<'static, C>, Denied> {
        self.place(Handle::Shared(Arc::clone(self)), self.clock().now(), n, None)
    }

    fn place<'a>(
        &self,
        handle: Handle<'a, C>,
        now: Timestamp,
        n: u64,
        max_wait: Option<Duration>,
    ) -> Result<Reservation<'a, C>, Denied> {
        let by = max_wait.map(|wait| self.clock().tick().later(now, wait));
        let joined = self.join(now, n, by).map_err(|refused| self.meter.denied(n, refused))?;
        Ok(Reservation::new(handle, n, by, joined))
    }
}
