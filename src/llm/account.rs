//! One limit of a rolling kind. Pure: no lock, no clock.

use super::lows::Low;
use crate::clock::{Clock, Tick, Timestamp};
use crate::gcra::{Gcra, Unit};
use crate::quota::{MAX_DEPTH_NANOS, Quota};
use crate::scale::Scale;
use crate::word::MAX_TAT;

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

impl Account {
    pub(super) fn new(quota: Quota, clock: &impl Clock) -> Self {
        Self::whole(quota, quota, clock.tick(), clock.now())
    }

    /// Nothing is missing.
    fn whole(configured: Quota, quota: Quota, tick: Tick, now: Timestamp) -> Self {
        let gcra = Gcra::new(quota);
        let scale = Scale::new(Unit::of(quota), gcra.depth(), tick, now);
        Self { configured, quota, gcra, scale, tat: scale.units(now) }
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

    /// Takes `n`, as a debt if need be. The backlog before.
    pub(super) fn take(&mut self, n: u64, now: Timestamp) -> Low {
        let before = self.backlog(now);
        let begin = self.tat.max(self.scale.units(now));
        self.tat = begin.saturating_add(self.gcra.amount(n)).min(MAX_TAT);
        before
    }

    /// Gives back what it can of `n` that were not used by a call whose lowest backlog so far is `low`. How much that is.
    pub(super) fn give_back(&mut self, n: u64, low: Low, now: Timestamp) -> Low {
        let credit = self.gcra.amount(n).min(low).min(self.backlog(now));
        self.tat -= credit;
        credit
    }

    /// Goes on with another quota, of at most what was configured. What there is stays, as far as the new burst has room for
    /// it; a debt stays a debt. What the lows are by the new quota.
    pub(super) fn allow(&mut self, capacity: u64, tick: Tick, now: Timestamp) -> Option<impl Fn(Low) -> Low + use<>> {
        let (configured, old) = (self.configured, self.gcra);
        let missing = self.backlog(now);
        // A debt must be a time at the new rate too, or it would be forgotten.
        let debt = missing.saturating_sub(old.depth()).div_ceil(old.amount(1));
        let least = (u128::from(debt) * u128::from(configured.period_nanos())).div_ceil(MAX_DEPTH_NANOS);
        let least = u64::try_from(least).unwrap_or(u64::MAX);
        let capacity = capacity.max(least).clamp(1, configured.capacity());
        if capacity == self.quota.capacity() {
            return None;
        }
        // The burst shrinks as the capacity does, and is at least 1.
        let share = u128::from(configured.burst()) * u128::from(capacity) / u128::from(configured.capacity());
        let burst = u64::try_from(share).unwrap_or(u64::MAX).max(1);
        let quota = Quota::new(capacity, configured.period()).and_then(|quota| quota.with_burst(burst)).ok()?;
        let shrunk = self.quota.burst().saturating_sub(burst);
        let grown = burst.saturating_sub(self.quota.burst());
        *self = Self::whole(configured, quota, tick, now);
        let new = self.gcra;
        // What falls away with the burst falls away first: counted in long intervals it may be past counting.
        let missing = convert_units(missing.saturating_sub(old.amount(shrunk)), old, new);
        let missing = missing.saturating_add(new.amount(grown));
        self.tat = self.tat.saturating_add(missing).min(MAX_TAT);
        // Had less been taken, there would be more now; but no more than the burst.
        Some(move |low| convert_units(low, old, new).min(missing))
    }
}

/// As many permits, in the units of another quota, rounded up.
fn convert_units(units: u64, old: Gcra, new: Gcra) -> u64 {
    let units = (u128::from(units) * u128::from(new.amount(1))).div_ceil(u128::from(old.amount(1)));
    u64::try_from(units).unwrap_or(u64::MAX).min(MAX_TAT)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn account(text: &str) -> (Account, ManualClock) {
        let clock = ManualClock::new();
        (Account::new(text.parse().unwrap(), &clock), clock)
    }

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_ticks(nanos)
    }

    /// Also at rates at which readings are no whole units of the word, and after 80 years.
    #[test]
    fn what_is_due_is_to_be_had_then_and_not_a_nanosecond_before() {
        const YEARS: u64 = 80 * 31_557_600 * 1_000_000_000;
        for text in ["3/s", "70000/min", "200003/min", "1/min", "450001/d", "7/s burst 1", "99991/h burst 12"] {
            for now in [0, 1, 1_234_567_891, YEARS + 7] {
                let (mut account, _) = account(text);
                let burst = account.quota().burst();
                account.take(burst, at(now));
                for n in [1, burst.div_ceil(3), burst] {
                    let due = account.due(n);
                    assert!(due > at(now), "{text}");
                    assert!(account.available(due) >= n, "{text} {n} at {now}");
                    assert!(account.available(at(due.ticks() - 1)) < n, "{text} {n} at {now}");
                }
            }
        }
    }

    #[test]
    fn permits_survive_a_change_of_units_and_back() {
        let gcra = |text: &str| Gcra::new(text.parse().unwrap());
        for (old, new) in [("30000/min", "15000/min"), ("1/d", "99991/d"), ("200003/min", "1/min")] {
            let (old, new) = (gcra(old), gcra(new));
            for permits in [0, 1, 2, 999, 60_000] {
                let there = convert_units(old.amount(permits), old, new);
                assert_eq!(there, new.amount(permits));
                assert_eq!(convert_units(there, new, old), old.amount(permits));
            }
            for units in [0, 1, 12_345, old.amount(17) + 1] {
                let back = convert_units(convert_units(units, old, new), new, old);
                let unit = old.amount(1).div_ceil(new.amount(1));
                assert!((units..=units + unit).contains(&back), "{units} and then {back}");
            }
            assert_eq!(convert_units(Low::MAX, old, new).max(MAX_TAT), MAX_TAT);
        }
    }

    /// What is owed would take over a century to come back at the rate that is allowed: it is not forgotten.
    #[test]
    fn no_rate_is_so_low_that_a_debt_is_forgotten() {
        let (mut account, _) = account("10000000/d");
        let debt = 10_000_000;
        account.take(10_000_000 + debt, at(0));
        account.allow(1, Tick::NANOSECOND, at(0));
        assert!((1_000..2_000).contains(&account.quota().capacity()), "{}", account.quota());
        account.allow(u64::MAX, Tick::NANOSECOND, at(0));
        assert_eq!(account.quota(), account.configured);
        account.give_back(debt + 3, Low::MAX, at(0));
        assert_eq!(account.available(at(0)), 3);
    }

    /// Of a burst that would take 179 years to come back at the rate that is allowed, nothing is left.
    #[test]
    fn a_burst_that_shrinks_leaves_no_more_than_there_was() {
        let (mut account, _) = account("65537/d");
        account.take(65_537, at(0));
        account.allow(1, Tick::NANOSECOND, at(0));
        assert_eq!((account.quota().burst(), account.available(at(0))), (1, 0));
    }

    #[test]
    fn a_debt_past_counting_stays_within_what_is_a_time() {
        let (mut account, _) = account("100/s");
        account.take(1, at(0));
        let before = account.take(u64::MAX, at(3_000_000_000));
        assert_eq!((before, account.backlog(at(3_000_000_000)) < MAX_TAT), (0, true));
        account.take(u64::MAX, at(0));
        assert_eq!(account.tat, MAX_TAT);
        account.give_back(u64::MAX, Low::MAX, at(1_000_000_000));
        assert_eq!(account.available(at(1_000_000_000)), 100);
    }
}
