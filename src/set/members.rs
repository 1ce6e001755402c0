//! The limits of a set, and decisions about all of them.

use std::sync::Arc;
use std::time::Duration;

use super::shape::Shape;
use crate::clock::{Clock, Timestamp};
use crate::error::{LimitDenied, Refused};
use crate::limiter::RateLimiter;
use crate::meter::{Charge, Meter};
use crate::state::Phase;

/// A limit of a set.
#[derive(Debug)]
pub(crate) struct Member<C: Clock> {
    pub(super) name: &'static str,
    pub(super) limiter: Arc<RateLimiter<C>>,
}

impl<C: Clock> Clone for Member<C> {
    fn clone(&self) -> Self {
        Self { name: self.name, limiter: Arc::clone(&self.limiter) }
    }
}

/// Why a request was not charged, if not all of its costs were available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missed {
    NothingTaken,
    /// Some costs were taken and given back, and other callers may have missed them meanwhile.
    GivenBack,
}

/// How a request was charged to each limit.
pub(crate) type Charges<S> = <S as Shape>::Each<Charge>;

/// The limits of a set. Clones share them.
pub(crate) struct Members<S: Shape, C: Clock>(Arc<S::Each<Member<C>>>);

impl<S: Shape, C: Clock> Clone for Members<S, C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Shape, C: Clock> Members<S, C> {
    /// At least one limit.
    pub(super) fn new(members: S::Each<Member<C>>) -> Self {
        Self(Arc::new(members))
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[Member<C>] {
        (*self.0).as_ref()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Member<C>> {
        self.as_slice().iter()
    }

    #[inline]
    pub(super) fn clock(&self) -> &C {
        self.as_slice()[0].limiter.clock()
    }

    /// What `look` gives for each limit.
    pub(super) fn map<T: Clone>(&self, look: impl Fn(&RateLimiter<C>, usize) -> T) -> S::Each<T> {
        let members = self.as_slice();
        S::each(members.len(), |index| look(&members[index].limiter, index))
    }

    /// The limits with their costs, without the limits that the request asks nothing of.
    fn asked<'a>(&'a self, costs: &'a [u64]) -> impl Iterator<Item = (usize, &'a Member<C>, u64)> {
        let all = self.iter().zip(costs).enumerate();
        all.filter(|(_, (_, cost))| **cost != 0).map(|(index, (member, cost))| (index, member, *cost))
    }

    /// Takes all costs at a clock reading, or nothing.
    pub(super) fn take_all(&self, now: Timestamp, costs: &[u64]) -> Result<Charges<S>, Missed> {
        let charge = |limiter: &RateLimiter<C>, cost| {
            let charge = limiter.try_acquire_at(now, cost).ok()?.charge();
            // A caller that was granted something since had about the same reading.
            Some((charge, u64::MAX))
        };
        self.take_each(now, costs, now, charge)
    }

    /// Takes all costs at a reading that may have passed, the very moment at which they came due,
    /// or nothing.
    pub(super) fn take_due(&self, due: Timestamp, costs: &[u64], now: Timestamp) -> Result<Charges<S>, Missed> {
        let charge = |limiter: &RateLimiter<C>, cost| {
            let meter = limiter.meter();
            let moment = match meter.load().phase() {
                Phase::Open(tat) => meter.rate.moment(tat, cost, due),
                Phase::Bypassed => return Some((Charge::Free, 0)),
                Phase::Closed | Phase::Saturated => return None,
            };
            meter.enter(moment, cost, Some(moment)).ok().map(|end| (Charge::Counted { ahead: end - moment }, end))
        };
        self.take_each(due, costs, now, charge)
    }

    /// Looks at all words first, so that a refused request moves none of them. Between the look and
    /// the taking another caller may have been quicker. Then what was taken so far is given back at
    /// the reading `now`. `charge` gives where the entry ends on each word.
    #[inline]
    fn take_each(
        &self,
        at: Timestamp,
        costs: &[u64],
        now: Timestamp,
        charge: impl Fn(&RateLimiter<C>, u64) -> Option<(Charge, u64)>,
    ) -> Result<Charges<S>, Missed> {
        if !self.asked(costs).all(|(_, member, cost)| member.limiter.meter().has(at, cost)) {
            return Err(Missed::NothingTaken);
        }
        // A limit that the request asks nothing of is as good as charged 0 permits.
        let count = self.as_slice().len();
        let mut charges = S::each(count, |index| self.untouched(index, costs, at));
        let mut ends = S::each(count, |_| 0);
        for (index, member, cost) in self.asked(costs) {
            let Some((taken, end)) = charge(&member.limiter, cost) else {
                self.give_back(costs, charges.as_ref(), ends.as_ref(), now);
                return Err(Missed::GivenBack);
            };
            (charges.as_mut()[index], ends.as_mut()[index]) = (taken, end);
        }
        Ok(charges)
    }

    /// The charge of a limit before the request is charged to it.
    fn untouched(&self, index: usize, costs: &[u64], at: Timestamp) -> Charge {
        if costs[index] != 0 {
            return Charge::Free;
        }
        let (tat, now) = self.as_slice()[index].limiter.meter().peek(at);
        Charge::Counted { ahead: tat.saturating_sub(now) }
    }

    /// Gives back what is still ahead of the clock. The rest has come back by itself, and other
    /// callers may have been granted it.
    #[cold]
    fn give_back(&self, costs: &[u64], charges: &[Charge], ends: &[u64], now: Timestamp) {
        for (index, member, cost) in self.asked(costs) {
            let rate = &member.limiter.meter().rate;
            let ahead = rate.gcra.whole_permits(rate.backlog(ends[index], now));
            if charges[index].is_counted() {
                member.limiter.reconcile_at(now, cost.saturating_sub(ahead), cost);
            }
        }
    }

    /// Settles a request. A cost that was not charged is not given back.
    pub(super) fn settle(&self, costs: &[u64], charges: &[Charge], actual: &[u64]) {
        for (index, member) in self.iter().enumerate() {
            if charges[index].is_counted() {
                member.limiter.reconcile(actual[index], costs[index]);
            }
        }
    }

    /// The refusal of the limit that grants last. Not before the costs `ahead` of the first waiter
    /// can be granted.
    pub(super) fn denied(&self, now: Timestamp, costs: &[u64], ahead: Option<&[u64]>) -> LimitDenied {
        let ahead = |index: usize| ahead.map_or(0, |ahead| ahead[index]);
        let both = self.iter().enumerate().map(|(index, member)| (member, costs[index], ahead(index)));
        let binding = both.filter(|(_, cost, ahead)| *cost.max(ahead) != 0).filter_map(|(member, cost, ahead)| {
            let meter = member.limiter.meter();
            let first = due(meter, ahead).unwrap_or(0);
            let refused = match due(meter, cost) {
                Ok(due) => {
                    let excess = due.max(first).saturating_sub(meter.rate.units(now));
                    (excess != 0).then_some(Refused::NotYet(excess))
                }
                Err(Refused::ExceedsBurst(_)) => Some(Refused::ExceedsBurst(member.limiter.available_at(now))),
                Err(refused) => Some(refused),
            };
            refused.map(|refused| Self::refusal(member, cost, refused))
        });
        // Times in different units are compared as durations, which takes divisions. Mostly only
        // one limit binds.
        let wait = |denied: &LimitDenied| denied.retry_after().unwrap_or(Duration::MAX);
        binding.reduce(|one, other| if wait(&other) < wait(&one) { one } else { other }).unwrap_or_else(|| {
            // All costs are available again: other callers have given back what they took in
            // passing, or the waiters have left.
            let last = costs.iter().rposition(|cost| *cost > 0).unwrap_or(0);
            Self::refusal(&self.as_slice()[last], costs[last], Refused::NotYet(0))
        })
    }

    fn refusal(member: &Member<C>, cost: u64, refused: Refused) -> LimitDenied {
        LimitDenied::new(Some(member.name), member.limiter.denied(cost, refused))
    }

    /// The refusal of the set as a whole.
    pub(super) fn refusal_of_all(&self, requested: u64, refused: Refused) -> LimitDenied {
        LimitDenied::new(None, self.as_slice()[0].limiter.denied(requested, refused))
    }
}

/// When a limit can grant a cost if no other request comes, in units of its word.
pub(super) fn due(meter: &Meter, cost: u64) -> Result<u64, Refused> {
    if cost == 0 {
        return Ok(0);
    }
    if cost > meter.rate.gcra.burst() {
        return Err(Refused::ExceedsBurst(0));
    }
    match meter.load().phase() {
        Phase::Open(tat) => Ok(meter.rate.due_behind(tat, cost)),
        Phase::Bypassed => Ok(0),
        Phase::Closed => Err(Refused::Closed),
        Phase::Saturated => Err(Refused::Saturated),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::shape::Fixed;
    use super::*;
    use crate::{ManualClock, Quota};

    /// The grant counts as of when it came due, which was some time ago: only what is still ahead
    /// of the clock is given back.
    #[test]
    fn permits_that_came_back_by_themselves_are_not_given_back() {
        let quota = Quota::per_second(1).unwrap().with_burst(4).unwrap();
        for (late, available) in [(0, 4), (1_000, 4), (1_500, 3), (2_000, 4), (2_500, 3), (3_000, 4), (3_500, 3)] {
            let clock = ManualClock::new();
            let limiter = Arc::new(RateLimiter::with_clock(quota, clock.clone()));
            let members = Members::<Fixed<1>, _>::new([Member { name: "only", limiter: Arc::clone(&limiter) }]);
            let charges = members.take_due(clock.now(), &[4], clock.now()).unwrap();
            let ends = [limiter.meter().load().tat()];
            clock.set(Duration::from_millis(late));
            members.give_back(&[4], &charges, &ends, clock.now());
            assert_eq!(limiter.available(), available, "{late} ms late");
        }
    }
}
