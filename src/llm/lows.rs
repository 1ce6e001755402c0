//! What calls under way may still give back to one limit of a rolling kind. Pure: no lock, no
//! clock.
//!
//! # Why a call cannot simply give back what it did not use
//!
//! A provider counts what a call uses at the time at which the call is sent. So what is to stay
//! within `burst + elapsed / T` is what calls really used, each at the time it was let go. A plain
//! refund does not guarantee that. An example with a burst of 10 and T = 1:
//!
//! | time | |
//! |---|---|
//! | 0 | A takes 10 |
//! | 10 | B takes 10 |
//! | 10 | A gives all of its 10 back |
//! | 10 | C takes 10: B and C use 20 at once |
//!
//! A refund stands for a past in which less had been taken. In that past the backlog (TAT − now)
//! would have been lower ever since the call was let go, but never below 0: where it was 0, what
//! the call had taken had already come back. So the credit of a call is at most the lowest backlog
//! since then. A credit that is taken lowers the backlog of that past.
//!
//! # What is kept of the past
//!
//! A backlog only falls between two charges, so it is lowest before a charge, or now. Charges fall
//! into stretches, each from the first charge of one call to that of the next. The lowest backlog
//! of each stretch is kept. The past of a call is its own stretch and all that follow. A credit is
//! limited by those stretches, and lowers those and no others. (A call that was let go later does
//! not see the credit, but finds the backlog lowered from where it began: exactly as if the earlier
//! call had taken less.) When a call ends, its stretch becomes part of the one before.

use std::collections::BTreeMap;

/// The lowest backlog of a stretch.
pub(super) type Low = u64;

/// Names the stretch that began with a call's first charge.
pub(super) type Since = u64;

#[derive(Debug, Default)]
pub(super) struct Lows {
    stretches: BTreeMap<Since, Low>,
    next: Since,
}

impl Lows {
    /// A call has been charged for the first time.
    pub(super) fn begin(&mut self) -> Since {
        let since = self.next;
        self.next += 1;
        self.stretches.insert(since, Low::MAX);
        since
    }

    /// A charge is about to be made, with this backlog.
    pub(super) fn note(&mut self, backlog: Low) {
        if let Some(mut last) = self.stretches.last_entry() {
            let low = last.get_mut();
            *low = backlog.min(*low);
        }
    }

    /// The lowest backlog before a charge since the call began.
    pub(super) fn lowest(&self, since: Since) -> Low {
        self.stretches.range(since..).map(|(_, low)| *low).min().unwrap_or(0)
    }

    /// `credit` of what the call took has been given back.
    pub(super) fn lower(&mut self, since: Since, credit: Low) {
        self.stretches.range_mut(since..).for_each(|(_, low)| *low = low.saturating_sub(credit));
    }

    /// The call has ended.
    pub(super) fn end(&mut self, since: Since) {
        let Some(ended) = self.stretches.remove(&since) else { return };
        if let Some((_, low)) = self.stretches.range_mut(..since).next_back() {
            *low = ended.min(*low);
        }
    }

    /// The units of backlogs have changed.
    pub(super) fn convert(&mut self, convert: impl Fn(Low) -> Low) {
        self.stretches.values_mut().for_each(|low| *low = convert(*low));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_credit_lowers_its_own_past_only() {
        let mut lows = Lows::default();
        let a = lows.begin();
        lows.note(10);
        let b = lows.begin();
        lows.note(20);
        assert_eq!((lows.lowest(a), lows.lowest(b)), (10, 20));
        lows.lower(b, 10);
        lows.end(b);
        assert_eq!(lows.lowest(a), 10);
        lows.note(10);
        lows.lower(a, 4);
        assert_eq!(lows.lowest(a), 6);
    }

    #[test]
    fn the_past_of_a_call_that_ended_belongs_to_earlier_calls() {
        let mut lows = Lows::default();
        let (a, b) = (lows.begin(), lows.begin());
        lows.note(3);
        let c = lows.begin();
        lows.note(8);
        lows.end(b);
        assert_eq!((lows.lowest(a), lows.lowest(c)), (3, 8));
        lows.end(a);
        lows.end(a);
        assert_eq!((lows.lowest(c), lows.stretches.len()), (8, 1));
    }

    /// Nothing is known of a call that has ended: it gives nothing back.
    #[test]
    fn a_call_that_has_ended_has_no_past() {
        let mut lows = Lows::default();
        let a = lows.begin();
        lows.end(a);
        assert_eq!(lows.lowest(a), 0);
    }
}
