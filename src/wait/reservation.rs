//! An entry of the queue, held.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::turn;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::AcquireError;
use crate::limiter::{Grant, Handle};
use crate::meter::Charge;
use crate::pace::TaskPace;
use crate::queue::{Entered, Turn};

/// An entry of the queue: permits that will be granted when the entry comes due.
///
/// [`wait`](Self::wait) blocks until then, `.await` suspends until then. Made by
/// [`RateLimiter::reserve`](crate::RateLimiter::reserve). The type is `Unpin`.
///
/// # Cancel safety
///
/// If the reservation is dropped or [cancelled](Self::cancel) before it is due, its permits are
/// returned once, and later entries move forward. After it is due, there is nothing to return. A
/// reservation that is polled again after completion panics.
///
/// # Examples
///
/// ```
/// use limitor::{ManualClock, Quota, RateLimiter};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, clock.clone());
/// let first = limiter.reserve(1).unwrap();
/// let second = limiter.reserve(1).unwrap();
/// let third = limiter.reserve(1).unwrap();
/// assert_eq!(first.wait_time(), Duration::ZERO);
/// assert_eq!(third.wait_time(), Duration::from_secs(2));
/// second.cancel();
/// assert_eq!(third.wait_time(), Duration::from_secs(1));
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[must_use = "a reservation that is dropped before it is due is cancelled"]
pub struct Reservation<'a, C: Clock = SystemClock> {
    limiter: Handle<'a, C>,
    n: u64,
    stand: Stand,
    /// If the entry is put off to after this reading, it is given up.
    latest: Option<Timestamp>,
    pace: TaskPace,
}

/// Where a reservation stands.
#[derive(Debug, Clone, Copy)]
enum Stand {
    Granted(Charge),
    Waiting(Turn),
    /// Given up or handed on.
    Over,
}

impl<C: Clock> fmt::Debug for Reservation<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("amount", &self.n).field("stand", &self.stand).finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Reservation<'a, C> {
    pub(crate) fn new(limiter: Handle<'a, C>, n: u64, latest: Option<Timestamp>, entered: Entered) -> Self {
        let stand = match entered {
            Entered::Granted(charge) => Stand::Granted(charge),
            Entered::Waiting(turn) => Stand::Waiting(turn),
        };
        Self { limiter, n, stand, latest, pace: TaskPace::default() }
    }

    /// Returns the permits reserved.
    pub fn amount(&self) -> u64 {
        self.n
    }

    /// Returns how long the reservation still has to wait, as of now.
    ///
    /// The wait shrinks as time passes, and when earlier waiters leave or refund. It is
    /// [`Duration::MAX`] if a control verb has ended the wait, so that it is never granted.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, clock.clone());
    /// limiter.try_acquire(1).unwrap();
    /// let reservation = limiter.reserve(1).unwrap();
    /// clock.advance(Duration::from_millis(400));
    /// assert_eq!(reservation.wait_time(), Duration::from_millis(600));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn wait_time(&self) -> Duration {
        let limiter = &self.limiter;
        match self.stand {
            Stand::Waiting(turn) => {
                turn::duration(limiter, limiter.engine.remaining(turn.id, || limiter.clock().now()))
            }
            Stand::Granted(_) | Stand::Over => Duration::ZERO,
        }
    }

    /// Blocks this thread until the reservation is due.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Cancelled`] or [`AcquireError::Closed`] if the limiter's waits are ended.
    /// [`AcquireError::TooLong`] if the reservation was made with a limit and has been put off past
    /// it (by a strict [`LeakyQueue`](crate::buckets::LeakyQueue) that earlier waiters left late).
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
    /// let limiter = RateLimiter::new(Quota::per_second(1_000)?.with_burst(1)?);
    /// limiter.try_acquire(1).unwrap();
    /// let reservation = limiter.reserve(1).unwrap();
    /// // other work
    /// reservation.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait(mut self) -> Result<Grant<'a, C>, AcquireError> {
        self.block().map(|charge| self.grant(charge))
    }

    /// Blocks until the entry is due. The reservation is over then.
    pub(crate) fn block(&mut self) -> Result<Charge, AcquireError> {
        let outcome = match self.stand {
            Stand::Waiting(turn) => turn::block(&self.limiter, turn, self.latest),
            Stand::Granted(charge) => Ok(charge),
            Stand::Over => panic!("waited for again after completion"),
        };
        self.stand = Stand::Over;
        outcome
    }

    /// Suspends until the entry is due. The reservation is over then.
    pub(crate) fn poll_charge(&mut self, cx: &mut Context<'_>) -> Poll<Result<Charge, AcquireError>> {
        let outcome = match &mut self.stand {
            Stand::Waiting(turn) => ready!(turn::poll(&self.limiter, turn, self.latest, &mut self.pace, cx)),
            Stand::Granted(charge) => Ok(*charge),
            Stand::Over => panic!("polled again after completion"),
        };
        self.stand = Stand::Over;
        Poll::Ready(outcome)
    }

    fn grant(&self, charge: Charge) -> Grant<'a, C> {
        Grant::new(self.limiter.clone(), self.n, charge)
    }

    /// Cancels the reservation if it is not due. Later entries move forward.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(1).unwrap();
    /// limiter.reserve(1).unwrap().cancel();
    /// assert_eq!(limiter.waiters(), 0);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn cancel(self) {
        drop(self);
    }

    /// Takes the permits for good and leaves the timing to the caller. Returns how long the caller
    /// has to wait from now.
    ///
    /// The entry moves no more, neither when other waiters leave nor by refunds. Only
    /// [`refund`](crate::RateLimiter::refund) gives the permits back. The wait is [`Duration::MAX`]
    /// if a control verb has ended it: then nothing was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(1).unwrap();
    /// let wait = limiter.reserve(1).unwrap().keep();
    /// assert_eq!(wait, Duration::from_secs(1)); // for a timer of the caller's own
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn keep(mut self) -> Duration {
        let limiter = &self.limiter;
        match mem::replace(&mut self.stand, Stand::Over) {
            Stand::Waiting(turn) => turn::duration(limiter, limiter.engine.keep(turn.id, || limiter.clock().now())),
            Stand::Granted(_) | Stand::Over => Duration::ZERO,
        }
    }
}

impl<C: Clock> Drop for Reservation<'_, C> {
    fn drop(&mut self) {
        if let Stand::Waiting(turn) = self.stand {
            self.limiter.engine.cancel(turn.id, || self.limiter.clock().now());
        }
    }
}

impl<'a, C: Clock> Future for Reservation<'a, C> {
    type Output = Result<Grant<'a, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(self.poll_charge(cx));
        Poll::Ready(outcome.map(|charge| self.grant(charge)))
    }
}
