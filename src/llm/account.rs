//! One limit of a rolling kind, and what calls under way may still give back to it. Pure: no lock, no clock.
//!
//! # Why a call cannot simply give back what it did not use
//!
//! A provider counts what a call uses, when it is let go. So what is to stay within `burst + elapsed / T` is what calls really
//! used, each at the time it was let go. A plain refund does not see to that: A takes 10 of a burst of 10 at 0, B takes
//! 10 at 10 (T = 1), A gives all of its 10 back at 10, C takes 10 at 10: B and C use 20 at once.
//!
//! A refund stands for a past in which less had been taken. In that past the backlog (TAT − now) would have been lower ever
//! since the call was let go, but never below 0: where it was 0, what the call had taken had already come back. So the
//! credit of a call is at most the lowest backlog since then; and a credit that is taken lowers the backlog of the past for
//! all others.

use crate::clock::{Clock, Tick, Timestamp};
use crate::gcra::{Gcra, MAX_TAT, Unit};
use crate::quota::Quota;
use crate::scale::Scale;

/// The TAT of one limit.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// What was configured; the provider may allow less for a while.
    configured: Quota,
    quota: Quota,
    gcra: Gcra,
    scale: Scale,
    tat: u64,
}

/// The lowest backlog since a call was let go.
pub(super) type Low = u64;

impl Account {
    pub(super) fn new(quota: Quota, clock: &impl Clock) -> Self {
        Self::with_backlog(quota, quota, 0, clock.tick(), clock.now())
    }

    fn with_backlog(configured: Quota, quota: Quota, permits: u64, tick: Tick, now: Timestamp) -> Self {
        let gcra = Gcra::new(quota);
        let scale = Scale::new(Unit::of(quota), gcra.depth(), tick, now);
        Self { configured, quota, gcra, scale, tat: gcra.amount(permits).min(MAX_TAT) }
    }

    #[cfg(feature = "http")]
    pub(super) fn configured(&self) -> Quota {
        self.configured
    }

    pub(super) fn quota(&self) -> Quota {
        self.quota
    }

    /// The first reading at which `n` can be had.
    pub(super) fn due(&self, n: u64) -> Timestamp {
        self.scale.reading(self.tat.saturating_add(self.gcra.amount(n)).saturating_sub(self.gcra.depth()))
    }

    fn backlog(&self, now: Timestamp) -> u64 {
        self.tat.saturating_sub(self.scale.units(now))
    }

    /// Whether nothing is missing of what was configured.
    pub(super) fn is_whole(&self, now: Timestamp) -> bool {
        self.backlog(now) == 0 && self.quota == self.configured
    }

    pub(super) fn available(&self, now: Timestamp) -> u64 {
        self.gcra.available(self.tat, self.scale.units(now))
    }

    /// Takes `n`, as a debt if need be. The backlog before and after, for the lows.
    pub(super) fn take(&mut self, n: u64, now: Timestamp) -> (Low, Low) {
        let before = self.backlog(now);
        let begin = self.tat.max(self.scale.units(now));
        self.tat = begin.saturating_add(self.gcra.amount(n)).min(MAX_TAT);
        (before, self.backlog(now))
    }

    /// Gives back what it can of `n` that were not used by a call whose lowest backlog so far is `low`. By how much that
    /// lowers the lows of the others.
    pub(super) fn give_back(&mut self, n: u64, low: Low, now: Timestamp) -> Low {
        let credit = self.gcra.amount(n).min(low).min(self.backlog(now));
        self.tat -= credit;
        credit
    }

    /// Goes on with another quota, of at most what was configured, with as many permits missing as now. Lows are multiplied by
    /// what comes back.
    pub(super) fn allow(&mut self, capacity: u64, tick: Tick, now: Timestamp) -> Option<impl Fn(Low) -> Low + use<>> {
        let configured = self.configured;
        let capacity = capacity.clamp(1, configured.capacity());
        if capacity == self.quota.capacity() {
            return None;
        }
        // The burst shrinks as the capacity does, and is at least 1.
        let share = u128::from(configured.burst()) * u128::from(capacity) / u128::from(configured.capacity());
        let burst = u64::try_from(share).unwrap_or(u64::MAX).max(1);
        let quota = Quota::new(capacity, configured.period()).and_then(|quota| quota.with_burst(burst)).ok()?;
        let (old, missing) = (self.gcra, self.backlog(now));
        *self = Self::with_backlog(configured, quota, 0, tick, now);
        let new = self.gcra;
        self.tat = convert_units(missing, old, new);
        Some(move |units| convert_units(units, old, new))
    }
}

/// As many permits, in the units of another quota, rounded up.
fn convert_units(units: u64, old: Gcra, new: Gcra) -> u64 {
    let units = (u128::from(units) * u128::from(new.amount(1))).div_ceil(u128::from(old.amount(1)));
    u64::try_from(units).unwrap_or(u64::MAX).min(MAX_TAT)
}
