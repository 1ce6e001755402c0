//! The ledger as what calls wait for.

use std::time::Duration;

use super::kind::{Costs, Kind};
use super::ledger::{CallId, Ledger};
use super::per_limit::PerLimit;
use super::rates::{Limit, OverBurst, Rates};
use crate::clock::Timestamp;
use crate::error::{AcquireError, Denied, LimitDenied, LimitError, Refused};
use crate::gcra::Unit;
use crate::quota::Quota;
use crate::turnstile::{Delay, Gate};

/// A call that was let go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LetGo {
    pub(super) id: CallId,
    /// What each limit had available directly afterwards.
    pub(super) remaining: PerLimit,
}

/// The limits as they will be, and how many slots are free until a call ends.
#[derive(Debug)]
pub(crate) struct Forecast {
    rates: Rates,
    free: usize,
}

fn over_burst(OverBurst { kind, requested, burst }: OverBurst) -> LimitError {
    LimitError::new(Some(kind.name()), AcquireError::ExceedsBurst { requested, burst })
}

impl Gate for Ledger {
    type Request = Costs;
    type Taken = LetGo;
    type Refusal = LimitError;
    type Forecast = Forecast;

    fn due(&self, costs: &Costs) -> Result<Option<Timestamp>, LimitError> {
        let (due, _) = self.rates.due(costs).map_err(over_burst)?;
        // The slot first: nothing is charged while all slots are taken.
        Ok((self.free_slots() != 0).then_some(due))
    }

    /// As of now, when the call is really let go: that is when the provider counts it.
    fn take(&mut self, costs: &Costs, _due: Timestamp, now: Timestamp) -> Option<LetGo> {
        let id = self.let_go(costs, now);
        Some(LetGo { id, remaining: PerLimit::of(|kind| self.available(kind, now)) })
    }

    /// Nothing was sent.
    fn abandon(&mut self, call: LetGo, now: Timestamp) {
        self.settle(call.id, &Costs::default(), now);
    }

    fn forecast(&self) -> Forecast {
        Forecast { rates: self.rates.clone(), free: self.free_slots() }
    }

    fn foresee(&self, forecast: &mut Forecast, costs: &Costs, at: Timestamp) -> Option<Timestamp> {
        forecast.free = forecast.free.checked_sub(1)?;
        let due = forecast.rates.due(costs).ok()?.0.max(at);
        forecast.rates.charge(costs, due, |_, _| {});
        Some(due)
    }

    fn too_long(&self, costs: &Costs, wait: Option<Duration>) -> LimitError {
        if self.free_slots() == 0 {
            return LimitError::new(None, AcquireError::Busy { max_concurrent: self.max_concurrent() });
        }
        let (kind, requested) = self.binding(costs);
        let wait = wait.unwrap_or(Duration::MAX);
        LimitError::new(kind.map(Kind::name), AcquireError::TooLong { requested, wait })
    }

    fn full(&self) -> LimitError {
        LimitError::new(None, AcquireError::QueueFull)
    }

    fn closed(&self) -> LimitError {
        LimitError::new(None, AcquireError::Closed)
    }
}

impl Ledger {
    /// The limit that grants last, and its cost. No limit and one call, if a pause ends later than
    /// that.
    fn binding(&self, costs: &Costs) -> (Option<Kind>, u64) {
        let last = self.rates.due(costs).ok().and_then(|(_, kind)| kind);
        (last, last.map_or(1, |kind| costs[kind as usize]))
    }

    /// The refusal of a call that is not let go at once.
    pub(super) fn denied(&self, costs: &Costs, now: Timestamp, delay: Delay) -> LimitDenied {
        let refuse = |kind: Option<Kind>, requested, refused: fn(u64) -> Refused, figure: u64| {
            let quota = self.quota_of(kind);
            LimitDenied::new(kind.map(Kind::name), Denied::new(requested, quota, refused(figure)))
        };
        let wait = match delay {
            Delay::Closed => return refuse(None, 1, |_| Refused::Closed, 0),
            Delay::Wait(wait) => wait,
        };
        if let Err(OverBurst { kind, requested, .. }) = self.rates.due(costs) {
            let available = self.available(kind, now).unwrap_or(0);
            return refuse(Some(kind), requested, Refused::ExceedsBurst, available);
        }
        // If the wait is unknown, all slots are taken, or are for calls that wait already.
        let Some(wait) = wait else {
            return refuse(None, 1, Refused::Busy, self.max_concurrent() as u64);
        };
        let (kind, requested) = self.binding(costs);
        refuse(kind, requested, Refused::NotYet, Unit::of(self.quota_of(kind)).units_covering(wait))
    }

    fn quota_of(&self, kind: Option<Kind>) -> Quota {
        kind.and_then(|kind| self.rates.limit(kind)).map_or(Quota::UNLIMITED, Limit::quota)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::{ManualClock, Tick};
    use crate::llm::account::Account;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ticks(seconds * 1_000_000_000)
    }

    fn tokens(n: u64) -> Costs {
        let mut costs = Costs::default();
        costs[Kind::Tokens as usize] = n;
        costs
    }

    /// Ten tokens, one a second.
    fn ledger() -> Ledger {
        let quota = Quota::per_second(1).and_then(|quota| quota.with_burst(10)).unwrap();
        let mut limits = [const { None }; Kind::ALL.len()];
        limits[Kind::Tokens as usize] = Some(Limit::Rolling(Account::new(quota, &ManualClock::new())));
        Ledger::new(limits, 2)
    }

    fn available(ledger: &Ledger, seconds: u64) -> u64 {
        ledger.available(Kind::Tokens, at(seconds)).unwrap()
    }

    /// The provider counts a call when it is sent, however long it had been due.
    #[test]
    fn a_call_is_charged_when_it_is_let_go() {
        let mut ledger = ledger();
        ledger.take(&tokens(10), at(0), at(0)).unwrap();
        assert_eq!(ledger.due(&tokens(4)), Ok(Some(at(4))));
        ledger.take(&tokens(4), at(4), at(30)).unwrap();
        assert_eq!((available(&ledger, 30), ledger.in_flight()), (6, 2));
        assert_eq!(ledger.due(&tokens(1)), Ok(None), "the time at which a slot comes free is unknown");
    }

    #[test]
    fn a_call_ends_once() {
        let mut ledger = ledger();
        let id = ledger.take(&tokens(6), at(0), at(0)).unwrap().id;
        ledger.settle(id, &tokens(2), at(0));
        assert_eq!((available(&ledger, 0), ledger.charged(id)), (8, None));
        ledger.settle(id, &tokens(0), at(0));
        ledger.settle(id, &tokens(50), at(0));
        ledger.abandon(LetGo { id, remaining: PerLimit::default() }, at(0));
        assert_eq!((available(&ledger, 0), ledger.in_flight()), (8, 0));
    }

    /// A forecast leaves the ledger as it is, and gives when the calls ahead will have gone.
    #[test]
    fn a_forecast_takes_nothing() {
        let mut ledger = ledger();
        ledger.take(&tokens(10), at(0), at(0)).unwrap();
        let mut forecast = ledger.forecast();
        assert_eq!(ledger.foresee(&mut forecast, &tokens(3), at(0)), Some(at(3)));
        assert_eq!(ledger.foresee(&mut forecast, &tokens(3), at(3)), None, "both slots are taken by then");
        assert_eq!((available(&ledger, 10), ledger.in_flight()), (10, 1));
    }

    /// A call that was let go before a reset is settled after it.
    #[test]
    fn call_from_before_a_reset_gives_nothing_back() {
        let mut ledger = ledger();
        let old = ledger.take(&tokens(6), at(0), at(0)).unwrap().id;
        ledger.reset(Tick::NANOSECOND, at(0));
        assert_eq!((available(&ledger, 0), ledger.in_flight()), (10, 1));
        let new = ledger.take(&tokens(7), at(0), at(0)).unwrap().id;
        ledger.settle(old, &tokens(0), at(0));
        assert_eq!(available(&ledger, 0), 3);
        ledger.settle(new, &tokens(5), at(0));
        assert_eq!(available(&ledger, 0), 5);
    }

    /// What the call used beyond its charge is a debt, also after a reset.
    #[test]
    fn call_from_before_a_reset_still_owes_more_than_its_charge() {
        let mut ledger = ledger();
        let old = ledger.take(&tokens(6), at(0), at(0)).unwrap().id;
        ledger.reset(Tick::NANOSECOND, at(0));
        ledger.settle(old, &tokens(8), at(0));
        assert_eq!((available(&ledger, 0), ledger.in_flight()), (8, 0));
    }
}
