//! The limits of a provider, without the calls under way. Pure: no lock, and time is passed in.

use super::account::Account;
use super::calendar::Daily;
use super::kind::{Costs, Each, Kind};
use super::lows::Low;
use crate::clock::{Tick, Timestamp};
use crate::quota::Quota;

/// One limit.
#[derive(Debug, Clone)]
pub(super) enum Limit {
    Rolling(Account),
    Daily(Daily),
}

impl Limit {
    /// The most that one call may cost.
    fn burst(&self) -> u64 {
        match self {
            Self::Rolling(account) => account.quota().burst(),
            Self::Daily(daily) => daily.limit(),
        }
    }

    /// The first reading at which `n`, at most the burst, are available.
    fn due(&self, n: u64) -> Timestamp {
        match self {
            Self::Rolling(account) => account.due(n),
            Self::Daily(daily) => daily.due(n),
        }
    }

    pub(super) fn available(&self, now: Timestamp) -> u64 {
        match self {
            Self::Rolling(account) => account.available(now),
            Self::Daily(daily) => daily.available(now),
        }
    }

    /// What is allowed now, as a quota.
    pub(super) fn quota(&self) -> Quota {
        match self {
            Self::Rolling(account) => account.quota(),
            Self::Daily(daily) => Quota::per_day(daily.limit()).unwrap_or(Quota::UNLIMITED),
        }
    }

    /// What was configured, for each period.
    #[cfg(feature = "http")]
    pub(super) fn configured(&self) -> u64 {
        match self {
            Self::Rolling(account) => account.configured().capacity(),
            Self::Daily(daily) => daily.limit(),
        }
    }

    /// Whether the limit is no different from a new one.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        match self {
            Self::Rolling(account) => account.is_full(now),
            Self::Daily(daily) => daily.available(now) == daily.limit(),
        }
    }

    fn reset(&mut self, tick: Tick, now: Timestamp) {
        match self {
            Self::Rolling(account) => account.reset(tick, now),
            Self::Daily(daily) => daily.reset(),
        }
    }
}

/// A limit that no wait helps with: one call costs more than its burst.
#[derive(Debug, Clone, Copy)]
pub(super) struct OverBurst {
    pub(super) kind: Kind,
    pub(super) requested: u64,
    pub(super) burst: u64,
}

/// All limits, and the pause.
#[derive(Debug, Clone)]
pub(super) struct Rates {
    pub(super) limits: Each<Option<Limit>>,
    /// No call is let go before this reading.
    pub(super) paused_until: Timestamp,
}

impl Rates {
    pub(super) fn new(limits: Each<Option<Limit>>) -> Self {
        Self { limits, paused_until: Timestamp::default() }
    }

    /// The limits there are.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Kind, &Limit)> {
        Kind::ALL.into_iter().zip(&self.limits).filter_map(|(kind, limit)| Some((kind, limit.as_ref()?)))
    }

    pub(super) fn limit(&self, kind: Kind) -> Option<&Limit> {
        self.limits[kind as usize].as_ref()
    }

    /// When all limits can grant these costs, and the limit that can so last. No limit, if a pause
    /// ends later than that.
    pub(super) fn due(&self, costs: &Costs) -> Result<(Timestamp, Option<Kind>), OverBurst> {
        let mut last = (self.paused_until, None);
        for (kind, limit) in self.iter() {
            let requested = costs[kind as usize];
            if requested == 0 {
                continue;
            }
            let burst = limit.burst();
            if requested > burst {
                return Err(OverBurst { kind, requested, burst });
            }
            let due = limit.due(requested);
            if due > last.0 {
                last = (due, Some(kind));
            }
        }
        Ok(last)
    }

    /// Charges all limits, as a debt if need be. `before` is given the backlog that a limit had.
    pub(super) fn charge(&mut self, costs: &Costs, now: Timestamp, mut before: impl FnMut(usize, Low)) {
        for (index, limit) in self.limits.iter_mut().enumerate().filter(|(index, _)| costs[*index] != 0) {
            match limit {
                Some(Limit::Rolling(account)) => before(index, account.take(costs[index], now)),
                Some(Limit::Daily(daily)) => daily.take(costs[index], now),
                None => {}
            }
        }
    }

    /// Restores all limits as they were configured, and ends the pause.
    pub(super) fn reset(&mut self, tick: Tick, now: Timestamp) {
        self.paused_until = Timestamp::default();
        self.limits.iter_mut().flatten().for_each(|limit| limit.reset(tick, now));
    }
}
