//! The Generic Cell Rate Algorithm as pure integer functions of (TAT, now, cost): no atomics, no
//! clock.
//!
//! Source: ITU-T I.371, "virtual scheduling"; ATM Forum TM 4.1, section 4.4.2.
//!
//! # The unit
//!
//! Time is counted in *permits*, in fixed point: one permit is `2^k` units. So a cost is exactly
//! `n << k` at any rate. Only the conversion of a clock reading rounds: down, by less than one
//! unit, see `scale.rs`. Let `M` be the number of units per nanosecond. Then `k` is the largest for
//! which `M < 4`, or 0 if even whole permits are shorter than that:
//!
//! - `M ≥ 2`, so a unit is at most half a nanosecond: on the exact boundary the answer is a grant,
//!   and 1 ns before it a refusal. Proof: let `f(t) = ⌊M·t⌋` and TAT = f(t₀) + c for a whole c.
//!   If `M·(t − t₀) ≥ c`, then `f(t) ≥ ⌊M·t₀ + c⌋ = f(t₀) + c`.
//!   If `M·(t + 1 − t₀) ≤ c`, then `f(t) − f(t₀) < M·(t − t₀) + 1 ≤ c + 1 − M < c`.
//! - `2^64` units last at least 146 years. At the fastest rate, 1e10 per second, they last 58
//!   years, of which `scale.rs` can use 36.

use core::time::Duration;

use crate::quota::Quota;
#[cfg(feature = "std")]
use crate::word::MAX_TAT;

/// How long a unit of the word is: a permit is `2^k` units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    pub(crate) capacity: u64,
    pub(crate) period_nanos: u64,
    pub(crate) k: u32,
}

impl Unit {
    pub(crate) fn of(quota: Quota) -> Self {
        let (capacity, period_nanos) = (quota.capacity(), quota.period_nanos());
        // The largest k with capacity · 2^k < 4 · period.
        let ratio = (4 * u128::from(period_nanos) - 1) / u128::from(capacity);
        Self { capacity, period_nanos, k: ratio.checked_ilog2().unwrap_or(0) }
    }

    /// `units` as a duration, rounded up to 1 ns.
    pub(crate) fn duration(self, units: u64) -> Duration {
        let nanos = (u128::from(units) * u128::from(self.period_nanos)).div_ceil(u128::from(self.capacity) << self.k);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// A short `duration`, of seconds at most, in units, rounded down.
    #[cfg(feature = "std")]
    pub(crate) fn units_in(self, duration: Duration) -> u64 {
        let units = (u128::from(self.capacity) << self.k) * duration.as_nanos() / u128::from(self.period_nanos);
        u64::try_from(units).unwrap_or(u64::MAX)
    }

    /// The units whose [`duration`](Self::duration) is this one, if it is at least 1 ns and at most
    /// 146 years: a nanosecond has two units and more, so there are some.
    #[cfg(feature = "llm")]
    pub(crate) fn units_covering(self, duration: Duration) -> u64 {
        // Within 146 years nothing wraps: 2^62 ns of at most 10 permits each, and a period of under
        // 2^64 ns.
        const LONGEST: u128 = 1 << 62;
        let Some(before) = duration.as_nanos().min(LONGEST).checked_sub(1) else { return 0 };
        let units = (u128::from(self.capacity) << self.k).saturating_mul(before) / u128::from(self.period_nanos);
        u64::try_from(units + 1).unwrap_or(u64::MAX)
    }
}

/// The two constants of the algorithm, in units: the cost of a permit, and how far the TAT may be
/// ahead of the clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gcra {
    burst: u64,
    /// burst · T; at most 2^63.
    depth: u64,
    /// A permit: `2^k`.
    permit: u64,
    k: u32,
}

impl Gcra {
    pub(crate) fn new(quota: Quota) -> Self {
        let Unit { k, .. } = Unit::of(quota);
        let burst = quota.burst();
        Self { burst, depth: burst << k, permit: 1 << k, k }
    }

    #[inline]
    pub(crate) fn burst(&self) -> u64 {
        self.burst
    }

    #[inline]
    pub(crate) fn depth(&self) -> u64 {
        self.depth
    }

    /// The cost of `n` permits, which are at most the burst.
    #[inline]
    pub(crate) fn cost(&self, n: u64) -> u64 {
        n * self.permit
    }

    /// The cost of any number of permits, as a debt or a refund; saturates.
    pub(crate) fn amount(&self, n: u64) -> u64 {
        n.saturating_mul(self.permit)
    }

    /// The TAT after a grant of `cost` (at most the depth) at `now`. If the request is too early,
    /// the error is by how much.
    #[inline]
    pub(crate) fn decide(&self, tat: u64, now: u64, cost: u64) -> Result<u64, u64> {
        // Neither sum wraps: a reading is at most MAX_TAT − depth, see `Scale`. The chain of
        // operations from the reading is short: `room` does not depend on the reading, and the
        // first sum runs beside the difference.
        let (ahead, room) = (tat.saturating_sub(now), self.depth - cost);
        if ahead <= room { Ok((now + cost) + ahead) } else { Err(ahead - room) }
    }

    /// The TAT after an entry of `cost` behind all others. The entry comes due at that TAT less the
    /// depth. `None` if the TAT would exceed the largest one.
    #[cfg(feature = "std")]
    pub(crate) fn enter(tat: u64, now: u64, cost: u64) -> Option<u64> {
        tat.max(now).checked_add(cost).filter(|tat| *tat <= MAX_TAT)
    }

    /// The TAT after a refund of `amount` while no entry waits. The refund does not lower it below
    /// `floor`, and never raises it.
    #[inline]
    pub(crate) fn refund(tat: u64, floor: u64, amount: u64) -> u64 {
        tat.min(tat.saturating_sub(amount).max(floor))
    }

    /// Whether an entry may still be waiting. A TAT within the depth proves that every entry has
    /// come due.
    #[inline]
    pub(crate) fn may_wait(&self, tat: u64, now: u64) -> bool {
        tat.saturating_sub(now) > self.depth
    }

    /// Whole permits available at `now`.
    pub(crate) fn available(&self, tat: u64, now: u64) -> u64 {
        self.whole_permits(self.depth.saturating_sub(tat.saturating_sub(now)))
    }

    /// Units as whole permits, rounded down.
    pub(crate) fn whole_permits(&self, units: u64) -> u64 {
        units >> self.k
    }

    /// How many of `n` permits are missing at `now`. At most 0 if enough are available; then the
    /// negative is how many more are available.
    pub(crate) fn needed(&self, tat: u64, now: u64, n: u64) -> i128 {
        let room = i128::from(self.depth) - i128::from(tat.saturating_sub(now));
        i128::from(n) - (room >> self.k)
    }

    /// Units as permits, for display.
    #[cfg(feature = "std")]
    #[expect(clippy::cast_precision_loss, reason = "for display: decisions never go through floating point")]
    pub(crate) fn permits(&self, units: u64) -> f64 {
        units as f64 / (1_u64 << self.k) as f64
    }

    /// The TAT at `now` that leaves `permits` (at most the burst) available.
    pub(crate) fn leaving(&self, now: u64, permits: u64) -> u64 {
        now + (self.depth - (permits << self.k))
    }
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use limitor_model::{Limiter, Model, Refusal};
    use proptest::prelude::*;

    use super::*;

    /// Some of these permits take a power of 2 in nanoseconds, so that 2 and 4 units per nanosecond
    /// are hit exactly.
    #[expect(clippy::cast_precision_loss, reason = "powers of 2 are exact")]
    fn units() -> impl Iterator<Item = (Unit, f64)> {
        let rates =
            (0..40).map(|bits| (1, 1 << bits)).chain([(3, 1_000_000_000), (7, 1 << 40), (10, 31_536_000 << 30)]);
        rates.map(|(capacity, nanos)| {
            let unit = Unit::of(Quota::new(capacity, Duration::from_nanos(nanos)).unwrap());
            (unit, (capacity << unit.k) as f64 / nanos as f64)
        })
    }

    #[test]
    fn unit_of_any_quota_is_a_quarter_to_half_a_nanosecond() {
        for (unit, per_nanosecond) in units() {
            assert!((2.0..4.0).contains(&per_nanosecond) || per_nanosecond >= 4.0 && unit.k == 0, "{unit:?}");
        }
    }

    #[test]
    fn duration_in_units_is_rounded_down() {
        for (unit, _) in units() {
            for duration in [0, 1, 2, 999, 50_000_000, 7_000_000_001].map(Duration::from_nanos) {
                let count = unit.units_in(duration);
                assert!(unit.duration(count) <= duration && unit.duration(count + 1) > duration, "{unit:?}");
            }
        }
    }

    #[cfg(feature = "llm")]
    #[test]
    fn units_that_cover_a_duration_are_that_long() {
        for (unit, _) in units() {
            for duration in [0, 1, 2, 999, 50_000_000, 7_000_000_001, 1 << 61].map(Duration::from_nanos) {
                assert_eq!(unit.duration(unit.units_covering(duration)), duration, "{unit:?}");
            }
        }
    }

    /// A list of requests: which kind, how far the clock moves before it, and for how many permits.
    fn requests() -> impl Strategy<Value = Vec<(u8, i64, u64)>> {
        proptest::collection::vec((any::<u8>(), -100..300_i64, 0..20_u64), 1..40)
    }

    proptest! {
        /// With a unit of 1 ns, a permit takes `2^k` ns, and neither side rounds.
        #[test]
        fn gcra_decides_as_the_model_does(k in 0..40_u32, burst in 1..16_u64, start in 0..1_u64 << 40, requests in requests()) {
            let gcra = Gcra { burst, depth: burst << k, permit: 1 << k, k };
            let mut model = Model::new(Limiter { start, ..Limiter::new(1, 1 << k, burst) });
            let (mut tat, mut now) = (start, start);
            for (kind, moved, n) in requests {
                // In eighths of a permit, plus or minus 1.
                now = now.saturating_add_signed(((moved << k) >> 3) + moved % 2);
                match kind % 4 {
                    0 | 1 if (1..=burst).contains(&n) => {
                        let seen = gcra.decide(tat, now, gcra.cost(n));
                        prop_assert_eq!(seen.err().map(|excess| Refusal::NotYet(excess.into())), model.try_acquire(now, n).err());
                        tat = seen.unwrap_or(tat);
                    }
                    2 => {
                        tat = Gcra::refund(tat, now, gcra.amount(n));
                        model.refund(now, n);
                    }
                    // An entry that is charged and not waited for is a debt.
                    _ if n > 0 => {
                        tat = Gcra::enter(tat, now, gcra.amount(n)).unwrap();
                        model.charge(now, n, true);
                    }
                    _ => {}
                }
                prop_assert_eq!(gcra.available(tat, now), model.available(now, 0));
                prop_assert_eq!(gcra.may_wait(tat, now), model.needed(now, 0, burst + 1).unwrap() > i128::from(burst) + 1);
                for n in [1, n.max(1), burst] {
                    prop_assert_eq!(Some(gcra.needed(tat, now, n)), model.needed(now, 0, n));
                }
            }
        }
    }
}
