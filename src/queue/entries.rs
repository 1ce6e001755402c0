//! Who waits, in order, and how entries move. Pure data: no atomics, no lock, no clock.
//!
//! A entry is a stretch of the word's time: it ends at the TAT it made, and comes due one depth before that. Entries stand
//! in the order they were made and never overlap. Three kinds stand in the queue:
//!
//! - **waiting**: a thread or a task, or a reservation not yet waited for. Moves up when room appears before it.
//! - **kept**: granted for good at a time the caller was known. Moves no more, and nothing moves past it.
//! - **debt**: charged while somebody waited, so that refunds can repay it.
//!
//! A move concerns all the entries from some point to the end, or to the next kept one, so moves are recorded once, in a
//! Fenwick tree over the queue: each costs a logarithm, however many wait.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::task::Waker;

use super::fenwick::Fenwick;
use super::verdict::Verdict;

/// Names a entry; later entries have higher ids.
pub(crate) type EntryId = u64;

#[derive(Debug)]
struct Entry {
    id: EntryId,
    /// Where it ends, had nothing moved since the queue was last packed.
    unmoved_end: u64,
    size: u64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Waiting(Listener),
    Kept,
    Debt,
    Gone,
}

impl Outgoing {
    fn add(&mut self, waker: Option<Waker>, wake: bool) {
        let list = if wake { &mut self.wake } else { &mut self.dropped };
        list.extend(waker);
    }
}

impl Entry {
    /// Whether it stands in the queue and the limiter may move it.
    fn moves(&self) -> bool {
        matches!(self.kind, Kind::Waiting(_) | Kind::Debt)
    }
}

/// Whom to wake when the entry moves.
#[derive(Debug)]
struct Listener {
    waker: Option<Waker>,
    /// The end of the entry that it knows of.
    known: u64,
}

/// The queue of entries, front to back, and what was decided for those no longer in it.
#[derive(Debug, Default)]
pub(super) struct Entries {
    queue: Vec<Entry>,
    /// The sum up to a entry is by how much that has moved up. As long as `queue` can grow.
    moves: Fenwick,
    /// All before it are gone.
    head: usize,
    next_id: EntryId,
    waiting: usize,
    kept: VecDeque<EntryId>,
    debts: VecDeque<EntryId>,
    /// All before it know their end, and this many of them wait.
    unannounced: usize,
    announced: usize,
    verdicts: BTreeMap<EntryId, Verdict>,
    outgoing: Outgoing,
}

/// Wakers are foreign code: to be woken, and to be dropped, only after the lock is given back.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pub(super) wake: Vec<Waker>,
    pub(super) dropped: Vec<Waker>,
}

/// What a waiter finds when it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Its entry, which ends there.
    Entry(u64),
    /// What was decided for it.
    Verdict(Verdict),
    /// Nothing: its time has come.
    Nothing,
}

impl Entries {
    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether no entry is left, of whatever kind.
    pub(super) fn is_empty(&self) -> bool {
        self.head == self.queue.len()
    }

    /// The wakers to be dealt with once the lock is given back.
    pub(super) fn outgoing(&mut self) -> Outgoing {
        mem::take(&mut self.outgoing)
    }

    /// Adds a waiter's entry at the back.
    pub(super) fn push_waiting(&mut self, end: u64, size: u64) -> EntryId {
        self.push(end, size, Kind::Waiting(Listener { waker: None, known: end }))
    }

    /// Adds a debt at the back. With nobody before it, it need not be remembered: it is part of what came before.
    pub(super) fn push_debt(&mut self, end: u64, size: u64) {
        if self.waiting == 0 {
            return;
        }
        let last = self.queue.len() - 1;
        // An immediate grant may have come between, by a clock that runs ahead; then the two debts do not touch.
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

    /// Drops what is gone and writes the moves into the entries, making room for as many again.
    fn pack(&mut self) {
        for index in self.head..self.queue.len() {
            self.queue[index].unmoved_end = self.end(index);
        }
        self.queue.drain(..self.head);
        self.queue.retain(|entry| !matches!(entry.kind, Kind::Gone));
        let len = (self.queue.len() * 2).next_power_of_two().max(8);
        self.queue.shrink_to(len);
        self.queue.reserve_exact(len - self.queue.len());
        self.moves = Fenwick::new(len);
        self.head = 0;
        self.moved();
    }

    /// Begins again with an empty queue, without what a long one has left behind.
    fn restart(&mut self) {
        if self.moves.len() > SMALL {
            self.queue = Vec::new();
            self.moves = Fenwick::default();
        } else {
            // The moves may stay: a entry takes those before it into account when it is pushed.
            self.queue.clear();
        }
        self.head = 0;
        self.moved();
    }

    /// Where the entry at `index` ends now.
    fn end(&self, index: usize) -> u64 {
        self.queue[index].unmoved_end.wrapping_sub(self.moves.sum(index))
    }

    /// The entry of `id`, if it is still in the queue.
    fn index_of(&self, id: EntryId) -> Option<usize> {
        let found = self.queue[self.head..].binary_search_by_key(&id, |entry| entry.id);
        found.ok().map(|offset| self.head + offset).filter(|index| !matches!(self.queue[*index].kind, Kind::Gone))
    }

    /// The first kept entry after `index`; the end of the queue if there is none.
    fn kept_after(&self, index: usize) -> Option<usize> {
        let id = self.queue[index].id;
        let next = self.kept.partition_point(|kept| *kept <= id);
        self.kept.get(next).and_then(|kept| self.index_of(*kept))
    }

    /// The last kept entry before `index`.
    fn kept_before(&self, index: usize) -> Option<usize> {
        let id = self.queue[index].id;
        let next = self.kept.partition_point(|kept| *kept < id);
        next.checked_sub(1).and_then(|last| self.index_of(self.kept[last]))
    }

    /// Where the last kept entry ends.
    pub(super) fn last_kept_end(&self) -> Option<u64> {
        self.kept.back().and_then(|kept| self.index_of(*kept)).map(|index| self.end(index))
    }

    /// Moves up by `amount` all from `index` on, as far as the next kept entry. What comes off the word: all of it, unless a
    /// kept entry holds the end.
    fn close(&mut self, index: usize, amount: u64) -> u64 {
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

    /// Takes out all whose time has come: those that end by `due_end`, one depth after now. Those among them who think
    /// they have longer to wait are to be woken. Unless `leaving`, who waits stays until it leaves by itself.
    pub(super) fn settle(&mut self, due_end: u64, leaving: bool) {
        while self.head < self.queue.len() {
            let index = self.head;
            let end = self.end(index);
            let waited = matches!(self.queue[index].kind, Kind::Waiting(_));
            match &mut self.queue[index].kind {
                Kind::Waiting(listener) if leaving && end <= due_end => {
                    let unaware = end < listener.known;
                    self.outgoing.add(listener.waker.take(), unaware);
                    self.waiting -= 1;
                }
                Kind::Kept if end <= due_end => {
                    self.kept.pop_front();
                }
                // Nobody waits before it any more.
                Kind::Debt => {
                    self.debts.pop_front();
                }
                Kind::Gone => {}
                Kind::Waiting(_) | Kind::Kept => break,
            }
            if index < self.unannounced {
                self.announced -= usize::from(waited);
            }
            self.queue[index].kind = Kind::Gone;
            self.head += 1;
        }
        if self.head == self.queue.len() && self.head != 0 {
            self.restart();
        }
    }

    /// What has become of a entry.
    pub(super) fn find(&self, id: EntryId) -> Found {
        match (self.verdicts.get(&id), self.index_of(id)) {
            (Some(verdict), _) => Found::Verdict(*verdict),
            (None, Some(index)) => Found::Entry(self.end(index)),
            (None, None) => Found::Nothing,
        }
    }

    /// Forgets what was decided for a entry, once its holder knows.
    pub(super) fn forget(&mut self, id: EntryId) {
        self.verdicts.remove(&id);
    }

    /// Wakes `waker` when the entry moves from where its end is now.
    pub(super) fn listen(&mut self, id: EntryId, waker: Option<Waker>) {
        let Some(index) = self.index_of(id) else { return };
        let end = self.end(index);
        let Kind::Waiting(listener) = &mut self.queue[index].kind else { return };
        listener.known = end;
        if let Some(waker) = waker {
            self.outgoing.dropped.extend(listener.waker.replace(waker));
        }
    }

    /// Takes a waiter out, if it is still there, and moves up those behind it. What comes off the word.
    pub(super) fn cancel(&mut self, id: EntryId) -> Option<u64> {
        let index = self.index_of(id)?;
        self.stop_waiting(index, Kind::Gone, false).then(|| self.close(index, self.queue[index].size))
    }

    /// Makes a waiter's entry another kind of entry. `false` if nobody waits there.
    fn stop_waiting(&mut self, index: usize, kind: Kind, wake: bool) -> bool {
        let Kind::Waiting(listener) = &mut self.queue[index].kind else { return false };
        let waker = listener.waker.take();
        self.outgoing.add(waker, wake);
        self.queue[index].kind = kind;
        self.waiting -= 1;
        self.moved();
        true
    }

    /// Lets the first in queue leave, late: those behind it begin at `due_end` at the earliest, one depth after now. Where the
    /// queue ends then. `None` if it is not the first, or gone.
    pub(super) fn leave(&mut self, id: EntryId, due_end: u64) -> Option<u64> {
        let index = self.index_of(id)?;
        let mut ahead = self.queue[self.head..index].iter();
        if ahead.any(|entry| matches!(entry.kind, Kind::Waiting(_))) {
            return None;
        }
        self.stop_waiting(index, Kind::Gone, false);
        let next = (index..self.queue.len()).find(|next| self.queue[*next].moves());
        if let Some(next) = next {
            let late = due_end.saturating_sub(self.end(next).saturating_sub(self.queue[next].size));
            self.put_off(next, late);
        }
        let last = (index..self.queue.len()).rev().find(|last| self.queue[*last].moves());
        Some(last.map_or(due_end, |last| self.end(last).max(due_end)))
    }

    /// Moves back by `late` all from `index` on but the kept entries, which the limiter cannot move.
    fn put_off(&mut self, index: usize, late: u64) {
        self.moves.add(index, late.wrapping_neg());
        let id = self.queue[index].id;
        for next in self.kept.partition_point(|kept| *kept < id)..self.kept.len() {
            if let Some(kept) = self.index_of(self.kept[next]) {
                self.moves.add(kept, late);
                self.moves.add(kept + 1, late.wrapping_neg());
            }
        }
    }

    /// Fixes a waiter's entry, if it is still there.
    pub(super) fn keep(&mut self, id: EntryId) {
        if self.index_of(id).is_some_and(|index| self.stop_waiting(index, Kind::Kept, false)) {
            let at = self.kept.partition_point(|kept| *kept < id);
            self.kept.insert(at, id);
        }
    }

    /// Gives `amount` back at `now`, to those who wait and then to the debts behind them. What comes off the word; `None`
    /// if nobody waits.
    pub(super) fn give_back(&mut self, now: u64, amount: u64) -> Option<u64> {
        let first = (self.head..self.queue.len()).find(|index| matches!(self.queue[*index].kind, Kind::Waiting(_)));
        self.forget_debts_before(first.map_or(EntryId::MAX, |first| self.queue[first].id));
        let first = first?;
        let begin = self.end(first).saturating_sub(self.queue[first].size);
        let floor = self.kept_before(first).map_or(now, |kept| self.end(kept).max(now));
        let shift = amount.min(begin.saturating_sub(floor));
        let mut off_word = self.close(first, shift);
        let mut rest = amount - shift;
        while rest != 0
            && let Some(index) = self.debts.front().and_then(|debt| self.index_of(*debt))
        {
            let repaid = rest.min(self.queue[index].size);
            rest -= repaid;
            off_word += self.close(index, repaid);
            self.queue[index].size -= repaid;
            if self.queue[index].size == 0 {
                self.queue[index].kind = Kind::Gone;
                self.debts.pop_front();
            }
        }
        Some(off_word)
    }

    /// Forgets the debts ahead of all who wait: they are part of what came before.
    fn forget_debts_before(&mut self, id: EntryId) {
        while let Some(debt) = self.debts.front().copied().filter(|debt| *debt < id) {
            self.debts.pop_front();
            if let Some(index) = self.index_of(debt) {
                self.queue[index].kind = Kind::Gone;
            }
        }
    }

    /// Ends all waits with `verdict`. What comes off the word.
    pub(super) fn refuse_all(&mut self, verdict: Verdict) -> u64 {
        let mut off_word = 0;
        for index in self.head..self.queue.len() {
            if self.stop_waiting(index, Kind::Gone, true) {
                let Entry { id, size, .. } = self.queue[index];
                self.verdicts.insert(id, verdict);
                off_word += self.close(index, size);
            }
        }
        off_word
    }

    /// Forgets the queue: waits end with `verdict`, kept entries and debts count no more.
    pub(super) fn clear(&mut self, verdict: Verdict) {
        self.refuse_all(verdict);
        self.kept.clear();
        self.debts.clear();
        self.restart();
    }

    /// Wakes those who have moved and whose turn is near, so that they learn of it in time: all who come due within
    /// `span` of the first in queue, and [`ANNOUNCED`] at least. Each of them does the same for those behind when its turn
    /// comes; so a move wakes few, however many wait.
    pub(super) fn announce(&mut self, span: u64) {
        if self.unannounced >= self.queue.len() {
            return;
        }
        let stands = |index: &usize| !matches!(self.queue[*index].kind, Kind::Gone);
        let Some(first) = (self.head..self.queue.len()).find(stands) else { return };
        let near = self.end(first).saturating_add(span);
        let mut index = self.head.max(self.unannounced);
        while index < self.queue.len() {
            let end = self.end(index);
            if let Kind::Waiting(listener) = &mut self.queue[index].kind {
                if self.announced >= ANNOUNCED && end > near {
                    break;
                }
                self.announced += 1;
                if end != listener.known {
                    listener.known = end;
                    self.outgoing.wake.extend(listener.waker.clone());
                }
            }
            index += 1;
        }
        self.unannounced = index;
    }

    /// Begins again to look who must be known.
    fn moved(&mut self) {
        self.unannounced = self.head;
        self.announced = 0;
    }
}

/// How many at the front are known of a move at once. One would do, but a future that was leaked never passes it on: it
/// takes this many in a row to delay anybody.
const ANNOUNCED: usize = 8;

/// How many entries a queue that was emptied keeps storage for.
const SMALL: usize = 64;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Where the last entry ends.
    fn last_end(entries: &Entries) -> u64 {
        let mut back = (entries.head..entries.queue.len()).rev();
        back.find(|index| !matches!(entries.queue[*index].kind, Kind::Gone)).map_or(0, |index| entries.end(index))
    }

    /// Something was granted between them, by a clock that ran ahead: the later one still ends where the word does.
    #[test]
    fn debts_that_do_not_touch_stay_apart() {
        let mut entries = Entries::default();
        entries.push_waiting(20, 10);
        for (end, size) in [(30, 10), (60, 10), (65, 5)] {
            entries.push_debt(end, size);
            assert_eq!(last_end(&entries), end);
        }
        // The one who waits can use 10 of it; the debts are repaid by 25.
        assert_eq!(entries.give_back(0, 100), Some(35));
        assert_eq!(last_end(&entries), 10);
    }
}
