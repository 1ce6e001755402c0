//! How threads and tasks wait before a turnstile.

use std::task::{Context, Poll, ready};

use super::{Gate, Look, Turnstile, WaiterId};
use crate::clock::{Clock, Timestamp};
use crate::pace::{Strategy, TaskPace, ThreadPace};
use crate::sync::thread_waker;

impl<G: Gate> Turnstile<G> {
    /// Blocks this thread until it passes or is refused.
    pub(crate) fn wait<C: Clock>(
        &self,
        clock: &C,
        strategy: Strategy,
        id: WaiterId,
        by: Option<Timestamp>,
    ) -> Result<G::Pass, G::Refusal> {
        loop {
            match self.look(clock, id, by, thread_waker()) {
                Look::Through(pass) => return Ok(pass),
                Look::Refused(refusal) => return Err(refusal),
                Look::Waiting { until, first, changes } => {
                    let changed = || self.changes() != changes;
                    // Only the first waiter has to be on time.
                    let pace = ThreadPace::new(clock, if first { strategy } else { Strategy::Park });
                    match until {
                        None => pace.pass_unknown(None, changed),
                        Some(until) => {
                            let now = clock.now();
                            if !pace.spin(now, until, changed) {
                                pace.park(now, until, changed);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a task holds while it waits before a turnstile.
#[derive(Debug, Default)]
pub(crate) struct TaskWait {
    pace: TaskPace,
    /// What the last look found: when to look again, whether the task is first, the count of changes.
    seen: Option<(Option<Timestamp>, bool, u64)>,
}

impl<G: Gate> Turnstile<G> {
    /// Suspends the task until it passes or is refused.
    pub(crate) fn poll<C: Clock>(
        &self,
        clock: &C,
        id: WaiterId,
        by: Option<Timestamp>,
        wait: &mut TaskWait,
        cx: &mut Context<'_>,
    ) -> Poll<Result<G::Pass, G::Refusal>> {
        let mut again = false;
        loop {
            let now = clock.now();
            let current = wait.seen.filter(|(until, _, changes)| {
                *changes == self.changes()
                    && until.is_none_or(|until| now < until)
                    && wait.pace.is_registered(cx.waker())
            });
            let (until, first) = match current {
                Some((until, first, _)) => (until, first),
                None => match self.look(clock, id, by, cx.waker().clone()) {
                    Look::Through(pass) => return Poll::Ready(Ok(pass)),
                    Look::Refused(refusal) => return Poll::Ready(Err(refusal)),
                    Look::Waiting { until, first, changes } => {
                        wait.pace.register(cx.waker());
                        wait.seen = Some((until, first, changes));
                        if again && until.is_some_and(|until| until <= clock.now()) {
                            // Others were quicker, twice: let them go on.
                            cx.waker().wake_by_ref();
                            return Poll::Pending;
                        }
                        (until, first)
                    }
                },
            };
            let Some(until) = until else { return Poll::Pending };
            ready!(wait.pace.pass(clock, now, until, !first, cx));
            again = true;
        }
    }
}
