//! The limits of a set, and deciding on all of them.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::error::{AcquireError, LimitDenied, LimitError, Refused};
use crate::limiter::RateLimiter;
use crate::meter::{Charge, Meter};
use crate::state::Phase;
use crate::turnstile::Gate;

#[derive(Debug)]
pub(super) struct Member<C: Clock> {
    pub(super) name: &'static str,
    pub(super) limiter: Arc<RateLimiter<C>>,
}

/// What came of taking all, if not all were to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missed {
    NothingTaken,
    /// Some were taken and given back, and may have been missed by others meanwhile.
    GivenBack,
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
    pub(super) fn take_all(&self, now: Timestamp, costs: [u64; N]) -> Result<Pass<N>, Missed> {
        let charge = |limiter: &RateLimiter<C>, cost| {
            let charge = limiter.try_acquire_at(now, cost).ok()?.charge();
            // Whoever was granted something since had about the same reading.
            Some((charge, u64::MAX))
        };
        self.take_each(now, costs, now, charge)
    }

    /// Takes all at a reading that may have passed, the very moment at which they came due, or nothing.
    fn take_due(&self, due: Timestamp, costs: [u64; N], now: Timestamp) -> Result<Pass<N>, Missed> {
        let charge = |limiter: &RateLimiter<C>, cost| {
            let meter = limiter.meter();
            let moment = match meter.load().phase() {
                Phase::Open(tat) => moment(meter, tat, cost, due),
                Phase::Bypassed => return Some((Charge::Free, 0)),
                Phase::Closed | Phase::Saturated => return None,
            };
            meter.enter(moment, cost, Some(moment)).ok().map(|end| (Charge::Counted { ahead: end - moment }, end))
        };
        self.take_each(due, costs, now, charge)
    }

    /// Looks at all words first, so that what is refused does not move any. Between that and the taking another may have been
    /// quicker: then what was taken so far is given back at the reading `now`. `charge` says where it ends on each word.
    fn take_each(
        &self,
        at: Timestamp,
        costs: [u64; N],
        now: Timestamp,
        charge: impl Fn(&RateLimiter<C>, u64) -> Option<(Charge, u64)>,
    ) -> Result<Pass<N>, Missed> {
        let asked = || self.0.iter().zip(costs).filter(|(_, cost)| *cost > 0);
        if !asked().all(|(member, cost)| member.limiter.meter().has(at, cost)) {
            return Err(Missed::NothingTaken);
        }
        let (mut pass, mut ends) = (Pass { costs, charges: [Charge::Free; N] }, [0; N]);
        for (index, member) in self.0.iter().enumerate() {
            if costs[index] == 0 {
                continue;
            }
            let Some((charge, end)) = charge(&member.limiter, costs[index]) else {
                self.give_back(&pass, ends, now);
                return Err(Missed::GivenBack);
            };
            (pass.charges[index], ends[index]) = (charge, end);
        }
        Ok(pass)
    }

    /// Gives back what is still ahead of the clock: the rest has come back by itself, and others may have been granted it.
    #[cold]
    fn give_back(&self, pass: &Pass<N>, ends: [u64; N], now: Timestamp) {
        let used = std::array::from_fn(|index| {
            let meter = self.0[index].limiter.meter();
            let ahead = ends[index].saturating_sub(meter.rate.scale.units(now)) / meter.rate.gcra.cost(1);
            pass.costs[index].saturating_sub(ahead)
        });
        self.settle_at(pass, used, Some(now));
    }

    pub(super) fn settle(&self, pass: &Pass<N>, actual: [u64; N]) {
        self.settle_at(pass, actual, None);
    }

    /// Whatever was not charged is not given back.
    fn settle_at(&self, pass: &Pass<N>, actual: [u64; N], at: Option<Timestamp>) {
        for (index, member) in self.0.iter().enumerate() {
            // What cost nothing at first may do so after all.
            if pass.charges[index].is_counted() || (pass.costs[index] == 0 && actual[index] != 0) {
                match at {
                    Some(at) => member.limiter.reconcile_at(at, actual[index], pass.costs[index]),
                    None => member.limiter.reconcile(actual[index], pass.costs[index]),
                }
            }
        }
    }

    /// Which limit grants last, and what it says; not before those can go who ask for `ahead`.
    pub(super) fn denied(&self, now: Timestamp, costs: [u64; N], ahead: Option<[u64; N]>) -> LimitDenied {
        let ahead = ahead.unwrap_or([0; N]);
        let asked = self.0.iter().zip(costs.into_iter().zip(ahead)).filter(|(_, (cost, ahead))| *cost.max(ahead) != 0);
        let binding = asked.filter_map(|(member, (cost, ahead))| {
            let meter = member.limiter.meter();
            let first = due(meter, ahead).unwrap_or(0);
            let refused = match due(meter, cost) {
                Ok(due) => {
                    let excess = due.max(first).saturating_sub(meter.rate.scale.units(now));
                    (excess != 0).then_some(Refused::NotYet(excess))
                }
                Err(refused) => Some(refused),
            };
            refused.map(|refused| LimitDenied::new(member.name, member.limiter.denied(cost, refused)))
        });
        // Times of different units are compared as durations, which takes divisions; mostly only one limit binds.
        let wait = |denied: &LimitDenied| denied.retry_after().unwrap_or(Duration::MAX);
        binding.reduce(|one, other| if wait(&other) < wait(&one) { one } else { other }).unwrap_or_else(|| {
            // All is to be had again: others have given back what they took in passing, or have gone who waited.
            let index = costs.iter().rposition(|cost| *cost > 0).unwrap_or(0);
            let member = &self.0[index];
            LimitDenied::new(member.name, member.limiter.denied(costs[index], Refused::NotYet(0)))
        })
    }

    fn error(&self, index: usize, cost: u64, refused: Refused) -> LimitError {
        let member = &self.0[index];
        LimitError::new(Some(member.name), member.limiter.denied(cost, refused).into())
    }
}

/// When a limit can grant `cost` if nobody else comes, in units of its word.
fn due(meter: &Meter, cost: u64) -> Result<u64, Refused> {
    if cost == 0 {
        return Ok(0);
    }
    if cost > meter.rate.gcra.burst() {
        return Err(Refused::ExceedsBurst(0));
    }
    match meter.load().phase() {
        Phase::Open(tat) => Ok(due_of(meter, tat, cost)),
        Phase::Bypassed => Ok(0),
        Phase::Closed => Err(Refused::Closed),
        Phase::Saturated => Err(Refused::Saturated),
    }
}

fn due_of(meter: &Meter, tat: u64, cost: u64) -> u64 {
    tat.saturating_add(meter.rate.gcra.cost(cost)).saturating_sub(meter.rate.gcra.depth())
}

/// The time of a word at the reading `at`: when `cost` comes due, if that is what was rounded up to this reading.
fn moment(meter: &Meter, tat: u64, cost: u64, at: Timestamp) -> u64 {
    let (due, now) = (due_of(meter, tat, cost), meter.rate.scale.units(at));
    if due <= now && meter.rate.scale.reading(due) == at { due } else { now }
}

/// The words of a set as they will be.
pub(crate) struct Words<const N: usize>([Option<u64>; N]);

impl<const N: usize, C: Clock> Gate for Members<N, C> {
    type Ask = [u64; N];
    type Pass = Pass<N>;
    type Refusal = LimitError;
    type Forecast = Words<N>;

    fn due(&self, costs: &[u64; N]) -> Result<Option<Timestamp>, LimitError> {
        let mut at = Timestamp::default();
        for (index, member) in self.0.iter().enumerate().filter(|(index, _)| costs[*index] != 0) {
            let meter = member.limiter.meter();
            let due = due(meter, costs[index]).map_err(|refused| self.error(index, costs[index], refused))?;
            let reading = meter.rate.scale.reading(due);
            if meter.rate.scale.units(reading) < due {
                // Not before time ends.
                return Ok(None);
            }
            at = at.max(reading);
        }
        Ok(Some(at))
    }

    /// At the reading at which it came due, however late that is noticed.
    fn take(&mut self, costs: &[u64; N], due: Timestamp, now: Timestamp) -> Option<Pass<N>> {
        self.take_due(due, *costs, now).ok()
    }

    fn abandon(&mut self, _pass: Pass<N>, _now: Timestamp) {
        // As with a single limiter: after its time had come, the permits are spent.
    }

    fn forecast(&self) -> Words<N> {
        Words(self.0.each_ref().map(|member| match member.limiter.meter().load().phase() {
            Phase::Open(tat) => Some(tat),
            Phase::Bypassed => Some(0),
            Phase::Closed | Phase::Saturated => None,
        }))
    }

    fn foresee(&self, words: &mut Words<N>, costs: &[u64; N], at: Timestamp) -> Option<Timestamp> {
        let asked = || self.0.iter().zip(costs).enumerate().filter(|(_, (_, cost))| **cost > 0);
        let mut granted = at;
        for (index, (member, cost)) in asked() {
            let meter = member.limiter.meter();
            granted = granted.max(meter.rate.scale.reading(due_of(meter, words.0[index]?, *cost)));
        }
        for (index, (member, cost)) in asked() {
            let meter = member.limiter.meter();
            let tat = words.0[index]?;
            let begin = tat.max(moment(meter, tat, *cost, granted));
            words.0[index] = Some(begin.saturating_add(meter.rate.gcra.cost(*cost)));
        }
        Some(granted)
    }

    fn too_long(&self, costs: &[u64; N], wait: Option<Duration>) -> LimitError {
        let denied = self.denied(self.clock().now(), *costs, None);
        let (requested, wait) = (denied.denied().requested(), wait.unwrap_or(Duration::MAX));
        LimitError::new(Some(denied.limit()), AcquireError::TooLong { requested, wait })
    }

    fn full(&self) -> LimitError {
        LimitError::new(None, AcquireError::QueueFull)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{ManualClock, Quota};

    /// Granted as of when it came due, which was some time ago: only what is still ahead of the clock is given back.
    #[test]
    fn what_has_come_back_by_itself_is_not_given_back_again() {
        let quota = Quota::per_second(1).unwrap().with_burst(4).unwrap();
        for (late, available) in [(0, 4), (1_000, 4), (1_500, 3), (2_000, 4), (2_500, 3), (3_000, 4), (3_500, 3)] {
            let clock = ManualClock::new();
            let members = Members::new([("only", Arc::new(RateLimiter::with_clock(quota, clock.clone())))]);
            let limiter = &members.0[0].limiter;
            let pass = members.take_due(clock.now(), [4], clock.now()).unwrap();
            let ends = [limiter.meter().load().tat()];
            clock.set(Duration::from_millis(late));
            members.give_back(&pass, ends, clock.now());
            assert_eq!(limiter.available(), available, "{late} ms late");
        }
    }
}
