//! The turnstile: a gate and its queue behind one lock.
//!
//! Nothing is taken for a waiter. The first waiter is granted its request when all that it asks for
//! is available at the same moment, and takes it then. So nothing is held back from other callers
//! meanwhile, and a waiter that leaves has nothing to give back.
//!
//! All is done under one lock, by whichever caller takes it: [`Queue::pump`] grants the requests of
//! all waiters that are due, in order. The first waiter sets a timer for when it comes due. Each
//! waiter behind it sets its timer a little later than the one before, in case the waiters ahead
//! were leaked and never look.
//!
//! *Waking.* Wakers are foreign code: they are called, and dropped, after the lock is released. A
//! thread that spins watches [`Turnstile::changes`]. The count is raised under the lock, after the
//! changes that it announces.
//!
//! *Moves without the lock.* A caller that opens the gate further without the lock asks afterwards
//! whether [a request waits](Turnstile::is_waited_for). That question and every rise of the count
//! of waiters are read-modify-writes of one word. So either the question finds the waiter, or the
//! waiter finds the move when it looks once more after it was counted.
//!
//! *Closed.* A closed turnstile has a bit of the same word. So a newcomer that goes past an empty,
//! open queue reads one word, and a closed one costs it nothing.

use std::task::Waker;
#[cfg(feature = "llm")]
use std::time::Duration;

use super::gate::Gate;
use super::queue::{self, Queue, WaiterId};
use crate::ask::Entered;
use crate::clock::{Clock, Timestamp};
use crate::pace::Strategy;
use crate::sync::{AtomicU64, Lock, Locked, Ordering};
use crate::wake::wake_all;

/// The bit of [`Turnstile::crowd`] that says that the turnstile is closed.
const CLOSED: u64 = 1 << 63;

/// What a request got: a grant, or an entry of the queue and the reading up to which it waits.
type EnteredUntil<G> = Result<Entered<<G as Gate>::Taken, (WaiterId, Option<Timestamp>)>, <G as Gate>::Refusal>;

pub(crate) struct Turnstile<G: Gate> {
    queue: Lock<Queue<G>>,
    /// How many requests wait, and the bit [`CLOSED`]. Moved under the lock, read by callers that
    /// would go past.
    crowd: AtomicU64,
    changes: AtomicU64,
    strategy: Strategy,
    max_waiters: usize,
}

/// What stands before a newcomer.
#[derive(Debug)]
pub(crate) enum Ahead<R> {
    Nothing,
    /// The first waiter, which asks for this.
    Waiter(R),
    /// The turnstile is closed.
    Closed,
}

/// Why a request is not granted at once.
#[cfg(feature = "llm")]
#[derive(Debug, Clone, Copy)]
pub(crate) enum Delay {
    /// The turnstile is closed.
    Closed,
    /// How long the request would wait behind all waiters, if that is known.
    Wait(Option<Duration>),
}

/// What a waiter finds when it looks.
pub(super) enum Look<T, R> {
    Taken(T),
    Refused(R),
    Waiting(Turn),
}

/// An entry that is not granted yet, as its waiter last saw it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// When the waiter is to look again if it is not woken before.
    pub(super) until: Option<Timestamp>,
    /// Whether the waiter is the first.
    pub(super) first: bool,
    /// The count of changes at that time.
    pub(super) changes: u64,
}

/// The lock. Collected wakers are called after it is released.
struct Guard<'a, G: Gate> {
    turnstile: &'a Turnstile<G>,
    queue: Option<Locked<'a, Queue<G>>>,
    closed: bool,
}

impl<G: Gate> Guard<'_, G> {
    fn queue(&mut self) -> &mut Queue<G> {
        self.queue.as_mut().expect("locked until dropped")
    }
}

impl<G: Gate> Drop for Guard<'_, G> {
    fn drop(&mut self) {
        let Some(mut queue) = self.queue.take() else { return };
        let crowd = queue.len() as u64 | if self.closed { CLOSED } else { 0 };
        if self.turnstile.crowd.load(Ordering::Relaxed) != crowd {
            self.turnstile.crowd.swap(crowd, Ordering::AcqRel);
        }
        let outgoing = queue.outgoing();
        if !outgoing.wake.is_empty() {
            self.turnstile.changes.fetch_add(1, Ordering::Release);
        }
        drop(queue);
        wake_all(outgoing.wake);
    }
}

impl<G: Gate> Turnstile<G> {
    pub(crate) fn new(gate: G, strategy: Strategy, max_waiters: usize) -> Self {
        Self {
            queue: Lock::new(Queue::new(gate)),
            crowd: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            strategy,
            max_waiters,
        }
    }

    /// How many requests wait. Lock-free, so the number may be out of date.
    pub(crate) fn waiting(&self) -> usize {
        usize::try_from(self.crowd.load(Ordering::Acquire) & !CLOSED).unwrap_or(usize::MAX)
    }

    /// Whether the turnstile is open and no request waits. Lock-free, as
    /// [`waiting`](Self::waiting).
    #[inline]
    pub(crate) fn is_clear(&self) -> bool {
        self.crowd.load(Ordering::Acquire) == 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.crowd.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Whether a request waits that may not have found what this thread has just done to the gate.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.crowd.fetch_add(0, Ordering::AcqRel) & !CLOSED != 0
    }

    /// How threads wait.
    pub(super) fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// How often waiters were woken.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    fn lock(&self) -> Guard<'_, G> {
        let queue = self.queue.lock();
        // The bit moves under the lock only.
        let closed = self.crowd.load(Ordering::Relaxed) & CLOSED != 0;
        Guard { turnstile: self, queue: Some(queue), closed }
    }

    /// Changes the gate, and grants the requests of the waiters that are due after that.
    pub(crate) fn update<R>(&self, clock: &impl Clock, change: impl FnOnce(&mut G, Timestamp) -> R) -> R {
        let mut guard = self.lock();
        let now = clock.now();
        let queue = guard.queue();
        // In order: a waiter that is due before the change goes before it.
        queue.pump(clock, now);
        let outcome = change(&mut queue.gate, now);
        queue.pump(clock, now);
        queue.announce(clock);
        outcome
    }

    /// Grants a request if no other request waits and it is due at the reading `now`.
    #[cfg(feature = "llm")]
    pub(crate) fn try_enter<E>(
        &self,
        clock: &impl Clock,
        now: impl FnOnce() -> Timestamp,
        request: &G::Request,
        denied: impl FnOnce(&G, Timestamp, Delay) -> E,
    ) -> Result<G::Taken, E> {
        let mut guard = self.lock();
        let (now, closed) = (now(), guard.closed);
        let queue = guard.queue();
        if closed {
            return Err(denied(&queue.gate, now, Delay::Closed));
        }
        queue.pump(clock, now);
        let outcome = queue.try_now(request, now);
        queue.announce(clock);
        if let Ok(Some(taken)) = outcome {
            return Ok(taken);
        }
        let wait = queue.forecast(request, now).map(|due| clock.between(now, due));
        Err(denied(&queue.gate, now, Delay::Wait(wait)))
    }

    /// What stands before a newcomer, after the requests of all waiters that are due are granted.
    pub(crate) fn ahead(&self, clock: &impl Clock) -> Ahead<G::Request> {
        let mut guard = self.lock();
        let closed = guard.closed;
        let now = clock.now();
        let queue = guard.queue();
        queue.pump(clock, now);
        queue.announce(clock);
        match queue.first() {
            _ if closed => Ahead::Closed,
            Some(request) => Ahead::Waiter(request.clone()),
            None => Ahead::Nothing,
        }
    }

    /// Grants a request, or gives it an entry if it will be granted by the reading `by`, as far as
    /// is known.
    pub(super) fn enter(
        &self,
        clock: &impl Clock,
        request: &G::Request,
        by: impl FnOnce(Timestamp) -> Option<Timestamp>,
    ) -> EnteredUntil<G> {
        let now = clock.now();
        let by = by(now);
        let mut guard = self.lock();
        let closed = guard.closed;
        let queue = guard.queue();
        if closed {
            return Err(queue.gate.closed());
        }
        queue.pump(clock, now);
        let outcome = queue.try_now(request, now);
        queue.announce(clock);
        if let Some(taken) = outcome? {
            return Ok(Entered::Taken(taken));
        }
        if let Some(by) = by {
            let due = queue.forecast(request, now);
            if by <= now || due.is_some_and(|due| due > by) {
                return Err(queue.gate.too_long(request, due.map(|due| clock.between(now, due))));
            }
        }
        if queue.len() >= self.max_waiters {
            return Err(queue.gate.full());
        }
        let id = queue.push(request.clone(), now, by);
        Ok(Entered::Waiting((id, by)))
    }

    /// Looks at an entry. From then on `waker` is called when its outcome or its timer changes.
    pub(super) fn look(
        &self,
        clock: &impl Clock,
        id: WaiterId,
        by: Option<Timestamp>,
        waker: Waker,
    ) -> Look<G::Taken, G::Refusal> {
        // Dropped after the lock is released, unless the queue keeps it.
        let mut waker = Some(waker);
        let mut guard = self.lock();
        let now = clock.now();
        let changes = self.changes();
        let queue = guard.queue();
        queue.pump(clock, now);
        let look = queue.look(clock, now, id, by, &mut waker);
        if matches!(look, queue::Look::Refused(_)) {
            queue.pump(clock, now);
        }
        queue.announce(clock);
        match look {
            queue::Look::Taken(taken) => Look::Taken(taken),
            queue::Look::Refused(refusal) => Look::Refused(refusal),
            queue::Look::Waiting { until, first } => Look::Waiting(Turn { until, first, changes }),
        }
    }

    /// Gives an entry up, or what it was granted.
    pub(super) fn leave(&self, clock: &impl Clock, id: WaiterId) {
        let mut guard = self.lock();
        let now = clock.now();
        let queue = guard.queue();
        queue.pump(clock, now);
        queue.leave(id, now);
        queue.pump(clock, now);
        queue.announce(clock);
    }

    /// Ends all waits.
    pub(crate) fn refuse_all(&self, refusal: impl Fn() -> G::Refusal) {
        self.lock().queue().refuse_all(|_| refusal());
    }

    /// Refuses all waiters that are not due, and all newcomers.
    pub(crate) fn close(&self, clock: &impl Clock) {
        let mut guard = self.lock();
        guard.closed = true;
        let now = clock.now();
        let queue = guard.queue();
        queue.pump(clock, now);
        queue.refuse_all(G::closed);
    }

    /// Ends all waits, changes the gate, and admits newcomers again.
    pub(crate) fn restart(
        &self,
        clock: &impl Clock,
        refusal: impl Fn() -> G::Refusal,
        change: impl FnOnce(&mut G, Timestamp),
    ) {
        let mut guard = self.lock();
        guard.closed = false;
        let now = clock.now();
        let queue = guard.queue();
        queue.refuse_all(|_| refusal());
        change(&mut queue.gate, now);
    }

    /// Looks at the gate as it is.
    #[cfg(feature = "llm")]
    pub(crate) fn with<R>(&self, look: impl FnOnce(&G) -> R) -> R {
        look(&self.lock().queue().gate)
    }

    /// How long a request would wait behind all waiters. `None` if that is unknown, or if it would
    /// not be granted at all.
    #[cfg(feature = "llm")]
    pub(crate) fn wait_of(&self, clock: &impl Clock, request: &G::Request) -> Option<Duration> {
        let mut guard = self.lock();
        let (now, closed) = (clock.now(), guard.closed);
        let queue = guard.queue();
        if closed || queue.gate.due(request).is_err() {
            return None;
        }
        queue.forecast(request, now).map(|due| clock.between(now, due))
    }
}
