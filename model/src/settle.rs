//! Refunds and debts.

use crate::line::{Kind, Place};
use crate::word::{Model, Word};

impl Model {
    /// Gives `n` permits back. A word that is not counting stays as it is; those who wait before a debt past counting move.
    pub fn refund(&mut self, at: u64, n: u64) {
        let (now, amount) = (self.read(at), self.size(n));
        if n == 0 || matches!(self.word, Word::Closed | Word::Bypassed) {
            return;
        }
        self.record.refund(now, amount);
        self.settle(now);
        let first = self.line.iter().position(|place| place.kind == Kind::Waiting);
        let (mut ahead, mut behind) = (self.line.clone(), Vec::new());
        if let Some(first) = first {
            behind = ahead.split_off(first);
        }
        // Debts that nobody waits before are part of what came before.
        ahead.retain(|place| place.kind == Kind::Kept);
        let floor = ahead.last().map_or(now, |kept| kept.end.max(now));
        let first = ahead.len();
        self.line = ahead;
        self.line.extend(behind);
        let Some(Place { end, size, .. }) = self.line.get(first).copied() else {
            self.lower(floor, amount);
            return;
        };
        // Those who wait move so far that the first of them may begin now.
        let shift = amount.min((end - size - floor).max(0));
        let mut off_word = self.move_up(first, shift);
        // What they cannot use repays debts, front to back.
        let mut rest = amount - shift;
        for index in first..self.line.len() {
            if self.line[index].kind == Kind::Debt {
                let repaid = rest.min(self.line[index].size);
                rest -= repaid;
                self.line[index].size -= repaid;
                off_word += self.move_up(index, repaid);
            }
        }
        self.line.retain(|place| place.size > 0);
        self.lower(now, off_word);
    }

    /// Adds a debt of `n` permits. Whether it can be `counted` is said by [`counts`](Self::counts), or by the implementation.
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
            self.line.push(Place {
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
