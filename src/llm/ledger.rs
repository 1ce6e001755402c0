//! All limits of a provider, and the calls under way. Pure but for errors: time is passed in.

use std::collections::BTreeMap;
use std::time::Duration;

use super::account::Account;
use super::calendar::Daily;
use super::lows::{Low, Lows};
use super::usage::{Costs, Kind};
use crate::clock::{Tick, Timestamp};
use crate::error::AcquireError;
use crate::error::LimitError;
use crate::turnstile::Gate;

/// Names a call.
pub(super) type CallId = u64;

#[derive(Debug, Clone)]
pub(super) enum Limit {
    Rolling(Account),
    Daily(Daily),
}

/// A call that was let go and has yet to be settled.
#[derive(Debug, Clone)]
struct Call {
    /// What it is charged so far.
    charged: Costs,
    /// When it was charged first: of rolling limits, a stretch; of daily ones, a day.
    since: [u64; Kind::ALL.len()],
}

/// The limits, without the calls.
#[derive(Debug, Clone)]
pub(super) struct Rates {
    limits: [Option<Limit>; Kind::ALL.len()],
    /// Nobody is let go before.
    paused_until: Timestamp,
}

#[derive(Debug)]
pub(super) struct Ledger {
    rates: Rates,
    /// What calls may give back to each rolling limit.
    lows: [Lows; Kind::ALL.len()],
    /// The first call that was let go since the provider changed a limit.
    news: [CallId; Kind::ALL.len()],
    max_concurrent: usize,
    calls: BTreeMap<CallId, Call>,
    next: CallId,
    closed: bool,
}

impl Rates {
    fn limits(&self) -> impl Iterator<Item = (usize, Kind, &Limit)> {
        let limits = self.limits.iter().zip(Kind::ALL).enumerate();
        limits.filter_map(|(index, (limit, kind))| limit.as_ref().map(|limit| (index, kind, limit)))
    }

    /// When all limits can grant, and the one that does so last.
    fn due(&self, costs: &Costs) -> Result<(Timestamp, Option<Kind>), LimitError> {
        let mut last = (self.paused_until, None);
        for (index, kind, limit) in self.limits().filter(|(index, ..)| costs[*index] > 0) {
            let (most, due) = match limit {
                Limit::Rolling(account) => (account.quota().burst(), account.due(costs[index])),
                Limit::Daily(daily) => (daily.limit(), daily.due(costs[index])),
            };
            if costs[index] > most {
                let error = AcquireError::ExceedsBurst { requested: costs[index], burst: most };
                return Err(LimitError::new(Some(kind.name()), error));
            }
            if due > last.0 {
                last = (due, Some(kind));
            }
        }
        Ok(last)
    }

    /// Charges all limits, as a debt if need be; `before` is told the backlog that a limit had.
    fn charge(&mut self, costs: &Costs, now: Timestamp, mut before: impl FnMut(usize, Low)) {
        for (index, limit) in self.limits.iter_mut().enumerate().filter(|(index, _)| costs[*index] != 0) {
            match limit {
                Some(Limit::Rolling(account)) => before(index, account.take(costs[index], now)),
                Some(Limit::Daily(daily)) => daily.take(costs[index], now),
                None => {}
            }
        }
    }
}

impl Ledger {
    pub(super) fn new(limits: [Option<Limit>; Kind::ALL.len()], max_concurrent: usize) -> Self {
        let rates = Rates { limits, paused_until: Timestamp::default() };
        let (lows, news) = (Default::default(), Default::default());
        Self { rates, lows, news, max_concurrent, calls: BTreeMap::new(), next: 0, closed: false }
    }

    fn charge(&mut self, costs: &Costs, now: Timestamp) {
        let lows = &mut self.lows;
        self.rates.charge(costs, now, |index, backlog| lows[index].note(backlog));
    }

    /// A limit that was just charged has not been charged before for the call in question.
    fn begin(&mut self, index: usize) -> u64 {
        match &self.rates.limits[index] {
            Some(Limit::Rolling(_)) => self.lows[index].begin(),
            Some(Limit::Daily(daily)) => daily.day(),
            None => 0,
        }
    }

    fn let_go(&mut self, costs: &Costs, now: Timestamp) -> CallId {
        self.calls.insert(self.next, Call { charged: Costs::default(), since: Default::default() });
        self.add(self.next, costs, now);
        self.next += 1;
        self.next - 1
    }

    /// Charges a call more than it was, while it is under way.
    pub(super) fn add(&mut self, id: CallId, more: &Costs, now: Timestamp) {
        self.charge(more, now);
        for (index, more) in more.iter().enumerate().filter(|(_, more)| **more != 0) {
            let Some(charged) = self.calls.get(&id).map(|call| call.charged[index]) else { return };
            let since = (charged == 0).then(|| self.begin(index));
            let Some(call) = self.calls.get_mut(&id) else { return };
            call.since[index] = since.unwrap_or(call.since[index]);
            call.charged[index] = charged.saturating_add(*more);
        }
    }

    /// Ends a call at what it really used.
    pub(super) fn settle(&mut self, id: CallId, actual: &Costs, now: Timestamp) {
        let Some(Call { charged, since }) = self.calls.remove(&id) else { return };
        let mut debts = Costs::default();
        for (index, limit) in self.rates.limits.iter_mut().enumerate().filter(|(index, _)| charged[*index] != 0) {
            let unused = charged[index].saturating_sub(actual[index]);
            match limit {
                Some(Limit::Rolling(account)) => {
                    let lows = &mut self.lows[index];
                    lows.lower(since[index], account.give_back(unused, lows.lowest(since[index]), now));
                    lows.end(since[index]);
                }
                Some(Limit::Daily(daily)) => daily.give_back(unused, since[index]),
                None => {}
            }
        }
        for (index, debt) in debts.iter_mut().enumerate() {
            *debt = actual[index].saturating_sub(charged[index]);
        }
        self.charge(&debts, now);
    }

    /// What a call is charged so far.
    pub(super) fn charged(&self, id: CallId) -> Option<Costs> {
        self.calls.get(&id).map(|call| call.charged)
    }

    /// Whether it is no different from a new one.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        let whole = |limit: &Limit| match limit {
            Limit::Rolling(account) => account.is_whole(now),
            Limit::Daily(daily) => daily.available(now) == daily.limit(),
        };
        let paused = self.rates.paused_until > now;
        self.calls.is_empty() && !paused && !self.closed && self.rates.limits().all(|(_, _, limit)| whole(limit))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.calls.len()
    }

    /// What there is of a limit now; `None` if there is no such limit.
    pub(super) fn available(&self, kind: Kind, now: Timestamp) -> Option<u64> {
        self.rates.limits[kind as usize].as_ref().map(|limit| match limit {
            Limit::Rolling(account) => account.available(now),
            Limit::Daily(daily) => daily.available(now),
        })
    }

    pub(super) fn pause_until(&mut self, until: Timestamp) {
        self.rates.paused_until = self.rates.paused_until.max(until);
    }

    pub(super) fn paused_until(&self) -> Timestamp {
        self.rates.paused_until
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// The provider has less than we think: the difference is gone.
    pub(super) fn lower(&mut self, kind: Kind, remaining: u64, now: Timestamp) {
        let excess = self.available(kind, now).map_or(0, |ours| ours.saturating_sub(remaining));
        if excess != 0 {
            let mut costs = Costs::default();
            costs[kind as usize] = excess;
            self.charge(&costs, now);
        }
    }

    /// The provider allows `capacity` in the period of a limit: at most what is configured holds. If it is the answer to a call
    /// that says so, and that call was let go before the last change, then no more than now is allowed because of it.
    pub(super) fn allow(
        &mut self,
        kind: Kind,
        capacity: u64,
        answered: Option<CallId>,
        (tick, now): (Tick, Timestamp),
    ) {
        let index = kind as usize;
        let Some(Limit::Rolling(account)) = &mut self.rates.limits[index] else { return };
        let stale = answered.is_some_and(|id| id < self.news[index]);
        if stale && capacity >= account.quota().capacity() {
            return;
        }
        if let Some(convert) = account.allow(capacity, tick, now) {
            self.lows[index].convert(convert);
            self.news[index] = self.next;
        }
    }

    /// What was configured, per period.
    #[cfg(feature = "http")]
    pub(super) fn capacity(&self, kind: Kind) -> Option<u64> {
        self.rates.limits[kind as usize].as_ref().map(|limit| match limit {
            Limit::Rolling(account) => account.configured().capacity(),
            Limit::Daily(daily) => daily.limit(),
        })
    }
}

/// The limits as they will be, and how many slots are free until some call ends.
#[derive(Debug)]
pub(super) struct Forecast {
    rates: Rates,
    free: usize,
}

impl Gate for Ledger {
    type Ask = Costs;
    type Pass = CallId;
    type Refusal = LimitError;
    type Forecast = Forecast;

    fn due(&self, costs: &Costs) -> Result<Option<Timestamp>, LimitError> {
        if self.closed {
            return Err(LimitError::new(None, AcquireError::Closed));
        }
        let (due, _) = self.rates.due(costs)?;
        // The slot first: nothing is charged while all are taken.
        Ok((self.calls.len() < self.max_concurrent).then_some(due))
    }

    /// As of now, when the call is really let go: that is when the provider counts it.
    fn take(&mut self, costs: &Costs, _due: Timestamp, now: Timestamp) -> Option<CallId> {
        Some(self.let_go(costs, now))
    }

    /// Nothing was sent.
    fn abandon(&mut self, id: CallId, now: Timestamp) {
        self.settle(id, &Costs::default(), now);
    }

    fn forecast(&self) -> Forecast {
        Forecast { rates: self.rates.clone(), free: self.max_concurrent.saturating_sub(self.calls.len()) }
    }

    fn foresee(&self, forecast: &mut Forecast, costs: &Costs, at: Timestamp) -> Option<Timestamp> {
        forecast.free = forecast.free.checked_sub(1)?;
        let due = forecast.rates.due(costs).ok()?.0.max(at);
        forecast.rates.charge(costs, due, |_, _| {});
        Some(due)
    }

    fn too_long(&self, costs: &Costs, wait: Option<Duration>) -> LimitError {
        if self.calls.len() >= self.max_concurrent {
            return LimitError::new(None, AcquireError::Busy { max_concurrent: self.max_concurrent });
        }
        let last = self.rates.due(costs).ok().and_then(|(_, kind)| kind);
        let requested = last.map_or(1, |kind| costs[kind as usize]);
        LimitError::new(last.map(Kind::name), AcquireError::TooLong { requested, wait: wait.unwrap_or(Duration::MAX) })
    }

    fn full(&self) -> LimitError {
        LimitError::new(None, AcquireError::QueueFull)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::quota::Quota;

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

    /// The provider counts it when it is sent, however long it had been due.
    #[test]
    fn a_call_is_charged_when_it_is_let_go() {
        let mut ledger = ledger();
        ledger.take(&tokens(10), at(0), at(0)).unwrap();
        assert_eq!(ledger.due(&tokens(4)), Ok(Some(at(4))));
        ledger.take(&tokens(4), at(4), at(30)).unwrap();
        assert_eq!((available(&ledger, 30), ledger.in_flight()), (6, 2));
        assert_eq!(ledger.due(&tokens(1)), Ok(None), "nobody knows when a slot comes free");
    }

    #[test]
    fn a_call_ends_once() {
        let mut ledger = ledger();
        let id = ledger.take(&tokens(6), at(0), at(0)).unwrap();
        ledger.settle(id, &tokens(2), at(0));
        assert_eq!((available(&ledger, 0), ledger.charged(id)), (8, None));
        ledger.settle(id, &tokens(0), at(0));
        ledger.settle(id, &tokens(50), at(0));
        ledger.abandon(id, at(0));
        assert_eq!((available(&ledger, 0), ledger.in_flight()), (8, 0));
    }

    /// A forecast leaves the ledger as it is, and says when those ahead will have gone.
    #[test]
    fn a_forecast_takes_nothing() {
        let mut ledger = ledger();
        ledger.take(&tokens(10), at(0), at(0)).unwrap();
        let mut forecast = ledger.forecast();
        assert_eq!(ledger.foresee(&mut forecast, &tokens(3), at(0)), Some(at(3)));
        assert_eq!(ledger.foresee(&mut forecast, &tokens(3), at(3)), None, "both slots are taken by then");
        assert_eq!((available(&ledger, 10), ledger.in_flight()), (10, 1));
    }
}
