//! A fixed number of slots, handed over first come, first served.
//!
//! A slot that comes free is handed to the first waiter, so no newcomer can take it in between. No
//! waiter starves, and every wake-up is for a slot that is there. (`async_lock::Semaphore`, which
//! would be the ready-made part, does neither: it is not fair, and if two slots come free at once
//! while two requests wait, it wakes only one.)

use std::collections::BTreeMap;
use std::task::Waker;

use crate::queue::Verdict;
use crate::sync::{AtomicU64, Lock, Locked, Ordering};
use crate::wake::wake_all;

#[derive(Debug)]
pub(super) struct Slots {
    max: usize,
    max_waiters: usize,
    queue: Lock<Queue>,
    /// Raised whenever a slot is handed over or waits are ended, for threads that spin.
    changes: AtomicU64,
}

/// The queue of waiters.
///
/// | | `free` | `waiting` |
/// |---|---|---|
/// | some slots are free | 1 to `max` | empty |
/// | all are taken | 0 | any number |
#[derive(Debug)]
struct Queue {
    free: usize,
    next: u64,
    /// The waiters, first to last, with their wakers. A waiter that is in neither map has been
    /// handed a slot.
    waiting: BTreeMap<SlotId, Option<Waker>>,
    /// The waiters with an ended wait that have yet to learn of it.
    ended: BTreeMap<SlotId, Verdict>,
}

/// Names an entry of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SlotId(u64);

/// What a request for a slot got.
#[derive(Debug)]
pub(super) enum Entered {
    Taken,
    Waiting(SlotId),
    /// As many requests wait as may.
    Full,
}

/// What a waiter finds when it looks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Look {
    /// The waiter has a slot.
    Handed,
    Waiting,
    Ended(Verdict),
}

impl Slots {
    /// `max` slots, at least 1.
    pub(super) fn new(max: usize, max_waiters: usize) -> Self {
        let queue = Queue { free: max, next: 0, waiting: BTreeMap::new(), ended: BTreeMap::new() };
        Self { max, max_waiters, queue: Lock::new(queue), changes: AtomicU64::new(0) }
    }

    pub(super) fn max(&self) -> usize {
        self.max
    }

    pub(super) fn taken(&self) -> usize {
        self.max - self.queue.lock().free
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.lock().waiting.len()
    }

    /// How often slots were handed over or waits ended.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Takes a slot if one is free.
    pub(super) fn take(&self) -> bool {
        self.queue.lock().take()
    }

    /// Takes a slot if one is free, and an entry of the queue if not.
    pub(super) fn enter(&self) -> Entered {
        let mut queue = self.queue.lock();
        if queue.take() {
            return Entered::Taken;
        }
        if queue.waiting.len() >= self.max_waiters {
            return Entered::Full;
        }
        let id = SlotId(queue.next);
        queue.next += 1;
        queue.waiting.insert(id, None);
        Entered::Waiting(id)
    }

    /// Looks at an entry. From then on `waker` is called when a slot is handed over or the wait is
    /// ended.
    pub(super) fn look(&self, id: SlotId, waker: &Waker) -> Look {
        let mut queue = self.queue.lock();
        if let Some(verdict) = queue.ended.get(&id) {
            return Look::Ended(*verdict);
        }
        let Some(registered) = queue.waiting.get_mut(&id) else { return Look::Handed };
        if registered.as_ref().is_some_and(|registered| registered.will_wake(waker)) {
            return Look::Waiting;
        }
        let old = registered.replace(waker.clone());
        drop(queue);
        // Wakers are foreign code: they are dropped, and called, after the lock is released.
        drop(old);
        Look::Waiting
    }

    /// Leaves the queue, or passes on the slot that was handed over meanwhile.
    pub(super) fn leave(&self, id: SlotId) {
        let mut queue = self.queue.lock();
        if queue.ended.remove(&id).is_some() {
            return;
        }
        match queue.waiting.remove(&id) {
            Some(waker) => {
                drop(queue);
                drop(waker);
            }
            None => self.hand_over(queue),
        }
    }

    /// Gives a slot back.
    pub(super) fn free(&self) {
        self.hand_over(self.queue.lock());
    }

    fn hand_over(&self, mut queue: Locked<'_, Queue>) {
        let Some((_, waker)) = queue.waiting.pop_first() else {
            queue.free += 1;
            return;
        };
        self.changed();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ends the waits of all waiters.
    pub(super) fn end_waits(&self, verdict: Verdict) {
        let mut queue = self.queue.lock();
        let (ids, wakers): (Vec<_>, Vec<_>) = std::mem::take(&mut queue.waiting).into_iter().unzip();
        queue.ended.extend(ids.into_iter().map(|id| (id, verdict)));
        self.changed();
        drop(queue);
        wake_all(wakers.into_iter().flatten());
    }
}

impl Queue {
    fn take(&mut self) -> bool {
        let found = self.free > 0;
        self.free -= usize::from(found);
        found
    }
}
