//! How threads and tasks wait before a turnstile.

use std::task::{Context, Poll, ready};

use super::gate::Gate;
use super::queue::WaiterId;
use super::through::{Look, Turn, Turnstile};
use crate::clock::{Clock, Timestamp};
use crate::pace::{Strategy, TaskPace, ThreadPace};
use crate::sync::thread_waker;

/// Blocks this thread until its request is granted or refused.
pub(super) fn block<G: Gate, C: Clock>(
    turnstile: &Turnstile<G>,
    clock: &C,
    id: WaiterId,
    by: Option<Timestamp>,
) -> Result<G::Taken, G::Refusal> {
    loop {
        match turnstile.look(clock, id, by, thread_waker()) {
            Look::Taken(taken) => return Ok(taken),
            Look::Refused(refusal) => return Err(refusal),
            Look::Waiting(turn) => pass(turnstile, clock, turn),
        }
    }
}

/// Passes time until the waiter is to look again.
fn pass<G: Gate, C: Clock>(turnstile: &Turnstile<G>, clock: &C, turn: Turn) {
    let Turn { until, first, changes } = turn;
    let strategy = match turnstile.strategy() {
        // Only the first waiter has to be on time. A later one is woken when it is granted its
        // request.
        Strategy::SpinThenPark if !first => Strategy::Park,
        strategy => strategy,
    };
    let pace = ThreadPace::new(clock, strategy);
    let changed = || turnstile.changes() != changes;
    let Some(until) = until else { return pace.pass_unknown(None, changed) };
    let now = clock.now();
    if !pace.spin(now, until, changed) {
        pace.park(now, until, changed);
    }
}

/// What a task holds while it waits before a turnstile.
#[derive(Debug, Default)]
pub(super) struct TaskWait {
    pace: TaskPace,
    /// What the last look found.
    turn: Option<Turn>,
}

impl TaskWait {
    /// What the last look found, if it is still true.
    fn current<G: Gate>(&self, turnstile: &Turnstile<G>, now: Timestamp, cx: &Context<'_>) -> Option<Turn> {
        let is_current =
            |turn: &Turn| turn.changes == turnstile.changes() && turn.until.is_none_or(|until| now < until);
        self.turn.filter(is_current).filter(|_| self.pace.is_registered(cx.waker()))
    }
}

/// Suspends the task until its request is granted or refused.
pub(super) fn poll<G: Gate, C: Clock>(
    turnstile: &Turnstile<G>,
    clock: &C,
    id: WaiterId,
    by: Option<Timestamp>,
    wait: &mut TaskWait,
    cx: &mut Context<'_>,
) -> Poll<Result<G::Taken, G::Refusal>> {
    let mut slept = false;
    loop {
        let now = clock.now();
        let turn = match wait.current(turnstile, now, cx) {
            Some(turn) => turn,
            None => match turnstile.look(clock, id, by, cx.waker().clone()) {
                Look::Taken(taken) => return Poll::Ready(Ok(taken)),
                Look::Refused(refusal) => return Poll::Ready(Err(refusal)),
                Look::Waiting(turn) => {
                    wait.pace.register(cx.waker());
                    wait.turn = Some(turn);
                    if slept && turn.until.is_some_and(|until| until <= clock.now()) {
                        // Other callers were quicker twice. The executor lets them go on.
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    turn
                }
            },
        };
        let Some(until) = turn.until else { return Poll::Pending };
        ready!(wait.pace.pass(clock, now, until, !turn.first, cx));
        slept = true;
    }
}
