//! A place in the line, held.

use std::fmt;
use std::mem;
use std::time::Duration;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::line::{Joined, Turn};
use crate::clock::{Clock, Timestamp};
use crate::error::AcquireError;
use crate::grant::Grant;
use crate::handle::Handle;
use crate::meter::Charge;

/// A place in the line: permits that will be granted when their time comes.
///
/// Wait for it with [`wait`](Self::wait), which blocks, or `.await`. It is `Unpin`.
///
/// # Cancel safety
///
/// Dropped or [cancelled](Self::cancel) before its time, it gives the place back, once, and those behind it move up.
/// After its time there is nothing to give back. Polled again after it is done, it panics.
///
/// Made by [`RateLimiter::reserve`](crate::RateLimiter::reserve).
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
#[must_use = "a reservation dropped before its time is cancelled"]
pub struct Reservation<'a, C: Clock> {
    limiter: Handle<'a, C>,
    n: u64,
    seat: Seat,
    /// If it is put off to after this, it is given up.
    latest: Option<Timestamp>,
    /// How a task waits.
    pub(super) nap: super::task::Nap,
}

#[derive(Debug, Clone, Copy)]
enum Seat {
    Granted(Charge),
    Waiting(Turn),
    /// Given up or handed on.
    Left,
}

impl<C: Clock> fmt::Debug for Reservation<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("amount", &self.n).field("seat", &self.seat).finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Reservation<'a, C> {
    pub(crate) fn new(limiter: Handle<'a, C>, n: u64, latest: Option<Timestamp>, joined: Joined) -> Self {
        let seat = match joined {
            Joined::Granted(charge) => Seat::Granted(charge),
            Joined::Waiting(turn) => Seat::Waiting(turn),
        };
        Self {
            limiter,
            n,
            seat,
            latest,
            nap: super::task::Nap::default(),
        }
    }

    /// The permits reserved.
    pub fn amount(&self) -> u64 {
        self.n
    }

    /// How long there is still to wait, as of now. It shrinks as time passes, and when those ahead leave or refund.
    ///
    /// [`Duration::MAX`] if the wait has been ended by a control verb, so that it will never be granted.
    pub fn wait_time(&self) -> Duration {
        match self.seat {
            Seat::Waiting(turn) => self.limiter.time_left(turn.ticket),
            Seat::Granted(_) | Seat::Left => Duration::ZERO,
        }
    }

    /// Blocks this thread until the time comes.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Cancelled`] or [`AcquireError::Closed`] if the limiter's waits are ended;
    /// [`AcquireError::TooLong`] if it was made with a limit and has been put off past that (by a strict
    /// [`LeakyQueue`](crate::LeakyQueue) whose earlier ones left late).
    ///
    /// # Panics
    ///
    /// If it has been polled as a future to its end.
    pub fn wait(mut self) -> Result<Grant<'a, C>, AcquireError> {
        let outcome = match self.seat {
            Seat::Waiting(turn) => self.limiter.wait_for(turn, self.latest),
            Seat::Granted(charge) => Ok(charge),
            Seat::Left => panic!("waited for again after it was done"),
        };
        self.leave(outcome)
    }

    /// Hands the place on as what came of it.
    fn leave(&mut self, outcome: Result<Charge, AcquireError>) -> Result<Grant<'a, C>, AcquireError> {
        self.seat = Seat::Left;
        outcome.map(|charge| Grant::new(self.limiter.clone(), self.n, charge))
    }

    /// Gives the place back, if its time has not come. Those behind it move up.
    pub fn cancel(self) {
        drop(self);
    }

    /// Takes the permits for good, and leaves the timing to the caller: how long to wait from now.
    ///
    /// The place will be moved no more, neither by those who leave nor by refunds, and nothing can be given back but by
    /// [`refund`](crate::RateLimiter::refund). [`Duration::MAX`] if the wait has been ended by a control verb: then nothing
    /// was taken, and the time never comes.
    pub fn keep(mut self) -> Duration {
        match mem::replace(&mut self.seat, Seat::Left) {
            Seat::Waiting(turn) => self.limiter.fix(turn.ticket),
            Seat::Granted(_) | Seat::Left => Duration::ZERO,
        }
    }
}

impl<C: Clock> Drop for Reservation<'_, C> {
    fn drop(&mut self) {
        if let Seat::Waiting(turn) = self.seat {
            self.limiter.abandon(turn.ticket);
        }
    }
}

impl<'a, C: Clock> Future for Reservation<'a, C> {
    type Output = Result<Grant<'a, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let outcome = match &mut this.seat {
            Seat::Waiting(turn) => ready!(this.limiter.poll_turn(turn, this.latest, &mut this.nap, cx)),
            Seat::Granted(charge) => Ok(*charge),
            Seat::Left => panic!("polled again after it was done"),
        };
        Poll::Ready(this.leave(outcome))
    }
}
