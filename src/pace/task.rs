//! How a task passes the time until a clock reading.
//!
//! Among few waiters, a timer wakes the task a margin before its time. From there the task yields
//! to the executor again and again until the time comes. Other tasks run meanwhile, and the task is
//! on time to within a poll. As with threads, only few may do that at once. Among many waiters,
//! each task sleeps until its time: with a backlog the rate does not depend on each being on time,
//! and one wake-up each is the least that a wait can cost.

use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::lateness::{TASKS, lease_spin};
use crate::clock::{Clock, Sleep, Timestamp};

/// What a task holds while it waits.
#[derive(Debug, Default)]
pub(crate) struct TaskPace {
    /// The waker that the queue has.
    waker: Option<Waker>,
    /// The timer, and the reading at which it ends.
    sleep: Option<(Timestamp, Sleep)>,
    /// The reading up to which the task may yield instead of sleeping.
    spins_until: Option<Timestamp>,
}

impl TaskPace {
    /// Whether the queue has this waker.
    pub(crate) fn is_registered(&self, waker: &Waker) -> bool {
        self.waker.as_ref().is_some_and(|registered| registered.will_wake(waker))
    }

    /// Remembers that the queue has this waker.
    pub(crate) fn register(&mut self, waker: &Waker) {
        self.waker = Some(waker.clone());
    }

    /// Passes time until about the reading `due`. Ready when the caller is to look again.
    ///
    /// A task that is `relaxed` sleeps for the whole time.
    pub(crate) fn pass<C: Clock>(
        &mut self,
        clock: &C,
        now: Timestamp,
        due: Timestamp,
        relaxed: bool,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let relaxed = relaxed || !clock.can_spin();
        let margin = if relaxed { due } else { TASKS.before(clock, due) };
        if now >= margin {
            if self.spins_until != Some(due) {
                self.spins_until = lease_spin(clock.between(now, due)).then_some(due);
            }
            if self.spins_until.is_some() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let until = if now < margin { margin } else { due };
        ready!(self.sleep(clock, until, cx));
        let woke = clock.now();
        if woke >= until && !relaxed {
            TASKS.observe(clock.between(until, woke));
        }
        Poll::Ready(())
    }

    /// Sleeps until the reading `until`. Goes on with the timer if it is set to that reading
    /// already.
    pub(crate) fn sleep<C: Clock>(&mut self, clock: &C, until: Timestamp, cx: &mut Context<'_>) -> Poll<()> {
        if self.sleep.as_ref().is_none_or(|(end, _)| *end != until) {
            self.sleep = Some((until, clock.sleep_until(until)));
        }
        let Some((_, sleep)) = &mut self.sleep else { unreachable!("just set") };
        ready!(Pin::new(sleep).poll(cx));
        self.sleep = None;
        Poll::Ready(())
    }
}
