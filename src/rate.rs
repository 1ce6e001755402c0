//! A quota with the arithmetic of decisions about it: TATs and clock readings, in permits and in
//! time. Pure: no atomics, and time is passed in.

use core::mem::offset_of;

use crate::clock::{Tick, Timestamp};
use crate::gcra::{Gcra, Unit};
use crate::quota::Quota;
use crate::scale::Scale;

/// What a decision needs besides the word.
///
/// The order of the fields puts what most decisions read first; see `meter.rs`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Rate {
    pub(crate) gcra: Gcra,
    pub(crate) scale: Scale,
    quota: Quota,
}

impl Rate {
    /// How many bytes most decisions read, from the beginning on.
    pub(crate) const USUAL_PART: usize = offset_of!(Self, scale) + Scale::USUAL_PART;

    /// The arithmetic of `quota` on a clock with this tick, for readings from `now` on.
    pub(crate) fn new(quota: Quota, tick: Tick, now: Timestamp) -> Self {
        let gcra = Gcra::new(quota);
        Self { gcra, scale: Scale::new(Unit::of(quota), gcra.depth(), tick, now), quota }
    }

    #[inline]
    pub(crate) fn quota(&self) -> Quota {
        self.quota
    }

    /// A clock reading in units of the word.
    #[inline]
    pub(crate) fn units(&self, at: Timestamp) -> u64 {
        self.scale.units(at)
    }

    /// When an entry that ends at the TAT `end` comes due, in units.
    #[cfg(feature = "std")]
    pub(crate) fn due(&self, end: u64) -> u64 {
        end.saturating_sub(self.gcra.depth())
    }

    /// When `n` permits behind the TAT `tat` come due, in units.
    #[cfg(feature = "std")]
    pub(crate) fn due_behind(&self, tat: u64, n: u64) -> u64 {
        self.due(tat.saturating_add(self.gcra.amount(n)))
    }

    /// The first clock reading of a time in units.
    #[cfg(feature = "std")]
    pub(crate) fn reading(&self, units: u64) -> Timestamp {
        self.scale.reading(units)
    }

    /// The time of a clock reading at which `n` permits behind the TAT `tat` are due, in units. If
    /// the exact time at which they come due was rounded up to this reading, it is that time.
    #[cfg(feature = "std")]
    pub(crate) fn moment(&self, tat: u64, n: u64, at: Timestamp) -> u64 {
        let (due, now) = (self.due_behind(tat, n), self.units(at));
        if due <= now && self.reading(due) == at { due } else { now }
    }

    /// How far a TAT is ahead of a clock reading, in units.
    #[cfg(feature = "std")]
    pub(crate) fn backlog(&self, tat: u64, at: Timestamp) -> u64 {
        tat.saturating_sub(self.units(at))
    }

    /// Whole permits available at a clock reading.
    #[cfg(any(feature = "keyed", feature = "llm"))]
    pub(crate) fn available(&self, tat: u64, at: Timestamp) -> u64 {
        self.gcra.available(tat, self.units(at))
    }

    /// The TAT after `n` permits are taken at a clock reading, as a debt if need be.
    #[cfg(feature = "llm")]
    pub(crate) fn take(&self, tat: u64, at: Timestamp, n: u64) -> u64 {
        tat.max(self.units(at)).saturating_add(self.gcra.amount(n))
    }

    /// The same number of permits in the units of another rate, rounded up.
    #[cfg(feature = "llm")]
    pub(crate) fn convert(&self, units: u64, to: &Self) -> u64 {
        let converted = (u128::from(units) * u128::from(to.gcra.amount(1))).div_ceil(self.gcra.amount(1).into());
        u64::try_from(converted).unwrap_or(u64::MAX).min(crate::word::MAX_TAT)
    }

    /// Units of the word as a duration, rounded up to 1 ns.
    pub(crate) fn duration(&self, units: u64) -> core::time::Duration {
        Unit::of(self.quota).duration(units)
    }
}
