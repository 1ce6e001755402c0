//! Permits of a key asked for, and the wait for them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::grant::Grant;
use super::known::Known;
use super::limiter::Handle;
use super::reservation::Reservation;
use crate::ask::{Ask, Entered, Pending};
use crate::clock::{Clock, SystemClock};
use crate::error::{AcquireError, Refused};
use crate::meter::Charge;
use crate::pace::{Deadline, Patience};

/// Permits of a key asked for: [`wait`](Self::wait) blocks until they are granted, `.await`
/// suspends until then.
///
/// The request is lazy: nothing is taken before the wait or the first poll. Made by
/// [`KeyedLimiter::acquire`](crate::KeyedLimiter::acquire). The future runs on any executor and is
/// `Unpin`.
///
/// # Cancel safety
///
/// If the future is dropped before its first poll, nothing was taken. If it is dropped while
/// pending, its permits are returned once, and later entries of the key move forward. If it is
/// dropped after it was due but before it was polled again, the permits are spent. So in a
/// `select!` in a loop, keep one future and poll it by reference. A future that is polled again
/// after completion panics.
#[must_use = "nothing is taken until this is waited for"]
pub struct Acquire<'a, K, C: Clock = SystemClock>(Pending<Permits<'a, K, C>>);

/// `n` permits of a key.
struct Permits<'a, K, C: Clock> {
    limiter: Handle<'a, K, C>,
    /// `Err` if the key can have no quota.
    known: Result<Known<K>, Refused>,
    n: u64,
}

impl<K, C: Clock> Clone for Permits<'_, K, C> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), known: self.known.clone(), n: self.n }
    }
}

impl<'a, K, C: Clock> Ask for Permits<'a, K, C> {
    type Taken = Charge;
    type Entry = Reservation<'a, K, C>;
    type Grant = Grant<'a, K, C>;
    type Error = AcquireError;

    fn take(&self) -> Option<Charge> {
        let known = self.known.as_ref().ok()?;
        self.limiter.take_ordinary(known, self.limiter.clock().now(), self.n)
    }

    fn enter(&self, patience: Patience) -> Result<Entered<Charge, Self::Entry>, AcquireError> {
        let (limiter, n) = (&self.limiter, self.n);
        let known = self.known.as_ref().map_err(|refused| limiter.denied_unknown(n, *refused))?;
        let now = limiter.clock().now();
        let by = patience.until(now, limiter.clock());
        let entered = limiter.enter_queue(known, now, n, by).map_err(|refused| limiter.denied(known, n, refused))?;
        Ok(match entered {
            Entered::Taken(charge) => Entered::Taken(charge),
            waiting @ Entered::Waiting(_) => {
                Entered::Waiting(Reservation::new(limiter.clone(), known.clone(), n, waiting))
            }
        })
    }

    fn block(&self, mut entry: Self::Entry) -> Result<Charge, AcquireError> {
        entry.block()
    }

    fn poll(&self, entry: &mut Self::Entry, cx: &mut Context<'_>) -> Poll<Result<Charge, AcquireError>> {
        entry.poll_charge(cx)
    }

    fn grant(self, charge: Charge) -> Grant<'a, K, C> {
        let Ok(known) = self.known else { unreachable!("granted to a key without a quota") };
        Grant::new(self.limiter, known, self.n, charge)
    }
}

impl<K, C: Clock> fmt::Debug for Permits<'_, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits").field("amount", &self.n).finish_non_exhaustive()
    }
}

impl<K, C: Clock> fmt::Debug for Acquire<'_, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Acquire", f)
    }
}

impl<'a, K, C: Clock> Acquire<'a, K, C> {
    pub(super) fn patience(self, patience: Patience) -> Self {
        Self(self.0.with_patience(|_| patience))
    }

    pub(super) fn new(limiter: Handle<'a, K, C>, known: Result<Known<K>, Refused>, n: u64) -> Self {
        Self(Pending::new(Permits { limiter, known, n }))
    }

    /// Returns the permits asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(10)?);
    /// assert_eq!(limiter.acquire(&7, 3).amount(), 3);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
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
    /// use limitor::{KeyedLimiter, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1)?);
    /// limiter.acquire(&7, 1).wait()?;
    /// let error = limiter.acquire(&7, 1).timeout(Duration::from_secs(5)).wait().unwrap_err(); // at once
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
    /// use limitor::{AcquireError, KeyedLimiter, Quota};
    /// use std::time::{Duration, Instant};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1)?);
    /// let deadline = Instant::now() + Duration::from_secs(30);
    /// assert!(limiter.acquire(&7, 1).deadline(deadline).wait().is_ok());
    /// assert!(matches!(limiter.acquire(&7, 1).deadline(deadline).wait(), Err(AcquireError::TooLong { .. })));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn deadline(self, deadline: impl Into<Deadline>) -> Self {
        Self(self.0.with_patience(|patience| patience.deadline(deadline)))
    }

    /// Blocks this thread until the permits are granted.
    ///
    /// If they are available at once, the call allocates nothing and makes no system call.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::TooLong`] at once if the wait would pass the timeout or deadline;
    /// - [`AcquireError::ExceedsBurst`] at once if no wait helps;
    /// - [`AcquireError::QueueFull`] at once if too many requests wait for the key already, or if
    ///   requests wait for nine other keys of the same set;
    /// - [`AcquireError::Saturated`] at once if a debt of the key exceeds what the limiter can
    ///   count;
    /// - [`AcquireError::TooManyQuotas`] at once if the key can have no quota;
    /// - [`AcquireError::Cancelled`] or [`AcquireError::Closed`] if the waits of the key are ended.
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
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<String>::new(Quota::per_second(100)?);
    /// let grant = limiter.acquire("ann", 20).wait()?;
    /// assert_eq!(grant.amount(), 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait(self) -> Result<Grant<'a, K, C>, AcquireError> {
        self.0.wait()
    }
}

impl<'a, K, C: Clock> Future for Acquire<'a, K, C> {
    type Output = Result<Grant<'a, K, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}
