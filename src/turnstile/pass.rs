//! How threads and tasks pass the time before a turnstile.

use std::hint;
use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::{Gate, Look, Ticket, Turnstile};
use crate::clock::Sleep;
use crate::clock::{Clock, Timestamp};
use crate::sync::{park, thread_waker};
use crate::wait::{SpinPermit, THREADS};

impl<G: Gate> Turnstile<G> {
    /// Blocks this thread until it is let through or refused.
    pub(crate) fn wait(
        &self,
        clock: &impl Clock,
        ticket: Ticket,
        by: Option<Timestamp>,
    ) -> Result<G::Pass, G::Refusal> {
        loop {
            match self.look(clock, ticket, by, thread_waker()) {
                Look::Through(pass) => return Ok(pass),
                Look::Refused(refusal) => return Err(refusal),
                Look::Waiting { until: None, .. } => park(),
                Look::Waiting { until: Some(until), first, changes } => self.pass_time(clock, until, first, changes),
            }
        }
    }

    /// Parks until shortly before, and spins for the rest if it is the first in line.
    fn pass_time(&self, clock: &impl Clock, until: Timestamp, first: bool, changes: u64) {
        if clock.is_manual() || !first {
            return clock.park_until(until);
        }
        let margin = THREADS.before(clock, until);
        if clock.now() < margin {
            clock.park_until(margin);
            let woke = clock.now();
            if woke >= margin {
                THREADS.observe(clock.between(margin, woke));
            }
            return;
        }
        if let Some(_permit) = SpinPermit::take() {
            while clock.now() < until && self.changes() == changes {
                hint::spin_loop();
            }
        } else {
            clock.park_until(until);
        }
    }
}

/// What a task holds while it waits.
#[derive(Debug, Default)]
pub(crate) struct Nap {
    /// Who is told of changes.
    waker: Option<Waker>,
    /// The timer, and until when it runs.
    sleep: Option<(Timestamp, Sleep)>,
    /// The changes it knows of.
    changes: u64,
}

impl<G: Gate> Turnstile<G> {
    /// Suspends the task until it is let through or refused.
    pub(crate) fn poll(
        &self,
        clock: &impl Clock,
        ticket: Ticket,
        by: Option<Timestamp>,
        nap: &mut Nap,
        cx: &mut Context<'_>,
    ) -> Poll<Result<G::Pass, G::Refusal>> {
        let mut again = false;
        loop {
            let known = nap.waker.as_ref().is_some_and(|told| told.will_wake(cx.waker()));
            let asleep = nap.sleep.as_ref().is_some_and(|(until, _)| clock.now() < *until);
            if !(known && asleep && nap.changes == self.changes()) {
                match self.look(clock, ticket, by, cx.waker().clone()) {
                    Look::Through(pass) => return Poll::Ready(Ok(pass)),
                    Look::Refused(refusal) => return Poll::Ready(Err(refusal)),
                    Look::Waiting { until, changes, .. } => {
                        nap.waker = Some(cx.waker().clone());
                        nap.changes = changes;
                        if nap.sleep.as_ref().map(|(set, _)| *set) != until {
                            nap.sleep = until.map(|until| (until, clock.sleep_until(until)));
                        }
                        if until.filter(|_| again).is_some_and(|until| until <= clock.now()) {
                            // Others were quicker, twice: let them go on.
                            nap.sleep = None;
                            cx.waker().wake_by_ref();
                            return Poll::Pending;
                        }
                    }
                }
            }
            let Some((_, sleep)) = &mut nap.sleep else { return Poll::Pending };
            if Pin::new(sleep).poll(cx).is_pending() {
                return Poll::Pending;
            }
            // Timers may end early.
            nap.sleep = None;
            again = true;
        }
    }
}
