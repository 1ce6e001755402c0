//! Asking for permits and waiting for them.

use std::fmt;
use std::time::Duration;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::patience::{Deadline, Patience};
use super::reservation::Reservation;
use crate::clock::{Clock, Timestamp};
use crate::error::AcquireError;
use crate::grant::Grant;
use crate::handle::Handle;
use crate::meter::Charge;

/// Permits asked for: [`wait`](Self::wait) blocks until they are granted, `.await` suspends until they are.
///
/// Lazy: nothing is taken before the wait or the first poll. Made by
/// [`RateLimiter::acquire`](crate::RateLimiter::acquire). As a future it needs the feature `async` (on by default) and no
/// particular executor; it is `Unpin`.
///
/// # Cancel safety
///
/// Dropped before its first poll, it has taken nothing. Dropped while pending, it gives its place back, once, and those
/// behind it move up. Dropped after its time had come but before it was polled again, the permits are spent: so in a
/// `select!`, keep it by reference if losing a grant matters. Polled again after it is done, it panics.
#[must_use = "nothing is acquired until this is waited for"]
pub struct Acquire<'a, C: Clock> {
    limiter: Handle<'a, C>,
    n: u64,
    patience: Patience,
    /// Once polled as a future.
    reservation: Option<Reservation<'a, C>>,
}

impl<C: Clock> fmt::Debug for Acquire<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("amount", &self.n).field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Acquire<'a, C> {
    pub(crate) fn new(limiter: Handle<'a, C>, n: u64) -> Self {
        Self {
            limiter,
            n,
            patience: Patience::default(),
            reservation: None,
        }
    }

    /// Wait no longer than `timeout`, counted from when the wait begins.
    ///
    /// If it would take longer, that is said at once, and nothing is consumed. A timeout of zero means now or never. With
    /// a [`deadline`](Self::deadline) as well, the earlier of the two holds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience.timeout = Some(timeout);
        self
    }

    /// Wait no longer than until `deadline`: a reading of the limiter's clock (see [`Clock::after`]) or an [`Instant`](std::time::Instant).
    ///
    /// If it would take longer, that is said at once, and nothing is consumed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, Quota, RateLimiter};
    /// use std::time::{Duration, Instant};
    ///
    /// let limiter = RateLimiter::new(Quota::per_hour(1)?);
    /// let deadline = Instant::now() + Duration::from_secs(30);
    /// assert!(limiter.acquire(1).deadline(deadline).wait().is_ok());
    /// assert!(matches!(
    ///     limiter.acquire(1).deadline(deadline).wait(),
    ///     Err(AcquireError::TooLong { wait, .. }) if wait > Duration::from_secs(3_500)
    /// ));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn deadline(mut self, deadline: impl Into<Deadline>) -> Self {
        self.patience.deadline = Some(deadline.into());
        self
    }

    /// Blocks this thread until the permits are granted.
    ///
    /// If they are to be had at once, this takes no lock, allocates nothing and makes no system call.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::TooLong`] at once if the wait would pass the timeout or deadline;
    /// - [`AcquireError::ExceedsBurst`] at once if no wait would help;
    /// - [`AcquireError::QueueFull`] at once if too many wait already;
    /// - [`AcquireError::Cancelled`] or [`AcquireError::Closed`] if the limiter's waits are ended.
    ///
    /// Awaiting it gives the same.
    pub fn wait(mut self) -> Result<Grant<'a, C>, AcquireError> {
        if let Some(reservation) = self.reservation.take() {
            return reservation.wait();
        }
        let now = self.limiter.clock().now();
        if self.limiter.meter.grant_ordinary(now, self.n) {
            return Ok(Grant::new(self.limiter, self.n, Charge::Counted));
        }
        self.begin(now)?.wait()
    }

    /// Takes the permits or a place in the line.
    #[cold]
    fn begin(&self, now: Timestamp) -> Result<Reservation<'a, C>, AcquireError> {
        let by = self.patience.until(now, self.limiter.clock());
        let denied = |refused| self.limiter.meter.denied(self.n, refused);
        let joined = self.limiter.join(now, self.n, by).map_err(denied)?;
        Ok(Reservation::new(self.limiter.clone(), self.n, by, joined))
    }
}

impl<'a, C: Clock> Future for Acquire<'a, C> {
    type Output = Result<Grant<'a, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.reservation.is_none() {
            self.reservation = Some(self.begin(self.limiter.clock().now())?);
        }
        let Some(reservation) = &mut self.reservation else { unreachable!("just made") };
        Pin::new(reservation).poll(cx)
    }
}
