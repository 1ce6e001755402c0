//! Every way in which a call can end, and what it is charged until then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use limitor::llm::{Acquire, Call, Charged, LlmLimiter, Usage};
use limitor::{ManualClock, SystemClock};

use crate::support::{Waits, built, one_a_second, pump, secs, tokens};

#[test]
fn calls_are_send_and_held_by_tasks() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<LlmLimiter>();
    check::<LlmLimiter<ManualClock>>();
    check::<Call<'static, SystemClock>>();
    check::<Acquire<'static, SystemClock>>();
}

#[test]
fn future_takes_nothing_before_its_first_poll() {
    let (limiter, _) = tokens(10);
    let asked = limiter.acquire(10);
    assert_eq!((limiter.available().tokens, limiter.in_flight(), limiter.waiters()), (Some(10), 0, 0));
    let call = asked.wait().unwrap();
    assert_eq!((limiter.available().tokens, limiter.in_flight(), limiter.waiters()), (Some(0), 1, 0));
    assert_eq!(call.estimate(), Usage::from(10));
    call.reconcile(10);
}

/// What a call is charged in the end, at each limit: requests, tokens, input, output, and both per
/// day.
#[test]
fn each_end_of_a_call_is_charged_as_documented() {
    type End = fn(Call<'_, ManualClock>);
    let actual = Usage::new(8, 30).cached(2);
    let ends: [(&str, End, [u64; 4]); 9] = [
        ("settled", |call| call.reconcile(Usage::new(8, 30).cached(2)), [1, 40, 10, 30]),
        ("cancelled", |call| call.refund(), [0; 4]),
        ("failed, charged a request", |call| call.fail(Charged::Request), [1, 0, 0, 0]),
        ("failed, charged all", |call| call.fail(Charged::Estimate), [1, 35, 15, 20]),
        ("failed, charged nothing", |call| call.fail(Charged::Nothing), [0; 4]),
        ("dropped", |call| drop(call), [1, 35, 15, 20]),
        (
            "streamed and dropped",
            |mut call| {
                call.stream(19);
                call.stream(2);
            },
            [1, 36, 15, 21],
        ),
        (
            "streamed and ended early",
            |mut call| {
                call.stream(3);
                call.end();
            },
            [1, 18, 15, 3],
        ),
        (
            "streamed past the estimate and settled",
            |mut call| {
                call.stream(15);
                call.stream(15);
                call.reconcile(Usage::new(8, 30).cached(2));
            },
            [1, 40, 10, 30],
        ),
    ];
    assert_eq!(actual.input + actual.cached + actual.output, 40);
    for (name, end, [requests, tokens, input, output]) in ends {
        let (limiter, _) = built(|builder| {
            builder
                .requests_per_minute(1_000)
                .tokens_per_minute(1_000)
                .input_tokens_per_minute(1_000)
                .output_tokens_per_minute(1_000)
                .requests_per_day(1_000)
                .tokens_per_day(1_000)
        });
        end(limiter.try_acquire(Usage::new(10, 20).cached(5)).unwrap());
        let left = limiter.available();
        let used = |left: Option<u64>| 1_000 - left.unwrap();
        assert_eq!([used(left.requests), used(left.requests_per_day)], [requests; 2], "{name}");
        assert_eq!([used(left.tokens), used(left.tokens_per_day)], [tokens; 2], "{name}");
        assert_eq!([used(left.input_tokens), used(left.output_tokens)], [input, output], "{name}");
        assert_eq!(limiter.in_flight(), 0, "{name}");
    }
}

#[test]
fn cached_tokens_count_only_if_configured() {
    for (count, left) in [(true, 70), (false, 80)] {
        let (limiter, _) = built(|builder| builder.tokens_per_minute(100).count_cached(count));
        let call = limiter.try_acquire(Usage::new(40, 10).cached(50));
        assert_eq!(call.is_ok(), !count || limiter.available().tokens == Some(0));
        drop(call);
        let (limiter, _) = built(|builder| builder.input_tokens_per_minute(100).count_cached(count));
        limiter.try_acquire(50).unwrap().reconcile(Usage::new(20, 30).cached(10));
        assert_eq!(limiter.available().input_tokens, Some(left));
    }
}

/// A debt of 95: later callers wait for it, and no other call is affected.
#[test]
fn low_estimate_delays_later_callers_and_fails_nothing() {
    let (limiter, clock) = tokens(10);
    let (call, other) = (limiter.try_acquire(5).unwrap(), limiter.try_acquire(5).unwrap());
    call.reconcile(100);
    other.reconcile(5);
    assert_eq!((limiter.available().tokens, limiter.in_flight()), (Some(0), 0));
    let mut waits = Waits::new(limiter.acquire_owned(1));
    clock.advance(Duration::from_nanos(95_999_999_999));
    assert!(waits.still_waits());
    clock.advance(Duration::from_nanos(1));
    waits.goes().reconcile(1);
}

/// A debt delays every waiter that is not granted yet: a waiter has no promise.
#[test]
fn low_estimate_delays_waiters() {
    let (limiter, clock) = tokens(10);
    let call = limiter.try_acquire(10).unwrap();
    let mut waits = Waits::new(limiter.acquire_owned(5));
    clock.advance(secs(2));
    call.reconcile(20);
    assert!(waits.still_waits());
    clock.advance(secs(12));
    assert!(waits.still_waits());
    clock.advance(secs(1));
    waits.goes().reconcile(5);
}

#[test]
fn refund_wakes_the_waiters_it_grants_and_no_others() {
    let (limiter, _) = tokens(100);
    let call = limiter.try_acquire(100).unwrap();
    let mut waits: Vec<Waits> = (0..5).map(|_| Waits::new(limiter.acquire_owned(20))).collect();
    call.reconcile(50);
    let gone: Vec<_> = waits.iter_mut().map(Waits::outcome_if_woken).collect();
    assert_eq!(gone.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false, false, false]);
    assert_eq!((limiter.in_flight(), limiter.waiters()), (2, 3));
    drop(gone);
    assert_eq!(limiter.available().tokens, Some(10));
}

/// Past its estimate a stream is charged as tokens arrive, so that others see the charge
/// immediately.
#[test]
fn stream_is_charged_as_tokens_arrive() {
    let (limiter, clock) = tokens(100);
    let mut call = limiter.try_acquire(Usage::new(10, 20)).unwrap();
    for (tokens, available) in [(15, 70), (5, 70), (0, 70), (1, 69), (30, 39), (60, 0), (60, 0)] {
        call.stream(tokens);
        assert_eq!(limiter.available().tokens, Some(available));
    }
    // 181 were used: a debt of 81, and the one token that is requested.
    let mut waits = Waits::new(limiter.acquire_owned(1));
    call.end();
    assert!(waits.still_waits());
    clock.advance(secs(81));
    assert!(waits.still_waits());
    clock.advance(secs(1));
    waits.goes().reconcile(1);
}

#[test]
fn waiter_dropped_after_its_grant_refunds_all() {
    let (limiter, clock) = built(|builder| {
        builder.requests(one_a_second(3)).tokens(one_a_second(10)).tokens_per_day(100).max_concurrent(2)
    });
    limiter.try_acquire(10).unwrap().reconcile(10);
    let waits = Waits::new(limiter.acquire_owned(4));
    let mut behind = Waits::new(limiter.acquire_owned(6));
    clock.advance(secs(4));
    pump(&limiter);
    assert!(waits.woken());
    assert_eq!((limiter.in_flight(), limiter.waiters(), limiter.available().tokens), (1, 1, Some(0)));
    assert_eq!(limiter.available().tokens_per_day, Some(86));
    drop(waits);
    assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 1));
    assert_eq!(limiter.available().tokens, Some(4));
    assert_eq!(limiter.available().tokens_per_day, Some(90));
    assert_eq!(limiter.available().requests, Some(3));
    clock.advance(secs(2));
    behind.goes().reconcile(6);
}

#[test]
fn panicking_call_ends_and_is_charged_its_estimate() {
    let (limiter, _) = built(|builder| builder.tokens(one_a_second(10)).max_concurrent(1));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _call = limiter.try_acquire(4).unwrap();
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!((limiter.in_flight(), limiter.available().tokens), (0, Some(6)));
    limiter.try_acquire(6).unwrap().reconcile(6);
}

/// The owned form of a call keeps the limiter alive, and can end after all other owners have
/// dropped it.
#[test]
fn owned_calls_and_waits_outlive_their_owner() {
    let (limiter, clock) = tokens(10);
    let weak = std::sync::Arc::downgrade(&limiter);
    let call = limiter.try_acquire_owned(10).unwrap();
    let mut waits = Waits::new(limiter.acquire_owned(5));
    drop(limiter);
    clock.advance(secs(5));
    let second = waits.goes();
    drop(waits);
    call.reconcile(20);
    assert!(weak.upgrade().is_some());
    drop(second);
    assert!(weak.upgrade().is_none());
}

#[test]
#[should_panic(expected = "polled again after completion")]
fn poll_of_a_finished_future_panics() {
    let (limiter, clock) = tokens(1);
    limiter.try_acquire(1).unwrap().reconcile(1);
    let mut waits = Waits::new(limiter.acquire_owned(1));
    clock.advance(secs(1));
    waits.goes().reconcile(1);
    let _ = waits.poll();
}
