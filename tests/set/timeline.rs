//! Random timelines of one to four limits, beside the plain model: what is granted and when, what
//! is refused and by which limit, what is left, and the bound of each limit over every window.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use limitor::{AcquireError, LimitSet, ManualClock, Quota, RateLimiter, set};
use proptest::prelude::*;

use crate::model::{Asked, End, Model};
use crate::task::Task;

/// The most limits that a set has here.
const MOST: usize = 4;

#[derive(Debug, Clone, Copy)]
enum Op {
    Advance(u64),
    Back(u64),
    Try([u64; MOST]),
    /// With a timeout, in halves of a permit of the first limit.
    Acquire([u64; MOST], Option<u64>),
    /// An executor polls the tasks that were woken.
    Run,
    Leave(usize),
    /// Settles a grant: what was used of each limit, less or more than granted.
    Settle(usize, [u64; MOST]),
    Direct(usize, u64),
    Keep(usize, u64),
    GiveBack(usize, u64),
    Charge(usize, u64),
    Cancel,
}

/// The duration of a permit, and the burst. T is a power of two nanoseconds, from 1 to 268 ms, so
/// that readings convert exactly.
fn limits() -> impl Strategy<Value = Vec<(u64, u64)>> {
    let limit = (20..29_u32, 1..9_u64).prop_map(|(log, burst)| (1 << log, burst));
    proptest::collection::vec(limit, 1..=MOST)
}

/// What a timeline has besides requests, waits and cancels.
#[derive(Debug, Clone, Copy)]
struct Mix {
    debts: bool,
    refunds: bool,
    /// The clock steps back. Then no reservations are kept, because a limiter no longer knows of
    /// them once they have been due.
    back: bool,
}

fn ops(mix: Mix) -> impl Strategy<Value = Vec<Op>> {
    let only = |wanted: bool, op: Op| if wanted { op } else { Op::Run };
    let cost = || prop_oneof![2 => Just(0_u64), 8 => 1..5_u64, 1 => 5..11_u64];
    let costs = || [cost(), cost(), cost(), cost()];
    let debt = || if mix.debts { 0..9_u64 } else { 0..1_u64 };
    let timeout = prop_oneof![3 => Just(None), 2 => (0..12_u64).prop_map(Some)];
    let any_one = || any::<usize>();
    let op = prop_oneof![
        6 => (0..7_u64).prop_map(Op::Advance),
        2 => (1..20_u64).prop_map(move |steps| only(mix.back, Op::Back(steps))),
        3 => costs().prop_map(Op::Try),
        9 => (costs(), timeout).prop_map(|(costs, timeout)| Op::Acquire(costs, timeout)),
        6 => Just(Op::Run),
        2 => any_one().prop_map(Op::Leave),
        3 => (any_one(), [debt(), debt(), debt(), debt()])
            .prop_map(move |(index, used)| only(mix.refunds, Op::Settle(index, used))),
        4 => (0..MOST, cost()).prop_map(|(limit, n)| Op::Direct(limit, n)),
        1 => (0..MOST, cost()).prop_map(move |(limit, n)| only(!mix.back, Op::Keep(limit, n))),
        2 => (0..MOST, cost()).prop_map(move |(limit, n)| only(mix.refunds, Op::GiveBack(limit, n))),
        1 => (0..MOST, debt()).prop_map(|(limit, n)| Op::Charge(limit, n)),
        1 => Just(Op::Cancel),
    ];
    proptest::collection::vec(op, 1..60)
}

fn end<T>(outcome: &Result<T, set::LimitError>) -> End {
    match outcome.as_ref().map_err(set::LimitError::error) {
        Ok(_) => End::Granted,
        Err(AcquireError::Cancelled) => End::Cancelled,
        Err(AcquireError::TooLong { .. }) => End::TooLong,
        Err(other) => panic!("{other:?}"),
    }
}

fn nanos(time: i128) -> Duration {
    Duration::from_nanos(u64::try_from(time).unwrap())
}

/// A set and the model, side by side.
struct Run<'a, const N: usize> {
    model: Model,
    clock: ManualClock,
    members: [Arc<RateLimiter<ManualClock>>; N],
    set: &'a LimitSet<N, ManualClock>,
    pending: BTreeMap<usize, (Task, set::Acquire<'a, N, ManualClock>)>,
    grants: Vec<set::Grant<'a, N, ManualClock>>,
    /// In the order in which they learned of their grants.
    order: Vec<usize>,
    steps_back: bool,
}

const NAMES: [&str; MOST] = ["first", "second", "third", "fourth"];

impl<const N: usize> Run<'_, N> {
    fn acquire(&mut self, id: usize, costs: [u64; N], timeout: Option<u64>) -> Result<(), TestCaseError> {
        let timeout = timeout.map(|halves| halves * u64::try_from(self.model.members[0].interval).unwrap() / 2);
        let mut acquire = self.set.acquire(costs);
        if let Some(timeout) = timeout {
            acquire = acquire.timeout(Duration::from_nanos(timeout));
        }
        let (task, expected) = (Task::new(), self.model.acquire(id, &costs, timeout));
        match (task.poll(&mut acquire), expected) {
            (Poll::Pending, Asked::Waits) => {
                prop_assert_eq!(self.model.look(id), None);
                self.pending.insert(id, (task, acquire));
            }
            (Poll::Ready(Err(error)), Asked::OverBurst) => {
                prop_assert!(matches!(error.error(), AcquireError::ExceedsBurst { .. }), "{error:?}");
            }
            (Poll::Ready(outcome), Asked::Ended(expected)) => {
                prop_assert_eq!(end(&outcome), expected);
                self.grants.extend(outcome);
            }
            (polled, expected) => prop_assert!(false, "{polled:?}, expected {expected:?}"),
        }
        Ok(())
    }

    fn try_acquire(&mut self, costs: [u64; N]) -> Result<(), TestCaseError> {
        match (self.set.try_acquire(costs), self.model.try_acquire(&costs)) {
            (Ok(grant), Ok(())) => self.grants.push(grant),
            (Err(denied), Err((wait, binding))) => {
                prop_assert_eq!(denied.retry_after(), wait.map(nanos));
                let named = NAMES.iter().position(|name| *name == denied.limit()).unwrap();
                prop_assert!(binding.contains(&named), "{} is named, instead of one of {:?}", denied.limit(), binding);
            }
            (seen, expected) => prop_assert!(false, "{seen:?}, expected {expected:?}"),
        }
        Ok(())
    }

    /// Polls the tasks that were woken, until none is.
    fn run(&mut self) -> Result<(), TestCaseError> {
        loop {
            let woken: Vec<usize> =
                self.pending.iter().filter(|(_, (task, _))| task.woken() > 0).map(|(id, _)| *id).collect();
            if woken.is_empty() {
                return Ok(());
            }
            for id in woken {
                let (task, acquire) = self.pending.get_mut(&id).unwrap();
                if self.steps_back {
                    // If its timer fired before a step back, the task would sleep on. With another
                    // waker it has to look.
                    *task = Task::new();
                }
                match (task.poll(acquire), self.model.look(id)) {
                    (Poll::Pending, None) => {}
                    (Poll::Ready(outcome), Some(expected)) => {
                        prop_assert_eq!(end(&outcome), expected);
                        self.pending.remove(&id);
                        if let Ok(grant) = outcome {
                            self.grants.push(grant);
                            self.order.push(id);
                        }
                    }
                    (polled, expected) => prop_assert!(false, "{id}: {polled:?}, expected {expected:?}"),
                }
            }
        }
    }

    /// All waiters that have come due were woken and know of it.
    fn all_know(&mut self) -> Result<(), TestCaseError> {
        self.run()?;
        prop_assert!(self.model.all_know(), "a waiter was not woken: {:?}", self.model);
        Ok(())
    }

    fn settle(&mut self, index: usize, used: [u64; MOST]) {
        if self.grants.is_empty() {
            return;
        }
        let grant = self.grants.swap_remove(index % self.grants.len());
        let costs = grant.costs();
        let actual: [u64; N] =
            std::array::from_fn(
                |limit| if index.is_multiple_of(2) { used[limit] } else { costs[limit].saturating_sub(1) },
            );
        grant.reconcile(actual);
        for (member, (actual, cost)) in self.model.members.iter_mut().zip(actual.into_iter().zip(costs)) {
            if actual < cost {
                member.give_back(cost - actual, self.model.now);
            } else {
                member.charge(actual - cost, self.model.now);
            }
        }
        self.model.pump();
    }

    fn perform(&mut self, id: usize, op: Op) -> Result<(), TestCaseError> {
        let now = self.model.now;
        match op {
            Op::Advance(steps) => {
                let step = self.model.members[id % N].interval / 2;
                self.model.now += i128::from(steps) * step + i128::from(steps % 2);
                self.clock.set(nanos(self.model.now));
            }
            Op::Back(steps) => {
                let step = self.model.members[id % N].interval / 2;
                self.model.now = (now - i128::from(steps) * step).max(0);
                self.clock.set(nanos(self.model.now));
            }
            Op::Try(costs) => self.try_acquire(std::array::from_fn(|limit| costs[limit]))?,
            Op::Acquire(costs, timeout) => self.acquire(id, std::array::from_fn(|limit| costs[limit]), timeout)?,
            Op::Run => self.all_know()?,
            Op::Leave(index) => {
                let id = self.pending.keys().nth(index % self.pending.len().max(1)).copied();
                if let Some(id) = id {
                    self.pending.remove(&id);
                    self.model.leave(id);
                }
            }
            Op::Settle(index, used) => self.settle(index, used),
            Op::Direct(limit, n) => {
                let granted = self.members[limit % N].try_acquire(n).is_ok();
                prop_assert_eq!(granted, self.model.members[limit % N].try_now(n, now));
            }
            Op::Keep(limit, n) => {
                let (member, model) = (&self.members[limit % N], &mut self.model.members[limit % N]);
                if n <= model.burst {
                    let wait = if model.try_now(n, now) { 0 } else { model.keep(n, now) };
                    prop_assert_eq!(member.reserve(n).unwrap().keep(), nanos(wait));
                }
            }
            Op::GiveBack(limit, n) => {
                self.members[limit % N].refund(n);
                self.model.members[limit % N].give_back(n, now);
                self.set.notify();
                self.model.pump();
            }
            Op::Charge(limit, n) => {
                self.members[limit % N].charge(n);
                self.model.members[limit % N].charge(n, now);
            }
            Op::Cancel => {
                self.set.cancel_waiters();
                self.model.cancel_waiters();
            }
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.set.waiters(), self.model.waiting(), "waiters");
        for (member, model) in self.members.iter().zip(&self.model.members) {
            prop_assert_eq!(member.available(), model.available(self.model.now), "available");
            prop_assert_eq!(member.capacity_info(3).needed, model.needed(3, self.model.now), "needed");
            // To the nanosecond: when the limit will be full.
            if let Some(wait) = model.until_full(self.model.now) {
                let denied = member.try_acquire(model.burst).map(drop).unwrap_err();
                prop_assert_eq!(denied.retry_after(), Some(nanos(wait)), "until it is full");
            }
        }
        Ok(())
    }
}

fn run<const N: usize>(limits: &[(u64, u64)], ops: Vec<Op>) -> Result<Model, TestCaseError> {
    let clock = ManualClock::new();
    let members: [Arc<RateLimiter<ManualClock>>; N] = std::array::from_fn(|index| {
        let (interval, burst) = limits[index];
        let quota = Quota::new(1, Duration::from_nanos(interval)).unwrap().with_burst(burst).unwrap();
        Arc::new(RateLimiter::with_clock(quota, clock.clone()))
    });
    let set = LimitSet::new(std::array::from_fn(|index| (NAMES[index], members[index].clone())));
    let model = Model::new(limits);
    let (pending, grants, order) = (BTreeMap::new(), Vec::new(), Vec::new());
    let steps_back = ops.iter().any(|op| matches!(op, Op::Back(_)));
    let mut run = Run { model, clock, members, set: &set, pending, grants, order, steps_back };
    for (id, op) in ops.into_iter().enumerate() {
        let done = format!("{op:?}");
        run.perform(id, op)
            .and_then(|()| run.compare())
            .map_err(|error| TestCaseError::fail(format!("{id}, {done}: {error}")))?;
    }
    // In the end all are granted.
    run.perform(0, Op::Run)?;
    run.model.now += 1 << 40;
    run.clock.set(nanos(run.model.now));
    run.perform(0, Op::Run)?;
    prop_assert!(run.pending.is_empty() && run.set.waiters() == 0, "{:?}: {:?}", run.pending.keys(), run.model);
    let learned: Vec<usize> = run.model.order.iter().filter(|id| run.order.contains(id)).copied().collect();
    run.order.sort_unstable();
    prop_assert!(learned.is_sorted(), "in the order in which they came: {learned:?}");
    prop_assert_eq!(learned, run.order);
    Ok(run.model)
}

/// Each limit keeps its bound over every window, if `bounded`. (The bound does not hold for a grant
/// before a step back that is refunded after it: the model counts the refund as made in between.)
fn check(limits: &[(u64, u64)], ops: Vec<Op>, bounded: bool) -> Result<(), TestCaseError> {
    let model = match limits.len() {
        1 => run::<1>(limits, ops),
        2 => run::<2>(limits, ops),
        3 => run::<3>(limits, ops),
        _ => run::<4>(limits, ops),
    }?;
    if bounded {
        model.assert_bound();
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn set_without_debts_equals_the_model(limits in limits(), ops in ops(Mix { debts: false, refunds: true, back: false })) {
        check(&limits, ops, true)?;
    }

    #[test]
    fn set_with_debts_equals_the_model(limits in limits(), ops in ops(Mix { debts: true, refunds: true, back: false })) {
        check(&limits, ops, true)?;
    }

    #[test]
    fn set_with_a_clock_that_steps_back_equals_the_model(limits in limits(), ops in ops(Mix { debts: true, refunds: false, back: true })) {
        check(&limits, ops, true)?;
    }

    #[test]
    fn set_with_refunds_after_a_step_back_equals_the_model(limits in limits(), ops in ops(Mix { debts: true, refunds: true, back: true })) {
        check(&limits, ops, false)?;
    }
}
