//! The limits of a set, and deciding on all of them.

use std::sync::Arc;
use std::time::Duration;

use super::error::{SetDenied, SetError};
use crate::clock::{Clock, Timestamp};
use crate::error::{AcquireError, Denied, Reason, Refused};
use crate::limiter::RateLimiter;
use crate::meter::{Charge, Meter};
use crate::state::Phase;
use crate::turnstile::Gate;

#[derive(Debug)]
pub(super) struct Member<C: Clock> {
    pub(super) name: &'static str,
    pub(super) limiter: Arc<RateLimiter<C>>,
}

#[derive(Debug)]
pub(super) struct Members<const N: usize, C: Clock>(Arc<[Member<C>; N]>);

/// What a request was charged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass<const N: usize> {
    pub(super) costs: [u64; N],
    charges: [Charge; N],
}

impl<const N: usize, C: Clock> Clone for Members<N, C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<const N: usize, C: Clock> Members<N, C> {
    pub(super) fn new(limits: [(&'static str, Arc<RateLimiter<C>>); N]) -> Self {
        Self(Arc::new(limits.map(|(name, limiter)| Member { name, limiter })))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Member<C>> {
        self.0.iter()
    }

    pub(super) fn clock(&self) -> &C {
        self.0[0].limiter.clock()
    }

    /// Takes all at a reading of the clock, or nothing.
    ///
    /// Looks at all words first, so that what is refused does not move any. Between that and the taking another may have been
    /// quicker: then what was taken so far is given back.
    pub(super) fn take_all(&self, at: Timestamp, costs: [u64; N]) -> Option<Pass<N>> {
        let asked = || self.0.iter().zip(costs).filter(|(_, cost)| *cost > 0);
        if !asked().all(|(member, cost)| member.limiter.meter.has(at, cost)) {
            return None;
        }
        let mut pass = Pass { costs, charges: [Charge::Free; N] };
        for (index, member) in self.0.iter().enumerate() {
            if costs[index] == 0 {
                continue;
            }
            let Ok(charge) = member.limiter.try_charge_at(at, costs[index]) else {
                self.settle_at(&pass, [0; N], Some(at));
                return None;
            };
            pass.charges[index] = charge;
        }
        Some(pass)
    }

    pub(super) fn settle(&self, pass: &Pass<N>, actual: [u64; N]) {
        self.settle_at(pass, actual, None);
    }

    /// Whatever was not charged is not given back.
    fn settle_at(&self, pass: &Pass<N>, actual: [u64; N], at: Option<Timestamp>) {
        for (index, member) in self.0.iter().enumerate() {
            // What cost nothing at first may do so after all.
            if pass.charges[index] == Charge::Counted || (pass.costs[index] == 0 && actual[index] > 0) {
                member.limiter.settle(at, actual[index], pass.costs[index]);
            }
        }
    }

    /// Which limit grants last, and what it says.
    pub(super) fn denied(&self, now: Timestamp, costs: [u64; N]) -> SetDenied {
        let refusals = self.0.iter().zip(costs).filter(|(_, cost)| *cost > 0).map(|(member, cost)| {
            let meter = &member.limiter.meter;
            let refused = match due(meter, cost) {
                Ok(due) => Refused { reason: Reason::NotYet, excess: due.saturating_sub(meter.scale.units(now)) },
                Err(reason) => reason.into(),
            };
            SetDenied::new(member.name, meter.denied(cost, refused))
        });
        let wait = |denied: &SetDenied| denied.retry_after().unwrap_or(Duration::MAX);
        refusals.max_by_key(wait).unwrap_or_else(|| {
            // Nothing at all was asked for, while others wait.
            let member = &self.0[0];
            SetDenied::new(member.name, member.limiter.meter.denied(0, Reason::NotYet.into()))
        })
    }

    fn error(&self, index: usize, cost: u64, reason: Reason) -> SetError {
        let member = &self.0[index];
        SetError::new(Some(member.name), member.limiter.meter.denied(cost, reason.into()).into())
    }
}

/// When a limit can grant `cost` if nobody else comes, in units of its word.
fn due(meter: &Meter, cost: u64) -> Result<u64, Reason> {
    if cost > meter.gcra.burst() {
        return Err(Reason::ExceedsBurst);
    }
    match meter.load().phase() {
        Phase::Open(tat) => Ok(due_of(meter, tat, cost)),
        Phase::Breached => Ok(0),
        Phase::Closed => Err(Reason::Closed),
        Phase::Saturated => Err(Reason::Saturated),
    }
}

fn due_of(meter: &Meter, tat: u64, cost: u64) -> u64 {
    tat.saturating_add(meter.gcra.cost(cost)).saturating_sub(meter.gcra.depth())
}

/// The words of a set as they will be.
pub(crate) struct Words<const N: usize>([Option<u64>; N]);

impl<const N: usize, C: Clock> Gate for Members<N, C> {
    type Ask = [u64; N];
    type Pass = Pass<N>;
    type Refusal = SetError;
    type Forecast = Words<N>;

    fn due(&self, costs: &[u64; N]) -> Result<Option<Timestamp>, SetError> {
        let mut at = Timestamp::default();
        for (index, member) in self.0.iter().enumerate().filter(|(index, _)| costs[*index] > 0) {
            let meter = &member.limiter.meter;
            let due = due(meter, costs[index]).map_err(|reason| self.error(index, costs[index], reason))?;
            at = at.max(meter.scale.reading(due));
        }
        Ok(Some(at))
    }

    /// At the reading at which it came due, however late that is noticed.
    fn take(&mut self, costs: &[u64; N], due: Timestamp, _now: Timestamp) -> Option<Pass<N>> {
        self.take_all(due, *costs)
    }

    fn abandon(&mut self, _pass: Pass<N>, _now: Timestamp) {
        // As with a single limiter: after its time had come, the permits are spent.
    }

    fn forecast(&self) -> Words<N> {
        Words(self.0.each_ref().map(|member| match member.limiter.meter.load().phase() {
            Phase::Open(tat) => Some(tat),
            Phase::Breached => Some(0),
            Phase::Closed | Phase::Saturated => None,
        }))
    }

    fn foresee(&self, words: &mut Words<N>, costs: &[u64; N], at: Timestamp) -> Option<Timestamp> {
        let asked = || self.0.iter().zip(costs).enumerate().filter(|(_, (_, cost))| **cost > 0);
        let mut granted = at;
        for (index, (member, cost)) in asked() {
            let meter = &member.limiter.meter;
            granted = granted.max(meter.scale.reading(due_of(meter, words.0[index]?, *cost)));
        }
        for (index, (member, cost)) in asked() {
            let meter = &member.limiter.meter;
            let begin = words.0[index]?.max(meter.scale.units(granted));
            words.0[index] = Some(begin.saturating_add(meter.gcra.cost(*cost)));
        }
        Some(granted)
    }

    fn too_long(&self, costs: &[u64; N], wait: Option<Duration>) -> SetError {
        let denied = self.denied(self.clock().now(), *costs);
        let (requested, wait) = (denied.denied().requested(), wait.unwrap_or(Duration::MAX));
        SetError::new(Some(denied.limit()), AcquireError::TooLong { requested, wait })
    }

    fn full(&self) -> SetError {
        SetError::new(None, AcquireError::QueueFull)
    }
}

impl<C: Clock> RateLimiter<C> {
    /// Takes `n` permits if they are to be had now, of a strict limiter too.
    fn try_charge_at(&self, now: Timestamp, n: u64) -> Result<Charge, Denied> {
        self.try_acquire_at(now, n).map(|grant| grant.charge())
    }
}
