//! A set as plainly as it can be written: exact, and sharing no code with the crate.
//!
//! Time is counted in nanoseconds, of which a permit takes a whole number.

use std::collections::{BTreeMap, VecDeque};

/// A limit.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) interval: i128,
    pub(crate) burst: u64,
    tat: i128,
    /// Where the last kept place ends.
    kept: i128,
    /// When it was last given something back.
    lowered: i128,
    /// What counts towards the bound, positive for a grant, and when.
    events: Vec<(i128, i128)>,
}

impl Member {
    fn new(interval: u64, burst: u64) -> Self {
        Self { interval: interval.into(), burst, tat: 0, kept: 0, lowered: 0, events: Vec::new() }
    }

    fn size(&self, n: u64) -> i128 {
        i128::from(n) * self.interval
    }

    fn depth(&self) -> i128 {
        self.size(self.burst)
    }

    /// When it can grant so much.
    pub(crate) fn due(&self, n: u64) -> i128 {
        if n == 0 { 0 } else { (self.tat + self.size(n) - self.depth()).max(0) }
    }

    /// A grant at a time that has passed, when it came due, is the same as one at the time of a refund since then, which left
    /// the word at that time or later. It counts then: before, there was not so much.
    fn take(&mut self, n: u64, at: i128) {
        if n > 0 {
            self.events.push((at.max(self.lowered), self.size(n)));
            self.tat = self.tat.max(at) + self.size(n);
        }
    }

    pub(crate) fn give_back(&mut self, n: u64, now: i128) {
        let floor = if self.kept > now + self.depth() { self.kept } else { now };
        let lowered = self.tat.min((self.tat - self.size(n)).max(floor));
        if lowered < self.tat {
            self.events.push((now, lowered - self.tat));
            self.lowered = now;
            self.tat = lowered;
        }
    }

    pub(crate) fn charge(&mut self, n: u64, now: i128) {
        if n > 0 {
            self.tat = self.tat.max(now) + self.size(n);
        }
    }

    /// Whether there is so much now; if so, it is taken.
    pub(crate) fn try_now(&mut self, n: u64, now: i128) -> bool {
        let granted = n <= self.burst && self.due(n) <= now;
        if granted {
            self.take(n, now);
        }
        granted
    }

    /// Takes a place that is granted for good; how long it has to wait.
    pub(crate) fn keep(&mut self, n: u64, now: i128) -> i128 {
        self.charge(n, now);
        let due = (self.tat - self.depth()).max(now);
        if n > 0 {
            self.events.push((due, self.size(n)));
            self.kept = self.kept.max(if due > now { self.tat } else { 0 });
        }
        due - now
    }

    pub(crate) fn available(&self, now: i128) -> u64 {
        let room = self.depth() - (self.tat - now).max(0);
        u64::try_from(room.max(0) / self.interval).unwrap()
    }

    /// How long until it is full, if it is not.
    pub(crate) fn until_full(&self, now: i128) -> Option<i128> {
        Some(self.tat - now).filter(|wait| *wait > 0)
    }

    pub(crate) fn needed(&self, n: u64, now: i128) -> i128 {
        i128::from(n) - (self.depth() - (self.tat - now).max(0)).div_euclid(self.interval)
    }

    /// Over every window, what was granted less what came back is at most the burst and what comes back with time.
    fn assert_bound(&self) {
        let mut events = self.events.clone();
        events.sort_by_key(|event| event.0);
        for (first, from) in events.iter().enumerate() {
            if first > 0 && events[first - 1].0 == from.0 {
                continue;
            }
            let mut sum = 0;
            for (last, to) in events.iter().enumerate().skip(first) {
                sum += to.1;
                if events.get(last + 1).is_none_or(|next| next.0 > to.0) {
                    assert!(sum <= self.depth() + to.0 - from.0, "{sum} from {} to {}: {events:?}", from.0, to.0);
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Waiter {
    id: usize,
    costs: Vec<u64>,
    joined: i128,
    by: Option<i128>,
    /// As the first in line, when it was last found to come due.
    foreseen: Option<i128>,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Granted,
    TooLong,
    Cancelled,
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Ended(End),
    OverBurst,
    Waits,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) members: Vec<Member>,
    pub(crate) now: i128,
    line: VecDeque<Waiter>,
    last: i128,
    /// How waits ended of which whoever waited has yet to learn.
    pub(crate) ended: BTreeMap<usize, End>,
    /// In the order in which they were let through.
    pub(crate) order: Vec<usize>,
}

fn due_of(members: &[Member], costs: &[u64]) -> i128 {
    members.iter().zip(costs).map(|(member, cost)| member.due(*cost)).max().unwrap_or(0)
}

fn take_of(members: &mut [Member], costs: &[u64], at: i128) {
    members.iter_mut().zip(costs).for_each(|(member, cost)| member.take(*cost, at));
}

impl Model {
    pub(crate) fn new(limits: &[(u64, u64)]) -> Self {
        let members = limits.iter().map(|(interval, burst)| Member::new(*interval, *burst)).collect();
        Self { members, now: 0, line: VecDeque::new(), last: 0, ended: BTreeMap::new(), order: Vec::new() }
    }

    fn over_burst(&self, costs: &[u64]) -> bool {
        self.members.iter().zip(costs).any(|(member, cost)| *cost > member.burst)
    }

    /// When the first in line comes due.
    fn first_due(&self) -> Option<i128> {
        self.line.front().map(|first| due_of(&self.members, &first.costs).max(first.joined).max(self.last))
    }

    /// Somebody looks: whoever can go goes, in order, when it came due; or now, if something has brought that nearer.
    pub(crate) fn pump(&mut self) {
        let mut ahead = None;
        while let Some(due) = self.first_due() {
            let first = &mut self.line[0];
            let foreseen = first.foreseen.or(ahead).is_some_and(|foreseen| foreseen <= due);
            let at = if foreseen { due } else { self.now };
            let end = match () {
                () if due <= self.now && first.by.is_none_or(|by| at <= by) => End::Granted,
                () if first.by.is_some_and(|by| by <= self.now) => End::TooLong,
                () => {
                    first.foreseen = Some(due);
                    return;
                }
            };
            let first = self.line.pop_front().unwrap();
            if end == End::Granted {
                take_of(&mut self.members, &first.costs, at);
                self.order.push(first.id);
            }
            self.last = if end == End::Granted { at } else { self.last.max(first.by.unwrap()) };
            ahead = Some(self.last);
            self.ended.insert(first.id, end);
        }
    }

    /// Whether whoever can go knows of it.
    pub(crate) fn all_know(&self) -> bool {
        self.ended.is_empty() && self.first_due().is_none_or(|due| due > self.now)
    }

    /// If it is refused now: how long it would take, and the limits that say so.
    pub(crate) fn try_acquire(&mut self, costs: &[u64]) -> Result<(), (Option<i128>, Vec<usize>)> {
        self.pump();
        let limits = 0..self.members.len();
        if self.over_burst(costs) {
            return Err((None, limits.filter(|limit| costs[*limit] > self.members[*limit].burst).collect()));
        }
        let due = |limit: usize| {
            let first = self.line.front().map_or(0, |first| self.members[limit].due(first.costs[limit]));
            self.members[limit].due(costs[limit]).max(first)
        };
        let last = limits.clone().map(due).max().unwrap_or(0);
        if last > self.now || !self.line.is_empty() {
            let last = last.max(self.now);
            return Err((Some(last - self.now), limits.filter(|limit| due(*limit).max(self.now) == last).collect()));
        }
        take_of(&mut self.members, costs, self.now);
        Ok(())
    }

    pub(crate) fn acquire(&mut self, id: usize, costs: &[u64], timeout: Option<u64>) -> Asked {
        self.pump();
        if self.over_burst(costs) {
            return Asked::OverBurst;
        }
        if self.line.is_empty() && due_of(&self.members, costs) <= self.now {
            take_of(&mut self.members, costs, self.now);
            return Asked::Ended(End::Granted);
        }
        let by = timeout.map(|timeout| self.now + i128::from(timeout));
        if by.is_some_and(|by| by <= self.now || self.forecast(costs) > by) {
            return Asked::Ended(End::TooLong);
        }
        self.line.push_back(Waiter { id, costs: costs.to_vec(), joined: self.now, by, foreseen: None });
        Asked::Waits
    }

    /// When somebody goes who stands behind all others.
    fn forecast(&self, costs: &[u64]) -> i128 {
        let mut members = self.members.clone();
        let mut at = self.now.max(self.last);
        for waiter in &self.line {
            at = at.max(waiter.joined).max(due_of(&members, &waiter.costs));
            take_of(&mut members, &waiter.costs, at);
        }
        at.max(due_of(&members, costs))
    }

    /// Somebody looks for itself: how its wait has ended, if it has.
    pub(crate) fn look(&mut self, id: usize) -> Option<End> {
        self.pump();
        if let Some(end) = self.ended.remove(&id) {
            return Some(end);
        }
        let first_due = self.first_due()?;
        let index = self.line.iter().position(|waiter| waiter.id == id)?;
        if self.line[index].by.is_some_and(|by| by <= self.now || first_due > by) {
            self.line.remove(index);
            self.pump();
            return Some(End::TooLong);
        }
        None
    }

    pub(crate) fn leave(&mut self, id: usize) {
        self.pump();
        self.line.retain(|waiter| waiter.id != id);
        self.ended.remove(&id);
        self.pump();
    }

    pub(crate) fn cancel_waiters(&mut self) {
        self.ended.extend(self.line.drain(..).map(|waiter| (waiter.id, End::Cancelled)));
    }

    pub(crate) fn waiting(&self) -> usize {
        self.line.len()
    }

    pub(crate) fn assert_bound(&self) {
        self.members.iter().for_each(Member::assert_bound);
    }
}
