//! A limit per calendar day. The whole limit is available again at midnight.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::{Clock, Tick, Timestamp};

const DAY: u64 = 24 * 60 * 60;

/// Where days begin, in clock readings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    /// The clock reading at the first midnight after this value was made.
    first: Timestamp,
    /// The ticks of a day.
    day: u64,
}

impl Days {
    /// Makes the days of a zone that is `offset` seconds ahead of UTC, if the time is `wall` when
    /// `clock` is read.
    pub(super) fn new(offset: i32, clock: &impl Clock, wall: SystemTime) -> Self {
        let since_epoch = match wall.duration_since(UNIX_EPOCH) {
            Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
            Err(before) => i128::try_from(before.duration().as_nanos()).map_or(i128::MIN, |nanos| -nanos),
        };
        let day = i128::from(DAY) * 1_000_000_000;
        let local = since_epoch.saturating_add(i128::from(offset) * 1_000_000_000);
        let left = u64::try_from(day - local.rem_euclid(day)).unwrap_or(DAY);
        let tick = clock.tick();
        Self { first: later(tick, clock.now(), left), day: tick.ticks_in(Duration::from_secs(DAY)).max(1) }
    }

    /// Returns the number of the day at `now`: 0 before the first midnight, then 1, and so on.
    fn of(self, now: Timestamp) -> u64 {
        match now.ticks().checked_sub(self.first.ticks()) {
            None => 0,
            Some(since) => 1 + since / self.day,
        }
    }

    /// Returns the clock reading at which a day ends.
    fn end(self, day: u64) -> Timestamp {
        Timestamp::from_ticks(self.first.ticks().saturating_add(day.saturating_mul(self.day)))
    }
}

/// Returns the first clock reading at which `nanos` have passed since `now`: rounded up to a tick.
fn later(tick: Tick, now: Timestamp, nanos: u64) -> Timestamp {
    let ticks = (u128::from(nanos) * u128::from(tick.per())).div_ceil(u128::from(tick.nanos()));
    Timestamp::from_ticks(now.ticks().saturating_add(u64::try_from(ticks).unwrap_or(u64::MAX)))
}

/// How much of a day's limit is used.
#[derive(Debug, Clone)]
pub(super) struct Daily {
    limit: u64,
    used: u64,
    /// The day of the last use.
    day: u64,
    days: Days,
}

impl Daily {
    pub(super) fn new(limit: u64, days: Days) -> Self {
        Self { limit, used: 0, day: 0, days }
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Returns the first clock reading at which `n` are available, if `n` is at most the limit.
    pub(super) fn due(&self, n: u64) -> Timestamp {
        if self.used.saturating_add(n) <= self.limit { Timestamp::default() } else { self.days.end(self.day) }
    }

    pub(super) fn available(&self, now: Timestamp) -> u64 {
        let used = if self.days.of(now) > self.day { 0 } else { self.used };
        self.limit.saturating_sub(used)
    }

    /// Uses `n` more.
    pub(super) fn take(&mut self, n: u64, now: Timestamp) {
        // If the clock steps back, the limit stays in the day that it has reached.
        let today = self.days.of(now).max(self.day);
        if today > self.day {
            self.day = today;
            self.used = 0;
        }
        self.used = self.used.saturating_add(n);
    }

    /// Makes the whole limit of the day available again.
    pub(super) fn reset(&mut self) {
        self.used = 0;
    }

    /// Returns the day of the last use.
    pub(super) fn day(&self) -> u64 {
        self.day
    }

    /// Refunds `n` that were taken on `day`, if that day is not over.
    pub(super) fn give_back(&mut self, n: u64, day: u64) {
        if day == self.day {
            self.used = self.used.saturating_sub(n);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn days(offset: i32, wall: Duration) -> Days {
        Days::new(offset, &ManualClock::new(), UNIX_EPOCH + wall)
    }

    #[test]
    fn a_day_ends_at_the_reading_where_the_next_begins() {
        for offset in [0, 7_200, -28_800, i32::MIN, i32::MAX] {
            let days = days(offset, Duration::new(1_755_780_060, 123_456_789));
            for day in [0, 1, 2, 365, 40_000] {
                let end = days.end(day);
                let before = Timestamp::from_ticks(end.ticks() - 1);
                assert_eq!((days.of(before), days.of(end)), (day, day + 1), "{offset}");
            }
        }
    }

    #[test]
    fn the_end_of_the_last_day_saturates() {
        let days = days(0, Duration::ZERO);
        assert_eq!(days.end(u64::MAX), Timestamp::from_ticks(u64::MAX));
        assert!(days.of(Timestamp::from_ticks(u64::MAX)) < 250_000);
    }

    #[test]
    fn a_use_above_64_bits_saturates() {
        let mut daily = Daily::new(u64::MAX - 1, days(0, Duration::ZERO));
        daily.take(u64::MAX, Timestamp::default());
        daily.take(u64::MAX, Timestamp::default());
        let day = daily.day();
        assert_eq!((daily.available(Timestamp::default()), daily.due(1)), (0, daily.days.end(0)));
        daily.give_back(3, day);
        daily.give_back(4, day + 1);
        assert_eq!(daily.available(Timestamp::default()), 2);
        daily.give_back(u64::MAX, day);
        assert_eq!(daily.available(Timestamp::default()), u64::MAX - 1);
    }
}
