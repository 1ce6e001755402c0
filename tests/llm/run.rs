//! Runs the limiter beside the plain model, step by step, and checks the bound over every window of
//! the results.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use limitor::llm::{Builder, Call, Charged, PerLimit, Usage};
use limitor::{ManualClock, Quota};
use proptest::prelude::*;

use crate::model::{Costs, DAY, KINDS, Limit, Model, Rate, costs, figures};
use crate::support::{Limiter, Waits, built, left, pump, refusal};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    Advance(u64),
    Try(Usage),
    Ask(Usage),
    Leave(usize),
    Settle(usize, Usage),
    /// With so many percent of the estimate.
    SettleAt(usize, u64),
    Cancel(usize),
    Fail(usize),
    Lose(usize),
    Stream(usize, u64),
    End(usize),
    Lower(usize, u64),
    Pause(u64),
}

/// Which limits are configured.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Requests, tokens, input, output.
    pub(crate) rates: [Option<Rate>; 4],
    pub(crate) days: [Option<u64>; 2],
    /// The end of the first day, if days are calendar days.
    pub(crate) midnight: Option<u64>,
    pub(crate) slots: usize,
    pub(crate) count_cached: bool,
}

impl Plan {
    fn limiter(&self) -> (Limiter, ManualClock) {
        built(|mut builder| {
            type Set = fn(Builder<ManualClock>, Quota) -> Builder<ManualClock>;
            let sets: [Set; 4] = [Builder::requests, Builder::tokens, Builder::input_tokens, Builder::output_tokens];
            for (set, rate) in sets.into_iter().zip(self.rates) {
                let Some(Rate { capacity, period, burst }) = rate else { continue };
                let quota = Quota::new(capacity, Duration::from_nanos(period)).unwrap().with_burst(burst).unwrap();
                builder = set(builder, quota);
            }
            if let Some(requests) = self.days[0] {
                builder = builder.requests_per_day(requests);
            }
            if let Some(tokens) = self.days[1] {
                builder = builder.tokens_per_day(tokens);
            }
            if let Some(midnight) = self.midnight {
                let wall = SystemTime::UNIX_EPOCH + Duration::from_nanos(20_000 * DAY - midnight);
                builder = builder.days_begin_at_midnight(0).wall_clock(wall);
            }
            builder.max_concurrent(self.slots).count_cached(self.count_cached)
        })
    }

    fn model(&self) -> Model {
        let rolling = |rate: Option<Rate>| rate.map(Limit::rolling);
        let daily = |limit: Option<u64>| {
            limit.map(|limit| match self.midnight {
                Some(midnight) => Limit::daily(limit, midnight),
                None => Limit::rolling(Rate { capacity: limit, period: DAY, burst: limit }),
            })
        };
        let [requests, tokens, input, output] = self.rates.map(rolling);
        let [requests_per_day, tokens_per_day] = self.days.map(daily);
        let limits = [requests, tokens, input, output, requests_per_day, tokens_per_day];
        Model::new(limits, self.slots, self.count_cached)
    }
}

/// What actually happened, for the bound.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A call was granted that used this part of its estimate.
    LetGo { at: u64, used: Costs },
    /// A call used more than its estimate, or others used some: recorded when it became known.
    Debt { at: u64, debt: Costs },
}

impl Event {
    fn parts(&self) -> (u64, &Costs, bool) {
        match self {
            Self::LetGo { at, used } => (*at, used, true),
            Self::Debt { at, debt } => (*at, debt, false),
        }
    }
}

/// A call under way, with its index in the log, and the indices of what it streamed past its
/// estimate.
struct Held {
    call: Call<'static, ManualClock>,
    event: usize,
    streamed: Vec<usize>,
    estimate: Usage,
}

pub(crate) struct Run {
    plan: Plan,
    limiter: Limiter,
    clock: ManualClock,
    model: Model,
    now: u64,
    waiting: BTreeMap<usize, Waits>,
    held: BTreeMap<usize, Held>,
    log: Vec<Event>,
}

fn nth<T>(map: &BTreeMap<usize, T>, index: usize) -> Option<usize> {
    map.keys().nth(index % map.len().max(1)).copied()
}

impl Run {
    pub(crate) fn new(plan: Plan) -> Self {
        let (limiter, clock) = plan.limiter();
        let model = plan.model();
        let (waiting, held, log) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { plan, limiter, clock, model, now: 0, waiting, held, log }
    }

    fn costs(&self, requests: u64, usage: Usage) -> Costs {
        costs(requests, usage, self.plan.count_cached)
    }

    fn hold(&mut self, id: usize, call: Call<'static, ManualClock>) {
        let estimate = call.estimate();
        self.log.push(Event::LetGo { at: self.now, used: self.costs(1, estimate) });
        self.held.insert(id, Held { call, event: self.log.len() - 1, streamed: Vec::new(), estimate });
    }

    /// Waiters that are due learn of it, and no others do.
    fn look(&mut self, granted: &[usize]) -> Result<(), TestCaseError> {
        let waiting = std::mem::take(&mut self.waiting);
        for (id, mut waits) in waiting {
            if let Some(outcome) = waits.outcome_if_woken() {
                prop_assert!(granted.contains(&id), "{} is granted too early", id);
                self.hold(id, outcome.unwrap());
            } else {
                prop_assert!(!granted.contains(&id), "{} is not granted", id);
                self.waiting.insert(id, waits);
            }
        }
        Ok(())
    }

    /// A call ended after this use. What exceeds its estimate became known as it was streamed, and
    /// the rest now.
    fn over(&mut self, held: &Held, requests: u64, actual: Usage) {
        let (mut actual, mut debt) = (self.costs(requests, actual), Costs::default());
        for event in std::iter::once(held.event).chain(held.streamed.iter().copied()) {
            let (Event::LetGo { used: known, .. } | Event::Debt { debt: known, .. }) = &mut self.log[event];
            for kind in 0..KINDS {
                known[kind] = known[kind].min(actual[kind]);
                actual[kind] -= known[kind];
            }
        }
        debt.copy_from_slice(&actual);
        self.log.push(Event::Debt { at: self.now, debt });
    }

    fn settle(&mut self, id: usize, actual: Usage) {
        let Some(held) = self.held.remove(&id) else { return };
        self.over(&held, 1, actual);
        self.model.settle(id, 1, actual);
        held.call.reconcile(actual);
    }

    fn step(&mut self, id: usize, op: Op) -> Result<(), TestCaseError> {
        let found = |map: &BTreeMap<usize, Held>, index: usize| nth(map, index).unwrap_or(usize::MAX);
        match op {
            Op::Advance(by) => {
                self.now += by;
                self.clock.set(Duration::from_nanos(self.now));
                self.model.set_time(self.now);
            }
            Op::Try(usage) => {
                let outcome = self.limiter.try_acquire_owned(usage);
                let goes = self.model.try_acquire(id, usage);
                prop_assert!(outcome.is_ok() == goes, "{:?}", outcome);
                if let Ok(call) = outcome {
                    self.hold(id, call);
                }
            }
            Op::Ask(usage) if self.model.never(usage) => {
                let _ = refusal(self.limiter.acquire(usage));
            }
            Op::Ask(usage) => {
                if let Ok(call) = self.limiter.try_acquire_owned(usage) {
                    self.hold(id, call);
                } else {
                    self.waiting.insert(id, Waits::new(self.limiter.acquire_owned(usage)));
                }
                if !self.model.try_acquire(id, usage) {
                    self.model.join(id, usage);
                }
            }
            Op::Leave(index) => {
                if let Some(id) = nth(&self.waiting, index) {
                    self.waiting.remove(&id);
                    self.model.leave(id);
                }
            }
            Op::Settle(index, usage) => self.settle(found(&self.held, index), usage),
            Op::SettleAt(index, percent) => {
                let id = found(&self.held, index);
                let Some(Usage { input, output, cached, .. }) = self.held.get(&id).map(|held| held.estimate) else {
                    return Ok(());
                };
                let share = |tokens| tokens * percent / 100;
                self.settle(id, Usage::new(share(input), share(output)).cached(share(cached)));
            }
            Op::Cancel(index) | Op::Fail(index) => {
                let id = found(&self.held, index);
                let Some(held) = self.held.remove(&id) else { return Ok(()) };
                let requests = u64::from(matches!(op, Op::Fail(_)));
                self.over(&held, requests, Usage::default());
                self.model.settle(id, requests, Usage::default());
                if requests == 1 { held.call.fail(Charged::Request) } else { held.call.refund() }
            }
            Op::Lose(index) => {
                let id = found(&self.held, index);
                if self.held.remove(&id).is_some() {
                    self.model.lose(id);
                }
            }
            Op::Stream(index, tokens) => {
                let id = found(&self.held, index);
                let Some(held) = self.held.get_mut(&id) else { return Ok(()) };
                held.call.stream(tokens);
                let more = self.model.stream(id, tokens);
                held.streamed.push(self.log.len());
                self.log.push(Event::Debt { at: self.now, debt: costs(0, Usage::new(0, more), true) });
            }
            Op::End(index) => {
                let id = found(&self.held, index);
                let Some(held) = self.held.remove(&id) else { return Ok(()) };
                let actual = held.estimate.output(self.model.streamed(id));
                self.over(&held, 1, actual);
                self.model.settle(id, 1, actual);
                held.call.end();
            }
            Op::Lower(kind, remaining) => {
                let mut debt = Costs::default();
                debt[kind] = figures(self.limiter.available())[kind].map_or(0, |ours| ours.saturating_sub(remaining));
                self.model.lower_to(kind, remaining);
                self.limiter.lower_to(left(|left| *figure(left, kind) = Some(remaining)));
                self.log.push(Event::Debt { at: self.now, debt });
            }
            Op::Pause(by) => {
                self.model.pause_until(self.now + by);
                self.limiter.pause(Duration::from_nanos(by));
            }
        }
        Ok(())
    }

    pub(crate) fn run(&mut self, ops: Vec<Op>) -> Result<(), TestCaseError> {
        for (id, op) in ops.into_iter().enumerate() {
            let mut granted = Vec::new();
            if !matches!(op, Op::Advance(_)) {
                pump(&self.limiter);
                granted = self.model.pump();
                // A waiter that leaves may have been granted without learning of it.
                if !matches!(op, Op::Leave(_)) {
                    self.look(&granted)?;
                }
            }
            self.step(id, op)?;
            if !matches!(op, Op::Advance(_)) {
                granted.extend(self.model.pump());
                self.look(&granted)?;
            }
            let seen = (self.limiter.in_flight(), self.limiter.waiters(), figures(self.limiter.available()));
            prop_assert_eq!(seen, (self.model.in_flight(), self.model.waiting(), self.model.available()), "{}", id);
        }
        Ok(())
    }

    /// Checks every window that ends with a granted call: it was not granted from permits that had
    /// been used.
    pub(crate) fn check_bound(&self) -> Result<(), TestCaseError> {
        for (kind, limit) in self.model.limits.iter().enumerate() {
            let Some(Limit::Rolling { rate, .. }) = limit else { continue };
            for end in 0..self.log.len() {
                let (until, used, true) = self.log[end].parts() else { continue };
                if used[kind] == 0 {
                    continue;
                }
                let mut sum = 0;
                for event in self.log[..=end].iter().rev() {
                    let (from, amount, _) = event.parts();
                    sum += u128::from(amount[kind]) * u128::from(rate.period);
                    let elapsed = u128::from(until - from) * u128::from(rate.capacity);
                    let bound = u128::from(rate.burst) * u128::from(rate.period) + elapsed;
                    prop_assert!(sum <= bound, "limit {}: {} > {} from {} to {}", kind, sum, bound, from, until);
                }
            }
        }
        Ok(())
    }
}

fn figure(left: &mut PerLimit, kind: usize) -> &mut Option<u64> {
    match kind {
        0 => &mut left.requests,
        1 => &mut left.tokens,
        2 => &mut left.input_tokens,
        3 => &mut left.output_tokens,
        4 => &mut left.requests_per_day,
        _ => &mut left.tokens_per_day,
    }
}
