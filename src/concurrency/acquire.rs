//! A slot and permits asked for, and the wait for both.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::entry::SlotEntry;
use super::limiter::ConcurrentLimiter;
use super::slot::Slot;
use crate::ask::{Ask, Entered, Pending};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::AcquireError;
use crate::held::Held;
use crate::limiter::{Grant, Handle};
use crate::pace::{Deadline, Patience, TaskPace};
use crate::wait::Acquire as AcquirePermits;

/// A slot and permits asked for: [`wait`](Self::wait) blocks until both are granted, `.await`
/// suspends until then.
///
/// The request is lazy: nothing is taken before the wait or the first poll. The slot comes first:
/// while all slots are taken, nothing is taken of the rate. Made by [`ConcurrentLimiter::acquire`].
/// The future runs on any executor and is `Unpin`.
///
/// # Cancel safety
///
/// If the future is dropped before its first poll, nothing was taken. If it is dropped while it
/// waits for a slot, it leaves the queue. If it is dropped while it waits for the permits, it gives
/// back its slot and its entry, once. A pending future that is never polled again may have been
/// handed a slot, which no other caller gets until the future is dropped. A future that is polled
/// again after completion panics.
#[must_use = "nothing is taken until this is waited for"]
pub struct Acquire<'a, C: Clock = SystemClock>(Pending<Work<'a, C>>);

/// Work that costs `n` permits.
struct Work<'a, C: Clock> {
    limiter: Held<'a, ConcurrentLimiter<C>>,
    n: u64,
}

/// On the way to a slot and permits.
struct Progress<'a, C: Clock> {
    by: Option<Timestamp>,
    pace: TaskPace,
    // In this order: a caller that is handed the slot finds the entry of the permits given back.
    permits: Option<AcquirePermits<'a, C>>,
    slot: Option<SlotEntry<'a, C>>,
}

impl<C: Clock> Clone for Work<'_, C> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), n: self.n }
    }
}

impl<C: Clock> fmt::Debug for Work<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("amount", &self.n).finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Work<'a, C> {
    /// The limiter of the rate, held as the limiter of the slots is.
    fn rate(&self) -> Handle<'a, C> {
        match &self.limiter {
            Held::Borrowed(limiter) => Held::Borrowed(limiter.limiter()),
            Held::Shared(limiter) => Held::Shared(Arc::clone(limiter.limiter())),
        }
    }

    fn permits(&self, by: Option<Timestamp>) -> AcquirePermits<'a, C> {
        let permits = AcquirePermits::new(self.rate(), self.n);
        match by {
            Some(by) => permits.deadline(by),
            None => permits,
        }
    }
}

impl<'a, C: Clock> Ask for Work<'a, C> {
    type Taken = Slot<'a, C>;
    type Entry = Progress<'a, C>;
    type Grant = Slot<'a, C>;
    type Error = AcquireError;

    /// Takes a slot or an entry for one, unless no wait helps. The timeout runs from here.
    fn enter(&self, patience: Patience) -> Result<Entered<Slot<'a, C>, Progress<'a, C>>, AcquireError> {
        self.limiter.check_burst(self.n)?;
        let by = patience.begin(self.limiter.clock());
        let slot = Some(SlotEntry::enter(&self.limiter)?);
        Ok(Entered::Waiting(Progress { by, pace: TaskPace::default(), permits: None, slot }))
    }

    fn block(&self, mut entry: Progress<'a, C>) -> Result<Slot<'a, C>, AcquireError> {
        let by = entry.by;
        entry.slot().block(by)?;
        let permits = entry.permits.take().unwrap_or_else(|| self.permits(by));
        permits.wait().map(|grant| entry.finish(grant))
    }

    fn poll(&self, entry: &mut Progress<'a, C>, cx: &mut Context<'_>) -> Poll<Result<Slot<'a, C>, AcquireError>> {
        let by = entry.by;
        let (slot, pace) = entry.slot_and_pace();
        ready!(slot.poll(by, pace, cx))?;
        let permits = entry.permits.get_or_insert_with(|| self.permits(by));
        Pin::new(permits).poll(cx).map_ok(|grant| entry.finish(grant))
    }

    fn grant(self, slot: Slot<'a, C>) -> Slot<'a, C> {
        slot
    }
}

impl<'a, C: Clock> Progress<'a, C> {
    fn slot_and_pace(&mut self) -> (&mut SlotEntry<'a, C>, &mut TaskPace) {
        (self.slot.as_mut().expect("held until both are granted"), &mut self.pace)
    }

    fn slot(&mut self) -> &mut SlotEntry<'a, C> {
        self.slot_and_pace().0
    }

    /// Both are granted.
    fn finish(&mut self, grant: Grant<'a, C>) -> Slot<'a, C> {
        Slot::new(grant, self.slot.take().expect("held until both are granted"))
    }
}

impl<C: Clock> fmt::Debug for Acquire<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Acquire", f)
    }
}

impl<'a, C: Clock> Acquire<'a, C> {
    pub(super) fn new(limiter: Held<'a, ConcurrentLimiter<C>>, n: u64) -> Self {
        Self(Pending::new(Work { limiter, n }))
    }

    pub(crate) fn patience(self, patience: Patience) -> Self {
        Self(self.0.with_patience(|_| patience))
    }

    /// Returns the permits asked for.
    pub fn amount(&self) -> u64 {
        self.0.ask().n
    }

    /// Waits no longer than `timeout` for the slot and the permits together, counted from when the
    /// wait begins.
    ///
    /// The time at which work ends and a slot comes free is unknown, so a request waits for a slot
    /// until the timeout. Once it has a slot, the wait for the permits is known. If that is longer
    /// than what is left, the request is refused at once and gives the slot back. A timeout of zero
    /// means now or never. With a [`deadline`](Self::deadline) as well, the earlier of the two
    /// holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, ConcurrentLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = ConcurrentLimiter::slots(1)?;
    /// let _slot = limiter.acquire(1).wait()?;
    /// let error = limiter.acquire(1).timeout(Duration::from_millis(5)).wait().unwrap_err();
    /// assert!(matches!(error, AcquireError::Busy { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.with_patience(|patience| patience.timeout(timeout)))
    }

    /// Waits no longer than until `deadline` for the slot and the permits together: a reading of
    /// the limiter's clock or an [`Instant`](std::time::Instant). Otherwise as with
    /// [`timeout`](Self::timeout).
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
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn deadline(self, deadline: impl Into<Deadline>) -> Self {
        Self(self.0.with_patience(|patience| patience.deadline(deadline)))
    }

    /// Blocks this thread until there are a slot and the permits.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::Busy`] if no slot came free before the timeout or deadline;
    /// - [`AcquireError::TooLong`] as soon as there is a slot, if the wait for the permits would
    ///   pass it;
    /// - [`AcquireError::ExceedsBurst`] at once if no wait helps;
    /// - [`AcquireError::QueueFull`] at once if too many requests wait for a slot already;
    /// - [`AcquireError::QueueFull`] as soon as there is a slot, if too many wait for permits;
    /// - [`AcquireError::Saturated`] as soon as there is a slot, if a debt exceeds what the rate
    ///   can count;
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
    /// use limitor::{ConcurrentLimiter, Quota};
    ///
    /// let limiter = ConcurrentLimiter::new(Quota::per_second(100)?, 8)?;
    /// let slot = limiter.acquire(20).wait()?;
    /// assert_eq!(slot.amount(), 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait(self) -> Result<Slot<'a, C>, AcquireError> {
        self.0.wait()
    }
}

impl<'a, C: Clock> Future for Acquire<'a, C> {
    type Output = Result<Slot<'a, C>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}
