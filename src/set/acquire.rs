//! Asking several limits at once, waiting for them, and what they grant.

use std::fmt;
use std::time::Duration;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::LimitSet;
use super::error::SetError;
use super::gate::Pass;
use crate::clock::{Clock, Timestamp};
use crate::handle::Held;
use crate::turnstile::Nap;
use crate::turnstile::{Entered, Ticket};
use crate::wait::{Deadline, Patience};

/// Permits of several limits, and the right to settle them once when the actual costs are known.
///
/// Dropping it does nothing: the permits stay spent.
pub struct SetGrant<'a, const N: usize, C: Clock> {
    set: Held<'a, LimitSet<N, C>>,
    pass: Pass<N>,
}

impl<const N: usize, C: Clock> fmt::Debug for SetGrant<'_, N, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetGrant").field("costs", &self.pass.costs).finish_non_exhaustive()
    }
}

impl<'a, const N: usize, C: Clock> SetGrant<'a, N, C> {
    pub(super) fn new(set: Held<'a, LimitSet<N, C>>, pass: Pass<N>) -> Self {
        Self { set, pass }
    }

    /// What was granted, of each limit.
    pub fn costs(&self) -> [u64; N] {
        self.pass.costs
    }

    /// Settles the grant at its actual costs: of each limit, what is less than granted is given back, what is more becomes a
    /// debt.
    ///
    /// Never waits and never fails, however large the debts.
    pub fn reconcile(self, actual: [u64; N]) {
        self.set.settle(&self.pass, actual);
    }

    /// Gives all of it back: the work was not done.
    pub fn refund(self) {
        self.reconcile([0; N]);
    }
}

/// Permits of several limits asked for: [`wait`](Self::wait) blocks until all are granted, `.await` suspends until they are.
///
/// Lazy: nothing is taken before the wait or the first poll. Made by [`LimitSet::acquire`].
///
/// # Cancel safety
///
/// Nothing is charged before all limits grant. Dropped while pending, it leaves the line. Dropped after its time had come but
/// before it was polled again, the permits are spent. Polled again after it is done, it panics.
#[must_use = "nothing is acquired until this is waited for"]
pub struct AcquireSet<'a, const N: usize, C: Clock> {
    set: Held<'a, LimitSet<N, C>>,
    costs: [u64; N],
    patience: Patience,
    stage: Stage,
    nap: Nap,
}

/// How far it has come.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Begin,
    Waiting { ticket: Ticket, by: Option<Timestamp> },
    Done,
}

impl<const N: usize, C: Clock> fmt::Debug for AcquireSet<'_, N, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireSet")
            .field("costs", &self.costs)
            .field("patience", &self.patience)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

impl<'a, const N: usize, C: Clock> AcquireSet<'a, N, C> {
    pub(super) fn new(set: Held<'a, LimitSet<N, C>>, costs: [u64; N]) -> Self {
        Self {
            set,
            costs,
            patience: Patience::default(),
            stage: Stage::Begin,
            nap: Nap::default(),
        }
    }

    /// Wait no longer than `timeout`, counted from when the wait begins.
    ///
    /// If it would take longer by all that is known, that is said at once. If others drain a limit meanwhile so that it takes
    /// longer after all, it is said then. A timeout of zero means now or never.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience.timeout = Some(timeout);
        self
    }

    /// Wait no longer than until `deadline`: a reading of the limits' clock or an [`Instant`](std::time::Instant).
    pub fn deadline(mut self, deadline: impl Into<Deadline>) -> Self {
        self.patience.deadline = Some(deadline.into());
        self
    }

    /// Blocks this thread until all limits grant.
    ///
    /// # Errors
    ///
    /// [`SetError`], with nothing charged: it names the limit that binds, if the wait would pass the timeout or deadline, if a
    /// cost is over the burst of its limit, or if a limit is closed.
    ///
    /// Awaiting it gives the same.
    pub fn wait(mut self) -> Result<SetGrant<'a, N, C>, SetError> {
        let pass = match self.begin()? {
            Entered::Through(pass) => pass,
            Entered::Waiting((ticket, by)) => {
                let outcome = self.set.line.wait(self.set.clock(), ticket, by);
                self.stage = Stage::Done;
                outcome?
            }
        };
        Ok(SetGrant::new(self.set.clone(), pass))
    }

    /// Takes all or a place in the line, unless it has one.
    fn begin(&mut self) -> Result<Entered<Pass<N>, (Ticket, Option<Timestamp>)>, SetError> {
        match self.stage {
            Stage::Begin => {
                let clock = self.set.clock();
                if self.set.line.waiting() == 0
                    && let Ok(pass) = self.set.members.take_all(clock.now(), self.costs)
                {
                    self.stage = Stage::Done;
                    return Ok(Entered::Through(pass));
                }
                let mut by = None;
                let until = |now| {
                    by = self.patience.until(now, clock);
                    by
                };
                let entered = self.set.line.enter(clock, &self.costs, until)?;
                Ok(match entered {
                    Entered::Through(pass) => {
                        self.stage = Stage::Done;
                        Entered::Through(pass)
                    }
                    Entered::Waiting(ticket) => {
                        self.stage = Stage::Waiting { ticket, by };
                        Entered::Waiting((ticket, by))
                    }
                })
            }
            Stage::Waiting { ticket, by } => Ok(Entered::Waiting((ticket, by))),
            Stage::Done => panic!("polled again after it was done"),
        }
    }
}

impl<const N: usize, C: Clock> Drop for AcquireSet<'_, N, C> {
    fn drop(&mut self) {
        if let Stage::Waiting { ticket, .. } = self.stage {
            self.set.line.leave(self.set.clock(), ticket);
        }
    }
}

impl<'a, const N: usize, C: Clock> Future for AcquireSet<'a, N, C> {
    type Output = Result<SetGrant<'a, N, C>, SetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let pass = match this.begin()? {
            Entered::Through(pass) => pass,
            Entered::Waiting((ticket, by)) => {
                let outcome = ready!(this.set.line.poll(this.set.clock(), ticket, by, &mut this.nap, cx));
                this.stage = Stage::Done;
                outcome?
            }
        };
        Poll::Ready(Ok(SetGrant::new(this.set.clone(), pass)))
    }
}
