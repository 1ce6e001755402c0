//! The limits of a provider and what calls may refund, in their plainest form: exact, and without
//! any code of the crate.
//!
//! What is missing of a limit is counted in parts. A permit has as many parts as its period has
//! nanoseconds, and `capacity` parts come back each nanosecond. So nothing rounds.

use std::collections::{BTreeMap, VecDeque};

use limitor::llm::{PerLimit, Usage};

/// Requests, tokens, input, output, requests per day, tokens per day.
pub(crate) const KINDS: usize = 6;

pub(crate) type Costs = [u64; KINDS];

pub(crate) const DAY: u64 = 86_400_000_000_000;

pub(crate) fn costs(requests: u64, usage: Usage, count_cached: bool) -> Costs {
    let input = usage.input + if count_cached { usage.cached } else { 0 };
    let tokens = input + usage.output;
    [requests, tokens, input, usage.output, requests, tokens]
}

pub(crate) fn figures(left: PerLimit) -> [Option<u64>; KINDS] {
    let PerLimit { requests, tokens, input_tokens, output_tokens, requests_per_day, tokens_per_day, .. } = left;
    [requests, tokens, input_tokens, output_tokens, requests_per_day, tokens_per_day]
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) capacity: u64,
    pub(crate) period: u64,
    pub(crate) burst: u64,
}

#[derive(Debug, Clone)]
pub(crate) enum Limit {
    Rolling {
        rate: Rate,
        /// In parts.
        missing: u128,
    },
    /// Full again at `midnight` and each day after.
    Daily { limit: u64, midnight: u64, day: u64, used: u64 },
}

fn day_of(now: u64, midnight: u64) -> u64 {
    if now < midnight { 0 } else { 1 + (now - midnight) / DAY }
}

impl Limit {
    pub(crate) fn rolling(rate: Rate) -> Self {
        Self::Rolling { rate, missing: 0 }
    }

    pub(crate) fn daily(limit: u64, midnight: u64) -> Self {
        Self::Daily { limit, midnight, day: 0, used: 0 }
    }

    fn pass(&mut self, from: u64, to: u64) {
        match self {
            Self::Rolling { rate, missing } => {
                *missing = missing.saturating_sub(u128::from(to - from) * u128::from(rate.capacity));
            }
            Self::Daily { midnight, day, used, .. } => {
                let today = day_of(to, *midnight);
                *used = if today == *day { *used } else { 0 };
                *day = today;
            }
        }
    }

    fn available(&self) -> u64 {
        match self {
            Self::Rolling { rate, missing } => {
                let whole = u128::from(rate.burst) * u128::from(rate.period);
                u64::try_from(whole.saturating_sub(*missing) / u128::from(rate.period)).unwrap()
            }
            Self::Daily { limit, used, .. } => limit.saturating_sub(*used),
        }
    }

    pub(crate) fn most(&self) -> u64 {
        match self {
            Self::Rolling { rate, .. } => rate.burst,
            Self::Daily { limit, .. } => *limit,
        }
    }
}

#[derive(Debug, Clone)]
struct Call {
    estimate: Usage,
    streamed: u64,
    charged: Costs,
    /// The position in the past of each rolling limit at which it was first charged.
    begin: [usize; KINDS],
    /// The day at which it was first charged.
    day: [u64; KINDS],
}

#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) limits: [Option<Limit>; KINDS],
    pub(crate) slots: usize,
    pub(crate) count_cached: bool,
    /// For each rolling limit, in order: what was missing before each charge, as if refunded
    /// permits had not been taken.
    past: [Vec<u128>; KINDS],
    now: u64,
    paused_until: u64,
    line: VecDeque<(usize, Usage)>,
    calls: BTreeMap<usize, Call>,
}

impl Model {
    pub(crate) fn new(limits: [Option<Limit>; KINDS], slots: usize, count_cached: bool) -> Self {
        let (line, calls) = (VecDeque::new(), BTreeMap::new());
        Self { limits, slots, count_cached, past: Default::default(), now: 0, paused_until: 0, line, calls }
    }

    pub(crate) fn set_time(&mut self, now: u64) {
        self.limits.iter_mut().flatten().for_each(|limit| limit.pass(self.now, now));
        self.now = now;
    }

    pub(crate) fn available(&self) -> [Option<u64>; KINDS] {
        self.limits.each_ref().map(|limit| limit.as_ref().map(Limit::available))
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.calls.len()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.line.len()
    }

    fn fits(&self, costs: &Costs) -> bool {
        let has = |(limit, cost): (&Option<Limit>, &u64)| {
            *cost == 0 || limit.as_ref().is_none_or(|limit| limit.available() >= *cost)
        };
        self.calls.len() < self.slots && self.paused_until <= self.now && self.limits.iter().zip(costs).all(has)
    }

    /// Whether the request exceeds what can ever be available.
    pub(crate) fn never(&self, usage: Usage) -> bool {
        let costs = costs(1, usage, self.count_cached);
        self.limits.iter().zip(costs).any(|(limit, cost)| limit.as_ref().is_some_and(|limit| cost > limit.most()))
    }

    fn charge(&mut self, costs: &Costs) {
        for (kind, limit) in self.limits.iter_mut().enumerate().filter(|(kind, _)| costs[*kind] > 0) {
            match limit {
                Some(Limit::Rolling { rate, missing }) => {
                    self.past[kind].push(*missing);
                    *missing += u128::from(costs[kind]) * u128::from(rate.period);
                }
                Some(Limit::Daily { used, .. }) => *used += costs[kind],
                None => {}
            }
        }
    }

    /// The number of the day, for a daily limit.
    fn day(&self, kind: usize) -> u64 {
        match &self.limits[kind] {
            Some(Limit::Daily { day, .. }) => *day,
            _ => 0,
        }
    }

    fn let_go(&mut self, id: usize, estimate: Usage) {
        let charged = costs(1, estimate, self.count_cached);
        self.charge(&charged);
        let begin = self.past.each_ref().map(Vec::len);
        let day = std::array::from_fn(|kind| self.day(kind));
        self.calls.insert(id, Call { estimate, streamed: 0, charged, begin, day });
    }

    /// Grants all calls that are due, in order. Returns their ids.
    pub(crate) fn pump(&mut self) -> Vec<usize> {
        let mut gone = Vec::new();
        while let Some((id, usage)) = self.line.front().copied()
            && self.fits(&costs(1, usage, self.count_cached))
        {
            self.line.pop_front();
            self.let_go(id, usage);
            gone.push(id);
        }
        gone
    }

    /// Whether the call is granted now.
    pub(crate) fn try_acquire(&mut self, id: usize, usage: Usage) -> bool {
        let goes = self.line.is_empty() && self.fits(&costs(1, usage, self.count_cached));
        if goes {
            self.let_go(id, usage);
        }
        goes
    }

    pub(crate) fn join(&mut self, id: usize, usage: Usage) {
        self.line.push_back((id, usage));
    }

    /// Leaves the queue, or refunds what it was granted.
    pub(crate) fn leave(&mut self, id: usize) {
        self.line.retain(|(other, _)| *other != id);
        if self.calls.contains_key(&id) {
            self.settle(id, 0, Usage::default());
        }
    }

    pub(crate) fn settle(&mut self, id: usize, requests: u64, actual: Usage) {
        let actual = costs(requests, actual, self.count_cached);
        let call = self.calls.remove(&id).unwrap();
        let mut debts = Costs::default();
        for (kind, limit) in self.limits.iter_mut().enumerate() {
            debts[kind] = actual[kind].saturating_sub(call.charged[kind]);
            let unused = call.charged[kind].saturating_sub(actual[kind]);
            match limit {
                Some(Limit::Rolling { rate, missing }) => {
                    let refund = u128::from(unused) * u128::from(rate.period);
                    let since = &mut self.past[kind][call.begin[kind]..];
                    let credit = since.iter().copied().chain([refund, *missing]).min().unwrap();
                    *missing -= credit;
                    for missing in since {
                        *missing -= credit;
                    }
                }
                Some(Limit::Daily { day, used, .. }) if *day == call.day[kind] => {
                    *used = used.saturating_sub(unused);
                }
                Some(Limit::Daily { .. }) | None => {}
            }
        }
        self.charge(&debts);
    }

    /// The call is over, and its use is not reported: the charge so far stands.
    pub(crate) fn lose(&mut self, id: usize) {
        self.calls.remove(&id);
    }

    /// Returns what was streamed past the estimate, if anything.
    pub(crate) fn stream(&mut self, id: usize, tokens: u64) -> u64 {
        let call = self.calls.get_mut(&id).unwrap();
        let covered = call.streamed.max(call.estimate.output);
        call.streamed += tokens;
        let more = call.streamed.saturating_sub(covered);
        let more_costs = costs(0, Usage::new(0, more), true);
        self.charge(&more_costs);
        for (kind, more) in more_costs.into_iter().enumerate() {
            let (begin, day) = (self.past[kind].len(), self.day(kind));
            let call = self.calls.get_mut(&id).unwrap();
            if call.charged[kind] == 0 {
                (call.begin[kind], call.day[kind]) = (begin, day);
            }
            call.charged[kind] += more;
        }
        more
    }

    pub(crate) fn streamed(&self, id: usize) -> u64 {
        self.calls[&id].streamed
    }

    /// Removes what the limit has beyond the reported figure. Returns how much that is.
    pub(crate) fn lower_to(&mut self, kind: usize, remaining: u64) -> u64 {
        let excess = self.available()[kind].map_or(0, |ours| ours.saturating_sub(remaining));
        let mut costs = Costs::default();
        costs[kind] = excess;
        self.charge(&costs);
        excess
    }

    pub(crate) fn pause_until(&mut self, until: u64) {
        self.paused_until = self.paused_until.max(until);
    }
}
