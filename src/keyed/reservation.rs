//! An entry of a key's queue, held.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::enter::Waiting;
use super::grant::Grant;
use super::known::Known;
use super::limiter::Handle;
use crate::ask::Entered;
use crate::clock::{Clock, SystemClock};
use crate::error::AcquireError;
use crate::meter::Charge;

/// An entry of a key's queue: permits that will be granted when the entry comes due.
///
/// [`wait`](Self::wait) blocks until then, `.await` suspends until then. Made by
/// [`KeyedLimiter::reserve`](crate::KeyedLimiter::reserve). The type is `Unpin`.
///
/// # Cancel safety
///
/// If the reservation is dropped or [cancelled](Self::cancel) before it is due, its permits are
/// returned once, and later entries of the key move forward. After it is due, there is nothing to
/// return. A reservation that is polled again after completion panics.
///
/// # Examples
///
/// ```
/// use limitor::{KeyedLimiter, ManualClock, Quota};
/// use std::time::Duration;
///
/// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, ManualClock::new());
/// let first = limiter.reserve(&7, 1).unwrap();
/// let second = limiter.reserve(&7, 1).unwrap();
/// let third = limiter.reserve(&7, 1).unwrap();
/// assert_eq!(first.wait_time(), Duration::ZERO);
/// assert_eq!(third.wait_time(), Duration::from_secs(2));
/// second.cancel();
/// assert_eq!(third.wait_time(), Duration::from_secs(1));
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[must_use = "a reservation that is dropped before it is due is cancelled"]
pub struct Reservation<'a, K, C: Clock = SystemClock> {
    limiter: Handle<'a, K, C>,
    known: Known<K>,
    n: u64,
    stage: Stage<'a, C>,
}

/// How far a reservation has come.
enum Stage<'a, C: Clock> {
    Granted(Charge),
    Waiting(Waiting<'a, C>),
    /// Given up or handed on.
    Over,
}

impl<K, C: Clock> fmt::Debug for Reservation<'_, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("amount", &self.n).finish_non_exhaustive()
    }
}

impl<'a, K, C: Clock> Reservation<'a, K, C> {
    pub(super) fn new(
        limiter: Handle<'a, K, C>,
        known: Known<K>,
        n: u64,
        entered: Entered<Charge, Waiting<'a, C>>,
    ) -> Self {
        let stage = match entered {
            Entered::Taken(charge) => Stage::Granted(charge),
            Entered::Waiting(waiting) => Stage::Waiting(waiting),
        };
        Self { limiter, known, n, stage }
    }

    /// Returns the permits reserved.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(10)?);
    /// assert_eq!(limiter.reserve(&7, 3).unwrap().amount(), 3);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn amount(&self) -> u64 {
        self.n
    }

    /// Returns how long the reservation still has to wait, as of now.
    ///
    /// The wait shrinks as time passes, and when earlier waiters of the key leave or refund. It is
    /// [`Duration::MAX`] if a control verb has ended the wait, so that it is never granted.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, clock.clone());
    /// limiter.try_acquire(&7, 1).unwrap();
    /// let reservation = limiter.reserve(&7, 1).unwrap();
    /// clock.advance(Duration::from_millis(400));
    /// assert_eq!(reservation.wait_time(), Duration::from_millis(600));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn wait_time(&self) -> Duration {
        match &self.stage {
            Stage::Waiting(waiting) => waiting.reservation.wait_time(),
            Stage::Granted(_) | Stage::Over => Duration::ZERO,
        }
    }

    /// Blocks this thread until the reservation is due.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Cancelled`] if the waiters of the key are cancelled or the key is
    /// [reset](crate::KeyedLimiter::reset) meanwhile; [`AcquireError::Closed`] if the limiter is
    /// [closed](crate::KeyedLimiter::close).
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
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(1_000)?.with_burst(1)?);
    /// limiter.try_acquire(&7, 1).unwrap();
    /// let reservation = limiter.reserve(&7, 1).unwrap();
    /// // other work
    /// reservation.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait(mut self) -> Result<Grant<'a, K, C>, AcquireError> {
        self.block().map(|charge| self.grant(charge))
    }

    /// Blocks until the reservation is due. It is over then.
    pub(super) fn block(&mut self) -> Result<Charge, AcquireError> {
        let outcome = match &mut self.stage {
            Stage::Waiting(waiting) => waiting.reservation.block(),
            Stage::Granted(charge) => Ok(*charge),
            Stage::Over => panic!("waited for again after completion"),
        };
        self.end();
        outcome
    }

    /// Suspends until the reservation is due. It is over then.
    pub(super) fn poll_charge(&mut self, cx: &mut Context<'_>) -> Poll<Result<Charge, AcquireError>> {
        let outcome = match &mut self.stage {
            Stage::Waiting(waiting) => ready!(waiting.reservation.poll_charge(cx)),
            Stage::Granted(charge) => Ok(*charge),
            Stage::Over => panic!("polled again after completion"),
        };
        self.end();
        Poll::Ready(outcome)
    }

    /// Lets go of the limiter that has the word, so that the word can go back.
    fn end(&mut self) {
        if let Stage::Waiting(Waiting { name, reservation }) = mem::replace(&mut self.stage, Stage::Over) {
            drop(reservation);
            self.limiter.release(name);
        }
    }

    fn grant(&self, charge: Charge) -> Grant<'a, K, C> {
        Grant::new(self.limiter.clone(), self.known.clone(), self.n, charge)
    }

    /// Cancels the reservation if it is not due. Later entries of the key move forward.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(&7, 1).unwrap();
    /// limiter.reserve(&7, 1).unwrap().cancel();
    /// assert_eq!(limiter.waiters(), 0);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn cancel(self) {
        drop(self);
    }

    /// Takes the permits for good and leaves the timing to the caller. Returns how long the caller
    /// has to wait from now.
    ///
    /// The entry moves no more, neither when other waiters leave nor by refunds. The wait is
    /// [`Duration::MAX`] if a control verb has ended it: then nothing was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(1)?, ManualClock::new());
    /// limiter.try_acquire(&7, 1).unwrap();
    /// let wait = limiter.reserve(&7, 1).unwrap().keep();
    /// assert_eq!(wait, Duration::from_secs(1)); // for a timer of the caller's own
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn keep(mut self) -> Duration {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Waiting(Waiting { name, reservation }) => {
                let wait = reservation.keep();
                self.limiter.release(name);
                wait
            }
            Stage::Granted(_) | Stage::Over => Duration::ZERO,
        }
    }
}

impl<K, C: Clock> Drop for Reservation<'_, K, C> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<'a, K, C: Clock> Future for Reservation<'a, K, C> {
    type Output = Result<Grant<'a, K, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(self.poll_charge(cx));
        Poll::Ready(outcome.map(|charge| self.grant(charge)))
    }
}
