//! The figures of a run, as the server counted them.
//!
//! The budget of a run is the tokens that come back at the server from the first request to the
//! last. The burst is available at the start, so it is not part of the budget, and its use is not
//! part of the use.

use std::time::Duration;

use crate::run::Run;

impl Run {
    /// Requests that were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.arrivals.len() as u64
    }

    /// Requests that were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.arrivals.iter().filter(|arrival| !arrival.served).count() as u64
    }

    /// Tokens that were used by the end.
    pub(crate) fn used(&self) -> u64 {
        self.used_between(0, self.end)
    }

    /// Tokens that were used from `from` to `to`.
    pub(crate) fn used_between(&self, from: u64, to: u64) -> u64 {
        let there = self.arrivals.iter().filter(|arrival| arrival.served && (from..=to).contains(&arrival.at));
        there.map(|arrival| arrival.tokens).sum()
    }

    /// The share of the budget that was used.
    pub(crate) fn share(&self) -> f64 {
        let first = self.arrivals.first().map_or(0, |arrival| arrival.at);
        let budget = match self.change {
            Some((at, half)) => self.limits.tokens_in(at - first) + half.tokens_in(self.end - at),
            None => self.limits.tokens_in(self.end - first),
        };
        ratio(self.used().saturating_sub(self.limits.token_burst()), budget)
    }

    /// The share of the budget that was used after the limits were halved. At that time no token
    /// was left.
    pub(crate) fn share_of_half(&self) -> Option<f64> {
        self.change.map(|(at, half)| ratio(self.used_between(at, self.end), half.tokens_in(self.end - at)))
    }

    /// The numbers of the requests that were refused after the limits were halved, counted from
    /// that time.
    pub(crate) fn refused_after(&self) -> Vec<usize> {
        let at = self.change.map_or(u64::MAX, |(at, _)| at);
        let after = self.arrivals.iter().filter(|arrival| arrival.at >= at).zip(1..);
        after.filter(|(arrival, _)| !arrival.served).map(|(_, number)| number).collect()
    }

    /// The mean tokens of an answered call.
    pub(crate) fn mean(&self) -> u64 {
        let served = self.arrivals.iter().filter(|arrival| arrival.served);
        served.clone().map(|arrival| arrival.tokens).sum::<u64>() / (served.count() as u64).max(1)
    }

    /// The shortest time to an answer that is at least as long as `percent` of all.
    pub(crate) fn time(&self, percent: usize) -> Duration {
        let times = &self.outcome.answered;
        let rank = (times.len() * percent).div_ceil(100);
        times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "for display, and for claims with room to spare")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
