//! One limit of a rolling kind. Pure: no lock, no clock.

use super::lows::Low;
use crate::clock::{Clock, Tick, Timestamp};
use crate::quota::{MAX_DEPTH_NANOS, Quota};
use crate::rate::Rate;
use crate::word::MAX_TAT;

/// The TAT of one limit.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// What was configured. The provider may allow less for a while.
    configured: Quota,
    rate: Rate,
    tat: u64,
}

impl Account {
    pub(super) fn new(quota: Quota, clock: &impl Clock) -> Self {
        Self::full(quota, quota, clock.tick(), clock.now())
    }

    /// The whole burst is available.
    fn full(configured: Quota, quota: Quota, tick: Tick, now: Timestamp) -> Self {
        let rate = Rate::new(quota, tick, now);
        Self { configured, rate, tat: rate.units(now) }
    }

    #[cfg(feature = "http")]
    pub(super) fn configured(&self) -> Quota {
        self.configured
    }

    pub(super) fn quota(&self) -> Quota {
        self.rate.quota()
    }

    /// The first reading at which `n` are available.
    pub(super) fn due(&self, n: u64) -> Timestamp {
        self.rate.reading(self.rate.due_behind(self.tat, n))
    }

    fn backlog(&self, now: Timestamp) -> u64 {
        self.rate.backlog(self.tat, now)
    }

    /// Whether the whole configured burst is available.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        self.backlog(now) == 0 && self.quota() == self.configured
    }

    pub(super) fn available(&self, now: Timestamp) -> u64 {
        self.rate.available(self.tat, now)
    }

    /// Restores the configured quota and the whole burst.
    pub(super) fn reset(&mut self, tick: Tick, now: Timestamp) {
        *self = Self::full(self.configured, self.configured, tick, now);
    }

    /// Takes `n`, as a debt if need be. Gives the backlog before that.
    pub(super) fn take(&mut self, n: u64, now: Timestamp) -> Low {
        let before = self.backlog(now);
        self.tat = self.rate.take(self.tat, now, n).min(MAX_TAT);
        before
    }

    /// Gives back what it can of `n` that were not used by a call whose lowest backlog so far is
    /// `low`. Gives how much that is.
    pub(super) fn give_back(&mut self, n: u64, low: Low, now: Timestamp) -> Low {
        let credit = self.rate.gcra.amount(n).min(low).min(self.backlog(now));
        self.tat -= credit;
        credit
    }

    /// Goes on with another capacity, at most the configured one. What is available stays, as far
    /// as the new burst has room for it. A debt stays a debt. Gives the conversion of lows to the
    /// new quota.
    pub(super) fn allow(&mut self, capacity: u64, tick: Tick, now: Timestamp) -> Option<impl Fn(Low) -> Low + use<>> {
        let (configured, old) = (self.configured, self.rate);
        let missing = self.backlog(now);
        // A debt must be a time at the new rate too, or it would be forgotten.
        let debt = missing.saturating_sub(old.gcra.depth()).div_ceil(old.gcra.amount(1));
        let least = (u128::from(debt) * u128::from(configured.period_nanos())).div_ceil(MAX_DEPTH_NANOS);
        let least = u64::try_from(least).unwrap_or(u64::MAX);
        let capacity = capacity.max(least).clamp(1, configured.capacity());
        if capacity == old.quota().capacity() {
            return None;
        }
        // The burst shrinks as the capacity does, and is at least 1.
        let share = u128::from(configured.burst()) * u128::from(capacity) / u128::from(configured.capacity());
        let burst = u64::try_from(share).unwrap_or(u64::MAX).max(1);
        let quota = Quota::new(capacity, configured.period()).and_then(|quota| quota.with_burst(burst)).ok()?;
        let shrunk = old.quota().burst().saturating_sub(burst);
        let grown = burst.saturating_sub(old.quota().burst());
        *self = Self::full(configured, quota, tick, now);
        let new = self.rate;
        // What is lost with the burst is lost first: counted in long intervals it may be past
        // counting.
        let missing = old.convert(missing.saturating_sub(old.gcra.amount(shrunk)), &new);
        let missing = missing.saturating_add(new.gcra.amount(grown));
        self.tat = self.tat.saturating_add(missing).min(MAX_TAT);
        // Had less been taken, more would be available now, but no more than the burst.
        Some(move |low| old.convert(low, &new).min(missing))
    }
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

    /// This holds also at rates at which readings are no whole units of the word, and after 80
    /// years.
    #[test]
    fn a_due_permit_is_available_then_and_not_1_ns_before() {
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
        let rate = |text: &str| Rate::new(text.parse().unwrap(), Tick::NANOSECOND, at(0));
        for (old, new) in [("30000/min", "15000/min"), ("1/d", "99991/d"), ("200003/min", "1/min")] {
            let (old, new) = (rate(old), rate(new));
            for permits in [0, 1, 2, 999, 60_000] {
                let there = old.convert(old.gcra.amount(permits), &new);
                assert_eq!(there, new.gcra.amount(permits));
                assert_eq!(new.convert(there, &old), old.gcra.amount(permits));
            }
            for units in [0, 1, 12_345, old.gcra.amount(17) + 1] {
                let back = new.convert(old.convert(units, &new), &old);
                let unit = old.gcra.amount(1).div_ceil(new.gcra.amount(1));
                assert!((units..=units + unit).contains(&back), "{units} and then {back}");
            }
            assert_eq!(old.convert(Low::MAX, &new).max(MAX_TAT), MAX_TAT);
        }
    }

    /// The debt would take over a century to come back at the allowed rate. It is not forgotten.
    #[test]
    fn no_allowed_rate_is_so_low_that_a_debt_is_forgotten() {
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

    /// The burst would take 179 years to come back at the allowed rate. Nothing of it is left.
    #[test]
    fn a_burst_that_shrinks_leaves_no_more_than_there_was() {
        let (mut account, _) = account("65537/d");
        account.take(65_537, at(0));
        account.allow(1, Tick::NANOSECOND, at(0));
        assert_eq!((account.quota().burst(), account.available(at(0))), (1, 0));
    }

    #[test]
    fn a_debt_past_counting_stays_within_the_largest_tat() {
        let (mut account, _) = account("100/s");
        account.take(1, at(0));
        let before = account.take(u64::MAX, at(3_000_000_000));
        assert_eq!((before, account.backlog(at(3_000_000_000)) < MAX_TAT), (0, true));
        account.take(u64::MAX, at(0));
        assert_eq!(account.tat, MAX_TAT);
        account.give_back(u64::MAX, Low::MAX, at(1_000_000_000));
        assert_eq!(account.available(at(1_000_000_000)), 100);
    }

    #[test]
    fn reset_restores_the_configured_quota_and_burst() {
        let (mut account, _) = account("100/s");
        account.take(500, at(0));
        account.allow(10, Tick::NANOSECOND, at(0));
        account.reset(Tick::NANOSECOND, at(7));
        assert!(account.is_full(at(7)));
        assert_eq!((account.quota(), account.available(at(7))), (account.configured, 100));
    }
}
