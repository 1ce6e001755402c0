//! What ends waits, and changes how everyone is answered.

use crate::line::Verdict;
use crate::word::{Model, Word};

impl Model {
    /// Sends all who wait away; their places are given back.
    pub fn cancel_waiters(&mut self, at: u64) {
        self.look(at);
        let off_word = self.refuse_all(Verdict::Cancelled);
        self.lower(self.time(at), off_word);
    }

    /// Begins again as it was built.
    pub fn reset(&mut self, at: u64) {
        self.clear(at, Verdict::Cancelled);
        self.fill(self.time(at));
        self.record.begin_again();
    }

    /// Lets all pass until a reset. A closed limiter stays closed.
    pub fn bypass(&mut self, at: u64) {
        if self.word != Word::Closed {
            self.clear(at, Verdict::Passed);
            self.word = Word::Bypassed;
        }
    }

    /// Refuses all until a reset.
    pub fn close(&mut self, at: u64) {
        self.clear(at, Verdict::Closed);
        self.word = Word::Closed;
    }

    fn clear(&mut self, at: u64, verdict: Verdict) {
        self.look(at);
        self.refuse_all(verdict);
        self.line.clear();
    }
}
