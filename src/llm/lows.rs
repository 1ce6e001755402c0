//! How much calls under way may still refund to one limit of a rolling kind. Pure: no lock, no
//! clock.
//!
//! # Why a call cannot refund all that it did not use
//!
//! A provider counts what a call uses at the time at which the call is sent. So the bound
//! `burst + elapsed / T` must hold for what calls actually used, each counted when it was admitted.
//! A plain refund does not guarantee that. An example with a burst of 10 and T = 1:
//!
//! | time | |
//! |---|---|
//! | 0 | A takes 10 |
//! | 10 | B takes 10 |
//! | 10 | A refunds all of its 10 |
//! | 10 | C takes 10: B and C use 20 at once |
//!
//! A refund is exact if it gives the state of a past in which the call had taken less. In that past
//! the backlog (TAT − now) would have been lower ever since the call was admitted, but never
//! negative. Where the backlog was 0, all that the call had taken was already available again. So
//! the credit of a call is at most the lowest backlog since it was admitted. A refund lowers the
//! backlog of that past by its credit.
//!
//! # What is kept of the past
//!
//! Between two charges a backlog only falls, so it is lowest just before a charge, or now. Charges
//! are grouped into stretches: each stretch runs from the first charge of one call to that of the
//! next. The lowest backlog of each stretch is kept. The past of a call is its own stretch and all
//! later ones. A credit is limited by those stretches, and lowers only those.
//!
//! A call that was admitted later does not see the credit, but its backlog is lower from its first
//! charge on. That is exactly as if the earlier call had taken less. When a call ends, its stretch
//! is merged into the one before.

use std::collections::BTreeMap;

/// The lowest backlog of a stretch.
pub(super) type Low = u64;

/// The number of the stretch that began with a call's first charge.
pub(super) type Since = u64;

/// The lowest backlog of each stretch.
#[derive(Debug, Default)]
pub(super) struct Lows {
    stretches: BTreeMap<Since, Low>,
    next: Since,
}

impl Lows {
    /// Begins a stretch with the first charge of a call.
    pub(super) fn begin(&mut self) -> Since {
        let since = self.next;
        self.next += 1;
        self.stretches.insert(since, Low::MAX);
        since
    }

    /// Notes the backlog just before a charge.
    pub(super) fn note(&mut self, backlog: Low) {
        if let Some(mut last) = self.stretches.last_entry() {
            let low = last.get_mut();
            *low = backlog.min(*low);
        }
    }

    /// Returns the lowest backlog before a charge since the call began; 0 if the call has ended and
    /// no later call is under way.
    pub(super) fn lowest(&self, since: Since) -> Low {
        self.stretches.range(since..).map(|(_, low)| *low).min().unwrap_or(0)
    }

    /// Lowers the past of a call by a `credit` that the call refunded.
    pub(super) fn lower(&mut self, since: Since, credit: Low) {
        self.stretches.range_mut(since..).for_each(|(_, low)| *low = low.saturating_sub(credit));
    }

    /// Ends a call, and merges its stretch into the one before.
    pub(super) fn end(&mut self, since: Since) {
        let Some(ended) = self.stretches.remove(&since) else { return };
        if let Some((_, low)) = self.stretches.range_mut(..since).next_back() {
            *low = ended.min(*low);
        }
    }

    /// Converts all backlogs to other units.
    pub(super) fn convert(&mut self, convert: impl Fn(Low) -> Low) {
        self.stretches.values_mut().for_each(|low| *low = convert(*low));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_credit_lowers_only_the_past_of_its_call() {
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
    fn an_ended_call_leaves_its_past_to_the_call_before() {
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

    #[test]
    fn an_ended_call_can_refund_nothing() {
        let mut lows = Lows::default();
        let a = lows.begin();
        lows.end(a);
        assert_eq!(lows.lowest(a), 0);
    }
}
