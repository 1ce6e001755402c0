//! The entries of the queue, in order, and how they move. Pure data: no atomics, no lock, no clock.
//!
//! An entry is a stretch of the time of the word. It ends at the TAT that it made, and comes due
//! one depth before that. Entries are in the order in which they were made, and never overlap. The
//! queue has three kinds of entries:
//!
//! - **waiting**: of a thread or a task, or of a reservation that is not waited for yet. The entry
//!   moves forward when room appears before it.
//! - **kept**: granted for good, at the time that its holder was given. The entry never moves
//!   again, and nothing moves past it.
//! - **debt**: charged while a waiter was in the queue, so that refunds can repay it.
//!
//! A move concerns all entries from some point to the end of the queue, or to the next kept entry.
//! So each move is recorded once, in a Fenwick tree over the queue. With n entries in the queue, a
//! move costs O(log n).

mod announce;

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::task::Waker;

use super::entry::{Entry, EntryId, Kind, Listener, Outgoing};
use super::fenwick::Fenwick;
use super::verdict::Verdict;

/// The queue of entries, front to back, and the verdicts on entries that are no longer in it.
#[derive(Debug, Default)]
pub(super) struct Entries {
    queue: Vec<Entry>,
    /// The sum up to an entry is how far the entry has moved forward. The tree is as long as
    /// `queue` can grow.
    moves: Fenwick,
    /// All entries before this index are gone.
    head: usize,
    next_id: EntryId,
    /// How many entries wait.
    waiting: usize,
    kept: VecDeque<EntryId>,
    debts: VecDeque<EntryId>,
    /// The waiters of all entries before this index know the ends of their entries.
    announced_to: usize,
    /// How many of those entries wait.
    announced: usize,
    /// How waits ended, until their waiters know.
    verdicts: BTreeMap<EntryId, Verdict>,
    outgoing: Outgoing,
}

/// What a waiter finds when it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Its entry, which ends at this TAT.
    Entry(u64),
    /// How its wait ended.
    Verdict(Verdict),
    /// Nothing: its entry has come due.
    Nothing,
}

impl Entries {
    /// How many entries wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether no entry of any kind is left.
    pub(super) fn is_empty(&self) -> bool {
        self.head == self.queue.len()
    }

    /// Takes out the wakers that are to be called, or dropped, after the lock is released.
    pub(super) fn outgoing(&mut self) -> Outgoing {
        mem::take(&mut self.outgoing)
    }

    /// Adds a waiter's entry at the back.
    pub(super) fn push_waiting(&mut self, end: u64, size: u64) -> EntryId {
        self.push(end, size, Kind::Waiting(Listener { waker: None, known: end }))
    }

    /// Adds a debt at the back. If no waiter is ahead of it, the debt need not be remembered: it is
    /// part of what was granted before the first waiter.
    pub(super) fn push_debt(&mut self, end: u64, size: u64) {
        if self.waiting == 0 {
            return;
        }
        let last = self.queue.len() - 1;
        // If a clock runs ahead, an immediate grant may have come in between. Then the two debts do
        // not touch.
        let touches = self.end(last).checked_add(size) == Some(end);
        let last = &mut self.queue[last];
        if touches && matches!(last.kind, Kind::Debt) {
            last.unmoved_end = last.unmoved_end.wrapping_add(size);
            last.size += size;
        } else {
            let id = self.push(end, size, Kind::Debt);
            self.debts.push_back(id);
        }
    }

    fn push(&mut self, end: u64, size: u64, kind: Kind) -> EntryId {
        if self.queue.len() == self.moves.len() {
            self.pack();
        }
        let index = self.queue.len();
        let id = self.next_id;
        self.next_id += 1;
        self.waiting += usize::from(matches!(kind, Kind::Waiting(_)));
        self.queue.push(Entry { id, unmoved_end: end.wrapping_add(self.moves.sum(index)), size, kind });
        id
    }

    /// Drops the entries that are gone, writes the moves into the others, and makes room for as
    /// many again.
    fn pack(&mut self) {
        for index in self.head..self.queue.len() {
            self.queue[index].unmoved_end = self.end(index);
        }
        self.queue.drain(..self.head);
        self.queue.retain(|entry| !entry.is_gone());
        let len = (self.queue.len() * 2).next_power_of_two().max(8);
        self.queue.shrink_to(len);
        self.queue.reserve_exact(len - self.queue.len());
        self.moves = Fenwick::new(len);
        self.head = 0;
        self.moved();
    }

    /// Makes the queue empty. The storage of a long queue is released.
    fn restart(&mut self) {
        if self.moves.len() > SMALL {
            self.queue = Vec::new();
            self.moves = Fenwick::default();
        } else {
            // The moves may stay: when an entry is pushed, it takes the moves up to it into
            // account.
            self.queue.clear();
        }
        self.head = 0;
        self.moved();
    }

    /// Where the entry at `index` ends now.
    fn end(&self, index: usize) -> u64 {
        self.queue[index].unmoved_end.wrapping_sub(self.moves.sum(index))
    }

    /// The index of an entry, if it is still in the queue.
    fn index_of(&self, id: EntryId) -> Option<usize> {
        let found = self.queue[self.head..].binary_search_by_key(&id, |entry| entry.id);
        found.ok().map(|offset| self.head + offset).filter(|index| !self.queue[*index].is_gone())
    }

    /// The index of the first kept entry after `index`, if there is one.
    fn kept_after(&self, index: usize) -> Option<usize> {
        let id = self.queue[index].id;
        let next = self.kept.partition_point(|kept| *kept <= id);
        self.kept.get(next).and_then(|kept| self.index_of(*kept))
    }

    /// The index of the last kept entry before `index`, if there is one.
    fn kept_before(&self, index: usize) -> Option<usize> {
        let id = self.queue[index].id;
        let next = self.kept.partition_point(|kept| *kept < id);
        next.checked_sub(1).and_then(|last| self.index_of(self.kept[last]))
    }

    /// Where the last kept entry ends, if there is one.
    pub(super) fn last_kept_end(&self) -> Option<u64> {
        self.kept.back().and_then(|kept| self.index_of(*kept)).map(|index| self.end(index))
    }

    /// Moves forward by `amount` all entries from `index` on, up to the next kept entry. Gives what
    /// comes off the word: nothing if a kept entry is in the way, and otherwise the whole amount.
    fn move_forward(&mut self, index: usize, amount: u64) -> u64 {
        self.moves.add(index, amount);
        self.moved();
        match self.kept_after(index) {
            Some(kept) => {
                self.moves.add(kept, amount.wrapping_neg());
                0
            }
            None => amount,
        }
    }

    /// Takes out all entries that are due: those that end by `due_end`, which is one depth after
    /// now. A waiter that knows of a later end is to be woken. If `leaving` is false, a waiter's
    /// entry stays until the waiter leaves by itself.
    pub(super) fn settle(&mut self, due_end: u64, leaving: bool) {
        while self.head < self.queue.len() {
            let index = self.head;
            let end = self.end(index);
            let waited = self.queue[index].is_waiting();
            match &mut self.queue[index].kind {
                Kind::Waiting(listener) if leaving && end <= due_end => {
                    let unaware = end < listener.known;
                    self.outgoing.add(listener.waker.take(), unaware);
                    self.waiting -= 1;
                }
                Kind::Kept if end <= due_end => {
                    self.kept.pop_front();
                }
                // No waiter is ahead of it any more.
                Kind::Debt => {
                    self.debts.pop_front();
                }
                Kind::Gone => {}
                Kind::Waiting(_) | Kind::Kept => break,
            }
            if index < self.announced_to {
                self.announced -= usize::from(waited);
            }
            self.queue[index].kind = Kind::Gone;
            self.head += 1;
        }
        if self.head == self.queue.len() && self.head != 0 {
            self.restart();
        }
    }

    /// What has become of an entry.
    pub(super) fn find(&self, id: EntryId) -> Found {
        match (self.verdicts.get(&id), self.index_of(id)) {
            (Some(verdict), _) => Found::Verdict(*verdict),
            (None, Some(index)) => Found::Entry(self.end(index)),
            (None, None) => Found::Nothing,
        }
    }

    /// Forgets how the wait for an entry ended, because its holder knows.
    pub(super) fn forget(&mut self, id: EntryId) {
        self.verdicts.remove(&id);
    }

    /// Sees to it that `waker` is called when the entry moves from where it ends now.
    pub(super) fn listen(&mut self, id: EntryId, waker: Option<Waker>) {
        let Some(index) = self.index_of(id) else { return };
        let end = self.end(index);
        let Kind::Waiting(listener) = &mut self.queue[index].kind else { return };
        listener.known = end;
        if let Some(waker) = waker {
            self.outgoing.dropped.extend(listener.waker.replace(waker));
        }
    }

    /// Takes out a waiter's entry, if it is still in the queue, and moves the entries behind it
    /// forward. Gives what comes off the word.
    pub(super) fn cancel(&mut self, id: EntryId) -> Option<u64> {
        let index = self.index_of(id)?;
        self.stop_waiting(index, Kind::Gone, false).then(|| self.move_forward(index, self.queue[index].size))
    }

    /// Makes a waiter's entry an entry of another kind. Gives `false` if the entry has no waiter.
    fn stop_waiting(&mut self, index: usize, kind: Kind, wake: bool) -> bool {
        let Kind::Waiting(listener) = &mut self.queue[index].kind else { return false };
        let waker = listener.waker.take();
        self.outgoing.add(waker, wake);
        self.queue[index].kind = kind;
        self.waiting -= 1;
        self.moved();
        true
    }

    /// Lets the first waiter leave, late: the entries behind it begin at `due_end` at the earliest,
    /// which is one depth after now. Gives where the queue ends then. `None` if the entry is gone,
    /// or is not that of the first waiter.
    pub(super) fn leave(&mut self, id: EntryId, due_end: u64) -> Option<u64> {
        let index = self.index_of(id)?;
        let mut ahead = self.queue[self.head..index].iter();
        if ahead.any(Entry::is_waiting) {
            return None;
        }
        self.stop_waiting(index, Kind::Gone, false);
        let next = (index..self.queue.len()).find(|next| self.queue[*next].moves());
        if let Some(next) = next {
            let late = due_end.saturating_sub(self.end(next).saturating_sub(self.queue[next].size));
            self.move_back(next, late);
        }
        let last = (index..self.queue.len()).rev().find(|last| self.queue[*last].moves());
        Some(last.map_or(due_end, |last| self.end(last).max(due_end)))
    }

    /// Moves back by `late` all entries from `index` on, except kept ones, which the limiter cannot
    /// move.
    fn move_back(&mut self, index: usize, late: u64) {
        self.moves.add(index, late.wrapping_neg());
        let id = self.queue[index].id;
        for next in self.kept.partition_point(|kept| *kept < id)..self.kept.len() {
            if let Some(kept) = self.index_of(self.kept[next]) {
                self.moves.add(kept, late);
                self.moves.add(kept + 1, late.wrapping_neg());
            }
        }
    }

    /// Makes a waiter's entry a kept one, if it is still in the queue.
    pub(super) fn keep(&mut self, id: EntryId) {
        if self.index_of(id).is_some_and(|index| self.stop_waiting(index, Kind::Kept, false)) {
            let at = self.kept.partition_point(|kept| *kept < id);
            self.kept.insert(at, id);
        }
    }

    /// Refunds `amount` at `now`: first to the waiters, then to the debts behind them. Gives what
    /// comes off the word, or `None` if no entry waits.
    pub(super) fn give_back(&mut self, now: u64, amount: u64) -> Option<u64> {
        let first = (self.head..self.queue.len()).find(|index| self.queue[*index].is_waiting());
        self.forget_debts_before(first.map_or(EntryId::MAX, |first| self.queue[first].id));
        let first = first?;
        let begin = self.end(first).saturating_sub(self.queue[first].size);
        let floor = self.kept_before(first).map_or(now, |kept| self.end(kept).max(now));
        let shift = amount.min(begin.saturating_sub(floor));
        let mut off_word = self.move_forward(first, shift);
        let mut rest = amount - shift;
        while rest != 0
            && let Some(index) = self.debts.front().and_then(|debt| self.index_of(*debt))
        {
            let repaid = rest.min(self.queue[index].size);
            rest -= repaid;
            off_word += self.move_forward(index, repaid);
            self.queue[index].size -= repaid;
            if self.queue[index].size == 0 {
                self.queue[index].kind = Kind::Gone;
                self.debts.pop_front();
            }
        }
        Some(off_word)
    }

    /// Forgets the debts ahead of the first waiter: they are part of what was granted before it.
    fn forget_debts_before(&mut self, id: EntryId) {
        while let Some(debt) = self.debts.front().copied().filter(|debt| *debt < id) {
            self.debts.pop_front();
            if let Some(index) = self.index_of(debt) {
                self.queue[index].kind = Kind::Gone;
            }
        }
    }

    /// Ends all waits with `verdict`. Gives what comes off the word.
    pub(super) fn refuse_all(&mut self, verdict: Verdict) -> u64 {
        let mut off_word = 0;
        for index in self.head..self.queue.len() {
            if self.stop_waiting(index, Kind::Gone, true) {
                let Entry { id, size, .. } = self.queue[index];
                self.verdicts.insert(id, verdict);
                off_word += self.move_forward(index, size);
            }
        }
        off_word
    }

    /// Empties the queue: waits end with `verdict`, and kept entries and debts are forgotten.
    pub(super) fn clear(&mut self, verdict: Verdict) {
        self.refuse_all(verdict);
        self.kept.clear();
        self.debts.clear();
        self.restart();
    }

    /// Entries have moved: any waiter may have to learn of it.
    fn moved(&mut self) {
        self.announced_to = self.head;
        self.announced = 0;
    }
}

/// The most entries for which an empty queue keeps storage.
const SMALL: usize = 64;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Where the last entry ends.
    fn last_end(entries: &Entries) -> u64 {
        let mut back = (entries.head..entries.queue.len()).rev();
        back.find(|index| !entries.queue[*index].is_gone()).map_or(0, |index| entries.end(index))
    }

    /// A clock that ran ahead granted something between the debts. The later debt still ends where
    /// the word does.
    #[test]
    fn debts_that_do_not_touch_stay_separate() {
        let mut entries = Entries::default();
        entries.push_waiting(20, 10);
        for (end, size) in [(30, 10), (60, 10), (65, 5)] {
            entries.push_debt(end, size);
            assert_eq!(last_end(&entries), end);
        }
        // The waiter can use 10 of it, and 25 repay the debts.
        assert_eq!(entries.give_back(0, 100), Some(35));
        assert_eq!(last_end(&entries), 10);
    }
}
