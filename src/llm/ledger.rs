//! All limits of a provider, and the calls under way. Pure: no lock, and time is passed in.

use std::collections::BTreeMap;

use super::kind::{Costs, Each, Kind};
use super::lows::{Low, Lows};
use super::rates::{Limit, Rates};
use crate::clock::{Tick, Timestamp};

/// Names a call.
pub(crate) type CallId = u64;

/// The mark of a charge that [`Ledger::reset`] has forgotten: it gives nothing back. No stretch and
/// no day has this number.
const FORGOTTEN: u64 = u64::MAX;

/// A call that was let go and has yet to be settled.
#[derive(Debug, Clone)]
struct Call {
    /// What the call is charged so far.
    charged: Costs,
    /// When the call was charged first: of rolling limits, a stretch; of daily limits, a day.
    since: Each<u64>,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    pub(super) rates: Rates,
    /// What calls may give back to each rolling limit.
    lows: Each<Lows>,
    /// Of each limit, the first call that was let go since the provider changed it.
    news: Each<CallId>,
    max_concurrent: usize,
    calls: BTreeMap<CallId, Call>,
    next: CallId,
}

impl Ledger {
    pub(super) fn new(limits: Each<Option<Limit>>, max_concurrent: usize) -> Self {
        let (lows, news) = (Default::default(), Default::default());
        Self { rates: Rates::new(limits), lows, news, max_concurrent, calls: BTreeMap::new(), next: 0 }
    }

    fn charge(&mut self, costs: &Costs, now: Timestamp) {
        let lows = &mut self.lows;
        self.rates.charge(costs, now, |index, backlog: Low| lows[index].note(backlog));
    }

    /// A limit that was just charged has not been charged before for the call in question.
    fn begin(&mut self, index: usize) -> u64 {
        match &self.rates.limits[index] {
            Some(Limit::Rolling(_)) => self.lows[index].begin(),
            Some(Limit::Daily(daily)) => daily.day(),
            None => 0,
        }
    }

    pub(super) fn let_go(&mut self, costs: &Costs, now: Timestamp) -> CallId {
        self.calls.insert(self.next, Call { charged: Costs::default(), since: Default::default() });
        self.add(self.next, costs, now);
        self.next += 1;
        self.next - 1
    }

    /// Charges a call more while it is under way.
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

    /// Whether the ledger is no different from a new one.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        self.calls.is_empty()
            && self.rates.paused_until <= now
            && self.rates.iter().all(|(_, limit)| limit.is_full(now))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn max_concurrent(&self) -> usize {
        self.max_concurrent
    }

    /// How many more calls may be under way.
    pub(super) fn free_slots(&self) -> usize {
        self.max_concurrent.saturating_sub(self.calls.len())
    }

    /// What is available of a limit now. `None` if there is no such limit.
    pub(super) fn available(&self, kind: Kind, now: Timestamp) -> Option<u64> {
        self.rates.limit(kind).map(|limit| limit.available(now))
    }

    /// What a limit allows for each period, as far as is known.
    pub(super) fn allowed(&self, kind: Kind) -> Option<u64> {
        self.rates.limit(kind).map(|limit| limit.quota().capacity())
    }

    pub(super) fn pause_until(&mut self, until: Timestamp) {
        self.rates.paused_until = self.rates.paused_until.max(until);
    }

    pub(super) fn paused_until(&self) -> Timestamp {
        self.rates.paused_until
    }

    /// Restores the limits as they were configured. Calls under way stay so, and give nothing back:
    /// what they were charged is forgotten.
    pub(super) fn reset(&mut self, tick: Tick, now: Timestamp) {
        self.rates.reset(tick, now);
        self.lows = Default::default();
        self.news = Default::default();
        self.calls.values_mut().for_each(|call| call.since = [FORGOTTEN; Kind::ALL.len()]);
    }

    /// The provider has `remaining` left. If that is less than is available here, the difference is
    /// gone.
    pub(super) fn lower(&mut self, kind: Kind, remaining: u64, now: Timestamp) {
        let excess = self.available(kind, now).map_or(0, |ours| ours.saturating_sub(remaining));
        if excess != 0 {
            let mut costs = Costs::default();
            costs[kind as usize] = excess;
            self.charge(&costs, now);
        }
    }

    /// The provider allows `capacity` in the period of a limit. At most what is configured holds.
    ///
    /// The provider may say so in its answer to a call. If that call was let go before the last
    /// change, the answer is out of date. Then it allows no more than is allowed now.
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

    /// What was configured for each period of a limit.
    #[cfg(feature = "http")]
    pub(super) fn configured(&self, kind: Kind) -> Option<u64> {
        self.rates.limit(kind).map(Limit::configured)
    }
}
