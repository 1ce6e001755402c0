//! A queue checked against its promises alone: random timelines without a model.

use std::task::Poll;

use limitor::{LimitSet, ManualClock, set};
use proptest::prelude::*;

use crate::task::Task;
use crate::{one_a_second, secs};

/// Steps of a random timeline.
#[derive(Debug, Clone)]
enum Step {
    /// A second: all entries come due at whole seconds.
    Tick,
    Try([u64; 2]),
    Wait([u64; 2]),
    Drop(usize),
    Direct(usize, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let costs = || [0..=6_u64, 0..=9_u64];
    let step = prop_oneof![
        3 => Just(Step::Tick),
        1 => costs().prop_map(Step::Try),
        2 => costs().prop_map(Step::Wait),
        1 => (0..8_usize).prop_map(Step::Drop),
        1 => (0..2_usize, 1..=5_u64).prop_map(|(limit, n)| Step::Direct(limit, n)),
    ];
    proptest::collection::vec(step, 1..100)
}

proptest! {
    /// Over every window no limit exceeds its burst plus what comes back, whichever caller asks.
    /// Waiters are granted in order, each once, and as soon as both limits can grant.
    #[test]
    fn each_limit_keeps_its_bound_and_the_queue_its_order(steps in steps()) {
        let clock = ManualClock::new();
        let bursts = [6, 9];
        let limits = bursts.map(|burst| one_a_second(burst, clock.clone()));
        let set = LimitSet::new([("a", limits[0].clone()), ("b", limits[1].clone())]);
        // What was granted from each limit, and when.
        let mut granted: [Vec<(u64, u64)>; 2] = [vec![], vec![]];
        let mut waiting: Vec<(usize, [u64; 2], set::Acquire<'_, 2, ManualClock>)> = vec![];
        let (mut next, mut last, mut now) = (0, None, 0);
        for step in steps {
            match step {
                Step::Tick => {
                    now += 1;
                    clock.advance(secs(1));
                }
                Step::Try(costs) => {
                    if set.try_acquire(costs).is_ok() {
                        prop_assert!(waiting.is_empty(), "overtaken");
                        granted.iter_mut().zip(costs).for_each(|(granted, cost)| granted.push((now, cost)));
                    }
                }
                Step::Wait(costs) => {
                    waiting.push((next, costs, set.acquire(costs)));
                    next += 1;
                }
                Step::Drop(index) if index < waiting.len() => drop(waiting.remove(index)),
                Step::Drop(_) => {}
                Step::Direct(limit, n) => {
                    if limits[limit].try_acquire(n).is_ok() {
                        granted[limit].push((now, n));
                    }
                }
            }
            let mut index = 0;
            while index < waiting.len() {
                match Task::new().poll(&mut waiting[index].2) {
                    Poll::Pending => index += 1,
                    Poll::Ready(grant) => {
                        let (order, costs, _) = waiting.remove(index);
                        prop_assert_eq!(grant.unwrap().costs(), costs);
                        prop_assert!(last.is_none_or(|last| last < order), "out of order");
                        last = Some(order);
                        granted.iter_mut().zip(costs).for_each(|(granted, cost)| granted.push((now, cost)));
                    }
                }
            }
            if let Some((_, costs, _)) = waiting.first() {
                let enough = |limit: usize| limits[limit].available() >= costs[limit];
                prop_assert!(!(enough(0) && enough(1)), "the first in the queue could be granted");
            }
        }
        drop(waiting);
        for (limit, granted) in granted.iter().enumerate() {
            for from in 0..granted.len() {
                let mut sum = 0;
                for (at, cost) in &granted[from..] {
                    sum += cost;
                    let elapsed = at - granted[from].0;
                    prop_assert!(sum <= bursts[limit] + elapsed, "{sum} of limit {limit} within {elapsed} s");
                }
            }
        }
    }
}
