//! A waiter is granted at the time of its own clock, whether that is behind the clock of the other
//! thread or ahead of it. It sleeps no longer.
//!
//! The time moves only as far as needed. If a waiter is not woken when its due time has moved, or
//! when it falls asleep at that moment, it never wakes: loom reports a deadlock. No bound on
//! preemptions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use limitor::{AcquireError, Clock, ManualClock, Quota, RateLimiter, Reservation, Timestamp};
use loom::thread::{self, ThreadId};

use crate::beside::beside;

/// A clock that each thread reads this many seconds late.
#[derive(Debug, Clone)]
struct Lagging {
    time: ManualClock,
    lags: Arc<Mutex<HashMap<ThreadId, u64>>>,
}

impl Lagging {
    fn at(seconds: u64) -> Self {
        let time = ManualClock::new();
        time.set(Duration::from_secs(seconds));
        Self { time, lags: Arc::default() }
    }

    fn lag(&self, seconds: u64) {
        self.lags.lock().unwrap().insert(thread::current().id(), seconds * 1_000_000_000);
    }

    fn late(&self) -> u64 {
        self.lags.lock().unwrap().get(&thread::current().id()).copied().unwrap_or(0)
    }
}

impl Clock for Lagging {
    fn now(&self) -> Timestamp {
        Timestamp::from_ticks(self.time.now().ticks().saturating_sub(self.late()))
    }

    fn can_spin(&self) -> bool {
        false
    }

    fn park_until(&self, at: Timestamp) {
        self.time.park_until(Timestamp::from_ticks(at.ticks() + self.late()));
    }
}

/// One permit per second, bursts of one. The time is 10 s, and the next permit is available at 11.
/// The queue may have an earlier waiter for it.
struct Shared {
    limiter: Arc<RateLimiter<Lagging>>,
    clock: Lagging,
    ahead: Mutex<Option<Reservation<'static, Lagging>>>,
}

impl Shared {
    fn new(waiter_is_ahead: bool) -> Self {
        let clock = Lagging::at(10);
        let quota = Quota::per_second(1).unwrap().with_burst(1).unwrap();
        let limiter = Arc::new(RateLimiter::with_clock(quota, clock.clone()));
        limiter.try_acquire(1).unwrap();
        let ahead = Mutex::new(waiter_is_ahead.then(|| limiter.reserve_owned(1).unwrap()));
        Self { limiter, clock, ahead }
    }
}

/// How late the waiter and the other thread read the clock.
const LAGS: [[u64; 2]; 4] = [[0, 0], [2, 0], [0, 2], [1, 3]];

/// One thread waits for a permit while the other does `other`, which gets the lag of the waiter. At
/// the end, the entry of the granted waiter is the last: the next permit is available this many
/// seconds after 10.
fn race(waiter_is_ahead: bool, other: fn(&Shared, u64), outcome: Result<(), AcquireError>, next: Option<u64>) {
    for [late, others_late] in LAGS {
        beside(
            None,
            move || Shared::new(waiter_is_ahead),
            move |s| {
                s.clock.lag(late);
                s.limiter.acquire(1).wait().map(drop)
            },
            move |s| {
                s.clock.lag(others_late);
                other(s, late);
            },
            move |s, waited, ()| {
                assert_eq!(waited, outcome);
                let at_10 = s.limiter.try_acquire_at(Timestamp::from_ticks(10_000_000_000), 1);
                let wait = at_10.err().and_then(|denied| denied.retry_after());
                assert_eq!(wait, next.map(Duration::from_secs));
                assert_eq!(s.limiter.waiters(), 0);
            },
        );
    }
}

#[test]
fn time_passes_beside_a_wait() {
    race(false, |s, late| s.clock.time.advance(Duration::from_secs(1 + late)), Ok(()), Some(2));
}

#[test]
fn time_steps_back_and_passes_beside_a_wait() {
    let other = |s: &Shared, late| {
        s.clock.time.set(Duration::from_secs(7));
        s.clock.time.set(Duration::from_secs(11 + late));
    };
    race(false, other, Ok(()), Some(2));
}

/// The permit granted at 10 is refunded: the first waiter is granted at 10 by its own clock.
#[test]
fn refund_beside_a_wait() {
    let other = |s: &Shared, late| {
        s.limiter.refund(1);
        s.clock.time.advance(Duration::from_secs(late));
    };
    race(false, other, Ok(()), Some(1));
}

/// The earlier entry is cancelled before its time: the waiter behind it is granted at 11 by its own
/// clock.
#[test]
fn cancel_of_an_earlier_entry_beside_a_wait() {
    let other = |s: &Shared, late| {
        drop(s.ahead.lock().unwrap().take());
        s.clock.time.advance(Duration::from_secs(1 + late));
    };
    race(true, other, Ok(()), Some(2));
}

/// A debt comes after a waiter, or before it: never in between.
#[test]
fn debt_beside_a_wait() {
    let other = |s: &Shared, late| {
        s.limiter.charge(1);
        s.clock.time.advance(Duration::from_secs(2 + late));
    };
    race(false, other, Ok(()), Some(3));
}

#[test]
fn close_beside_a_wait() {
    race(false, |s, _| s.limiter.close(), Err(AcquireError::Closed), None);
}
