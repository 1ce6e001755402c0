//! What stands in for the line of waiters without `std`, where nobody waits: a word past the depth is then a debt.

use crate::clock::{Clock, Timestamp};
use crate::limiter::RateLimiter;
use crate::meter::Meter;
use crate::state::Snapshot;
use crate::verdict::Verdict;

impl<C: Clock> RateLimiter<C> {
    fn units(&self, now: Option<Timestamp>) -> u64 {
        self.meter.scale.units(now.unwrap_or_else(|| self.clock().now()))
    }

    #[expect(clippy::unused_self, reason = "as where there is a line")]
    pub(crate) fn line_is_empty(&self) -> bool {
        true
    }

    pub(crate) fn refund_waiting(&self, now: Option<Timestamp>, n: u64) {
        self.meter.lower(self.units(now), self.meter.gcra.amount(n));
    }

    pub(crate) fn charge_waiting(&self, now: Option<Timestamp>, n: u64) {
        let _ = self.meter.charge(self.units(now), self.meter.gcra.amount(n));
    }

    pub(crate) fn restart(&self, _: Verdict, word: impl FnOnce(&Meter, u64) -> Option<Snapshot>) {
        if let Some(word) = word(&self.meter, self.units(None)) {
            self.meter.set(word);
        }
    }
}
