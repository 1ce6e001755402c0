//! From the ticks of a clock to units of the word and back.
//!
//! A shift and the upper half of one multiplication, whatever a tick is: the clock's raw counter is scaled once, never
//! through nanoseconds. The factor is rounded **up**, by one part in 2^63 at most for ticks of up to 5 GHz. So the exact
//! boundary of a grant stays a grant: the proof in `gcra.rs` needs `f(t) − f(t₀) ≥ c` from `M·(t − t₀) ≥ c`, and a larger
//! slope keeps it. And over the longest burst, 2^62 units, what that gives away is half a unit, less than the `M − 1` that the
//! other side of that proof has to spare.

use crate::clock::{Tick, Timestamp};
use crate::gcra::{MAX_TAT, Unit};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// The reading at which the word's time begins.
    origin: u64,
    /// Units a tick, times `2^(64 − lift)`, rounded up.
    factor: u64,
    /// Ticks after the origin beyond which time stands still: so that now + depth stays a TAT, that the lift loses no bit,
    /// and that a reading from before the origin, which wraps, lies past it.
    horizon: u64,
    /// By how many bits ticks are lifted for the upper half of the product to be units; under 64.
    lift: u32,
}

impl Scale {
    pub(crate) fn new(unit: Unit, depth: u64, tick: Tick, origin: Timestamp) -> Self {
        // Units a tick, capacity · 2^k / period · nanos / per, by long division to as many bits as 64 bits hold. Both
        // products fit: `nanos` and `per` are under 2^62.
        let numerator = u128::from(unit.capacity) * u128::from(tick.nanos());
        let denominator = u128::from(unit.period_nanos) * u128::from(tick.per());
        let (mut quotient, mut remainder, mut bits) = (numerator / denominator, numerator % denominator, 0);
        while bits < unit.k + 64 && quotient < 1 << 63 {
            remainder <<= 1;
            quotient = quotient << 1 | u128::from(remainder >= denominator);
            remainder -= if remainder >= denominator { denominator } else { 0 };
            bits += 1;
        }
        let lift = unit.k + 64 - bits;
        // Rounded up to 2^64, it is half of that lifted by one more.
        let (factor, lift) = match u64::try_from(quotient + u128::from(remainder > 0)) {
            Ok(factor) => (factor, lift),
            Err(_) => (1 << 63, lift + 1),
        };
        let mut scale = Self { origin: origin.ticks(), factor, horizon: 0, lift };
        let last = scale.last_within(MAX_TAT - depth);
        scale.horizon = last.min(u64::MAX >> lift).min(u64::MAX - origin.ticks());
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
        let product = u128::from(ticks << self.lift) * u128::from(self.factor);
        (product >> 64) as u64
    }

    #[cold]
    fn out_of_range(&self, at: Timestamp) -> u64 {
        if at.ticks() < self.origin { 0 } else { self.scaled(self.horizon) }
    }

    /// `2^64 · units a tick`.
    fn slope(&self) -> u128 {
        u128::from(self.factor) << self.lift
    }

    /// The first clock reading whose [`units`](Self::units) are at least `units`; the last of all if there is none.
    #[cfg(feature = "std")]
    pub(crate) fn reading(&self, units: u64) -> Timestamp {
        let ticks = (u128::from(units) << 64).div_ceil(self.slope());
        Timestamp::from_ticks(u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(self.origin))
    }

    /// The most ticks that scale to no more than `units`.
    fn last_within(&self, units: u64) -> u64 {
        let end = (u128::from(units) + 1) << 64;
        u64::try_from((end - 1) / self.slope()).unwrap_or(u64::MAX)
    }
}
