//! The engine without `std`: the word alone. Nothing waits, so a word past the depth is a debt.

use crossbeam_utils::CachePadded;

use super::verdict::Verdict;
use crate::clock::Timestamp;
use crate::meter::Meter;
use crate::state::Snapshot;

/// A word without a queue.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) meter: CachePadded<Meter>,
}

impl Engine {
    pub(crate) fn new(meter: Meter) -> Self {
        Self { meter: CachePadded::new(meter) }
    }

    #[expect(clippy::unused_self, reason = "the same as where there is a queue")]
    pub(crate) fn queue_is_empty(&self) -> bool {
        true
    }

    #[expect(clippy::unused_self, reason = "the same as where there is a queue")]
    pub(crate) fn waiters(&self, _: impl FnOnce() -> Timestamp) -> usize {
        0
    }

    pub(crate) fn refund_waiting(&self, n: u64, now: impl FnOnce() -> Timestamp) {
        let rate = &self.meter.rate;
        self.meter.lower(rate.units(now()), rate.gcra.amount(n));
    }

    pub(crate) fn charge_waiting(&self, n: u64, now: impl FnOnce() -> Timestamp) {
        let rate = &self.meter.rate;
        let _ = self.meter.charge(rate.units(now()), rate.gcra.amount(n));
    }

    pub(crate) fn restart(
        &self,
        _: Verdict,
        now: impl FnOnce() -> Timestamp,
        word: impl FnOnce(&Meter, u64) -> Option<Snapshot>,
    ) {
        if let Some(word) = word(&self.meter, self.meter.rate.units(now())) {
            self.meter.set(word);
        }
    }
}
