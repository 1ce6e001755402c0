//! A fixed number of slots, in the order of asking.
//!
//! A slot that comes free is handed to the first in line: nobody who comes later can take it in between. So nobody starves,
//! and every wake-up is for a slot that is there. (`async_lock::Semaphore`, which would be the ready-made part, does
//! neither: it is not fair, and of two that wait it wakes only one when two slots come free at once.)

use std::collections::BTreeMap;
use std::task::Waker;

use crate::sync::{Lock, Locked};
use crate::wake::wake_all;

#[derive(Debug)]
pub(super) struct Slots {
    max: usize,
    line: Lock<Line>,
}

/// | | `free` | `waiting` |
/// |---|---|---|
/// | some slots are free | 1 to `max` | empty |
/// | all are taken | 0 | any number |
#[derive(Debug)]
struct Line {
    free: usize,
    next: u64,
    /// Those who wait, first to last, and how to wake them. Whoever has lined up and is here no longer has a slot.
    waiting: BTreeMap<Ticket, Option<Waker>>,
}

/// A place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

impl Slots {
    /// `max` slots, at least 1.
    pub(super) fn new(max: usize) -> Self {
        Self { max, line: Lock::new(Line { free: max, next: 0, waiting: BTreeMap::new() }) }
    }

    pub(super) fn max(&self) -> usize {
        self.max
    }

    pub(super) fn taken(&self) -> usize {
        self.max - self.line.lock().free
    }

    pub(super) fn waiting(&self) -> usize {
        self.line.lock().waiting.len()
    }

    /// Takes a slot if one is free.
    pub(super) fn take(&self) -> bool {
        self.line.lock().take()
    }

    /// Takes a slot if one is free, and a place in the line if not.
    pub(super) fn line_up(&self) -> Option<Ticket> {
        let mut line = self.line.lock();
        if line.take() {
            return None;
        }
        let ticket = Ticket(line.next);
        line.next += 1;
        line.waiting.insert(ticket, None);
        Some(ticket)
    }

    /// Whether a slot has been handed to this place. If not, `waker` is told when it is.
    pub(super) fn is_handed(&self, ticket: Ticket, waker: &Waker) -> bool {
        let mut line = self.line.lock();
        let Some(told) = line.waiting.get_mut(&ticket) else {
            return true;
        };
        if told.as_ref().is_some_and(|told| told.will_wake(waker)) {
            return false;
        }
        let old = told.replace(waker.clone());
        drop(line);
        // Wakers are foreign code: dropped, and called, only after the lock is.
        drop(old);
        false
    }

    /// Leaves the line, or passes on the slot that was handed over meanwhile.
    pub(super) fn leave(&self, ticket: Ticket) {
        let mut line = self.line.lock();
        match line.waiting.remove(&ticket) {
            Some(waker) => {
                drop(line);
                drop(waker);
            }
            None => Self::hand_over(line),
        }
    }

    /// Gives a slot back.
    pub(super) fn free(&self) {
        Self::hand_over(self.line.lock());
    }

    fn hand_over(mut line: Locked<'_, Line>) {
        let Some((_, waker)) = line.waiting.pop_first() else {
            line.free += 1;
            return;
        };
        drop(line);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Has all who wait look again at what they wait for.
    pub(super) fn wake_all(&self) {
        let wakers: Vec<Waker> = self.line.lock().waiting.values().flatten().cloned().collect();
        wake_all(wakers);
    }
}

impl Line {
    fn take(&mut self) -> bool {
        let found = self.free > 0;
        self.free -= usize::from(found);
        found
    }
}
