//! What a limiter says of itself: what is left, how long a request would wait, and why one is
//! refused.
#![cfg(all(feature = "std", feature = "keyed", not(loom)))]

use std::time::Duration;

use limitor::{AcquireError, Clock, ConcurrentLimiter, Denied, KeyedLimiter, ManualClock, Quota, RateLimiter, Reason};
use proptest::prelude::*;

const QUOTAS: [&str; 6] = ["1/s", "7/s burst 20", "3/s burst 1", "70000/min", "1/365d burst 3", "10000000000/s"];

fn limiter(quota: &str) -> (RateLimiter<ManualClock>, ManualClock) {
    let clock = ManualClock::new();
    (RateLimiter::with_clock(quota.parse().unwrap(), clock.clone()), clock)
}

/// What the standing says of `n` permits is what a request for them is answered.
fn assert_true_of(limiter: &RateLimiter<ManualClock>, n: u64) {
    let (standing, before) = (limiter.standing(), limiter.available());
    assert_eq!((standing.quota, standing.available), (limiter.quota(), before));
    match limiter.try_acquire(n) {
        Ok(grant) => {
            assert_eq!(standing.wait_for(n), Some(Duration::ZERO), "{n} of {standing:?}");
            assert_eq!((grant.remaining(), before.saturating_sub(n)), (limiter.available(), limiter.available()));
            grant.refund();
        }
        Err(denied) => {
            assert_eq!(standing.wait_for(n), denied.retry_after(), "{n} of {standing:?}");
            assert_eq!(denied.remaining(), before, "{n} of {standing:?}");
        }
    }
    assert_eq!(limiter.standing(), standing, "it is a question, and the grant was refunded");
}

proptest! {
    /// Over any timeline: grants, debts, refunds, and time that passes in any steps.
    #[test]
    fn standing_and_remaining_equal_what_requests_are_answered(
        quota in 0..QUOTAS.len(),
        steps in prop::collection::vec((0..5_u8, 0..30_u64, 0..3_000_000_000_u64), 1..40),
    ) {
        let (limiter, clock) = limiter(QUOTAS[quota]);
        for (verb, n, nanos) in steps {
            match verb {
                0 => drop(limiter.try_acquire(n)),
                1 => limiter.charge(n),
                2 => limiter.refund(n),
                _ => clock.advance(Duration::from_nanos(nanos)),
            }
            for n in [0, 1, n, limiter.available(), limiter.available() + 1, limiter.quota().burst()] {
                assert_true_of(&limiter, n);
            }
        }
    }
}

/// A debt and a burst that together exceed the largest number of units.
#[test]
fn wait_for_of_the_largest_debts_is_exact() {
    let (limiter, _) = limiter("10000000000/s burst 7889400000000000000");
    limiter.charge(15_000_000_000_000_000_000);
    for n in [1, 1_000_000_000_000_000_000, limiter.quota().burst()] {
        assert_true_of(&limiter, n);
    }
}

/// As `retry_after`: never too short, and at most 1 ns too long.
#[test]
fn full_in_is_when_the_burst_is_available() {
    for quota in ["1/s", "7/s burst 20", "70000/min", "1/365d burst 3"] {
        let (limiter, clock) = limiter(quota);
        let burst = limiter.quota().burst();
        assert_eq!(limiter.standing().full_in, Duration::ZERO);
        for debt in [0, 1, 20] {
            limiter.charge(burst + debt);
            clock.advance(limiter.standing().full_in.checked_sub(Duration::from_nanos(2)).unwrap());
            assert_eq!(limiter.available(), burst - 1, "{quota}");
            assert!((1..=3).contains(&limiter.standing().full_in.as_nanos()), "{quota}");
            clock.advance(Duration::from_nanos(2));
            assert_eq!((limiter.available(), limiter.standing().full_in), (burst, Duration::ZERO), "{quota}");
        }
    }
}

#[test]
fn standing_counts_waiters_and_takes_nothing() {
    let (limiter, clock) = limiter("1/s");
    limiter.try_acquire(1).unwrap();
    let held = [limiter.reserve(1).unwrap(), limiter.reserve(1).unwrap()];
    let standing = limiter.standing();
    assert_eq!((standing.waiters, standing.available, standing.full_in), (2, 0, Duration::from_secs(3)));
    assert_eq!(standing.wait_for(1), Some(Duration::from_secs(3)));
    assert_eq!(limiter.standing_at(clock.after(Duration::from_secs(1))).waiters, 1);
    drop(held);
    assert_eq!(limiter.standing().waiters, 0);
}

/// A grant that was waited for leaves nothing, and a bypassed limiter has its whole burst.
#[test]
fn remaining_follows_how_the_grant_was_charged() {
    let (limiter, clock) = limiter("10/s");
    assert_eq!(limiter.acquire(4).wait().unwrap().remaining(), 6);
    assert_eq!(limiter.try_acquire_up_to(100).unwrap().remaining(), 0);
    let reservation = limiter.reserve(1).unwrap();
    clock.advance(Duration::from_millis(100));
    assert_eq!(reservation.wait().unwrap().remaining(), 0);
    assert_eq!(limiter.try_acquire(11).unwrap_err().remaining(), 0);
    clock.advance(Duration::from_millis(500));
    assert_eq!(limiter.try_acquire(11).unwrap_err().remaining(), 5);
    assert_eq!(limiter.try_acquire(0).unwrap().remaining(), 5);
    assert_eq!(limiter.reserve_within(7, Duration::ZERO).unwrap_err().remaining(), 5);
    limiter.bypass();
    assert_eq!(limiter.try_acquire(7).unwrap().remaining(), 10);
}

/// Zero permits are granted by every limiter that is not closed.
#[test]
fn closed_and_saturated_limiters_stand_at_nothing() {
    let ends: [fn(&RateLimiter<ManualClock>); 2] = [RateLimiter::close, |limiter| limiter.charge(u64::MAX)];
    for end in ends {
        let (limiter, _) = limiter("10/s");
        end(&limiter);
        let standing = limiter.standing();
        assert_eq!((standing.available, standing.full_in, standing.wait_for(1)), (0, Duration::MAX, None));
        for n in [0, 1, 10, 11] {
            assert_true_of(&limiter, n);
        }
        let denied = limiter.try_acquire(1).unwrap_err();
        assert_eq!((denied.remaining(), denied.retry_after()), (0, None));
        limiter.reset();
        limiter.bypass();
        assert_eq!((limiter.standing().available, limiter.standing().full_in), (10, Duration::ZERO));
        for n in [0, 1, 10, 11] {
            let wait = limiter.standing().wait_for(n);
            assert_eq!(wait, (n <= 10).then_some(Duration::ZERO));
            assert_eq!(limiter.try_acquire(n).map(|grant| grant.remaining()).ok(), wait.map(|_| 10));
        }
    }
}

/// Each reason from a request that is refused for it, with the text that goes to metrics and logs.
#[test]
fn each_reason_has_a_text_of_its_own() {
    let clock = ManualClock::new();
    let quota = Quota::per_second(2).unwrap();
    let limiter = RateLimiter::builder(quota).max_waiters(1).clock(clock.clone()).build();
    let denied = |denied: Denied| (denied.reason(), None);
    let ended = |error: AcquireError| (error.reason(), Some(error));
    limiter.try_acquire(2).unwrap();
    let mut seen = vec![
        ("not_yet", denied(limiter.try_acquire(1).unwrap_err())),
        ("too_long", denied(limiter.reserve_within(1, Duration::ZERO).unwrap_err())),
        ("too_long", ended(limiter.acquire(1).timeout(Duration::ZERO).wait().unwrap_err())),
        ("exceeds_burst", denied(limiter.try_acquire(3).unwrap_err())),
        ("exceeds_burst", ended(limiter.acquire(3).wait().unwrap_err())),
    ];
    let waiting = limiter.reserve(1).unwrap();
    seen.push(("queue_full", denied(limiter.reserve(1).unwrap_err())));
    seen.push(("queue_full", ended(limiter.acquire(1).wait().unwrap_err())));
    limiter.cancel_waiters();
    seen.push(("cancelled", ended(waiting.wait().unwrap_err())));
    limiter.charge(u64::MAX);
    seen.push(("saturated", denied(limiter.try_acquire(1).unwrap_err())));
    seen.push(("saturated", ended(limiter.acquire(1).wait().unwrap_err())));
    limiter.close();
    seen.push(("closed", denied(limiter.try_acquire(1).unwrap_err())));
    seen.push(("closed", ended(limiter.acquire(1).wait().unwrap_err())));
    let slots = ConcurrentLimiter::slots(1).unwrap();
    let _slot = slots.try_acquire(0).unwrap();
    seen.push(("busy", denied(slots.try_acquire(0).unwrap_err())));
    seen.push(("busy", ended(slots.acquire(0).timeout(Duration::ZERO).wait().unwrap_err())));
    let quotas = |key: &u64| Quota::per_second(*key + 1).unwrap();
    let keyed = KeyedLimiter::<u64>::builder(quota).quota_for(quotas).clock(clock).build();
    (0..64).for_each(|key| drop(keyed.try_acquire(&key, 1)));
    seen.push(("too_many_quotas", denied(keyed.try_acquire(&100, 1).unwrap_err())));
    seen.push(("too_many_quotas", ended(keyed.acquire(&100, 1).wait().unwrap_err())));
    for (text, (reason, error)) in seen {
        assert_eq!((reason.as_str(), reason.to_string().as_str()), (text, text), "{error:?}");
        let variant = error.is_none_or(|error| {
            matches!(
                (reason, error),
                (Reason::TooLong, AcquireError::TooLong { .. })
                    | (Reason::ExceedsBurst, AcquireError::ExceedsBurst { .. })
                    | (Reason::QueueFull, AcquireError::QueueFull)
                    | (Reason::Cancelled, AcquireError::Cancelled)
                    | (Reason::Saturated, AcquireError::Saturated)
                    | (Reason::Closed, AcquireError::Closed)
                    | (Reason::Busy, AcquireError::Busy { .. })
                    | (Reason::TooManyQuotas, AcquireError::TooManyQuotas)
            )
        });
        assert!(variant, "{error:?}");
    }
}
