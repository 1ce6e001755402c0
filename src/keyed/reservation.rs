//! A place in a key's line, held.

use std::fmt;
use std::mem;
use std::time::Duration;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::store::Slot;
use super::{Grant, KeyedLimiter};
use crate::clock::Clock;
use crate::error::AcquireError;
use crate::limiter::Grant;
use crate::held::Held;
use crate::meter::Charge;
use crate::wait::Reservation;

/// A place in a key's line: permits that will be granted when their time comes.
///
/// Wait for it with [`wait`](Self::wait), which blocks, or `.await`. Made by [`KeyedLimiter::reserve`].
///
/// # Cancel safety
///
/// As [`Reservation`]: dropped or [cancelled](Self::cancel) before its time, it gives the place back, once.
#[must_use = "a reservation dropped before its time is cancelled"]
pub struct Reservation<'a, K, C: Clock + Clone + 'static> {
    limiter: Held<'a, KeyedLimiter<K, C>>,
    slot: Slot<K>,
    n: u64,
    seat: Seat<C>,
}

/// Where it stands.
pub(super) enum Seat<C: Clock + 'static> {
    Granted(Charge),
    /// In the line of a limiter that has the word of the entry of this name.
    Waiting(usize, Reservation<'static, C>),
    /// Given up or handed on.
    Left,
}

impl<K, C: Clock + Clone + 'static> fmt::Debug for Reservation<'_, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("amount", &self.n).finish_non_exhaustive()
    }
}

impl<'a, K, C: Clock + Clone + 'static> Reservation<'a, K, C> {
    pub(super) fn new(limiter: Held<'a, KeyedLimiter<K, C>>, slot: Slot<K>, n: u64, seat: Seat<C>) -> Self {
        Self { limiter, slot, n, seat }
    }

    /// The permits reserved.
    pub fn amount(&self) -> u64 {
        self.n
    }

    /// How long there is still to wait, as of now. It shrinks as time passes, and when those ahead leave or refund.
    pub fn wait_time(&self) -> Duration {
        match &self.seat {
            Seat::Waiting(_, reservation) => reservation.wait_time(),
            Seat::Granted(_) | Seat::Left => Duration::ZERO,
        }
    }

    /// Blocks this thread until the time comes.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Cancelled`] if the key is [reset](KeyedLimiter::reset) meanwhile.
    ///
    /// # Panics
    ///
    /// If it has been polled as a future to its end.
    pub fn wait(mut self) -> Result<Grant<'a, K, C>, AcquireError> {
        match mem::replace(&mut self.seat, Seat::Left) {
            Seat::Granted(charge) => Ok(self.grant(charge)),
            Seat::Waiting(name, reservation) => {
                let outcome = reservation.wait();
                self.leave(name, outcome)
            }
            Seat::Left => panic!("waited for again after it was done"),
        }
    }

    fn grant(&self, charge: Charge) -> Grant<'a, K, C> {
        Grant::new(self.limiter.clone(), self.slot.clone(), self.n, charge)
    }

    /// What came of the wait, for the key instead of its line.
    fn leave(
        &self,
        name: usize,
        outcome: Result<Grant<'static, C>, AcquireError>,
    ) -> Result<Grant<'a, K, C>, AcquireError> {
        let outcome = outcome.map(|grant| self.grant(grant.charge()));
        self.limiter.release(name);
        outcome
    }

    /// Gives the place back, if its time has not come. Those behind it move up.
    pub fn cancel(self) {
        drop(self);
    }

    /// Takes the permits for good, and leaves the timing to the caller: how long to wait from now.
    ///
    /// [`Duration::MAX`] if the wait has been ended: then nothing was taken, and the time never comes.
    pub fn keep(mut self) -> Duration {
        match mem::replace(&mut self.seat, Seat::Left) {
            Seat::Waiting(name, reservation) => {
                let wait = reservation.keep();
                self.limiter.release(name);
                wait
            }
            Seat::Granted(_) | Seat::Left => Duration::ZERO,
        }
    }
}

impl<K, C: Clock + Clone + 'static> Drop for Reservation<'_, K, C> {
    fn drop(&mut self) {
        if let Seat::Waiting(name, reservation) = mem::replace(&mut self.seat, Seat::Left) {
            drop(reservation);
            self.limiter.release(name);
        }
    }
}

impl<'a, K, C: Clock + Clone + 'static> Future for Reservation<'a, K, C> {
    type Output = Result<Grant<'a, K, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.seat {
            Seat::Granted(charge) => {
                let charge = *charge;
                self.seat = Seat::Left;
                Poll::Ready(Ok(self.grant(charge)))
            }
            Seat::Waiting(name, reservation) => {
                let name = *name;
                let outcome = ready!(Pin::new(reservation).poll(cx));
                // With it goes its hold on the limiter, so that the word can go back.
                self.seat = Seat::Left;
                Poll::Ready(self.leave(name, outcome))
            }
            Seat::Left => panic!("polled again after it was done"),
        }
    }
}
