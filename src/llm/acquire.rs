//! Asking for leave to make a call, and waiting for it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::call::Call;
use super::ledger::CallId;
use super::limiter::LlmLimiter;
use super::usage::Usage;
use crate::clock::{Clock, Timestamp};
use crate::error::LimitError;
use crate::held::Held;
use crate::pace::{Deadline, Patience, Strategy};
use crate::turnstile::{Entered, TaskWait, WaiterId};

/// Leave to make a call asked for: [`wait`](Self::wait) blocks until it is granted, `.await` suspends until it is.
///
/// Lazy: nothing is taken before the wait or the first poll. Made by [`LlmLimiter::acquire`].
///
/// # Cancel safety
///
/// Nothing is charged before the call may go. Dropped while pending, it leaves the line; dropped after its time had come but
/// before it was polled again, all is given back, as nothing was sent. Polled again after it is done, it panics.
#[must_use = "nothing is acquired until this is waited for"]
pub struct Acquire<'a, C: Clock> {
    limiter: Held<'a, LlmLimiter<C>>,
    estimate: Usage,
    patience: Patience,
    stage: Stage,
    wait: TaskWait,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Begin,
    Waiting(Place),
    Done,
}

/// A place in the line, and until when it is wanted.
#[derive(Debug, Clone, Copy)]
struct Place {
    id: WaiterId,
    by: Option<Timestamp>,
}

impl<C: Clock> fmt::Debug for Acquire<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("estimate", &self.estimate)
            .field("patience", &self.patience)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Acquire<'a, C> {
    pub(super) fn new(limiter: Held<'a, LlmLimiter<C>>, estimate: Usage) -> Self {
        Self { limiter, estimate, patience: Patience::default(), stage: Stage::Begin, wait: TaskWait::default() }
    }

    /// Wait no longer than `timeout`, counted from when the wait begins.
    ///
    /// If it would take longer by all that is known, that is said at once. A pause or a call that used more than estimated may
    /// put it off: then it is said as soon as that is known. Nobody knows when a slot comes free: that is waited for
    /// until the time is over. A timeout of zero means now or never.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience = self.patience.timeout(timeout);
        self
    }

    /// Wait no longer than until `deadline`: a reading of the limiter's clock or an [`Instant`](std::time::Instant).
    pub fn deadline(mut self, deadline: impl Into<Deadline>) -> Self {
        self.patience = self.patience.deadline(deadline);
        self
    }

    /// Blocks this thread until the call may go.
    ///
    /// # Errors
    ///
    /// [`LimitError`], with nothing charged: it names the limit that binds, if the wait would pass the timeout or deadline, or if the
    /// estimate is over the burst of a limit; or all slots stayed taken, the line is full, or the limiter closed.
    ///
    /// Awaiting it gives the same.
    pub fn wait(mut self) -> Result<Call<'a, C>, LimitError> {
        let id = match self.begin()? {
            Entered::Through(id) => id,
            Entered::Waiting(Place { id, by }) => {
                let outcome = self.limiter.line().wait(&self.limiter.clock, Strategy::default(), id, by);
                self.stage = Stage::Done;
                outcome?
            }
        };
        Ok(Call::new(self.limiter.clone(), id, self.estimate))
    }

    /// Takes leave or a place in the line, unless it has one.
    fn begin(&mut self) -> Result<Entered<CallId, Place>, LimitError> {
        match self.stage {
            Stage::Begin => {
                self.stage = Stage::Done;
                let limiter = &*self.limiter;
                let (patience, mut by) = (self.patience, None);
                let until = |now| {
                    by = patience.until(now, &limiter.clock);
                    by
                };
                let costs = limiter.costs(1, self.estimate);
                Ok(match limiter.line().enter(&limiter.clock, &costs, until)? {
                    Entered::Through(id) => Entered::Through(id),
                    Entered::Waiting(id) => {
                        let place = Place { id, by };
                        self.stage = Stage::Waiting(place);
                        Entered::Waiting(place)
                    }
                })
            }
            Stage::Waiting(place) => Ok(Entered::Waiting(place)),
            Stage::Done => panic!("polled again after it was done"),
        }
    }
}

impl<C: Clock> Drop for Acquire<'_, C> {
    fn drop(&mut self) {
        if let Stage::Waiting(Place { id, .. }) = self.stage {
            self.limiter.line().leave(&self.limiter.clock, id);
        }
    }
}

impl<'a, C: Clock> Future for Acquire<'a, C> {
    type Output = Result<Call<'a, C>, LimitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let id = match this.begin()? {
            Entered::Through(id) => id,
            Entered::Waiting(Place { id, by }) => {
                let limiter = &*this.limiter;
                let outcome = ready!(limiter.line().poll(&limiter.clock, id, by, &mut this.wait, cx));
                this.stage = Stage::Done;
                outcome?
            }
        };
        Poll::Ready(Ok(Call::new(this.limiter.clone(), id, this.estimate)))
    }
}
