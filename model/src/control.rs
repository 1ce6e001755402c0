//! Verbs that end waits and change all later answers.

use crate::queue::Verdict;
use crate::word::{Model, Word};

impl Model {
    /// Cancels all waiters and returns their permits.
    pub fn cancel_waiters(&mut self, at: u64) {
        self.look(at);
        let off_word = self.refuse_all(Verdict::Cancelled);
        self.lower(self.time(at), off_word);
    }

    /// Restores the initial state.
    pub fn reset(&mut self, at: u64) {
        self.clear(at, Verdict::Cancelled);
        self.fill(self.time(at));
        self.record.begin_again();
    }

    /// Grants every request until a reset. A closed limiter stays closed.
    pub fn bypass(&mut self, at: u64) {
        if self.word != Word::Closed {
            self.clear(at, Verdict::Passed);
            self.word = Word::Bypassed;
        }
    }

    /// Refuses every request until a reset.
    pub fn close(&mut self, at: u64) {
        self.clear(at, Verdict::Closed);
        self.word = Word::Closed;
    }

    fn clear(&mut self, at: u64, verdict: Verdict) {
        self.look(at);
        self.refuse_all(verdict);
        self.queue.clear();
    }
}
