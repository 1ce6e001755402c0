//! A limit per day that is full again at midnight.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::{Clock, Tick, Timestamp};

const DAY: u64 = 24 * 60 * 60;

/// Where days begin, in readings of a clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    /// The reading at the first midnight after this was made.
    first: Timestamp,
    /// A day in ticks.
    day: u64,
}

impl Days {
    /// Days of a zone that is `offset` seconds ahead of UTC. The time is `wall` at the clock's
    /// reading of now.
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

    /// The number of the day.
    fn of(self, now: Timestamp) -> u64 {
        match now.ticks().checked_sub(self.first.ticks()) {
            None => 0,
            Some(since) => 1 + since / self.day,
        }
    }

    /// Where a day ends.
    fn end(self, day: u64) -> Timestamp {
        Timestamp::from_ticks(self.first.ticks().saturating_add(day.saturating_mul(self.day)))
    }
}

/// The reading `nanos` after `now`, rounded up to a tick, so that the time has passed then.
fn later(tick: Tick, now: Timestamp, nanos: u64) -> Timestamp {
    let ticks = (u128::from(nanos) * u128::from(tick.per())).div_ceil(u128::from(tick.nanos()));
    Timestamp::from_ticks(now.ticks().saturating_add(u64::try_from(ticks).unwrap_or(u64::MAX)))
}

/// How much of a day's limit is used.
#[derive(Debug, Clone)]
pub(super) struct Daily {
    limit: u64,
    used: u64,
    /// The day in which it was used.
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

    /// The first reading at which `n`, at most the limit, is available.
    pub(super) fn due(&self, n: u64) -> Timestamp {
        if self.used.saturating_add(n) <= self.limit { Timestamp::default() } else { self.days.end(self.day) }
    }

    pub(super) fn available(&self, now: Timestamp) -> u64 {
        let used = if self.days.of(now) > self.day { 0 } else { self.used };
        self.limit.saturating_sub(used)
    }

    /// Uses `n` more.
    pub(super) fn take(&mut self, n: u64, now: Timestamp) {
        // A clock that steps back stays in the day that it had reached.
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

    /// The day in which the limit was used last.
    pub(super) fn day(&self) -> u64 {
        self.day
    }

    /// Gives back `n` that were taken on `day`, if that day is not over.
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
    fn each_reading_is_of_one_day_which_ends_where_the_next_begins() {
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
    fn the_last_of_days_has_no_end() {
        let days = days(0, Duration::ZERO);
        assert_eq!(days.end(u64::MAX), Timestamp::from_ticks(u64::MAX));
        assert!(days.of(Timestamp::from_ticks(u64::MAX)) < 250_000);
    }

    #[test]
    fn no_figure_wraps() {
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
