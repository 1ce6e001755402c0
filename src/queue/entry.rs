//! One entry of the queue, and the wakers that leave it.

use std::task::Waker;

/// Names an entry. Later entries have higher ids.
pub(crate) type EntryId = u64;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: EntryId,
    /// Where the entry would end if nothing had moved since the queue was last packed.
    pub(super) unmoved_end: u64,
    pub(super) size: u64,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Waiting(Listener),
    Kept,
    Debt,
    /// No longer in the queue.
    Gone,
}

impl Entry {
    /// Whether the entry is in the queue and the limiter may move it.
    pub(super) fn moves(&self) -> bool {
        matches!(self.kind, Kind::Waiting(_) | Kind::Debt)
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.kind, Kind::Waiting(_))
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.kind, Kind::Gone)
    }
}

/// What a waiter knows of its entry, and how to wake it.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) waker: Option<Waker>,
    /// The end of the entry as the waiter knows it.
    pub(super) known: u64,
}

/// Wakers to be called, and wakers to be dropped. Wakers are foreign code, so both must happen
/// after the lock is released.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pub(super) wake: Vec<Waker>,
    pub(super) dropped: Vec<Waker>,
}

impl Outgoing {
    pub(super) fn add(&mut self, waker: Option<Waker>, wake: bool) {
        let list = if wake { &mut self.wake } else { &mut self.dropped };
        list.extend(waker);
    }
}
