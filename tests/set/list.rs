//! A set whose number of limits is known only at run time, beside an equal one whose number is
//! fixed.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use limitor::set::{self, LimitList};
use limitor::{AcquireError, BuildError, LimitSet, ManualClock, Quota, RateLimiter, Reason};
use proptest::prelude::*;

use crate::task::Task;
use crate::{one_a_second, secs};

const LIMITS: usize = 3;
const NAMES: [&str; LIMITS] = ["a", "b", "c"];

fn limits(clock: &ManualClock) -> [(&'static str, Arc<RateLimiter<ManualClock>>); LIMITS] {
    let quotas = ["3/s burst 4", "7/s burst 9", "5/2s burst 6"].map(|text| text.parse::<Quota>().unwrap());
    std::array::from_fn(|index| (NAMES[index], Arc::new(RateLimiter::with_clock(quotas[index], clock.clone()))))
}

#[derive(Debug, Clone)]
enum Step {
    /// In tenths of a second.
    Advance(u64),
    Try([u64; LIMITS]),
    Acquire([u64; LIMITS], Option<u64>),
    Poll,
    Leave(usize),
    Settle(usize, [u64; LIMITS]),
    Reconcile([u64; LIMITS], [u64; LIMITS]),
    Direct(usize, u64),
    Cancel,
    Close,
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let costs = || [0..5_u64, 0..10_u64, 0..7_u64];
    let step = prop_oneof![
        5 => (1..15_u64).prop_map(Step::Advance),
        3 => costs().prop_map(Step::Try),
        6 => (costs(), proptest::option::of(0..30_u64)).prop_map(|(costs, timeout)| Step::Acquire(costs, timeout)),
        5 => Just(Step::Poll),
        1 => any::<usize>().prop_map(Step::Leave),
        2 => (any::<usize>(), costs()).prop_map(|(index, used)| Step::Settle(index, used)),
        1 => (costs(), costs()).prop_map(|(actual, estimated)| Step::Reconcile(actual, estimated)),
        2 => (0..LIMITS, 1..5_u64).prop_map(|(limit, n)| Step::Direct(limit, n)),
        1 => Just(Step::Cancel),
        1 => Just(Step::Close),
        2 => Just(Step::Reset),
    ];
    proptest::collection::vec(step, 1..80)
}

type Waiting<'a> = (set::Acquire<'a, LIMITS, ManualClock>, set::ListAcquire<'a, ManualClock>, Task);
type Granted<'a> = (set::Grant<'a, LIMITS, ManualClock>, set::ListGrant<'a, ManualClock>);

proptest! {
    /// Each answers every step as the other does: what is granted and when, what is refused and on
    /// which limit's account, what is left.
    #[test]
    fn list_answers_as_an_equal_set_does(steps in steps()) {
        let clock = ManualClock::new();
        let (of_set, of_list) = (limits(&clock), limits(&clock));
        let (set, list) = (LimitSet::new(of_set.clone()), LimitList::new(of_list.clone()).unwrap());
        let mut waiting: Vec<Waiting<'_>> = Vec::new();
        let mut held: Vec<Granted<'_>> = Vec::new();
        for step in steps {
            match step {
                Step::Advance(tenths) => clock.advance(Duration::from_millis(100 * tenths)),
                Step::Try(costs) => match (set.try_acquire(costs), list.try_acquire(costs)) {
                    (Ok(one), Ok(other)) => held.push((one, other)),
                    (Err(one), Err(other)) => prop_assert_eq!(one, other),
                    (one, other) => prop_assert!(false, "{:?} and {:?}", one, other),
                },
                Step::Acquire(costs, timeout) => {
                    let (mut one, mut other) = (set.acquire(costs), list.acquire(costs));
                    if let Some(tenths) = timeout {
                        let timeout = Duration::from_millis(100 * tenths);
                        (one, other) = (one.timeout(timeout), other.timeout(timeout));
                    }
                    waiting.push((one, other, Task::new()));
                }
                Step::Poll => {}
                Step::Leave(index) => {
                    if !waiting.is_empty() {
                        let index = index % waiting.len();
                        drop(waiting.remove(index));
                    }
                }
                Step::Settle(index, used) => {
                    if !held.is_empty() {
                        let index = index % held.len();
                        let (one, other) = held.remove(index);
                        one.reconcile(used);
                        other.reconcile(used);
                    }
                }
                Step::Reconcile(actual, estimated) => {
                    set.reconcile(actual, estimated);
                    list.reconcile(actual, estimated);
                }
                Step::Direct(limit, n) => {
                    let [one, other] = [&of_set, &of_list].map(|limits| limits[limit].1.try_acquire(n).map(drop));
                    prop_assert_eq!(one, other);
                }
                Step::Cancel => {
                    set.cancel_waiters();
                    list.cancel_waiters();
                }
                Step::Close => {
                    set.close();
                    list.close();
                }
                Step::Reset => {
                    set.reset();
                    list.reset();
                }
            }
            let mut index = 0;
            while index < waiting.len() {
                let (one, other, task) = &mut waiting[index];
                match (task.poll(one), task.poll(other)) {
                    (Poll::Pending, Poll::Pending) => {
                        index += 1;
                        continue;
                    }
                    (Poll::Ready(Ok(one)), Poll::Ready(Ok(other))) => held.push((one, other)),
                    (Poll::Ready(Err(one)), Poll::Ready(Err(other))) => prop_assert_eq!(one, other),
                    (one, other) => prop_assert!(false, "{:?} and {:?}", one, other),
                }
                drop(waiting.remove(index));
            }
            if let Some((one, other)) = held.last() {
                prop_assert_eq!(&one.costs()[..], other.costs());
                prop_assert_eq!(&one.remaining()[..], &*other.remaining());
            }
            prop_assert_eq!(&set.available()[..], &*list.available());
            prop_assert_eq!(&set.standing()[..], &*list.standing());
            prop_assert_eq!(&set.capacity_info([3; LIMITS])[..], &*list.capacity_info([3; LIMITS]));
            prop_assert_eq!((set.waiters(), set.is_closed()), (list.waiters(), list.is_closed()));
        }
    }
}

#[test]
fn wrong_number_of_costs_is_refused_with_nothing_charged() {
    let list = LimitList::new(limits(&ManualClock::new())).unwrap();
    for costs in [&[][..], &[1], &[1, 1], &[1, 1, 1, 1]] {
        let denied = list.try_acquire(costs).unwrap_err();
        assert_eq!((denied.reason(), denied.limit(), denied.retry_after()), (Reason::CostCount, "", None));
        assert_eq!(denied.requested(), costs.len() as u64);
        let error = list.acquire(costs).wait().unwrap_err();
        assert_eq!((error.limit(), error.reason()), (None, Reason::CostCount));
        let limits = 3;
        assert!(
            matches!(error.error(), AcquireError::CostCount { costs: given, limits: 3, .. } if given == costs.len())
        );
        let Poll::Ready(outcome) = Task::new().poll(&mut list.acquire(costs)) else { panic!("it waits") };
        assert_eq!(outcome.unwrap_err(), error);
        let plural = if costs.len() == 1 { "" } else { "s" };
        let text = format!("{} cost{plural} given, but the set has {limits} limits", costs.len());
        assert_eq!((denied.to_string(), error.to_string()), (text.clone(), text));
    }
    assert_eq!(*list.available(), [4, 9, 6]);
}

/// The queue is not looked at: the error is the caller's.
#[test]
fn wrong_number_of_costs_is_refused_beside_waiters() {
    let list = LimitList::new(limits(&ManualClock::new())).unwrap();
    drop(list.try_acquire([4, 9, 6]).unwrap());
    let (task, mut waiting) = (Task::new(), list.acquire([1, 1, 1]));
    assert!(task.poll(&mut waiting).is_pending());
    assert_eq!(list.try_acquire([1]).unwrap_err().reason(), Reason::CostCount);
    assert_eq!(list.acquire([1]).wait().unwrap_err().reason(), Reason::CostCount);
    assert_eq!(list.waiters(), 1);
}

#[test]
#[should_panic(expected = "2 costs given, but the set has 3 limits")]
fn settling_a_wrong_number_of_costs_panics() {
    let list = LimitList::new(limits(&ManualClock::new())).unwrap();
    list.try_acquire([1, 1, 1]).unwrap().reconcile([1, 1]);
}

#[test]
#[should_panic(expected = "4 costs given, but the set has 3 limits")]
fn refunding_a_wrong_number_of_costs_panics() {
    LimitList::new(limits(&ManualClock::new())).unwrap().refund([1, 1, 1, 1]);
}

#[test]
fn list_without_limits_or_with_one_twice_is_an_error() {
    let none: [(&'static str, Arc<RateLimiter>); 0] = [];
    assert_eq!(LimitList::new(none).unwrap_err(), BuildError::NoLimits);
    let limit = one_a_second(1, ManualClock::new());
    let twice = [("one", limit.clone()), ("other", limit)];
    let error = LimitList::builder(twice).max_waiters(3).build().unwrap_err();
    assert!(matches!(error, BuildError::LimitTwice { name: "other", .. }));
}

#[test]
fn list_has_a_bounded_queue_and_owned_forms() {
    let clock = ManualClock::new();
    let limit = one_a_second(1, clock.clone());
    let list = Arc::new(LimitList::builder([("only", limit)]).max_waiters(1).build().unwrap());
    let grant = list.try_acquire_owned([1]).unwrap();
    let (task, mut waiting) = (Task::new(), list.acquire_owned(vec![1]));
    assert!(task.poll(&mut waiting).is_pending());
    let Poll::Ready(outcome) = Task::new().poll(&mut list.acquire([1])) else { panic!("a second one waits") };
    assert_eq!(outcome.unwrap_err().error(), AcquireError::QueueFull);
    grant.refund();
    assert!(task.run(&mut waiting).is_ready());
    clock.advance(secs(1));
    assert!(list.acquire_owned([1]).wait().is_ok());
    assert!(format!("{list:?}").contains("\"only\": RateLimiter"));
}
