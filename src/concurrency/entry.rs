//! A slot, or an entry of the queue for one.

use std::task::{Context, Poll, ready};

use super::limiter::ConcurrentLimiter;
use super::slots::{Entered, Look, SlotId};
use crate::clock::{Clock, Timestamp};
use crate::error::AcquireError;
use crate::held::Held;
use crate::pace::TaskPace;
use crate::queue::Verdict;
use crate::sync::thread_waker;

/// A slot, or an entry of the queue for one. Dropped, it leaves the queue or gives the slot back,
/// however the work ends that holds it.
pub(super) struct SlotEntry<'a, C: Clock> {
    limiter: Held<'a, ConcurrentLimiter<C>>,
    /// The entry, for as long as there may be one.
    waiting: Option<SlotId>,
}

impl<'a, C: Clock> SlotEntry<'a, C> {
    /// A slot, if one is free.
    pub(super) fn free(limiter: &Held<'a, ConcurrentLimiter<C>>) -> Option<Self> {
        limiter.slot_queue().take().then(|| Self { limiter: limiter.clone(), waiting: None })
    }

    /// A slot if one is free, and an entry of the queue if not.
    pub(super) fn enter(limiter: &Held<'a, ConcurrentLimiter<C>>) -> Result<Self, AcquireError> {
        let waiting = match limiter.slot_queue().enter() {
            Entered::Taken => None,
            Entered::Waiting(id) => Some(id),
            Entered::Full if limiter.is_closed() => return Err(AcquireError::Closed),
            Entered::Full => return Err(AcquireError::QueueFull),
        };
        Ok(Self { limiter: limiter.clone(), waiting })
    }

    /// Blocks this thread until there is a slot, at the latest until the reading `by`.
    pub(super) fn block(&mut self, by: Option<Timestamp>) -> Result<(), AcquireError> {
        let Some(id) = self.waiting else { return Ok(()) };
        let (slots, waker, pace) = (self.limiter.slot_queue(), thread_waker(), self.limiter.pace());
        loop {
            let changes = slots.changes();
            if self.is_ready(slots.look(id, &waker))? {
                break;
            }
            if by.is_some_and(|by| self.limiter.clock().now() >= by) {
                return Err(self.busy());
            }
            pace.pass_unknown(by, || slots.changes() != changes);
        }
        self.waiting = None;
        Ok(())
    }

    /// Suspends the task until there is a slot, at the latest until the reading `by`.
    pub(super) fn poll(
        &mut self,
        by: Option<Timestamp>,
        pace: &mut TaskPace,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), AcquireError>> {
        let Some(id) = self.waiting else { return Poll::Ready(Ok(())) };
        let clock = self.limiter.clock();
        while !self.is_ready(self.limiter.slot_queue().look(id, cx.waker()))? {
            let Some(by) = by else { return Poll::Pending };
            if clock.now() >= by {
                return Poll::Ready(Err(self.busy()));
            }
            // Timers may end early.
            ready!(pace.sleep(clock, by, cx));
        }
        self.waiting = None;
        Poll::Ready(Ok(()))
    }

    /// Whether there is a slot. The waiter is registered before it asks whether the limiter is
    /// closed: a waiter that does not find that is then found by the thread that closes the
    /// limiter.
    fn is_ready(&self, look: Look) -> Result<bool, AcquireError> {
        match look {
            Look::Handed => Ok(true),
            Look::Ended(Verdict::Cancelled) => Err(AcquireError::Cancelled),
            Look::Ended(Verdict::Closed | Verdict::Passed) => Err(AcquireError::Closed),
            Look::Waiting if self.limiter.is_closed() => Err(AcquireError::Closed),
            Look::Waiting => Ok(false),
        }
    }

    fn busy(&self) -> AcquireError {
        AcquireError::Busy { max_concurrent: self.limiter.max_concurrent() }
    }
}

impl<C: Clock> Drop for SlotEntry<'_, C> {
    fn drop(&mut self) {
        match self.waiting {
            Some(id) => self.limiter.slot_queue().leave(id),
            None => self.limiter.slot_queue().free(),
        }
    }
}
