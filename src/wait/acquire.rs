//! Permits asked for, and the wait for them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::reservation::Reservation;
use crate::ask::{self, Ask, Pending};
use crate::clock::{Clock, SystemClock};
use crate::error::AcquireError;
use crate::limiter::{Grant, Handle};
use crate::meter::Charge;
use crate::pace::{Deadline, Patience};
use crate::queue::Entered;

/// Permits asked for: [`wait`](Self::wait) blocks until they are granted, `.await` suspends until
/// then.
///
/// The request is lazy: nothing is taken before the wait or the first poll. Made by
/// [`RateLimiter::acquire`](crate::RateLimiter::acquire). The future runs on any executor and is
/// `Unpin`.
///
/// # Cancel safety
///
/// If the future is dropped before its first poll, nothing was taken. If it is dropped while
/// pending, its permits are returned once, and later entries move forward. If it is dropped after
/// it was due but before it was polled again, the permits are spent. So in a `select!` in a loop,
/// keep one future and poll it by reference. A future that is polled again after completion panics.
#[must_use = "nothing is taken until this is waited for"]
pub struct Acquire<'a, C: Clock = SystemClock>(Pending<Permits<'a, C>>);

/// `n` permits of a limiter.
struct Permits<'a, C: Clock> {
    limiter: Handle<'a, C>,
    n: u64,
}

impl<C: Clock> Clone for Permits<'_, C> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), n: self.n }
    }
}

impl<'a, C: Clock> Ask for Permits<'a, C> {
    type Taken = Charge;
    type Entry = Reservation<'a, C>;
    type Grant = Grant<'a, C>;
    type Error = AcquireError;

    #[inline]
    fn take(&self) -> Option<Charge> {
        self.limiter.meter().take_ordinary(self.limiter.clock().now(), self.n)
    }

    fn enter(&self, patience: Patience) -> Result<ask::Entered<Charge, Self::Entry>, AcquireError> {
        let (limiter, n) = (&self.limiter, self.n);
        let now = limiter.clock().now();
        let by = patience.until(now, limiter.clock());
        let entered = limiter.engine.enter(now, n, by, limiter.max_waiters());
        match entered.map_err(|refused| limiter.denied(n, refused))? {
            Entered::Granted(charge) => Ok(ask::Entered::Taken(charge)),
            waiting @ Entered::Waiting(_) => {
                Ok(ask::Entered::Waiting(Reservation::new(limiter.clone(), n, by, waiting)))
            }
        }
    }

    fn block(&self, mut entry: Self::Entry) -> Result<Charge, AcquireError> {
        entry.block()
    }

    fn poll(&self, entry: &mut Self::Entry, cx: &mut Context<'_>) -> Poll<Result<Charge, AcquireError>> {
        entry.poll_charge(cx)
    }

    #[inline]
    fn grant(self, charge: Charge) -> Grant<'a, C> {
        Grant::new(self.limiter, self.n, charge)
    }
}

impl<C: Clock> fmt::Debug for Permits<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits").field("amount", &self.n).finish_non_exhaustive()
    }
}

impl<C: Clock> fmt::Debug for Acquire<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Acquire", f)
    }
}

impl<'a, C: Clock> Acquire<'a, C> {
    pub(crate) fn new(limiter: Handle<'a, C>, n: u64) -> Self {
        Self(Pending::new(Permits { limiter, n }))
    }

    pub(crate) fn patience(self, patience: Patience) -> Self {
        Self(self.0.with_patience(|_| patience))
    }

    /// Returns the permits asked for.
    pub fn amount(&self) -> u64 {
        self.0.ask().n
    }

    /// Waits no longer than `timeout`, counted from when the wait begins.
    ///
    /// If the wait would be longer, the request is refused at once and nothing is consumed. A
    /// timeout of zero means now or never. With a [`deadline`](Self::deadline) as well, the earlier
    /// of the two holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::new(Quota::per_hour(1)?);
    /// limiter.acquire(1).wait()?;
    /// let error = limiter.acquire(1).timeout(Duration::from_secs(5)).wait().unwrap_err(); // at once
    /// assert!(error.retry_after() > Some(Duration::from_secs(3_500)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.with_patience(|patience| patience.timeout(timeout)))
    }

    /// Waits no longer than until `deadline`: a reading of the limiter's clock (see
    /// [`Clock::after`]) or an [`Instant`](std::time::Instant).
    ///
    /// If the wait would be longer, the request is refused at once and nothing is consumed.
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
    pub fn deadline(self, deadline: impl Into<Deadline>) -> Self {
        Self(self.0.with_patience(|patience| patience.deadline(deadline)))
    }

    /// Blocks this thread until the permits are granted.
    ///
    /// If they are available at once, the call takes no lock, allocates nothing and makes no system
    /// call.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::TooLong`] at once if the wait would pass the timeout or deadline;
    /// - [`AcquireError::ExceedsBurst`] at once if no wait helps;
    /// - [`AcquireError::QueueFull`] at once if too many requests wait already;
    /// - [`AcquireError::Saturated`] at once if a debt exceeds what the limiter can count;
    /// - [`AcquireError::Cancelled`] or [`AcquireError::Closed`] if the limiter's waits are ended.
    ///
    /// `.await` gives the same.
    ///
    /// # Panics
    ///
    /// If it has been polled as a future to completion.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::new(Quota::per_second(100)?);
    /// let grant = limiter.acquire(20).wait()?;
    /// assert_eq!(grant.amount(), 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn wait(self) -> Result<Grant<'a, C>, AcquireError> {
        self.0.wait()
    }
}

impl<'a, C: Clock> Future for Acquire<'a, C> {
    type Output = Result<Grant<'a, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}
