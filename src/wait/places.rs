//! Who waits, in order, and how places move. Pure data: no atomics, no lock, no clock.
//!
//! A place is a stretch of the word's time: it ends at the TAT it made, and comes due one depth before that. Places stand
//! in the order they were made and never overlap. Three kinds stand in the line:
//!
//! - **waiting**: a thread or a task, or a reservation not yet waited for. Moves up when room appears before it.
//! - **kept**: granted for good at a time the caller was told. Moves no more, and nothing moves past it.
//! - **debt**: charged while somebody waited, so that refunds can repay it.
//!
//! A move concerns all the places from some point to the end, or to the next kept one, so moves are recorded once, in a
//! Fenwick tree over the line: each costs a logarithm, however many wait.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::task::Waker;

use super::fenwick::Fenwick;
use crate::verdict::Verdict;

/// Names a place; later places have higher tickets.
pub(super) type Ticket = u64;

#[derive(Debug)]
struct Place {
    ticket: Ticket,
    /// Where it ends, had nothing moved since the line was last packed.
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

impl Place {
    /// Whether it stands in the line and the limiter may move it.
    fn moves(&self) -> bool {
        matches!(self.kind, Kind::Waiting(_) | Kind::Debt)
    }
}

/// Whom to wake when the place moves.
#[derive(Debug)]
struct Listener {
    waker: Option<Waker>,
    /// The end of the place that it knows of.
    told: u64,
}

/// The line of places, front to back, and what was decided for those no longer in it.
#[derive(Debug, Default)]
pub(super) struct Places {
    line: Vec<Place>,
    /// The sum up to a place is by how much that has moved up. As long as `line` can grow.
    moves: Fenwick,
    /// All before it are gone.
    head: usize,
    next_ticket: Ticket,
    waiting: usize,
    kept: VecDeque<Ticket>,
    debts: VecDeque<Ticket>,
    /// All before it know their end, and this many of them wait.
    untold: usize,
    heralds: usize,
    verdicts: BTreeMap<Ticket, Verdict>,
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
    /// Its place, which ends there.
    Place(u64),
    /// What was decided for it.
    Verdict(Verdict),
    /// Nothing: its time has come.
    Nothing,
}

impl Places {
    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether no place is left, of whatever kind.
    pub(super) fn is_empty(&self) -> bool {
        self.head == self.line.len()
    }

    /// The wakers to be dealt with once the lock is given back.
    pub(super) fn outgoing(&mut self) -> Outgoing {
        mem::take(&mut self.outgoing)
    }

    /// Adds a waiter's place at the back.
    pub(super) fn push_waiting(&mut self, end: u64, size: u64) -> Ticket {
        self.push(end, size, Kind::Waiting(Listener { waker: None, told: end }))
    }

    /// Adds a debt at the back. With nobody before it, it need not be remembered: it is part of what came before.
    pub(super) fn push_debt(&mut self, end: u64, size: u64) {
        if self.waiting == 0 {
            return;
        }
        let last = self.line.len() - 1;
        // An immediate grant may have come between, by a clock that runs ahead; then the two debts do not touch.
        let touches = self.end(last).checked_add(size) == Some(end);
        let last = &mut self.line[last];
        if touches && matches!(last.kind, Kind::Debt) {
            last.unmoved_end = last.unmoved_end.wrapping_add(size);
            last.size += size;
        } else {
            let ticket = self.push(end, size, Kind::Debt);
            self.debts.push_back(ticket);
        }
    }

    fn push(&mut self, end: u64, size: u64, kind: Kind) -> Ticket {
        if self.line.len() == self.moves.len() {
            self.pack();
        }
        let index = self.line.len();
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += usize::from(matches!(kind, Kind::Waiting(_)));
        self.line.push(Place { ticket, unmoved_end: end.wrapping_add(self.moves.sum(index)), size, kind });
        ticket
    }

    /// Drops what is gone and writes the moves into the places, making room for as many again.
    fn pack(&mut self) {
        for index in self.head..self.line.len() {
            self.line[index].unmoved_end = self.end(index);
        }
        self.line.drain(..self.head);
        self.line.retain(|place| !matches!(place.kind, Kind::Gone));
        let len = (self.line.len() * 2).next_power_of_two().max(8);
        self.line.shrink_to(len);
        self.line.reserve_exact(len - self.line.len());
        self.moves = Fenwick::new(len);
        self.head = 0;
        self.moved();
    }

    /// Begins again with an empty line, without what a long one has left behind.
    fn restart(&mut self) {
        if self.moves.len() > SMALL {
            self.line = Vec::new();
            self.moves = Fenwick::default();
        } else {
            // The moves may stay: a place takes those before it into account when it is pushed.
            self.line.clear();
        }
        self.head = 0;
        self.moved();
    }

    /// Where the place at `index` ends now.
    fn end(&self, index: usize) -> u64 {
        self.line[index].unmoved_end.wrapping_sub(self.moves.sum(index))
    }

    /// The place of `ticket`, if it is still in the line.
    fn index_of(&self, ticket: Ticket) -> Option<usize> {
        let found = self.line[self.head..].binary_search_by_key(&ticket, |place| place.ticket);
        found.ok().map(|offset| self.head + offset).filter(|index| !matches!(self.line[*index].kind, Kind::Gone))
    }

    /// The first kept place after `index`; the end of the line if there is none.
    fn kept_after(&self, index: usize) -> Option<usize> {
        let ticket = self.line[index].ticket;
        let next = self.kept.partition_point(|kept| *kept <= ticket);
        self.kept.get(next).and_then(|kept| self.index_of(*kept))
    }

    /// The last kept place before `index`.
    fn kept_before(&self, index: usize) -> Option<usize> {
        let ticket = self.line[index].ticket;
        let next = self.kept.partition_point(|kept| *kept < ticket);
        next.checked_sub(1).and_then(|last| self.index_of(self.kept[last]))
    }

    /// Where the last kept place ends.
    pub(super) fn last_kept_end(&self) -> Option<u64> {
        self.kept.back().and_then(|kept| self.index_of(*kept)).map(|index| self.end(index))
    }

    /// Moves up by `amount` all from `index` on, as far as the next kept place. What comes off the word: all of it, unless a
    /// kept place holds the end.
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
        while self.head < self.line.len() {
            let index = self.head;
            let end = self.end(index);
            let waited = matches!(self.line[index].kind, Kind::Waiting(_));
            match &mut self.line[index].kind {
                Kind::Waiting(listener) if leaving && end <= due_end => {
                    let unaware = end < listener.told;
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
            if index < self.untold {
                self.heralds -= usize::from(waited);
            }
            self.line[index].kind = Kind::Gone;
            self.head += 1;
        }
        if self.head == self.line.len() && self.head != 0 {
            self.restart();
        }
    }

    /// What has become of a place.
    pub(super) fn find(&self, ticket: Ticket) -> Found {
        match (self.verdicts.get(&ticket), self.index_of(ticket)) {
            (Some(verdict), _) => Found::Verdict(*verdict),
            (None, Some(index)) => Found::Place(self.end(index)),
            (None, None) => Found::Nothing,
        }
    }

    /// Forgets what was decided for a place, once its holder knows.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.verdicts.remove(&ticket);
    }

    /// Wakes `waker` when the place moves from where its end is now.
    pub(super) fn listen(&mut self, ticket: Ticket, waker: Option<Waker>) {
        let Some(index) = self.index_of(ticket) else { return };
        let end = self.end(index);
        let Kind::Waiting(listener) = &mut self.line[index].kind else { return };
        listener.told = end;
        if let Some(waker) = waker {
            self.outgoing.dropped.extend(listener.waker.replace(waker));
        }
    }

    /// Takes a waiter out, if it is still there, and moves up those behind it. What comes off the word.
    pub(super) fn cancel(&mut self, ticket: Ticket) -> Option<u64> {
        let index = self.index_of(ticket)?;
        self.stop_waiting(index, Kind::Gone, false).then(|| self.close(index, self.line[index].size))
    }

    /// Makes a waiter's place another kind of place. `false` if nobody waits there.
    fn stop_waiting(&mut self, index: usize, kind: Kind, wake: bool) -> bool {
        let Kind::Waiting(listener) = &mut self.line[index].kind else { return false };
        let waker = listener.waker.take();
        self.outgoing.add(waker, wake);
        self.line[index].kind = kind;
        self.waiting -= 1;
        self.moved();
        true
    }

    /// Lets the first in line leave, late: those behind it begin at `due_end` at the earliest, one depth after now. Where the
    /// line ends then. `None` if it is not the first, or gone.
    pub(super) fn leave(&mut self, ticket: Ticket, due_end: u64) -> Option<u64> {
        let index = self.index_of(ticket)?;
        let mut ahead = self.line[self.head..index].iter();
        if ahead.any(|place| matches!(place.kind, Kind::Waiting(_))) {
            return None;
        }
        self.stop_waiting(index, Kind::Gone, false);
        let next = (index..self.line.len()).find(|next| self.line[*next].moves());
        if let Some(next) = next {
            let late = due_end.saturating_sub(self.end(next).saturating_sub(self.line[next].size));
            self.put_off(next, late);
        }
        let last = (index..self.line.len()).rev().find(|last| self.line[*last].moves());
        Some(last.map_or(due_end, |last| self.end(last).max(due_end)))
    }

    /// Moves back by `late` all from `index` on but the kept places, which the limiter cannot move.
    fn put_off(&mut self, index: usize, late: u64) {
        self.moves.add(index, late.wrapping_neg());
        let ticket = self.line[index].ticket;
        for next in self.kept.partition_point(|kept| *kept < ticket)..self.kept.len() {
            if let Some(kept) = self.index_of(self.kept[next]) {
                self.moves.add(kept, late);
                self.moves.add(kept + 1, late.wrapping_neg());
            }
        }
    }

    /// Fixes a waiter's place, if it is still there.
    pub(super) fn keep(&mut self, ticket: Ticket) {
        if self.index_of(ticket).is_some_and(|index| self.stop_waiting(index, Kind::Kept, false)) {
            let at = self.kept.partition_point(|kept| *kept < ticket);
            self.kept.insert(at, ticket);
        }
    }

    /// Gives `amount` back at `now`, to those who wait and then to the debts behind them. What comes off the word; `None`
    /// if nobody waits.
    pub(super) fn give_back(&mut self, now: u64, amount: u64) -> Option<u64> {
        let first = (self.head..self.line.len()).find(|index| matches!(self.line[*index].kind, Kind::Waiting(_)));
        self.forget_debts_before(first.map_or(Ticket::MAX, |first| self.line[first].ticket));
        let first = first?;
        let begin = self.end(first).saturating_sub(self.line[first].size);
        let floor = self.kept_before(first).map_or(now, |kept| self.end(kept).max(now));
        let shift = amount.min(begin.saturating_sub(floor));
        let mut off_word = self.close(first, shift);
        let mut rest = amount - shift;
        while rest != 0
            && let Some(index) = self.debts.front().and_then(|debt| self.index_of(*debt))
        {
            let repaid = rest.min(self.line[index].size);
            rest -= repaid;
            off_word += self.close(index, repaid);
            self.line[index].size -= repaid;
            if self.line[index].size == 0 {
                self.line[index].kind = Kind::Gone;
                self.debts.pop_front();
            }
        }
        Some(off_word)
    }

    /// Forgets the debts ahead of all who wait: they are part of what came before.
    fn forget_debts_before(&mut self, ticket: Ticket) {
        while let Some(debt) = self.debts.front().copied().filter(|debt| *debt < ticket) {
            self.debts.pop_front();
            if let Some(index) = self.index_of(debt) {
                self.line[index].kind = Kind::Gone;
            }
        }
    }

    /// Ends all waits with `verdict`. What comes off the word.
    pub(super) fn refuse_all(&mut self, verdict: Verdict) -> u64 {
        let mut off_word = 0;
        for index in self.head..self.line.len() {
            if self.stop_waiting(index, Kind::Gone, true) {
                let Place { ticket, size, .. } = self.line[index];
                self.verdicts.insert(ticket, verdict);
                off_word += self.close(index, size);
            }
        }
        off_word
    }

    /// Forgets the line: waits end with `verdict`, kept places and debts count no more.
    pub(super) fn clear(&mut self, verdict: Verdict) {
        self.refuse_all(verdict);
        self.kept.clear();
        self.debts.clear();
        self.restart();
    }

    /// Wakes those who have moved and whose turn is near, so that they learn of it in time: all who come due within
    /// `span` of the first in line, and [`HERALDS`] at least. Each of them does the same for those behind when its turn
    /// comes; so a move wakes few, however many wait.
    pub(super) fn tell(&mut self, span: u64) {
        if self.untold >= self.line.len() {
            return;
        }
        let stands = |index: &usize| !matches!(self.line[*index].kind, Kind::Gone);
        let Some(first) = (self.head..self.line.len()).find(stands) else { return };
        let near = self.end(first).saturating_add(span);
        let mut index = self.head.max(self.untold);
        while index < self.line.len() {
            let end = self.end(index);
            if let Kind::Waiting(listener) = &mut self.line[index].kind {
                if self.heralds >= HERALDS && end > near {
                    break;
                }
                self.heralds += 1;
                if end != listener.told {
                    listener.told = end;
                    self.outgoing.wake.extend(listener.waker.clone());
                }
            }
            index += 1;
        }
        self.untold = index;
    }

    /// Begins again to look who must be told.
    fn moved(&mut self) {
        self.untold = self.head;
        self.heralds = 0;
    }
}

/// How many at the front are told of a move at once. One would do, but a future that was leaked never passes it on: it
/// takes this many in a row to delay anybody.
const HERALDS: usize = 8;

/// How many places a line that was emptied keeps storage for.
const SMALL: usize = 64;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Where the last place ends.
    fn last_end(places: &Places) -> u64 {
        let mut back = (places.head..places.line.len()).rev();
        back.find(|index| !matches!(places.line[*index].kind, Kind::Gone)).map_or(0, |index| places.end(index))
    }

    /// Something was granted between them, by a clock that ran ahead: the later one still ends where the word does.
    #[test]
    fn debts_that_do_not_touch_stay_apart() {
        let mut places = Places::default();
        places.push_waiting(20, 10);
        for (end, size) in [(30, 10), (60, 10), (65, 5)] {
            places.push_debt(end, size);
            assert_eq!(last_end(&places), end);
        }
        // The one who waits can use 10 of it; the debts are repaid by 25.
        assert_eq!(places.give_back(0, 100), Some(35));
        assert_eq!(last_end(&places), 10);
    }
}
