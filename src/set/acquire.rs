//! Asking several limits at once, waiting for them, and what they grant.

use std::fmt;
use std::time::Duration;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::LimitSet;
use super::gate::Pass;
use crate::clock::{Clock, Timestamp};
use crate::error::LimitError;
use crate::held::Held;
use crate::pace::{Deadline, Patience, Strategy};
use crate::turnstile::TaskWait;
use crate::turnstile::{Entered, WaiterId};

/// Permits of several limits, and the right to settle them once when the actual costs are known.
///
/// Dropping it does nothing: the permits stay spent.
pub struct Grant<'a, const N: usize, C: Clock> {
    set: Held<'a, LimitSet<N, C>>,
    pass: Pass<N>,
}

impl<const N: usize, C: Clock> fmt::Debug for Grant<'_, N, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("costs", &self.pass.costs).finish_non_exhaustive()
    }
}

impl<'a, const N: usize, C: Clock> Grant<'a, N, C> {
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
pub struct Acquire<'a, const N: usize, C: Clock> {
    set: Held<'a, LimitSet<N, C>>,
    costs: [u64; N],
    patience: Patience,
    stage: Stage,
    wait: TaskWait,
}

/// How far it has come.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Begin,
    Waiting { id: WaiterId, by: Option<Timestamp> },
    Done,
}

impl<const N: usize, C: Clock> fmt::Debug for Acquire<'_, N, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("costs", &self.costs)
            .field("patience", &self.patience)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

impl<'a, const N: usize, C: Clock> Acquire<'a, N, C> {
    pub(super) fn new(set: Held<'a, LimitSet<N, C>>, costs: [u64; N]) -> Self {
        Self { set, costs, patience: Patience::default(), stage: Stage::Begin, wait: TaskWait::default() }
    }

    /// Wait no longer than `timeout`, counted from when the wait begins.
    ///
    /// If it would take longer by all that is known, that is said at once. If others drain a limit meanwhile so that it takes
    /// longer after all, it is said then. A timeout of zero means now or never.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience = self.patience.timeout(timeout);
        self
    }

    /// Wait no longer than until `deadline`: a reading of the limits' clock or an [`Instant`](std::time::Instant).
    pub fn deadline(mut self, deadline: impl Into<Deadline>) -> Self {
        self.patience = self.patience.deadline(deadline);
        self
    }

    /// Blocks this thread until all limits grant.
    ///
    /// # Errors
    ///
    /// [`LimitError`], with nothing charged: it names the limit that binds, if the wait would pass the timeout or deadline, if a
    /// cost is over the burst of its limit, or if a limit is closed.
    ///
    /// Awaiting it gives the same.
    pub fn wait(mut self) -> Result<Grant<'a, N, C>, LimitError> {
        let pass = match self.begin()? {
            Entered::Through(pass) => pass,
            Entered::Waiting((id, by)) => {
                let outcome = self.set.line.wait(self.set.clock(), Strategy::default(), id, by);
                self.stage = Stage::Done;
                outcome?
            }
        };
        Ok(Grant::new(self.set.clone(), pass))
    }

    /// Takes all or a place in the line, unless it has one.
    fn begin(&mut self) -> Result<Entered<Pass<N>, (WaiterId, Option<Timestamp>)>, LimitError> {
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
                    Entered::Waiting(id) => {
                        self.stage = Stage::Waiting { id, by };
                        Entered::Waiting((id, by))
                    }
                })
            }
            Stage::Waiting { id, by } => Ok(Entered::Waiting((id, by))),
            Stage::Done => panic!("polled again after it was done"),
        }
    }
}

impl<const N: usize, C: Clock> Drop for Acquire<'_, N, C> {
    fn drop(&mut self) {
        if let Stage::Waiting { id, .. } = self.stage {
            self.set.line.leave(self.set.clock(), id);
        }
    }
}

impl<'a, const N: usize, C: Clock> Future for Acquire<'a, N, C> {
    type Output = Result<Grant<'a, N, C>, LimitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let pass = match this.begin()? {
            Entered::Through(pass) => pass,
            Entered::Waiting((id, by)) => {
                let outcome = ready!(this.set.line.poll(this.set.clock(), id, by, &mut this.wait, cx));
                this.stage = Stage::Done;
                outcome?
            }
        };
        Poll::Ready(Ok(Grant::new(this.set.clone(), pass)))
    }
}
