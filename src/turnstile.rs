//! A first come, first served line before something that lets one through when several things hold at once.
//!
//! Nothing is taken for whoever waits: the first in line goes when all it asks for is to be had at the same moment, and
//! takes it then. So nothing is held back from others meanwhile, and whoever leaves has nothing to give back.
//!
//! All is done under one lock, by whoever comes along: [`Inner::pump`] lets through all whose time has come, in order. The
//! first in line sets a timer for when that will be; those behind it set theirs a little later for each place, in case
//! those before them were leaked and never look.
//!
//! *Waking.* Wakers are foreign code: called, and dropped, after the lock is given back. A thread that spins watches
//! [`Turnstile::changes`], which is raised under the lock after whatever it stands for.
//!
//! *Moves without the lock.* Whoever opens the gate further without it asks afterwards whether
//! [anybody waits](Turnstile::anybody_waits). That question and every rise of the count are exchanges of one word, so either
//! the question finds whoever waits, or those find the move when they look once more after they were counted.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::sync::{AtomicU64, Lock, Locked, Ordering};
use crate::wake::wake_all;

mod pass;

pub(crate) use self::pass::TaskWait;

/// Names a place in the line; later places have higher ids.
pub(crate) type WaiterId = u64;

/// What a line waits before.
pub(crate) trait Gate {
    /// What somebody asks for.
    type Ask: Copy;
    /// What whoever is let through gets.
    type Pass;
    /// Why somebody is not let through, ever or in time.
    type Refusal;
    /// The gate as it will be.
    type Forecast;

    /// The first reading at which `ask` can be granted if nobody else comes; `None` if nobody knows, because it hangs on
    /// somebody's leaving.
    fn due(&self, ask: &Self::Ask) -> Result<Option<Timestamp>, Self::Refusal>;

    /// Grants `ask`, which was found to be due at the reading `due`, not after `now`. `None` if somebody was quicker.
    fn take(&mut self, ask: &Self::Ask, due: Timestamp, now: Timestamp) -> Option<Self::Pass>;

    /// Somebody was let through and never came to know.
    fn abandon(&mut self, pass: Self::Pass, now: Timestamp);

    /// The gate as it is.
    fn forecast(&self) -> Self::Forecast;

    /// When `ask` will be granted, not before `at`, and the gate as it is then.
    fn foresee(&self, forecast: &mut Self::Forecast, ask: &Self::Ask, at: Timestamp) -> Option<Timestamp>;

    /// What is said of a wait that would be so long, or that was, of unknown length.
    fn too_long(&self, ask: &Self::Ask, wait: Option<Duration>) -> Self::Refusal;

    /// What is said when the line is full.
    fn full(&self) -> Self::Refusal;
}

/// How many in front are told when their timers are not as they should be.
const TOLD: usize = 4;

/// How much later than the one before it each in line looks.
const GRACE: Duration = Duration::from_millis(20);

/// How late the timer of one behind the first may be without its being told.
const SLACK: Duration = Duration::from_millis(80);

pub(crate) struct Turnstile<G: Gate> {
    inner: Lock<Inner<G>>,
    /// How many wait, for those who would go past otherwise.
    waiting: AtomicU64,
    changes: AtomicU64,
    max_waiters: usize,
}

struct Inner<G: Gate> {
    gate: G,
    line: VecDeque<Waiter<G::Ask>>,
    next: WaiterId,
    /// For those who were let through and have yet to know.
    passes: BTreeMap<WaiterId, G::Pass>,
    refusals: BTreeMap<WaiterId, G::Refusal>,
    /// When the last of them was let through, or ran out of time: nobody is before those ahead.
    last: Timestamp,
    outgoing: Outgoing,
}

/// Wakers to be woken, and to be dropped, after the lock is given back.
#[derive(Default)]
struct Outgoing {
    wake: Vec<Waker>,
    dropped: Vec<Waker>,
}

struct Waiter<A> {
    id: WaiterId,
    ask: A,
    joined: Timestamp,
    /// It wants nothing that is granted later.
    by: Option<Timestamp>,
    waker: Option<Waker>,
    /// As the first in line, when it was last found to come due.
    foreseen: Option<Timestamp>,
    /// When it will look again.
    timer: Option<Timestamp>,
}

/// What came of asking.
pub(crate) enum Entered<P, T = WaiterId> {
    Through(P),
    Waiting(T),
}

/// What whoever waits finds.
pub(crate) enum Look<P, R> {
    Through(P),
    Refused(R),
    /// Not yet: to look again at the reading `until` or when told.
    Waiting {
        until: Option<Timestamp>,
        first: bool,
        changes: u64,
    },
}

/// The lock, with who is to be woken after it is given back.
struct Guard<'a, G: Gate> {
    home: &'a Turnstile<G>,
    inner: Option<Locked<'a, Inner<G>>>,
}

impl<G: Gate> Guard<'_, G> {
    fn inner(&mut self) -> &mut Inner<G> {
        self.inner.as_mut().expect("locked until dropped")
    }
}

impl<G: Gate> Drop for Guard<'_, G> {
    fn drop(&mut self) {
        let Some(mut inner) = self.inner.take() else { return };
        let waiting = inner.line.len() as u64;
        if self.home.waiting.load(Ordering::Relaxed) != waiting {
            self.home.waiting.swap(waiting, Ordering::AcqRel);
        }
        let outgoing = std::mem::take(&mut inner.outgoing);
        if !outgoing.wake.is_empty() {
            self.home.changes.fetch_add(1, Ordering::Release);
        }
        drop(inner);
        wake_all(outgoing.wake);
    }
}

impl<G: Gate> Turnstile<G> {
    pub(crate) fn new(gate: G, max_waiters: usize) -> Self {
        let inner = Inner {
            gate,
            line: VecDeque::new(),
            next: 0,
            passes: BTreeMap::new(),
            refusals: BTreeMap::new(),
            last: Timestamp::default(),
            outgoing: Outgoing::default(),
        };
        Self { inner: Lock::new(inner), waiting: AtomicU64::new(0), changes: AtomicU64::new(0), max_waiters }
    }

    /// How many wait; lock-free, so it may be out of date.
    pub(crate) fn waiting(&self) -> usize {
        usize::try_from(self.waiting.load(Ordering::Acquire)).unwrap_or(usize::MAX)
    }

    /// Whether somebody waits who may not have found what this thread has just done to the gate.
    pub(crate) fn anybody_waits(&self) -> bool {
        self.waiting.fetch_add(0, Ordering::AcqRel) != 0
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    fn lock(&self) -> Guard<'_, G> {
        Guard { home: self, inner: Some(self.inner.lock()) }
    }

    /// Does something to the gate, and lets through whoever can go after it.
    pub(crate) fn update<R>(&self, clock: &impl Clock, change: impl FnOnce(&mut G, Timestamp) -> R) -> R {
        let mut guard = self.lock();
        let now = clock.now();
        let inner = guard.inner();
        // In order: what can go before the change goes before it.
        inner.pump(clock, now);
        let outcome = change(&mut inner.gate, now);
        inner.pump(clock, now);
        inner.tell(clock);
        outcome
    }

    /// Lets `ask` through if nobody waits and it is due now.
    #[cfg(feature = "llm")]
    pub(crate) fn try_enter(&self, clock: &impl Clock, ask: &G::Ask) -> Result<G::Pass, G::Refusal> {
        let mut guard = self.lock();
        let now = clock.now();
        let inner = guard.inner();
        inner.pump(clock, now);
        let outcome = inner.try_now(ask, now);
        inner.tell(clock);
        if let Some(pass) = outcome? {
            return Ok(pass);
        }
        let wait = inner.forecast(ask, now).map(|due| clock.between(now, due));
        Err(inner.gate.too_long(ask, wait))
    }

    /// What the first in line asks for, once all have gone whose time has come.
    pub(crate) fn first(&self, clock: &impl Clock) -> Option<G::Ask> {
        let mut guard = self.lock();
        let now = clock.now();
        let inner = guard.inner();
        inner.pump(clock, now);
        inner.tell(clock);
        inner.line.front().map(|first| first.ask)
    }

    /// Lets `ask` through, or gives it a place in the line if it will be let through by the reading `by`, as far as is known.
    pub(crate) fn enter(
        &self,
        clock: &impl Clock,
        ask: &G::Ask,
        by: impl FnOnce(Timestamp) -> Option<Timestamp>,
    ) -> Result<Entered<G::Pass>, G::Refusal> {
        let now = clock.now();
        let by = by(now);
        let mut guard = self.lock();
        let max_waiters = self.max_waiters;
        let inner = guard.inner();
        inner.pump(clock, now);
        let outcome = inner.try_now(ask, now);
        inner.tell(clock);
        if let Some(pass) = outcome? {
            return Ok(Entered::Through(pass));
        }
        if let Some(by) = by {
            let due = inner.forecast(ask, now);
            if by <= now || due.is_some_and(|due| due > by) {
                return Err(inner.gate.too_long(ask, due.map(|due| clock.between(now, due))));
            }
        }
        if inner.line.len() >= max_waiters {
            return Err(inner.gate.full());
        }
        let id = inner.next;
        inner.next += 1;
        let (waker, foreseen, timer) = (None, None, None);
        inner.line.push_back(Waiter { id, ask: *ask, joined: now, by, waker, foreseen, timer });
        Ok(Entered::Waiting(id))
    }

    /// Looks how a place stands; from then on `waker` is told when it changes. Given up if it cannot be had by `by`.
    fn look(&self, clock: &impl Clock, id: WaiterId, by: Option<Timestamp>, waker: Waker) -> Look<G::Pass, G::Refusal> {
        // Outlives the lock, if nobody keeps it.
        let mut waker = Some(waker);
        let mut guard = self.lock();
        let now = clock.now();
        let changes = self.changes();
        let inner = guard.inner();
        inner.pump(clock, now);
        let look = inner.look(clock, now, id, by, &mut waker, changes);
        if matches!(look, Look::Refused(_)) {
            inner.pump(clock, now);
        }
        inner.tell(clock);
        look
    }

    /// Gives a place up, or what it was let through with.
    pub(crate) fn leave(&self, clock: &impl Clock, id: WaiterId) {
        let mut guard = self.lock();
        let now = clock.now();
        let inner = guard.inner();
        inner.pump(clock, now);
        inner.remove(id);
        inner.refusals.remove(&id);
        if let Some(pass) = inner.passes.remove(&id) {
            inner.gate.abandon(pass, now);
        }
        inner.pump(clock, now);
        inner.tell(clock);
    }

    /// Ends all waits.
    pub(crate) fn refuse_all(&self, refusal: impl Fn() -> G::Refusal) {
        let mut guard = self.lock();
        let inner = guard.inner();
        for waiter in std::mem::take(&mut inner.line) {
            inner.refusals.insert(waiter.id, refusal());
            inner.outgoing.wake.extend(waiter.waker);
        }
    }

    /// Looks at the gate as it is.
    #[cfg(feature = "llm")]
    pub(crate) fn with<R>(&self, look: impl FnOnce(&G) -> R) -> R {
        look(&self.lock().inner().gate)
    }
}

impl<G: Gate> Inner<G> {
    /// Lets through all whose time has come, and sends away those who cannot be any more.
    fn pump(&mut self, clock: &impl Clock, now: Timestamp) {
        let mut ahead = None;
        while let Some(answer) = self.answer_first(clock, now, &mut ahead) {
            let Some(first) = self.line.pop_front() else { return };
            match answer {
                Ok(pass) => drop(self.passes.insert(first.id, pass)),
                Err(refusal) => drop(self.refusals.insert(first.id, refusal)),
            }
            self.outgoing.wake.extend(first.waker);
        }
    }

    /// What the first in line is to be told now, if anything; `ahead` is when the one before it went, if that was just now.
    fn answer_first(
        &mut self,
        clock: &impl Clock,
        now: Timestamp,
        ahead: &mut Option<Timestamp>,
    ) -> Option<Result<G::Pass, G::Refusal>> {
        let first = self.line.front_mut()?;
        let mut missed = None;
        loop {
            let due = match self.gate.due(&first.ask) {
                Ok(due) => due.map(|due| due.max(first.joined).max(self.last)),
                Err(refusal) => return Some(Err(refusal)),
            };
            // Due earlier than was foreseen, it is so by a change since then: a refund, or one ahead who left.
            let foreseen = |due| first.foreseen.or(*ahead).is_some_and(|foreseen| foreseen <= due);
            let at = due.filter(|due| *due <= now).map(|due| if foreseen(due) { due } else { now });
            if let Some(by) = first.by.filter(|by| at.map_or(*by <= now, |at| *by < at)) {
                // Its time was over then, and the next in line was first from then on.
                self.last = self.last.max(by);
                *ahead = Some(self.last);
                let wait = due.map(|due| clock.between(now, due));
                return Some(Err(self.gate.too_long(&first.ask, wait)));
            }
            let Some(at) = at else {
                first.foreseen = due;
                return None;
            };
            if let Some(pass) = self.gate.take(&first.ask, at, now) {
                self.last = at;
                *ahead = Some(at);
                return Some(Ok(pass));
            }
            // Somebody was quicker, and then it is due later; if it is not, it is for a later look to try again.
            if missed.replace(at) == Some(at) {
                return None;
            }
        }
    }

    fn try_now(&mut self, ask: &G::Ask, now: Timestamp) -> Result<Option<G::Pass>, G::Refusal> {
        let due = self.gate.due(ask)?;
        if !self.line.is_empty() {
            return Ok(None);
        }
        Ok(due.filter(|due| *due <= now).and_then(|_| self.gate.take(ask, now, now)))
    }

    /// When `ask` will be let through behind all who wait now.
    fn forecast(&self, ask: &G::Ask, now: Timestamp) -> Option<Timestamp> {
        let mut forecast = self.gate.forecast();
        let mut at = now.max(self.last);
        for waiter in &self.line {
            // It may have joined at a later reading, if the clock has stepped back since.
            at = self.gate.foresee(&mut forecast, &waiter.ask, at.max(waiter.joined))?;
        }
        self.gate.foresee(&mut forecast, ask, at)
    }

    /// When the first in line will be let through, as far as is known.
    fn first_due(&self) -> Result<Option<Timestamp>, G::Refusal> {
        let Some(first) = self.line.front() else { return Ok(None) };
        Ok(self.gate.due(&first.ask)?.map(|due| due.max(first.joined).max(self.last)))
    }

    fn index_of(&self, id: WaiterId) -> Option<usize> {
        self.line.binary_search_by_key(&id, |waiter| waiter.id).ok()
    }

    fn remove(&mut self, id: WaiterId) {
        let waiter = self.index_of(id).and_then(|index| self.line.remove(index));
        self.outgoing.dropped.extend(waiter.and_then(|waiter| waiter.waker));
    }

    /// When the one at `index` is to look again.
    fn timer(&self, clock: &impl Clock, index: usize) -> Option<Timestamp> {
        // Who is to be refused is to look at once.
        let due = self.first_due().unwrap_or_else(|_| Some(Timestamp::default()))?;
        let grace = GRACE * u32::try_from(index).unwrap_or(u32::MAX);
        Some(clock.tick().later(due, grace))
    }

    fn look(
        &mut self,
        clock: &impl Clock,
        now: Timestamp,
        id: WaiterId,
        by: Option<Timestamp>,
        waker: &mut Option<Waker>,
        changes: u64,
    ) -> Look<G::Pass, G::Refusal> {
        if let Some(pass) = self.passes.remove(&id) {
            return Look::Through(pass);
        }
        if let Some(refusal) = self.refusals.remove(&id) {
            return Look::Refused(refusal);
        }
        let index = self.index_of(id).expect("in line until it knows better");
        let ask = self.line[index].ask;
        if let Some(by) = by {
            let due = self.first_due().ok().flatten();
            if by <= now || due.is_some_and(|due| due > by) {
                let wait = due.map(|due| clock.between(now, due));
                self.remove(id);
                return Look::Refused(self.gate.too_long(&ask, wait));
            }
        }
        let timer = self.timer(clock, index);
        let waiter = &mut self.line[index];
        waiter.timer = timer;
        self.outgoing.dropped.extend(std::mem::replace(&mut waiter.waker, waker.take()));
        Look::Waiting { until: timer.into_iter().chain(by).min(), first: index == 0, changes }
    }

    /// Wakes those in front whose timers are not as they should be.
    fn tell(&mut self, clock: &impl Clock) {
        for index in 0..self.line.len().min(TOLD) {
            let timer = self.timer(clock, index);
            let waiter = &mut self.line[index];
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
