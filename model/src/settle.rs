//! Refunds and debts.

use crate::queue::{Entry, Kind};
use crate::word::{Model, Word};

impl Model {
    /// Refunds `n` permits. A word that is not counting stays as it is, but waiters before a debt
    /// that cannot be counted still move.
    pub fn refund(&mut self, at: u64, n: u64) {
        let (now, amount) = (self.read(at), self.size(n));
        if n == 0 || matches!(self.word, Word::Closed | Word::Bypassed) {
            return;
        }
        self.record.refund(now, amount);
        self.settle(now);
        let first = self.queue.iter().position(|entry| entry.kind == Kind::Waiting);
        let (mut ahead, mut behind) = (self.queue.clone(), Vec::new());
        if let Some(first) = first {
            behind = ahead.split_off(first);
        }
        // Debts with no waiter before them are part of the past.
        ahead.retain(|entry| entry.kind == Kind::Kept);
        let floor = ahead.last().map_or(now, |kept| kept.end.max(now));
        let first = ahead.len();
        self.queue = ahead;
        self.queue.extend(behind);
        let Some(Entry { end, size, .. }) = self.queue.get(first).copied() else {
            self.lower(floor, amount);
            return;
        };
        // Waiters move so far that the first of them may begin now.
        let shift = amount.min((end - size - floor).max(0));
        let mut off_word = self.move_up(first, shift);
        // What the waiters cannot use repays debts, from front to back.
        let mut rest = amount - shift;
        for index in first..self.queue.len() {
            if self.queue[index].kind == Kind::Debt {
                let repaid = rest.min(self.queue[index].size);
                rest -= repaid;
                self.queue[index].size -= repaid;
                off_word += self.move_up(index, repaid);
            }
        }
        self.queue.retain(|entry| entry.size > 0);
        self.lower(now, off_word);
    }

    /// Adds a debt of `n` permits. [`counts`](Self::counts) or the implementation says whether it
    /// can be `counted`.
    pub fn charge(&mut self, at: u64, n: u64, counted: bool) {
        let (now, amount) = (self.read(at), self.size(n));
        if n == 0 {
            return;
        }
        self.settle(now);
        let Word::Counting(tat) = self.word else { return };
        if !counted {
            self.word = Word::Saturated;
            return;
        }
        let end = tat.max(now) + amount;
        self.word = Word::Counting(end);
        if self.waiting() > 0 {
            self.queue.push(Entry {
                id: usize::MAX,
                end,
                size: amount,
                kind: Kind::Debt,
                since: self.record.moment(now),
            });
        }
    }

    /// Settles work for which `estimated` permits were taken.
    pub fn reconcile(&mut self, at: u64, actual: u64, estimated: u64, counted: bool) {
        match actual.checked_sub(estimated) {
            Some(debt) => self.charge(at, debt, counted),
            None => self.refund(at, estimated - actual),
        }
    }
}
