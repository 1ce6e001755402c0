//! How a thread passes the time until its turn.

use std::hint;

use super::lateness::{SpinPermit, THREADS};
use super::line::{Standing, Turn};
use super::strategy::Strategy;
use crate::clock::{Clock, Timestamp};
use crate::error::AcquireError;
use crate::limiter::RateLimiter;
use crate::meter::Charge;
use crate::sync::thread_waker;

impl<C: Clock> RateLimiter<C> {
    /// Blocks until the turn has come or the wait is ended; also if it is put off to after `latest`.
    pub(super) fn wait_for(&self, mut turn: Turn, latest: Option<Timestamp>) -> Result<Charge, AcquireError> {
        let mut listening = false;
        loop {
            let now = self.clock().now();
            let early = now < turn.due && self.changes() == turn.changes;
            if early && let Some(_permit) = self.may_spin(turn, now) {
                self.spin_until_due(turn);
                continue;
            }
            if early && listening {
                self.park(turn, now);
                continue;
            }
            listening |= early;
            match self.look(turn, now, early.then(thread_waker)) {
                Standing::Granted(charge) => return Ok(charge),
                Standing::Refused(error) => return Err(error),
                Standing::Waiting(current) => turn = self.still_in_time(current, latest)?,
            }
        }
    }

    /// Whether to spin for the rest of the wait.
    fn may_spin(&self, turn: Turn, now: Timestamp) -> Option<SpinPermit> {
        match self.strategy() {
            _ if self.clock().is_manual() => None,
            Strategy::Spin => Some(SpinPermit::unlimited()),
            Strategy::SpinThenPark if now >= THREADS.before(self.clock(), turn.due) => SpinPermit::take(),
            Strategy::SpinThenPark | Strategy::Park => None,
        }
    }

    fn spin_until_due(&self, turn: Turn) {
        while self.clock().now() < turn.due && self.changes() == turn.changes {
            hint::spin_loop();
        }
    }

    /// Parks until shortly before the turn if the strategy is to spin from there, and until the turn otherwise; until woken
    /// in any case.
    fn park(&self, turn: Turn, now: Timestamp) {
        let clock = self.clock();
        let margin = THREADS.before(self.clock(), turn.due);
        let spins_after = self.strategy() == Strategy::SpinThenPark && !clock.is_manual() && now < margin;
        let until = if spins_after { margin } else { turn.due };
        clock.park_until(until);
        // Woken before the time, it was not the scheduler's doing.
        let woke = clock.now();
        if woke >= until && !clock.is_manual() && self.changes() == turn.changes {
            THREADS.observe(clock.between(until, woke));
        }
    }
}
