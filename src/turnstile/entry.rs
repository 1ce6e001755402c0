//! What a waiter before a turnstile holds.

use std::task::{Context, Poll, ready};

use super::gate::Gate;
use super::queue::WaiterId;
use super::through::Turnstile;
use super::waiting::{self, TaskWait};
use crate::ask::Entered;
use crate::clock::{Clock, Timestamp};
use crate::held::Held;
use crate::pace::Patience;

/// A limiter whose requests wait before a turnstile.
pub(crate) trait Host {
    type Gate: Gate;
    type Clock: Clock;

    fn turnstile(&self) -> &Turnstile<Self::Gate>;

    fn clock(&self) -> &Self::Clock;
}

type Taken<H> = <<H as Host>::Gate as Gate>::Taken;
type Request<H> = <<H as Host>::Gate as Gate>::Request;
type Refusal<H> = <<H as Host>::Gate as Gate>::Refusal;

/// An entry of the queue before a turnstile. Dropped, it leaves the queue.
pub(crate) struct Entry<'a, H: Host> {
    host: Held<'a, H>,
    id: WaiterId,
    by: Option<Timestamp>,
    wait: TaskWait,
    /// The waiter has learned the outcome, so there is nothing to leave.
    over: bool,
}

impl<'a, H: Host> Entry<'a, H> {
    /// Grants a request, or takes an entry for it.
    pub(crate) fn enter(
        host: &Held<'a, H>,
        request: &Request<H>,
        patience: Patience,
    ) -> Result<Entered<Taken<H>, Self>, Refusal<H>> {
        let clock = host.clock();
        Ok(match host.turnstile().enter(clock, request, |now| patience.until(now, clock))? {
            Entered::Taken(taken) => Entered::Taken(taken),
            Entered::Waiting((id, by)) => {
                Entered::Waiting(Self { host: host.clone(), id, by, wait: TaskWait::default(), over: false })
            }
        })
    }

    /// Blocks this thread until the request is granted or refused.
    pub(crate) fn block(mut self) -> Result<Taken<H>, Refusal<H>> {
        let outcome = waiting::block(self.host.turnstile(), self.host.clock(), self.id, self.by);
        self.over = true;
        outcome
    }

    /// Suspends the task until the request is granted or refused.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Taken<H>, Refusal<H>>> {
        let (turnstile, clock) = (self.host.turnstile(), self.host.clock());
        let outcome = ready!(waiting::poll(turnstile, clock, self.id, self.by, &mut self.wait, cx));
        self.over = true;
        Poll::Ready(outcome)
    }
}

impl<H: Host> Drop for Entry<'_, H> {
    fn drop(&mut self) {
        if !self.over {
            self.host.turnstile().leave(self.host.clock(), self.id);
        }
    }
}
