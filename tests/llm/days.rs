//! Limits per day that are full again at midnight.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use limitor::llm::Usage;
use limitor::set::LimitError;
use limitor::{AcquireError, Clock, ManualClock, Timestamp, clock::Tick};

use crate::support::{Limiter, Waits, built, had_now, left, one_a_second, refusal, secs};

const HOUR: Duration = secs(3_600);
const DAY: Duration = secs(86_400);

/// 2025-08-21, this many seconds after midnight UTC.
fn august(seconds: u64) -> SystemTime {
    UNIX_EPOCH + secs(20_321 * 86_400 + seconds)
}

/// A limiter of ten tokens per day, built at that time.
fn ten_a_day(offset: i32, wall: SystemTime) -> (Limiter, ManualClock) {
    built(|builder| builder.tokens_per_day(10).days_begin_at_midnight(offset).wall_clock(wall))
}

fn nanos(n: u64) -> Duration {
    Duration::from_nanos(n)
}

fn just_before(at: Duration) -> Duration {
    at.checked_sub(nanos(1)).unwrap()
}

/// The zone's offset, the time of day in UTC, and the time until midnight in the zone.
#[test]
fn day_ends_exactly_at_midnight_of_its_zone() {
    let hours = |hours: u64| hours * 3_600;
    let cases = [
        (0, hours(20), 4 * HOUR),
        (0, 0, DAY),
        (0, 86_399, secs(1)),
        (7_200, hours(20), 2 * HOUR),
        (7_200, hours(22), DAY),
        (7_200, hours(23), 23 * HOUR),
        (-28_800, hours(20), 12 * HOUR), // Pacific time, as for Gemini's days
        (-28_800, hours(7), HOUR),
        (20_700, hours(18), 15 * 60 * secs(1)), // Nepal: 5 h 45 min
        (50_400, hours(11), 23 * HOUR),
        (-43_200, hours(13), 23 * HOUR),
    ];
    for (offset, time, until_midnight) in cases {
        let (limiter, clock) = ten_a_day(offset, august(time));
        for day in 0..3 {
            let midnight = until_midnight + day * DAY;
            assert_eq!(had_now(&limiter), 10);
            clock.set(just_before(midnight));
            assert_eq!(had_now(&limiter), 0, "{offset} {time} day {day}");
            clock.set(midnight);
            assert_eq!(limiter.available().tokens_per_day, Some(10), "{offset} {time} day {day}");
        }
    }
}

#[test]
fn fractions_of_a_second_and_times_before_1970_count() {
    for (wall, until_midnight) in [
        (august(86_399) + nanos(1), nanos(999_999_999)),
        (august(0) - nanos(1), nanos(1)),
        (UNIX_EPOCH - secs(10), secs(10)),
        (UNIX_EPOCH - secs(86_401), secs(1)),
    ] {
        let (limiter, clock) = ten_a_day(0, wall);
        assert_eq!(had_now(&limiter), 10);
        clock.advance(just_before(until_midnight));
        assert_eq!(limiter.available().tokens_per_day, Some(0), "{wall:?}");
        clock.advance(nanos(1));
        assert_eq!(limiter.available().tokens_per_day, Some(10), "{wall:?}");
    }
}

#[test]
fn waiter_for_a_new_day_is_granted_at_midnight() {
    let (limiter, clock) = ten_a_day(0, august(86_400 - 100));
    limiter.try_acquire(8).unwrap().reconcile(8);
    let error = LimitError::from(limiter.try_acquire(3).unwrap_err());
    assert_eq!(error.limit(), Some("tokens per day"));
    assert!(
        matches!(error.error(), AcquireError::TooLong { requested: 3, wait, .. } if wait == secs(100)),
        "{error:?}"
    );
    let _ = refusal(limiter.acquire(3).timeout(secs(99)));
    // By then 5 are left of the next day, so the third must wait for the day after.
    let waits = [(3, DAY), (2, DAY), (6, secs(100) + DAY)];
    let mut waits = waits.map(|(tokens, timeout)| Waits::new(limiter.acquire_owned(tokens).timeout(timeout)));
    clock.advance(secs(99));
    assert!(waits.iter_mut().all(Waits::still_waits), "the second waiter stays first, although 2 are left");
    clock.advance(secs(1));
    drop(waits[0].goes());
    drop(waits[1].goes());
    assert_eq!(limiter.available().tokens_per_day, Some(5));
    clock.advance(just_before(DAY));
    assert!(waits[2].still_waits());
    clock.advance(nanos(1));
    drop(waits[2].goes());
}

/// The forecast of a wait counts the days that earlier waiters will use up.
#[test]
fn forecast_of_a_wait_counts_days_of_earlier_waiters() {
    let (limiter, _) = ten_a_day(0, august(86_400 - 100));
    limiter.try_acquire(10).unwrap().reconcile(10);
    let _ahead = [7, 7].map(|tokens| Waits::new(limiter.acquire_owned(tokens)));
    let error = LimitError::from(limiter.try_acquire(7).unwrap_err());
    let wait = secs(100) + 2 * DAY;
    assert!(matches!(error.error(), AcquireError::TooLong { wait: forecast, .. } if forecast == wait), "{error:?}");
}

/// What was charged yesterday is not refunded to today.
#[test]
fn refund_after_midnight_adds_nothing_to_the_new_day() {
    let (limiter, clock) = built(|builder| {
        builder.tokens_per_day(10).requests_per_day(10).days_begin_at_midnight(0).wall_clock(august(86_399))
    });
    let (old, lost) = (limiter.try_acquire(6).unwrap(), limiter.try_acquire(4).unwrap());
    clock.advance(secs(1));
    let new = limiter.try_acquire(9).unwrap();
    assert_eq!(limiter.available().tokens_per_day, Some(1));
    old.refund();
    assert_eq!((limiter.available().tokens_per_day, limiter.available().requests_per_day), (Some(1), Some(9)));
    drop(lost);
    new.reconcile(2);
    assert_eq!(limiter.available().tokens_per_day, Some(8));
    let (limiter, clock) = ten_a_day(0, august(86_399));
    let old = limiter.try_acquire(6).unwrap();
    clock.advance(secs(1));
    old.refund();
    assert_eq!(had_now(&limiter), 10, "no call was made since");
}

/// What exceeds an estimate counts when it is known: in the new day.
#[test]
fn debt_counts_in_the_day_in_which_it_is_known() {
    let (limiter, clock) = ten_a_day(0, august(86_399));
    let mut call = limiter.try_acquire(Usage::new(1, 1)).unwrap();
    let other = limiter.try_acquire(2).unwrap();
    clock.advance(secs(1));
    call.stream(4);
    assert_eq!(limiter.available().tokens_per_day, Some(7));
    other.reconcile(30);
    assert_eq!(limiter.available().tokens_per_day, Some(0));
    call.end();
    clock.advance(DAY);
    assert_eq!(limiter.available().tokens_per_day, Some(10), "a debt is not carried over to the next day");
}

#[test]
fn clock_that_steps_back_stays_in_its_day() {
    let (limiter, clock) = ten_a_day(0, august(86_390));
    limiter.try_acquire(3).unwrap().reconcile(3);
    clock.set(secs(10));
    let call = limiter.try_acquire(10).unwrap();
    clock.set(secs(9));
    assert!(limiter.try_acquire(1).is_err());
    call.reconcile(4);
    limiter.try_acquire(6).unwrap().reconcile(6);
    assert!(limiter.try_acquire(1).is_err());
    clock.set(secs(10));
    assert!(limiter.try_acquire(1).is_err());
    clock.set(secs(10) + DAY);
    assert_eq!(had_now(&limiter), 10);
}

/// With rolling limits beside it: both must grant, and a rolling day is not full at midnight.
#[test]
fn calendar_days_and_rolling_limits_must_both_grant() {
    let (limiter, clock) = built(|builder| {
        builder.tokens(one_a_second(5)).tokens_per_day(8).days_begin_at_midnight(0).wall_clock(august(86_380))
    });
    limiter.try_acquire(5).unwrap().reconcile(5);
    clock.advance(secs(5));
    assert_eq!(LimitError::from(limiter.try_acquire(4).unwrap_err()).limit(), Some("tokens per day"));
    limiter.try_acquire(3).unwrap().reconcile(3);
    clock.advance(secs(15));
    assert_eq!(limiter.available(), left(|left| (left.tokens, left.tokens_per_day) = (Some(5), Some(8))));
    let (rolling, clock) = built(|builder| builder.tokens_per_day(10).wall_clock(august(86_399)));
    rolling.try_acquire(10).unwrap().reconcile(10);
    clock.advance(secs(1));
    assert_eq!(rolling.available().tokens_per_day, Some(0));
    clock.advance(DAY);
    assert_eq!(rolling.available().tokens_per_day, Some(10));
}

/// A clock with ticks that are not a whole number of nanoseconds: midnight is the first tick that
/// is not earlier.
#[test]
fn midnight_is_never_early_on_a_clock_with_odd_ticks() {
    #[derive(Debug, Default)]
    struct Sevenths(std::sync::atomic::AtomicU64);

    impl Clock for Sevenths {
        fn now(&self) -> Timestamp {
            Timestamp::from_ticks(self.0.load(std::sync::atomic::Ordering::Relaxed))
        }

        fn tick(&self) -> Tick {
            Tick::new(2_000_000_000, 7).unwrap()
        }
    }

    let limiter = limitor::llm::Builder::new(Sevenths::default())
        .tokens_per_day(10)
        .days_begin_at_midnight(0)
        .wall_clock(august(86_395))
        .build()
        .unwrap();
    limiter.try_acquire(10).unwrap().reconcile(10);
    // 5 s are 17.5 ticks.
    for (ticks, available) in [(17, 0), (18, 10)] {
        limiter.clock().0.store(ticks, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(limiter.available().tokens_per_day, Some(available), "{ticks}");
    }
}
