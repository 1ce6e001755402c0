//! The queue before a gate, as plain data: the waiters in order, and the outcomes that waiters have
//! yet to learn. Clock readings are passed in, and the lock is the caller's.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::task::Waker;
use std::time::Duration;

use super::gate::Gate;
use crate::clock::{Clock, Timestamp};

/// Names an entry of the queue. Later entries have higher ids.
pub(crate) type WaiterId = u64;

/// How many waiters at the front are woken when their timers are wrong.
const WOKEN_AHEAD: usize = 4;

/// How much later each waiter looks than the waiter before it.
const GRACE: Duration = Duration::from_millis(20);

/// How late the timer of a waiter behind the first may be before that waiter is woken.
const SLACK: Duration = Duration::from_millis(80);

/// What a waiter finds when it looks.
pub(super) enum Look<T, R> {
    Taken(T),
    Refused(R),
    /// Not yet. The waiter is to look again at the reading `until`, or when it is woken.
    Waiting {
        until: Option<Timestamp>,
        first: bool,
    },
}

/// Wakers to be called, and to be dropped, after the lock is released.
#[derive(Default)]
pub(super) struct Outgoing {
    pub(super) wake: Vec<Waker>,
    dropped: Vec<Waker>,
}

struct Waiter<R> {
    id: WaiterId,
    request: R,
    joined: Timestamp,
    /// The waiter wants no grant after this reading.
    by: Option<Timestamp>,
    waker: Option<Waker>,
    /// When this waiter, as the first, was last found to come due.
    foreseen: Option<Timestamp>,
    /// When the waiter will look again.
    timer: Option<Timestamp>,
}

pub(super) struct Queue<G: Gate> {
    pub(super) gate: G,
    waiters: VecDeque<Waiter<G::Request>>,
    next: WaiterId,
    /// Grants that their waiters have yet to learn of.
    granted: BTreeMap<WaiterId, G::Taken>,
    /// Refusals that their waiters have yet to learn of.
    refused: BTreeMap<WaiterId, G::Refusal>,
    /// When the last waiter was granted its request, or ran out of time. No later waiter is granted
    /// before that.
    last: Timestamp,
    outgoing: Outgoing,
}

impl<G: Gate> Queue<G> {
    pub(super) fn new(gate: G) -> Self {
        Self {
            gate,
            waiters: VecDeque::new(),
            next: 0,
            granted: BTreeMap::new(),
            refused: BTreeMap::new(),
            last: Timestamp::default(),
            outgoing: Outgoing::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(super) fn outgoing(&mut self) -> Outgoing {
        mem::take(&mut self.outgoing)
    }

    /// What the first waiter asks for.
    pub(super) fn first(&self) -> Option<&G::Request> {
        self.waiters.front().map(|first| &first.request)
    }

    /// Grants the requests of all waiters that are due, in order, and refuses those whose time is
    /// over.
    pub(super) fn pump(&mut self, clock: &impl Clock, now: Timestamp) {
        let mut ahead = None;
        while let Some(answer) = self.answer_first(clock, now, &mut ahead) {
            let Some(first) = self.waiters.pop_front() else { return };
            match answer {
                Ok(taken) => drop(self.granted.insert(first.id, taken)),
                Err(refusal) => drop(self.refused.insert(first.id, refusal)),
            }
            self.outgoing.wake.extend(first.waker);
        }
    }

    /// The outcome of the first waiter, if its wait ends now. `ahead` is when the waiter before it
    /// was granted its request, if that was in the same call of [`pump`](Self::pump).
    fn answer_first(
        &mut self,
        clock: &impl Clock,
        now: Timestamp,
        ahead: &mut Option<Timestamp>,
    ) -> Option<Result<G::Taken, G::Refusal>> {
        let first = self.waiters.front_mut()?;
        let mut missed = None;
        loop {
            let due = match self.gate.due(&first.request) {
                Ok(due) => due.map(|due| due.max(first.joined).max(self.last)),
                Err(refusal) => return Some(Err(refusal)),
            };
            // A request that is due earlier than was foreseen is so by a change since then: a
            // refund, or an earlier waiter that left.
            let foreseen = |due| first.foreseen.or(*ahead).is_some_and(|foreseen| foreseen <= due);
            let at = due.filter(|due| *due <= now).map(|due| if foreseen(due) { due } else { now });
            if let Some(by) = first.by.filter(|by| at.map_or(*by <= now, |at| *by < at)) {
                // Its time was over then, and the next waiter was the first from then on.
                self.last = self.last.max(by);
                *ahead = Some(self.last);
                let wait = due.map(|due| clock.between(now, due));
                return Some(Err(self.gate.too_long(&first.request, wait)));
            }
            let Some(at) = at else {
                first.foreseen = due;
                return None;
            };
            if let Some(taken) = self.gate.take(&first.request, at, now) {
                self.last = at;
                *ahead = Some(at);
                return Some(Ok(taken));
            }
            // Another caller was quicker, so the request is due later. If it is not, a later look
            // tries again.
            if missed.replace(at) == Some(at) {
                return None;
            }
        }
    }

    /// Grants a request at once if no waiter is ahead of it.
    pub(super) fn try_now(&mut self, request: &G::Request, now: Timestamp) -> Result<Option<G::Taken>, G::Refusal> {
        let due = self.gate.due(request)?;
        if !self.waiters.is_empty() {
            return Ok(None);
        }
        Ok(due.filter(|due| *due <= now).and_then(|_| self.gate.take(request, now, now)))
    }

    /// Appends an entry.
    pub(super) fn push(&mut self, request: G::Request, now: Timestamp, by: Option<Timestamp>) -> WaiterId {
        let id = self.next;
        self.next += 1;
        let (waker, foreseen, timer) = (None, None, None);
        self.waiters.push_back(Waiter { id, request, joined: now, by, waker, foreseen, timer });
        id
    }

    /// When the request will be granted behind all waiters of now.
    pub(super) fn forecast(&self, request: &G::Request, now: Timestamp) -> Option<Timestamp> {
        let mut forecast = self.gate.forecast();
        let mut at = now.max(self.last);
        for waiter in &self.waiters {
            // The waiter may have joined at a later reading, if the clock has stepped back since.
            at = self.gate.foresee(&mut forecast, &waiter.request, at.max(waiter.joined))?;
        }
        self.gate.foresee(&mut forecast, request, at)
    }

    /// When the first waiter will be granted its request, as far as is known.
    fn first_due(&self) -> Result<Option<Timestamp>, G::Refusal> {
        let Some(first) = self.waiters.front() else { return Ok(None) };
        Ok(self.gate.due(&first.request)?.map(|due| due.max(first.joined).max(self.last)))
    }

    fn index_of(&self, id: WaiterId) -> Option<usize> {
        self.waiters.binary_search_by_key(&id, |waiter| waiter.id).ok()
    }

    fn remove(&mut self, id: WaiterId) {
        let waiter = self.index_of(id).and_then(|index| self.waiters.remove(index));
        self.outgoing.dropped.extend(waiter.and_then(|waiter| waiter.waker));
    }

    /// Removes an entry, with what its waiter has yet to learn.
    pub(super) fn leave(&mut self, id: WaiterId, now: Timestamp) {
        self.remove(id);
        self.refused.remove(&id);
        if let Some(taken) = self.granted.remove(&id) {
            self.gate.abandon(taken, now);
        }
    }

    /// Ends all waits.
    pub(super) fn refuse_all(&mut self, refusal: impl Fn(&G) -> G::Refusal) {
        for waiter in mem::take(&mut self.waiters) {
            self.refused.insert(waiter.id, refusal(&self.gate));
            self.outgoing.wake.extend(waiter.waker);
        }
    }

    /// When the waiter at `index` is to look again.
    fn timer(&self, clock: &impl Clock, index: usize) -> Option<Timestamp> {
        // A waiter that is to be refused is to look at once.
        let due = self.first_due().unwrap_or_else(|_| Some(Timestamp::default()))?;
        let grace = GRACE * u32::try_from(index).unwrap_or(u32::MAX);
        Some(clock.tick().later(due, grace))
    }

    /// Looks at an entry. From then on `waker` is called when its outcome or its timer changes. An
    /// entry that cannot be granted by the reading `by` is given up.
    pub(super) fn look(
        &mut self,
        clock: &impl Clock,
        now: Timestamp,
        id: WaiterId,
        by: Option<Timestamp>,
        waker: &mut Option<Waker>,
    ) -> Look<G::Taken, G::Refusal> {
        if let Some(taken) = self.granted.remove(&id) {
            return Look::Taken(taken);
        }
        if let Some(refusal) = self.refused.remove(&id) {
            return Look::Refused(refusal);
        }
        let index = self.index_of(id).expect("in the queue until it has an outcome");
        if let Some(by) = by {
            let due = self.first_due().ok().flatten();
            if by <= now || due.is_some_and(|due| due > by) {
                let wait = due.map(|due| clock.between(now, due));
                let refusal = self.gate.too_long(&self.waiters[index].request, wait);
                self.remove(id);
                return Look::Refused(refusal);
            }
        }
        let timer = self.timer(clock, index);
        let waiter = &mut self.waiters[index];
        waiter.timer = timer;
        self.outgoing.dropped.extend(mem::replace(&mut waiter.waker, waker.take()));
        Look::Waiting { until: timer.into_iter().chain(by).min(), first: index == 0 }
    }

    /// Wakes the waiters at the front whose timers are wrong.
    pub(super) fn announce(&mut self, clock: &impl Clock) {
        for index in 0..self.waiters.len().min(WOKEN_AHEAD) {
            let timer = self.timer(clock, index);
            let waiter = &mut self.waiters[index];
            let wrong = match (waiter.timer, timer) {
                (None, Some(_)) => true,
                (Some(set), Some(timer)) if index == 0 => set != timer,
                (Some(set), Some(timer)) => set > clock.tick().later(timer, SLACK),
                (_, None) => false,
            };
            if wrong && waiter.waker.is_some() {
                waiter.timer = timer;
                self.outgoing.wake.extend(waiter.waker.clone());
            }
        }
    }
}
