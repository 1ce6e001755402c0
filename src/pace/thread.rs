//! How a thread passes the time until a clock reading.

use std::hint;

use super::lateness::{SpinPermit, THREADS};
use super::strategy::Strategy;
use crate::clock::{Clock, Timestamp};
use crate::sync;

/// The pace of a thread that waits on `clock` by `strategy`.
#[derive(Debug)]
pub(crate) struct ThreadPace<'a, C> {
    clock: &'a C,
    strategy: Strategy,
}

impl<C> Clone for ThreadPace<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for ThreadPace<'_, C> {}

impl<'a, C: Clock> ThreadPace<'a, C> {
    pub(crate) fn new(clock: &'a C, strategy: Strategy) -> Self {
        Self { clock, strategy }
    }

    /// Spins until the reading `due`, or until `changed` says so. Gives `false`, at once, if the
    /// thread is to park instead.
    pub(crate) fn spin(self, now: Timestamp, due: Timestamp, changed: impl Fn() -> bool) -> bool {
        let Some(_permit) = self.spin_permit(now, due) else { return false };
        while self.clock.now() < due && !changed() {
            hint::spin_loop();
        }
        true
    }

    fn spin_permit(self, now: Timestamp, due: Timestamp) -> Option<SpinPermit> {
        match self.strategy {
            _ if !self.clock.can_spin() => None,
            Strategy::Spin => Some(SpinPermit::unlimited()),
            Strategy::SpinThenPark if now >= THREADS.before(self.clock, due) => SpinPermit::take(),
            Strategy::SpinThenPark | Strategy::Park => None,
        }
    }

    /// Parks until the thread is woken, but not past the reading `due`. If the strategy is to spin
    /// at the end, the thread parks until shortly before `due`.
    pub(crate) fn park(self, now: Timestamp, due: Timestamp, changed: impl Fn() -> bool) {
        let margin = THREADS.before(self.clock, due);
        let spins_after = self.strategy == Strategy::SpinThenPark && self.clock.can_spin() && now < margin;
        let until = if spins_after { margin } else { due };
        self.clock.park_until(until);
        // A thread that was woken early was not woken by its timer.
        let woke = self.clock.now();
        if woke >= until && self.clock.can_spin() && !changed() {
            THREADS.observe(self.clock.between(until, woke));
        }
    }

    /// Passes time until `changed`, the reading `until` or an early wake-up, whichever is first.
    /// With `Strategy::Spin` the thread spins; otherwise it parks, because the time of a change is
    /// unknown.
    pub(crate) fn pass_unknown(self, until: Option<Timestamp>, changed: impl Fn() -> bool) {
        if self.strategy == Strategy::Spin && self.clock.can_spin() {
            let over = || until.is_some_and(|until| self.clock.now() >= until);
            while !changed() && !over() {
                hint::spin_loop();
            }
            return;
        }
        match until {
            Some(until) => self.clock.park_until(until),
            None => sync::park(),
        }
    }
}
