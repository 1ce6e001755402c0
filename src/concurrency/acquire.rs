//! Asking for a slot and permits, and waiting for both.

use std::fmt;
use std::time::Duration;
use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::ConcurrentLimiter;
use super::seat::Seat;
use super::slot::Slot;
use crate::clock::{Clock, Timestamp};
use crate::error::AcquireError;
use crate::handle::Held;
use crate::wait::{Acquire, Deadline, Patience};
use crate::{clock::Sleep, grant::Grant};

/// A slot and permits asked for: [`wait`](Self::wait) blocks until there are both, `.await` suspends until there are.
///
/// Lazy: nothing is taken before the wait or the first poll. The slot comes first: nothing is taken of the rate while all
/// slots are taken. Made by [`ConcurrentLimiter::acquire`]. As a future it needs the feature `async` (on by default) and no
/// particular executor; it is `Unpin`.
///
/// # Cancel safety
///
/// Dropped before its first poll, it has taken nothing. Dropped while it waits for a slot, it leaves the line; dropped while
/// it waits for the permits, it gives back its slot and its place, once. Pending but never polled again, it may have been
/// handed a slot that nobody else gets until it is dropped. Polled again after it is done, it panics.
#[must_use = "nothing is acquired until this is waited for"]
pub struct AcquireSlot<'a, C: Clock> {
    home: Held<'a, ConcurrentLimiter<C>>,
    n: u64,
    patience: Patience,
    stage: Stage<'a, C>,
}

/// How far it has come as a future.
#[expect(clippy::large_enum_variant, reason = "boxed, it would cost every acquire an allocation")]
enum Stage<'a, C: Clock> {
    Begin,
    Under(Way<'a, C>),
    Done,
}

/// On the way to both.
struct Way<'a, C: Clock> {
    by: Option<Timestamp>,
    alarm: Option<Sleep>,
    // In this order: whoever is handed the slot finds the place given back.
    acquire: Option<Acquire<'a, C>>,
    seat: Seat<'a, C>,
}

impl<C: Clock> fmt::Debug for AcquireSlot<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireSlot").field("amount", &self.n).field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl<'a, C: Clock> AcquireSlot<'a, C> {
    pub(crate) fn new(home: Held<'a, ConcurrentLimiter<C>>, n: u64) -> Self {
        Self {
            home,
            n,
            patience: Patience::default(),
            stage: Stage::Begin,
        }
    }

    /// Wait no longer than `timeout` for the slot and the permits together, counted from when the wait begins.
    ///
    /// Nobody knows when work ends and a slot comes free: that wait goes on until the time is over. From then on it is
    /// known how long the permits take: if that does not fit in what is left, it is said at once, and the slot is given
    /// back. A timeout of zero means now or never. With a [`deadline`](Self::deadline) as well, the earlier of the two holds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience.timeout = Some(timeout);
        self
    }

    /// Wait no longer than until `deadline` for the slot and the permits together: a reading of the limiter's clock or an
    /// [`Instant`](std::time::Instant). Otherwise as with [`timeout`](Self::timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, ConcurrentLimiter, Quota};
    /// use std::time::{Duration, Instant};
    ///
    /// let limiter = ConcurrentLimiter::new(Quota::per_second(100)?, 1)?;
    /// let deadline = Instant::now() + Duration::from_millis(5);
    /// let slot = limiter.acquire(1).deadline(deadline).wait().unwrap();
    /// assert!(matches!(limiter.acquire(1).deadline(deadline).wait(), Err(AcquireError::Busy { .. })));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn deadline(mut self, deadline: impl Into<Deadline>) -> Self {
        self.patience.deadline = Some(deadline.into());
        self
    }

    /// Blocks this thread until there are a slot and the permits.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::Busy`] if no slot came free before the timeout or deadline;
    /// - [`AcquireError::TooLong`] as soon as there is a slot, if the wait for the permits would pass it;
    /// - [`AcquireError::ExceedsBurst`] at once if no wait would help;
    /// - [`AcquireError::QueueFull`] as soon as there is a slot, if too many wait for permits already;
    /// - [`AcquireError::Cancelled`] or [`AcquireError::Closed`] if the limiter's waits are ended.
    ///
    /// Awaiting it gives the same.
    pub fn wait(mut self) -> Result<Slot<'a, C>, AcquireError> {
        let mut way = self.way()?;
        way.seat.wait(way.by)?;
        let acquire = way.acquire.take().unwrap_or_else(|| self.rate(way.by));
        acquire.wait().map(|grant| Slot::new(grant, way.seat))
    }

    fn way(&mut self) -> Result<Way<'a, C>, AcquireError> {
        match mem::replace(&mut self.stage, Stage::Done) {
            Stage::Begin => self.set_out(),
            Stage::Under(way) => Ok(way),
            Stage::Done => panic!("polled again after it was done"),
        }
    }

    /// Takes a slot or a place in the line, unless that is for nothing. The timeout runs from here.
    fn set_out(&self) -> Result<Way<'a, C>, AcquireError> {
        self.home.check_burst(self.n)?;
        Ok(Way {
            by: self.patience.begin(self.home.limiter.clock()),
            alarm: None,
            acquire: None,
            seat: Seat::any(&self.home),
        })
    }

    /// Asks for the permits.
    fn rate(&self, by: Option<Timestamp>) -> Acquire<'a, C> {
        let acquire = Acquire::new(self.home.rate(), self.n);
        match by {
            Some(by) => acquire.deadline(by),
            None => acquire,
        }
    }

    fn go_on(&self, way: &mut Way<'a, C>, cx: &mut Context<'_>) -> Poll<Result<Grant<'a, C>, AcquireError>> {
        ready!(way.seat.poll(way.by, &mut way.alarm, cx))?;
        let acquire = way.acquire.get_or_insert_with(|| self.rate(way.by));
        Pin::new(acquire).poll(cx)
    }
}

impl<'a, C: Clock> Future for AcquireSlot<'a, C> {
    type Output = Result<Slot<'a, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut way = self.way()?;
        let outcome = self.go_on(&mut way, cx);
        if outcome.is_pending() {
            self.stage = Stage::Under(way);
            return Poll::Pending;
        }
        outcome.map_ok(|grant| Slot::new(grant, way.seat))
    }
}
