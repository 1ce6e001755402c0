//! From the ticks of a clock to units of the word and back.
//!
//! One multiplication and a shift, whatever a tick is: the clock's raw counter is scaled once, never through
//! nanoseconds. The factor is rounded **up**, by less than one part in 2^60 for ticks of up to 5 GHz: so the exact boundary of a grant stays a
//! grant (the proof in `gcra.rs` needs `f(t) − f(t₀) ≥ c` from `M·(t − t₀) ≥ c`, and a larger slope keeps it), and over
//! the longest burst, 2^62 units, the other side of that proof gives away less than `M − 1` units.

use crate::clock::{Tick, Timestamp};
use crate::gcra::{MAX_TAT, Unit};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// The reading at which the word's time begins.
    origin: u64,
    /// Units a tick, times `2^shift`, rounded up.
    factor: u64,
    /// 1 to 63.
    shift: u32,
    /// Ticks after the origin beyond which time stands still, so that now + depth stays a TAT.
    horizon: u64,
}

impl Scale {
    pub(crate) fn new(unit: Unit, depth: u64, tick: Tick, origin: Timestamp) -> Self {
        // Units a tick, capacity · 2^k / period · nanos / per, by long division to as many bits as 63 bits hold. Both
        // products fit: a tick is at most a second, so `nanos` and `per` are under 2^63.
        let numerator = u128::from(unit.capacity) * u128::from(tick.nanos());
        let denominator = u128::from(unit.period_nanos) * u128::from(tick.per());
        let (mut quotient, mut remainder, mut bits) = (numerator / denominator, numerator % denominator, 0);
        while bits < unit.k + 63 && quotient < 1 << 62 {
            remainder <<= 1;
            quotient = quotient << 1 | u128::from(remainder >= denominator);
            remainder -= if remainder >= denominator { denominator } else { 0 };
            bits += 1;
        }
        let shift = bits - unit.k;
        let factor = u64::try_from(quotient + u128::from(remainder > 0)).unwrap_or(u64::MAX);
        let mut scale = Self { origin: origin.ticks(), factor, shift, horizon: u64::MAX };
        // No further than the clock can read, so that a reading from before the origin wraps to one past the horizon.
        scale.horizon = scale.ticks_before(MAX_TAT - depth).min(u64::MAX - origin.ticks());
        scale
    }

    /// The word's time at a clock reading, rounded down. Readings from before the origin are 0; past the horizon time
    /// stands still.
    #[inline]
    pub(crate) fn units(&self, at: Timestamp) -> u64 {
        let ticks = at.ticks().wrapping_sub(self.origin);
        if ticks <= self.horizon { self.scaled(ticks) } else { self.out_of_range(at) }
    }

    #[inline]
    fn scaled(&self, ticks: u64) -> u64 {
        let product = u128::from(ticks) * u128::from(self.factor);
        #[expect(clippy::cast_possible_truncation, reason = "a shift of 1 to 63, spelled so that it needs no branch")]
        let (high, low) = ((product >> 64) as u64, product as u64);
        high << (64 - self.shift) | low >> self.shift
    }

    #[cold]
    fn out_of_range(&self, at: Timestamp) -> u64 {
        if at.ticks() < self.origin { 0 } else { self.scaled(self.horizon) }
    }

    /// The first clock reading whose [`units`](Self::units) are at least `units`; the last of all if there is none.
    #[cfg(feature = "std")]
    pub(crate) fn reading(&self, units: u64) -> Timestamp {
        let ticks = (u128::from(units) << self.shift).div_ceil(u128::from(self.factor));
        Timestamp::from_ticks(u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(self.origin))
    }

    /// The most ticks that scale to no more than `units`.
    fn ticks_before(&self, units: u64) -> u64 {
        let end = (u128::from(units) + 1) << self.shift;
        u64::try_from((end - 1) / u128::from(self.factor)).unwrap_or(u64::MAX)
    }
}
