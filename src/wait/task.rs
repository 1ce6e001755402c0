//! How a task passes the time until its turn.
//!
//! Alone or among few, it is woken by a timer a margin before its turn, and from there it yields to the executor again and
//! again until the time has come: others run meanwhile, and it is on time to within a poll. As with threads, few may do that
//! at a time. Among many, each sleeps until its turn and no less: with a backlog the rate does not hang on each being on
//! time, and one wake-up each is the least that it can cost.

use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::lateness::{TASKS, lease_spin};
use super::line::{Standing, Turn};
use crate::clock::{Clock, Sleep, Timestamp};
use crate::error::AcquireError;
use crate::limiter::RateLimiter;
use crate::meter::Charge;

/// What a task holds while it waits.
#[derive(Debug, Default)]
pub(super) struct Nap {
    /// Who is told when the place moves.
    waker: Option<Waker>,
    /// The timer, and until when it runs.
    sleep: Option<(Timestamp, Sleep)>,
    /// Up to when it has leave to yield rather than sleep.
    spins_until: Option<Timestamp>,
}

impl Nap {
    fn tells(&self, waker: &Waker) -> bool {
        self.waker.as_ref().is_some_and(|told| told.will_wake(waker))
    }

    /// Sleeps until `until`, or goes on with a sleep until then.
    fn sleep(&mut self, clock: &impl Clock, until: Timestamp, cx: &mut Context<'_>) -> Poll<()> {
        if self.sleep.as_ref().is_none_or(|(end, _)| *end != until) {
            self.sleep = Some((until, clock.sleep_until(until)));
        }
        let Some((_, sleep)) = &mut self.sleep else { unreachable!("just made") };
        ready!(Pin::new(sleep).poll(cx));
        self.sleep = None;
        Poll::Ready(())
    }
}

impl<C: Clock> RateLimiter<C> {
    /// Waits for the turn, or until the wait is ended; also if it is put off to after `latest`.
    pub(super) fn poll_turn(
        &self,
        turn: &mut Turn,
        latest: Option<Timestamp>,
        nap: &mut Nap,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Charge, AcquireError>> {
        let clock = self.clock();
        loop {
            let now = clock.now();
            if now >= turn.due || self.changes() != turn.changes || !nap.tells(cx.waker()) {
                match self.look(*turn, now, Some(cx.waker().clone())) {
                    Standing::Granted(charge) => return Poll::Ready(Ok(charge)),
                    Standing::Refused(error) => return Poll::Ready(Err(error)),
                    Standing::Waiting(current) => *turn = self.still_in_time(current, latest)?,
                }
                nap.waker = Some(cx.waker().clone());
            }
            ready!(self.pass_time(*turn, now, nap, cx));
        }
    }

    /// Sleeps until shortly before the turn, and yields for the rest if it has leave to, so that it is on time; and sleeps until
    /// the turn otherwise.
    fn pass_time(&self, turn: Turn, now: Timestamp, nap: &mut Nap, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock();
        let until = if turn.crowded || clock.is_manual() { turn.due } else { TASKS.before(clock, turn.due) };
        if now >= until {
            if nap.spins_until != Some(turn.due) {
                nap.spins_until = lease_spin(clock.between(now, turn.due)).then_some(turn.due);
            }
            if nap.spins_until.is_some() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let until = if now < until { until } else { turn.due };
        ready!(nap.sleep(clock, until, cx));
        let woke = clock.now();
        if woke >= until && !turn.crowded && !clock.is_manual() {
            TASKS.observe(clock.between(until, woke));
        }
        Poll::Ready(())
    }
}
