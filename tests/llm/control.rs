//! Control of a limiter for calls: reset, strategies; tries at a reading, what remains, and other
//! queries.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use limitor::llm::{LlmLimiter, PerLimit, Usage};
use limitor::{AcquireError, Clock, ManualClock, Quota, Reason, Strategy};

use crate::support::{Waits, built, one_a_second, secs, tokens};

#[test]
fn reset_restores_all_limits_as_built() {
    let (limiter, clock) = built(|builder| {
        builder.tokens(one_a_second(100)).requests_per_day(10).tokens_per_day(50).days_begin_at_midnight(0)
    });
    limiter.try_acquire(40).unwrap().reconcile(900);
    limiter.allow(PerLimit::default().tokens(1).requests_per_day(1));
    limiter.pause(secs(60));
    clock.advance(secs(1));
    limiter.close();
    limiter.reset();
    assert!(limiter.is_idle());
    let full = PerLimit::default().tokens(100).requests_per_day(10).tokens_per_day(50);
    assert_eq!((limiter.available(), limiter.paused_for()), (full, Duration::ZERO));
    assert!(limiter.try_acquire(50).is_ok());
}

#[test]
fn reset_cancels_waiters_and_keeps_calls_under_way() {
    let (limiter, _) = built(|builder| builder.tokens(one_a_second(10)).max_concurrent(1));
    let call = limiter.try_acquire(10).unwrap();
    let mut waits = Waits::new(limiter.acquire_owned(1));
    limiter.reset();
    assert_eq!(waits.refused(), (None, AcquireError::Cancelled));
    assert_eq!((limiter.in_flight(), limiter.available().tokens), (1, Some(10)));
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Busy, "the slot is still taken");
    call.refund();
    assert_eq!((limiter.in_flight(), limiter.available().tokens), (0, Some(10)));
}

/// Two calls that were let go before a reset, and one after it: only that one has something to give
/// back.
#[test]
fn call_from_before_a_reset_refunds_nothing_of_later_calls() {
    for daily in [false, true] {
        let (limiter, _) = built(|builder| {
            let builder = builder.tokens_per_day(100);
            if daily { builder.days_begin_at_midnight(0) } else { builder }
        });
        let (first, mut second) = (limiter.try_acquire(30).unwrap(), limiter.try_acquire(30).unwrap());
        limiter.reset();
        let third = limiter.try_acquire(80).unwrap();
        first.refund();
        assert_eq!(limiter.available().tokens_per_day, Some(20), "daily: {daily}");
        second.stream(7);
        assert_eq!(limiter.available().tokens_per_day, Some(13), "what goes beyond the estimate is charged");
        second.reconcile(5);
        assert_eq!(limiter.available().tokens_per_day, Some(13));
        third.reconcile(10);
        assert_eq!(limiter.available().tokens_per_day, Some(83));
    }
}

#[test]
fn closed_limiter_refuses_until_reset() {
    let (limiter, _) = tokens(10);
    let call = limiter.try_acquire(10).unwrap();
    let mut waits = Waits::new(limiter.acquire_owned(1));
    limiter.close();
    assert_eq!(waits.refused(), (None, AcquireError::Closed));
    let denied = limiter.try_acquire(1).unwrap_err();
    assert_eq!((denied.reason(), denied.limit(), denied.retry_after()), (Reason::Closed, "", None));
    assert_eq!(limiter.wait_for(1), None);
    call.reconcile(4);
    limiter.reset();
    assert!(!limiter.is_closed() && limiter.try_acquire(10).is_ok());
}

#[test]
fn try_at_a_reading_decides_as_of_that_reading() {
    let (limiter, clock) = tokens(10);
    let now = clock.now();
    limiter.try_acquire_at(now, 10).unwrap().reconcile(10);
    let denied = limiter.try_acquire_at(now, 4).unwrap_err();
    assert_eq!((denied.limit(), denied.requested()), ("tokens", 4));
    assert_eq!((denied.retry_after(), denied.remaining()), (Some(secs(4)), 0));
    assert!(limiter.try_acquire_at(clock.after(Duration::from_nanos(3_999_999_999)), 4).is_err());
    let later = clock.after(secs(4));
    let limiter = &limiter;
    limiter.try_acquire_at(later, 4).unwrap().reconcile(4);
    assert_eq!((limiter.available_at(later).tokens, limiter.available().tokens), (Some(0), Some(0)));
    assert!(limiter.try_acquire_owned_at(clock.after(secs(5)), 1).is_ok());
}

/// What a refusal says to wait is enough, and a nanosecond less is not, whatever the rate.
#[test]
fn retry_after_of_a_try_is_exact_at_odd_rates() {
    for text in ["3/s burst 7", "70000/min burst 12", "450001/d burst 3", "99991/h burst 12"] {
        let quota: Quota = text.parse().unwrap();
        let (limiter, clock) = built(|builder| builder.tokens(quota));
        limiter.try_acquire(quota.burst()).unwrap().reconcile(quota.burst());
        clock.advance(Duration::from_nanos(1_237));
        for n in 1..=3 {
            let wait = limiter.try_acquire(n).unwrap_err().retry_after().unwrap();
            assert!(
                limiter.try_acquire_at(clock.after(wait.saturating_sub(Duration::from_nanos(1))), n).is_err(),
                "{text}"
            );
            assert_eq!(limiter.wait_for(n), Some(wait), "{text}");
            limiter.try_acquire_at(clock.after(wait), n).unwrap().refund();
        }
    }
}

#[test]
fn try_beside_waiters_says_when_its_turn_would_come() {
    let (limiter, _) = tokens(10);
    limiter.try_acquire(10).unwrap().reconcile(10);
    let _waits = Waits::new(limiter.acquire_owned(3));
    let denied = limiter.try_acquire(2).unwrap_err();
    assert_eq!((denied.limit(), denied.retry_after()), ("tokens", Some(secs(5))));
    assert_eq!(limiter.wait_for(2), Some(secs(5)));
}

#[test]
fn refusals_by_slots_and_pauses_name_no_limit() {
    let (limiter, _) = built(|builder| builder.tokens(one_a_second(10)).max_concurrent(1));
    let call = limiter.try_acquire(1).unwrap();
    let denied = limiter.try_acquire(1).unwrap_err();
    assert_eq!((denied.reason(), denied.limit(), denied.retry_after()), (Reason::Busy, "", None));
    assert_eq!(denied.to_string(), "all slots are taken (1)");
    assert_eq!(limiter.wait_for(1), None);
    call.refund();
    limiter.pause(secs(30));
    let denied = limiter.try_acquire(1).unwrap_err();
    assert_eq!((denied.reason(), denied.limit(), denied.retry_after()), (Reason::NotYet, "", Some(secs(30))));
}

#[test]
fn remaining_is_what_each_limit_had_after_the_call_went() {
    let (limiter, clock) = built(|builder| builder.tokens(one_a_second(10)).requests(one_a_second(3)));
    let first = limiter.try_acquire(Usage::new(3, 1)).unwrap();
    assert_eq!(first.remaining(), PerLimit::default().tokens(6).requests(2));
    let mut waits = Waits::new(limiter.acquire_owned(8));
    clock.advance(secs(2));
    let waited = waits.goes();
    assert_eq!(waited.remaining(), PerLimit::default().tokens(0).requests(2));
    assert_eq!(first.remaining(), PerLimit::default().tokens(6).requests(2), "it does not change");
}

#[test]
fn allowed_follows_the_provider_and_is_configured_at_first() {
    let (limiter, _) = built(|builder| builder.tokens_per_minute(600).requests_per_day(10));
    assert_eq!(limiter.allowed(), PerLimit::default().tokens(600).requests_per_day(10));
    limiter.allow(PerLimit::default().tokens(60).output_tokens(5));
    assert_eq!(limiter.allowed(), PerLimit::default().tokens(60).requests_per_day(10));
    limiter.allow(PerLimit::default().tokens(u64::MAX));
    assert_eq!(limiter.allowed().tokens, Some(600));
}

#[test]
fn every_strategy_lets_threads_go_in_time() {
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let quota = Quota::per_second(1_000).unwrap().with_burst(1).unwrap();
        let limiter = LlmLimiter::builder().requests(quota).strategy(strategy).build().unwrap();
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..10).for_each(|_| limiter.acquire(1).wait().unwrap().reconcile(1)));
            }
        });
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_millis(18), "{strategy:?}: {elapsed:?}");
        assert!(elapsed < secs(10), "{strategy:?}: {elapsed:?}");
    }
}

/// The time at which a slot comes free is unknown. Each strategy learns of it.
#[test]
fn every_strategy_learns_of_a_slot_that_comes_free() {
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let limiter = Arc::new(LlmLimiter::builder().max_concurrent(1).strategy(strategy).build().unwrap());
        let call = limiter.try_acquire(1).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| limiter.acquire(1).wait().map(drop));
            while limiter.waiters() == 0 {
                thread::yield_now();
            }
            drop(call);
            assert!(waiter.join().unwrap().is_ok(), "{strategy:?}");
        });
    }
}

#[test]
fn usage_and_figures_have_setters() {
    let usage = Usage::new(1, 2).cached(3);
    assert_eq!(usage, Usage::default().input(1).output(2).cached(3));
    let all = PerLimit::default()
        .requests(1)
        .tokens(2)
        .input_tokens(3)
        .output_tokens(4)
        .requests_per_day(5)
        .tokens_per_day(6);
    let PerLimit { requests, tokens, input_tokens, output_tokens, requests_per_day, tokens_per_day, .. } = all;
    let figures = [requests, tokens, input_tokens, output_tokens, requests_per_day, tokens_per_day];
    assert_eq!(figures, [1, 2, 3, 4, 5, 6].map(Some));
    let (limiter, _): (_, ManualClock) = built(|builder| builder);
    assert_eq!(limiter.allowed(), PerLimit::default());
}
