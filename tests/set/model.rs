//! A set in its plainest form: exact, and without any code of the crate.
//!
//! Time is counted in nanoseconds, and a permit takes a whole number of them.

use std::collections::{BTreeMap, VecDeque};

/// A limit.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) interval: i128,
    pub(crate) burst: u64,
    tat: i128,
    /// The end of the last kept reservation.
    kept: i128,
    /// When permits were last returned.
    lowered: i128,
    /// The events that count towards the bound, positive for a grant, and their times.
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

    /// When the limit can grant so much.
    pub(crate) fn due(&self, n: u64) -> i128 {
        if n == 0 { 0 } else { (self.tat + self.size(n) - self.depth()).max(0) }
    }

    /// A grant is dated back to its due time. If a refund since then left the word at that time or
    /// later, this equals a grant at the time of the refund. The grant counts then: before, there
    /// was not enough.
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

    /// Takes `n` permits if they are available now. Returns whether they were.
    pub(crate) fn try_now(&mut self, n: u64, now: i128) -> bool {
        let granted = n <= self.burst && self.due(n) <= now;
        if granted {
            self.take(n, now);
        }
        granted
    }

    /// Takes a reservation that is granted for good. Returns its wait.
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

    /// The time until the limit is full, if it is not.
    pub(crate) fn until_full(&self, now: i128) -> Option<i128> {
        Some(self.tat - now).filter(|wait| *wait > 0)
    }

    pub(crate) fn needed(&self, n: u64, now: i128) -> i128 {
        i128::from(n) - (self.depth() - (self.tat - now).max(0)).div_euclid(self.interval)
    }

    /// Over every window, grants minus refunds are at most the burst plus what comes back with
    /// time.
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
    /// When the first waiter was last found to come due.
    foreseen: Option<i128>,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Granted,
    TooLong,
    Cancelled,
}

/// The result of a request.
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
    /// The ends of waits that their waiters have not learned yet.
    pub(crate) ended: BTreeMap<usize, End>,
    /// In the order in which they were granted.
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

    /// When the first waiter comes due.
    fn first_due(&self) -> Option<i128> {
        self.line.front().map(|first| due_of(&self.members, &first.costs).max(first.joined).max(self.last))
    }

    /// A caller looks: waiters that can be granted are granted in order, at their due times, or now
    /// if their due times moved forward.
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

    /// Whether all granted waiters know of their grants.
    pub(crate) fn all_know(&self) -> bool {
        self.ended.is_empty() && self.first_due().is_none_or(|due| due > self.now)
    }

    /// If the request is refused now: how long it would take, and the limits that bind.
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

    /// When a waiter at the end of the queue would be granted.
    fn forecast(&self, costs: &[u64]) -> i128 {
        let mut members = self.members.clone();
        let mut at = self.now.max(self.last);
        for waiter in &self.line {
            at = at.max(waiter.joined).max(due_of(&members, &waiter.costs));
            take_of(&mut members, &waiter.costs, at);
        }
        at.max(due_of(&members, costs))
    }

    /// A waiter looks. Returns how its wait has ended, if it has.
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
