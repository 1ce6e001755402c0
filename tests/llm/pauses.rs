//! Pauses, changed quotas and lower figures: waiters are rescheduled in both directions.

use std::time::Duration;

use limitor::llm::PerLimit;
use limitor::set::LimitError;
use limitor::{AcquireError, ManualClock, Quota};
use proptest::prelude::*;

use crate::support::{Limiter, Waits, built, goes_at, had_now, left, left_tokens, one_a_second, refusal, secs, tokens};

/// Ten tokens, all taken; a waiter for `n` is due at `n` seconds.
fn empty() -> (Limiter, ManualClock) {
    let (limiter, clock) = tokens(10);
    limiter.try_acquire(10).unwrap().reconcile(10);
    (limiter, clock)
}

#[test]
fn pause_delays_only_waiters_due_within_it() {
    for (due, pause, goes) in [(3, 10, 10), (3, 3, 3), (5, 2, 5), (5, 0, 5), (1, 100, 100)] {
        let (limiter, clock) = empty();
        let mut waits = Waits::new(limiter.acquire_owned(due));
        limiter.pause(secs(pause));
        drop(goes_at(&mut waits, &clock, secs(goes)));
    }
}

/// A pause that begins during a wait counts from then. Of two pauses, the longer applies.
#[test]
fn pauses_count_from_now_and_are_never_shortened() {
    let (limiter, clock) = empty();
    let mut waits = Waits::new(limiter.acquire_owned(5));
    clock.set(secs(4));
    limiter.pause(secs(10));
    assert_eq!(limiter.paused_for(), secs(10));
    clock.set(secs(6));
    limiter.pause(secs(3));
    assert_eq!(limiter.paused_for(), secs(8));
    limiter.pause(secs(9));
    drop(goes_at(&mut waits, &clock, secs(15)));
    assert_eq!(limiter.paused_for(), Duration::ZERO);
    clock.set(secs(100));
    assert_eq!(limiter.paused_for(), Duration::ZERO);
}

#[test]
fn pause_is_capped_at_max_pause() {
    let (limiter, clock) = tokens(10);
    limiter.pause(Duration::MAX);
    assert_eq!(limiter.paused_for(), secs(120));
    let (short, short_clock) = built(|builder| builder.tokens(one_a_second(10)).max_pause(secs(7)));
    short.pause(secs(8));
    assert_eq!(short.paused_for(), secs(7));
    drop(goes_at(&mut Waits::new(short.acquire_owned(1)), &short_clock, secs(7)));
    drop(goes_at(&mut Waits::new(limiter.acquire_owned(1)), &clock, secs(120)));
    let (never, _) = built(|builder| builder.tokens(one_a_second(10)).max_pause(Duration::ZERO));
    never.pause(secs(8));
    never.try_acquire(10).unwrap().reconcile(10);
}

/// During a pause, refusals are temporary and name no limit, and permits continue to come back.
#[test]
fn refusal_during_a_pause_has_the_rest_of_it() {
    let (limiter, clock) = tokens(10);
    let call = limiter.try_acquire(6).unwrap();
    limiter.pause(secs(20));
    let error = LimitError::from(limiter.try_acquire(2).unwrap_err());
    assert_eq!(error.limit(), None);
    assert!(matches!(error.error(), AcquireError::TooLong { wait, .. } if wait == secs(20)), "{error:?}");
    let error = refusal(limiter.acquire(2).timeout(Duration::from_nanos(19_999_999_999)));
    assert!(matches!(error.error(), AcquireError::TooLong { wait, .. } if wait == secs(20)), "{error:?}");
    let mut fits = Waits::new(limiter.acquire_owned(2).timeout(secs(20)));
    call.reconcile(1);
    assert_eq!(limiter.available().tokens, Some(9));
    drop(goes_at(&mut fits, &clock, secs(20)));
}

/// If a waiter can no longer be granted in time, it is refused when that is known, not when its
/// time is over.
#[test]
fn first_waiter_that_a_pause_makes_late_is_refused_then() {
    let (limiter, _) = empty();
    let mut first = Waits::new(limiter.acquire_owned(3).timeout(secs(5)));
    limiter.pause(secs(5));
    assert!(first.still_waits(), "just in time");
    limiter.pause(Duration::from_nanos(5_000_000_001));
    let (limit, error) = first.refused();
    assert_eq!(limit, None);
    assert!(matches!(error, AcquireError::TooLong { wait, .. } if wait > secs(5)), "{error:?}");
    assert_eq!(limiter.waiters(), 0);
}

/// The others are refused when their time is over, at the latest.
#[test]
fn pause_keeps_no_waiter_past_its_deadline() {
    let (limiter, clock) = empty();
    let mut first = Waits::new(limiter.acquire_owned(1));
    let mut others = [1; 6].map(|tokens| Waits::new(limiter.acquire_owned(tokens).timeout(secs(9))));
    clock.set(secs(1));
    drop(first.goes());
    limiter.pause(secs(60));
    clock.set(secs(9));
    for (index, waits) in others.iter_mut().enumerate() {
        let error = waits.refused().1;
        assert!(matches!(error, AcquireError::TooLong { .. }), "{index}: {error:?}");
    }
    assert_eq!(limiter.waiters(), 0);
}

#[test]
fn halved_and_restored_rate_reschedules_waiters() {
    let (limiter, clock) = built(|builder| builder.tokens(Quota::per_minute(60).unwrap()));
    limiter.try_acquire(60).unwrap().reconcile(60);
    let mut waits = [20, 4].map(|tokens| Waits::new(limiter.acquire_owned(tokens)));
    clock.set(secs(10));
    limiter.allow(left_tokens(30));
    assert_eq!(limiter.available().tokens, Some(10), "the available permits stay");
    clock.set(secs(26)); // at 0.5/s
    assert_eq!(limiter.available().tokens, Some(18));
    assert!(waits[0].still_waits());
    limiter.allow(left_tokens(1_000)); // clamped to the configuration
    assert_eq!(limiter.available().tokens, Some(18));
    clock.set(secs(27));
    assert!(waits[0].still_waits());
    clock.set(secs(28));
    drop(waits[0].goes());
    drop(goes_at(&mut waits[1], &clock, secs(32)));
    assert_eq!(limiter.available().tokens, Some(0));
}

/// What is available stays, as far as a smaller burst has room for it.
#[test]
fn lower_limit_has_a_smaller_burst() {
    let (limiter, clock) = built(|builder| builder.requests(Quota::per_second(10).unwrap().with_burst(100).unwrap()));
    (0..30).for_each(|_| drop(limiter.try_acquire(0).unwrap()));
    for (allowed, available) in [(8, 70), (5, 50), (10, 50), (3, 30), (0, 10), (u64::MAX, 10), (9, 10), (10, 10)] {
        limiter.allow(left(|left| left.requests = Some(allowed)));
        assert_eq!(limiter.available().requests, Some(available), "{allowed} a second");
    }
    limiter.allow(left(|left| left.requests = Some(5)));
    clock.advance(secs(3_600));
    assert_eq!(limiter.available().requests, Some(50), "whole");
    assert!(!limiter.is_idle(), "less than configured");
    limiter.allow(left(|left| left.requests = Some(10)));
    assert_eq!(limiter.available().requests, Some(50));
    clock.advance(secs(5));
    assert_eq!(limiter.available().requests, Some(100));
    assert!(limiter.is_idle());
}

/// If a server halves its limits, waiters are delayed by the lower rate and by nothing else.
#[test]
fn halving_the_rate_doubles_the_wait() {
    let (limiter, clock) = built(|builder| builder.tokens(Quota::per_minute(6_000).unwrap()));
    limiter.try_acquire(6_000).unwrap().reconcile(6_000);
    limiter.allow(left_tokens(3_000));
    let mut waits = Waits::new(limiter.acquire_owned(10));
    drop(goes_at(&mut waits, &clock, Duration::from_millis(200)));
}

/// The lowest backlog of a call under way is converted to the new permits. A smaller burst would
/// have had no room for more.
#[test]
fn calls_under_way_refund_the_same_after_a_rate_change() {
    for (there, back, after) in
        [(5, None, (4, 5)), (5, Some(10), (4, 5)), (2, Some(10), (2, 2)), (7, None, (4, 7)), (9, Some(10), (4, 9))]
    {
        let (limiter, clock) = built(|builder| builder.tokens(Quota::new(10, secs(10)).unwrap()));
        let a = limiter.try_acquire(10).unwrap();
        clock.advance(secs(8));
        let b = limiter.try_acquire(6).unwrap(); // 2 are missing before this grant, and now 8 are
        limiter.allow(left_tokens(there));
        if let Some(back) = back {
            limiter.allow(left_tokens(back));
        }
        a.refund();
        assert_eq!(limiter.available().tokens, Some(after.0), "{there} {back:?}");
        b.refund();
        assert_eq!(limiter.available().tokens, Some(after.1), "{there} {back:?}");
    }
}

#[test]
fn allow_changes_no_calendar_limit_and_adds_no_limit() {
    let (limiter, _) = built(|builder| builder.tokens_per_day(10).days_begin_at_midnight(0));
    limiter.allow(left(|left| {
        left.tokens_per_day = Some(5);
        left.tokens = Some(1);
        left.requests = Some(1);
    }));
    assert_eq!(limiter.available(), left(|left| left.tokens_per_day = Some(10)));
}

#[test]
fn lower_figure_applies_and_higher_one_changes_nothing() {
    let (limiter, clock) = built(|builder| {
        builder.requests_per_minute(60).tokens_per_minute(600).tokens_per_day(900).days_begin_at_midnight(0)
    });
    limiter.try_acquire(100).unwrap().reconcile(100);
    let all = |requests, tokens, day| {
        left(|left| (left.requests, left.tokens, left.tokens_per_day) = (Some(requests), Some(tokens), Some(day)))
    };
    assert_eq!(limiter.available(), all(59, 500, 800));
    limiter.lower_to(all(60, 501, u64::MAX));
    assert_eq!(limiter.available(), all(59, 500, 800));
    limiter.lower_to(all(0, 499, 30));
    assert_eq!(limiter.available(), all(0, 499, 30));
    limiter.lower_to(PerLimit::default());
    assert_eq!(limiter.available(), all(0, 499, 30));
    clock.advance(secs(1));
    assert_eq!(limiter.available(), all(1, 509, 30));
}

#[test]
fn lower_figure_delays_waiters() {
    let (limiter, clock) = tokens(10);
    limiter.try_acquire(6).unwrap().reconcile(6);
    let mut waits = Waits::new(limiter.acquire_owned(6));
    limiter.lower_to(left_tokens(1));
    drop(goes_at(&mut waits, &clock, secs(5)));
    assert_eq!(had_now(&limiter), 0);
}

proptest! {
    /// After any sequence of changed limits: what is available stays, within one permit, as far as
    /// there is room for it.
    #[test]
    fn changed_limits_keep_what_is_available(
        capacity in 1..100_000_u64,
        period in prop_oneof![Just(1_u64), Just(60), Just(86_400)],
        taken in 0..100_000_u64,
        millis in 0..60_000_u64,
        allowed in proptest::collection::vec(prop_oneof![Just(0), 1..200_000_u64, Just(u64::MAX)], 1..20),
    ) {
        let (limiter, clock) = built(|builder| builder.tokens(Quota::new(capacity, secs(period)).unwrap()));
        drop(limiter.try_acquire(taken.min(capacity)));
        clock.advance(Duration::from_millis(millis));
        let mut expected = limiter.available().tokens.unwrap();
        for allowed in allowed {
            limiter.allow(left_tokens(allowed));
            expected = expected.min(allowed.clamp(1, capacity));
            let available = limiter.available().tokens.unwrap();
            prop_assert!(available <= expected && expected - available <= 1, "{} and not {}", available, expected);
        }
    }
}
