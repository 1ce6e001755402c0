//! The queue of waiters, and how its entries move.

use crate::bound::Moment;
use crate::take::Charge;
use crate::word::{Model, Word};

/// The kinds of entries in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Waiting,
    Kept,
    Debt,
}

/// An interval of time. It comes due one depth before its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) id: usize,
    pub(crate) end: i128,
    pub(crate) size: i128,
    pub(crate) kind: Kind,
    /// When the entry last moved to this position.
    pub(crate) since: Moment,
}

/// How a wait was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Cancelled,
    Closed,
}

/// The state of an entry, as its holder sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The wait is not over: this time is left, in ns, rounded up.
    Waits(u128),
    /// The entry came due.
    Granted(Charge),
    /// The wait was cancelled.
    Cancelled,
    /// The limiter was closed.
    Closed,
}

impl Model {
    /// Takes note of a reading that is used.
    pub(crate) fn read(&mut self, at: u64) -> i128 {
        let now = self.time(at);
        self.record.read(now);
        now
    }

    /// Grants the entries that are due, at their due times, or at the time at which they moved
    /// there.
    pub(crate) fn settle(&mut self, now: i128) {
        while let Some(first) = self.queue.first().copied() {
            // A debt with no waiter before it is part of the past.
            if first.kind != Kind::Debt && first.end - self.depth > now {
                break;
            }
            if first.kind == Kind::Waiting {
                self.record.entry(first.end - self.depth, first.since, first.size);
            }
            self.queue.remove(0);
        }
    }

    /// Settles at a reading of the clock.
    pub fn look(&mut self, at: u64) {
        let now = self.read(at);
        self.settle(now);
    }

    /// The state of the entry `id`, at a reading of the clock.
    pub fn standing(&mut self, at: u64, id: usize) -> Standing {
        self.look(at);
        match (self.verdicts.get(&id), self.position(id)) {
            (Some(Verdict::Cancelled), _) => Standing::Cancelled,
            (Some(Verdict::Closed), _) => Standing::Closed,
            (Some(Verdict::Passed), _) => Standing::Granted(Charge::Free),
            (None, Some(index)) => Standing::Waits(self.nanos(self.queue[index].end - self.depth - self.time(at))),
            (None, None) => Standing::Granted(Charge::Counted),
        }
    }

    /// The number of waiters.
    pub fn waiting(&self) -> usize {
        self.count(Kind::Waiting)
    }

    /// The number of kept reservations in the queue.
    pub fn kept(&self) -> usize {
        self.count(Kind::Kept)
    }

    /// The number of debts in the queue.
    pub fn debts(&self) -> usize {
        self.count(Kind::Debt)
    }

    fn count(&self, kind: Kind) -> usize {
        self.queue.iter().filter(|entry| entry.kind == kind).count()
    }

    fn position(&self, id: usize) -> Option<usize> {
        self.queue.iter().position(|entry| entry.kind == Kind::Waiting && entry.id == id)
    }

    /// Cancels an entry, if it is not due yet.
    pub fn cancel(&mut self, at: u64, id: usize) {
        self.look(at);
        if let Some(index) = self.position(id) {
            let off_word = self.leave(index);
            self.lower(self.time(at), off_word);
        }
    }

    /// Takes a waiter out and moves later entries forward. Returns what comes off the word.
    fn leave(&mut self, index: usize) -> i128 {
        self.record.cancel();
        let size = self.queue.remove(index).size;
        self.move_up(index, size)
    }

    /// Fixes an entry at its time.
    pub fn keep(&mut self, at: u64, id: usize) {
        self.look(at);
        if let Some(index) = self.position(id) {
            self.queue[index].kind = Kind::Kept;
            // The caller acts at the time that `keep` returned.
            let Entry { end, size, since, .. } = self.queue[index];
            self.record.entry(end - self.depth, since, size);
        }
    }

    /// Moves all entries from `index` on forward, up to the next kept reservation. Returns what
    /// comes off the word: all of it, or nothing if a kept reservation holds the end.
    pub(crate) fn move_up(&mut self, index: usize, by: i128) -> i128 {
        let since = self.record.last();
        for entry in &mut self.queue[index..] {
            if entry.kind == Kind::Kept {
                return 0;
            }
            entry.end -= by;
            entry.since = if by > 0 { since } else { entry.since };
        }
        by
    }

    /// Ends all waits. Returns what comes off the word.
    pub(crate) fn refuse_all(&mut self, verdict: Verdict) -> i128 {
        let mut off_word = 0;
        while let Some(index) = self.queue.iter().position(|entry| entry.kind == Kind::Waiting) {
            self.verdicts.insert(self.queue[index].id, verdict);
            off_word += self.leave(index);
        }
        off_word
    }

    /// Takes `amount` off the word, not below `floor`. Never raises the word.
    pub(crate) fn lower(&mut self, floor: i128, amount: i128) {
        if let Word::Counting(tat) = self.word {
            self.word = Word::Counting(tat.min((tat - amount).max(floor)));
        }
    }
}
