//! Asking for a key's permits and waiting for them.

use std::fmt;
use std::time::Duration;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::reservation::KeyedReservation;
use super::store::Slot;
use super::{KeyedGrant, KeyedLimiter};
use crate::clock::{Clock, Timestamp};
use crate::error::{AcquireError, Refused};
use crate::handle::Held;
use crate::wait::{Deadline, Patience};

/// Permits asked for on behalf of a key: [`wait`](Self::wait) blocks until they are granted, `.await` suspends until they are.
///
/// Lazy: nothing is taken before the wait or the first poll. Made by [`KeyedLimiter::acquire`].
///
/// # Cancel safety
///
/// As [`Acquire`](crate::Acquire): dropped while pending, it gives its place back, and those behind it move up.
#[must_use = "nothing is acquired until this is waited for"]
pub struct KeyedAcquire<'a, K, C: Clock + Clone + 'static> {
    limiter: Held<'a, KeyedLimiter<K, C>>,
    /// `Err` if the key can have no quota.
    slot: Result<Slot<K>, Refused>,
    n: u64,
    patience: Patience,
    /// Once polled as a future.
    reservation: Option<KeyedReservation<'a, K, C>>,
}

impl<K, C: Clock + Clone + 'static> fmt::Debug for KeyedAcquire<'_, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedAcquire")
            .field("amount", &self.n)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl<'a, K, C: Clock + Clone + 'static> KeyedAcquire<'a, K, C> {
    pub(super) fn new(limiter: Held<'a, KeyedLimiter<K, C>>, slot: Result<Slot<K>, Refused>, n: u64) -> Self {
        Self {
            limiter,
            slot,
            n,
            patience: Patience::default(),
            reservation: None,
        }
    }

    /// Wait no longer than `timeout`, counted from when the wait begins.
    ///
    /// If it would take longer, that is said at once, and nothing is consumed. A timeout of zero means now or never.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience.timeout = Some(timeout);
        self
    }

    /// Wait no longer than until `deadline`: a reading of the limiter's clock or an [`Instant`](std::time::Instant).
    ///
    /// If it would take longer, that is said at once, and nothing is consumed.
    pub fn deadline(mut self, deadline: impl Into<Deadline>) -> Self {
        self.patience.deadline = Some(deadline.into());
        self
    }

    /// Blocks this thread until the permits are granted.
    ///
    /// If they are to be had at once, it allocates nothing and makes no system call.
    ///
    /// # Errors
    ///
    /// As [`Acquire::wait`](crate::Acquire::wait). Also [`AcquireError::QueueFull`] if nine other keys that share the few
    /// entries of this one's set are all waited for, and [`AcquireError::TooManyQuotas`].
    ///
    /// Awaiting it gives the same.
    pub fn wait(mut self) -> Result<KeyedGrant<'a, K, C>, AcquireError> {
        if let Some(reservation) = self.reservation.take() {
            return reservation.wait();
        }
        self.begin(self.limiter.clock().now())?.wait()
    }

    /// Takes the permits or a place in the key's line.
    fn begin(&self, now: Timestamp) -> Result<KeyedReservation<'a, K, C>, AcquireError> {
        let by = self.patience.until(now, self.limiter.clock());
        let reserve = |slot| self.limiter.reserve_slot(self.limiter.clone(), slot, now, self.n, by);
        let slot = self.slot.as_ref();
        let reserved = slot.map_err(|refused| *refused).and_then(reserve);
        Ok(reserved.map_err(|refused| self.limiter.denied(slot.ok(), self.n, refused))?)
    }
}

impl<'a, K, C: Clock + Clone + 'static> Future for KeyedAcquire<'a, K, C> {
    type Output = Result<KeyedGrant<'a, K, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.reservation.is_none() {
            self.reservation = Some(self.begin(self.limiter.clock().now())?);
        }
        let Some(reservation) = &mut self.reservation else { unreachable!("just made") };
        Pin::new(reservation).poll(cx)
    }
}
