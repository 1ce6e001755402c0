//! From the ticks of a clock to units of the word and back.
//!
//! The conversion is a shift and the upper half of one multiplication, whatever a tick is. So the
//! raw counter of a clock is scaled once, and never goes through nanoseconds.
//!
//! The factor is rounded **up**, by at most one part in 2^62 for ticks of up to 4 GHz:
//!
//! - The exact boundary of a grant stays a grant. The proof in `gcra.rs` needs `f(t) − f(t₀) ≥ c`
//!   from `M·(t − t₀) ≥ c`, and a larger slope keeps that.
//! - 1 ns before the boundary stays a refusal. Over the longest burst, 25 years, the rounding gives
//!   away `M · 7.9e17 / 2^62 = 0.17 M` units. The other side of that proof has `M − 1 ≥ M/2` units
//!   to spare. (At 5 GHz the factor has fewer than 62 bits for the slowest unit, and the rounding
//!   gives away 0.22 M.)

use core::mem::offset_of;

use crate::clock::{Tick, Timestamp};
use crate::gcra::Unit;
use crate::word::MAX_TAT;

/// How clock readings become units of the word.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Scale {
    /// Units per tick, times `2^(64 − lift)`, rounded up.
    factor: u64,
    /// The horizon if the origin is 0 and the lift is [`USUAL`], and otherwise 0. So one comparison
    /// tests all three.
    usual_horizon: u64,
    /// The ticks after the origin beyond which time stands still, so that now + depth stays a TAT
    /// and the lift loses no bit.
    horizon: u64,
    /// The reading at which the time of the word begins. It is 0 if possible, which saves every
    /// decision a subtraction.
    origin: u64,
    /// By how many bits ticks are lifted so that the upper half of the product is in units; less
    /// than 64.
    lift: u32,
}

/// The lift for ticks of 2 to 4 GHz, which is what time-stamp counters have. On x86-64, a shift by
/// a constant takes two instructions, and one or two cycles, less than a shift by a variable.
const USUAL: u32 = 1;

/// The time of the word begins at the reading 0 if at most one part in this many of it has passed
/// by now. So at least 27 years are left at the fastest rate, and a century at others.
const SPENT: u64 = 4;

impl Scale {
    /// How many bytes most decisions read, from the beginning on.
    pub(crate) const USUAL_PART: usize = offset_of!(Self, horizon);

    /// The scale from ticks to units, which must last from the reading `now` on.
    pub(crate) fn new(unit: Unit, depth: u64, tick: Tick, now: Timestamp) -> Self {
        // Units per tick, capacity · 2^k / period · nanos / per, by long division to as many bits
        // as 64 bits hold. Both products fit: `nanos` and `per` are less than 2^62.
        let numerator = u128::from(unit.capacity) * u128::from(tick.nanos());
        let denominator = u128::from(unit.period_nanos) * u128::from(tick.per());
        let (mut quotient, mut remainder, mut bits) = (numerator / denominator, numerator % denominator, 0);
        let enough = |quotient: u128, bits: u32| quotient >= 1 << if bits == unit.k + 64 - USUAL { 62 } else { 63 };
        while bits < unit.k + 64 && !enough(quotient, bits) {
            remainder <<= 1;
            quotient = quotient << 1 | u128::from(remainder >= denominator);
            remainder -= if remainder >= denominator { denominator } else { 0 };
            bits += 1;
        }
        let lift = unit.k + 64 - bits;
        // If the factor is rounded up to 2^64, half of that is lifted by one bit more.
        let (factor, lift) = match u64::try_from(quotient + u128::from(remainder > 0)) {
            Ok(factor) => (factor, lift),
            Err(_) => (1 << 63, lift + 1),
        };
        let mut scale = Self { origin: 0, factor, horizon: 0, usual_horizon: 0, lift };
        let horizon = scale.last_within(MAX_TAT - depth).min(u64::MAX >> lift);
        if now.ticks() <= horizon / SPENT {
            scale.horizon = horizon;
            scale.usual_horizon = if lift == USUAL { horizon } else { 0 };
        } else {
            scale.origin = now.ticks();
            scale.horizon = horizon.min(u64::MAX - now.ticks());
        }
        scale
    }

    /// The time of the word at a clock reading, rounded down. A reading before the origin is 0.
    /// Past the horizon, time stands still.
    #[inline]
    pub(crate) fn units(&self, at: Timestamp) -> u64 {
        let ticks = at.ticks();
        if ticks <= self.usual_horizon { self.scaled(ticks << USUAL) } else { self.unusual(at) }
    }

    /// `lifted` ticks in units: the upper half of the product.
    #[inline]
    fn scaled(&self, lifted: u64) -> u64 {
        let product = u128::from(lifted) * u128::from(self.factor);
        (product >> 64) as u64
    }

    /// [`units`](Self::units) with another lift or origin, or past the horizon.
    #[inline(never)]
    fn unusual(&self, at: Timestamp) -> u64 {
        let ticks = at.ticks().saturating_sub(self.origin).min(self.horizon);
        self.scaled(ticks << self.lift)
    }

    /// Units per tick, times `2^64`.
    fn slope(&self) -> u128 {
        u128::from(self.factor) << self.lift
    }

    /// The first clock reading with [`units`](Self::units) of at least `units`. If there is none,
    /// the last reading of all.
    #[cfg(feature = "std")]
    pub(crate) fn reading(&self, units: u64) -> Timestamp {
        let ticks = (u128::from(units) << 64).div_ceil(self.slope());
        Timestamp::from_ticks(u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(self.origin))
    }

    /// The reading, or the last one before time stands still if that is earlier.
    #[cfg(feature = "keyed")]
    pub(crate) fn within_horizon(&self, at: Timestamp) -> Timestamp {
        at.min(Timestamp::from_ticks(self.origin + self.horizon))
    }

    /// [`units`](Self::units) of a reading that need not be one of a clock. Past the horizon too,
    /// up to the largest TAT.
    #[cfg(feature = "keyed")]
    pub(crate) fn units_beyond(&self, at: Timestamp) -> u64 {
        let ticks = at.ticks().saturating_sub(self.origin);
        let units = self.slope().checked_mul(ticks.into()).map_or(u128::MAX, |product| product >> 64);
        u64::try_from(units).unwrap_or(MAX_TAT).min(MAX_TAT)
    }

    /// The most ticks that scale to no more than `units`.
    fn last_within(&self, units: u64) -> u64 {
        let end = (u128::from(units) + 1) << 64;
        u64::try_from((end - 1) / self.slope()).unwrap_or(u64::MAX)
    }
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use std::time::Duration;

    use limitor_model::{Limiter, Model};
    use proptest::prelude::*;

    use super::*;
    use crate::gcra::Gcra;
    use crate::quota::Quota;

    /// For ticks of every length, and so for every lift: before the origin, time is 0. Past the
    /// horizon, a depth can still be added to the time.
    #[test]
    fn units_before_the_origin_and_past_the_horizon_stand_still() {
        for (nanos, per) in [(1, 1), (1, 2), (5, 13), (1, 5), (1, 1_000), (125, 3), (1_000_000_000, 1)] {
            for quota in
                ["1/s", "3/s", "10000000000/s", "1/365d", "70000/min"].map(|text| text.parse::<Quota>().unwrap())
            {
                for now in [0, 1_000, u64::MAX / 2, u64::MAX - 1_000, u64::MAX] {
                    let (depth, reading) = (Gcra::new(quota).depth(), Timestamp::from_ticks(now));
                    let scale = Scale::new(Unit::of(quota), depth, Tick::new(nanos, per).unwrap(), reading);
                    let at = |ticks| scale.units(Timestamp::from_ticks(ticks));
                    assert_eq!([at(0), at(scale.origin / 2), at(scale.origin)], [0; 3]);
                    let last = scale.origin + scale.horizon;
                    assert!(at(last) <= MAX_TAT - depth, "{quota} at {nanos}/{per} from {now}");
                    for past in [last.saturating_add(1), u64::MAX] {
                        assert_eq!(at(past), at(last), "{quota} at {nanos}/{per} from {now}");
                    }
                }
            }
        }
    }

    /// From any reading on, the scale lasts for decades if the clock does.
    #[test]
    fn scale_from_any_reading_has_three_quarters_left() {
        for (now, left) in [(0, 36), (1 << 58, 27), (1 << 59, 27), (1 << 60, 27), (1 << 62, 36)] {
            for (quota, years) in [("10000000000/s", left), ("1/s", 3 * left), ("70000/min", 3 * left)] {
                let quota: Quota = quota.parse().unwrap();
                let reading = Timestamp::from_ticks(now);
                let scale = Scale::new(Unit::of(quota), Gcra::new(quota).depth(), Tick::NANOSECOND, reading);
                let end = scale.origin + scale.horizon;
                assert!((end - now) / 31_557_600_000_000_000 >= years, "{quota} from {now}");
            }
        }
    }

    /// For one of the quotas, whole ticks are whole units, so the next tick is one unit too many.
    #[test]
    fn last_tick_within_units_is_followed_by_one_past_them() {
        let whole_ticks = Quota::new(1, Duration::from_nanos(1 << 30)).unwrap();
        for quota in [whole_ticks, Quota::per_second(3).unwrap()] {
            let scale =
                Scale::new(Unit::of(quota), Gcra::new(quota).depth(), Tick::NANOSECOND, Timestamp::from_ticks(0));
            let units = |ticks: u64| (scale.slope() * u128::from(ticks)) >> 64;
            for within in [1, 2, 3, 1_000, 1 << 40, MAX_TAT / 3] {
                let last = scale.last_within(within);
                assert!(units(last) <= within.into() && units(last + 1) > within.into(), "{quota}: {last} in {within}");
            }
        }
    }

    proptest! {
        /// At any rate, on clocks of 1 to 5 GHz, from any reading on: if the model grants a
        /// request, the code does. If the model would not grant it even 1 ns later, the code does
        /// not. And `reading` gives the first reading of some units.
        #[test]
        fn scaled_readings_decide_as_the_model_does_within_1_ns(
            (capacity, shift, period) in (prop_oneof![any::<u64>(), 0..50_u64], 0..63_u32, 1..25 * 31_557_600_000_000_000_u64),
            per in 1..6_u64,
            start in prop_oneof![Just(0), 0..1_u64 << 55],
            (late, near, burst, n) in (0..1_u64 << 55, -3..=3_i64, 1..100_u64, 1..100_u64),
        ) {
            let period = (period >> shift).max(1);
            let capacity = capacity % period.saturating_mul(10) + 1;
            let quota = Quota::new(capacity.min(period.saturating_mul(10)), Duration::from_nanos(period)).unwrap();
            let burst = burst.min(quota.burst());
            // If the burst allows, the permits of a whole period: then the boundary is on a
            // reading.
            let n = if quota.capacity() <= burst { quota.capacity() } else { n.min(burst) };
            let quota = quota.with_burst(burst).unwrap();
            let (gcra, tick) = (Gcra::new(quota), Tick::new(1, per).unwrap());
            let reading = |nanos: u64| Timestamp::from_ticks(nanos * per);
            let scale = Scale::new(Unit::of(quota), gcra.depth(), tick, Timestamp::from_ticks(0));

            // The whole burst is taken at `start`. `n` permits are available again `n·T` later; try
            // that moment and up to 3 ns before and after.
            let mut model = Model::new(Limiter::new(quota.capacity(), period, burst));
            model.try_acquire(start, burst).unwrap();
            let tat = gcra.decide(0, scale.units(reading(start)), gcra.depth()).unwrap();
            let needed = u128::from(n) * u128::from(period) / u128::from(quota.capacity());
            for later in [late, u64::try_from(needed).unwrap().saturating_add_signed(near)] {
                let at = start + later;
                let granted = gcra.decide(tat, scale.units(reading(at)), gcra.cost(n)).is_ok();
                prop_assert!(granted || model.clone().try_acquire(at, n).is_err(), "refused at {}", at);
                prop_assert!(!granted || model.clone().try_acquire(at + 1, n).is_ok(), "granted at {}", at);
                let units = scale.units(reading(at));
                let first = scale.reading(units);
                prop_assert!(first <= reading(at) && scale.units(first) >= units);
                prop_assert!(first.ticks() == 0 || scale.units(Timestamp::from_ticks(first.ticks() - 1)) < units);
            }
        }
    }
}
