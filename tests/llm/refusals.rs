//! Which limit a refusal names, and absurd requests.

use std::time::Duration;

use limitor::llm::{Builder, LlmLimiter, Usage};
use limitor::set::LimitError;
use limitor::{AcquireError, BuildError, ManualClock, Quota, QuotaError};

use crate::support::{Waits, built, left_tokens, one_a_second, refusal, secs, tokens};

type Manual = Builder<ManualClock>;

type Set = fn(Manual) -> Manual;

/// Each limit, configured as the tightest of all, with a request for so much of it.
const LIMITS: [(&str, Set); 6] = [
    ("requests", |builder| builder.requests(one_a_second(10))),
    ("tokens", |builder| builder.tokens(one_a_second(10))),
    ("input tokens", |builder| builder.input_tokens(one_a_second(10))),
    ("output tokens", |builder| builder.output_tokens(one_a_second(10))),
    ("requests per day", |builder| builder.requests_per_day(10)),
    ("tokens per day", |builder| builder.tokens_per_day(10)),
];

/// Room for a thousand of everything per second.
fn roomy(builder: Manual) -> Manual {
    let quota = Quota::per_second(1_000).unwrap();
    builder.requests(quota).tokens(quota).input_tokens(quota).output_tokens(quota).requests_per_day(9_999_000)
}

#[test]
fn refusal_names_the_limit_that_binds() {
    for (name, tighten) in LIMITS {
        let (limiter, _) = built(|builder| tighten(roomy(builder)));
        let usage = if name.starts_with("output") { Usage::new(0, 1) } else { Usage::new(1, 0) };
        for _ in 0..10 {
            limiter.try_acquire(usage).unwrap().reconcile(usage);
        }
        for error in [
            LimitError::from(limiter.try_acquire(usage).unwrap_err()),
            refusal(limiter.acquire(usage).timeout(secs(0))),
        ] {
            assert_eq!(error.limit(), Some(name));
            assert!(matches!(error.error(), AcquireError::TooLong { requested: 1, .. }), "{error:?}");
            assert!(error.to_string().starts_with(&format!("{name}: ")), "{error}");
        }
    }
}

/// Of two limits that refuse, the refusal names the one that grants last.
#[test]
fn limit_that_grants_last_binds() {
    let (limiter, clock) = built(|builder| builder.requests(one_a_second(1)).tokens(one_a_second(10)));
    limiter.try_acquire(10).unwrap().reconcile(10);
    assert_eq!(LimitError::from(limiter.try_acquire(3).unwrap_err()).limit(), Some("tokens"));
    clock.advance(Duration::from_millis(500));
    assert_eq!(LimitError::from(limiter.try_acquire(0).unwrap_err()).limit(), Some("requests"));
    clock.advance(Duration::from_millis(500));
    let error = LimitError::from(limiter.try_acquire(3).unwrap_err());
    assert_eq!(error.limit(), Some("tokens"));
    assert!(matches!(error.error(), AcquireError::TooLong { requested: 3, wait, .. } if wait == secs(2)));
    clock.advance(secs(2));
    limiter.try_acquire(3).unwrap().reconcile(3);
}

#[test]
fn over_the_burst_is_an_immediate_error_on_every_path() {
    for (name, tighten) in LIMITS.into_iter().filter(|(name, _)| name.contains("tokens")) {
        for midnight in [None, Some(0)] {
            let (limiter, _) = built(|builder| {
                let builder = tighten(builder);
                if let Some(offset) = midnight { builder.days_begin_at_midnight(offset) } else { builder }
            });
            for tokens in [11, u64::MAX] {
                let usage = if name.starts_with("output") { Usage::new(0, tokens) } else { Usage::new(tokens, 0) };
                let errors = [
                    LimitError::from(limiter.try_acquire(usage).unwrap_err()),
                    refusal(limiter.acquire(usage)),
                    refusal(limiter.acquire(usage).timeout(secs(1))),
                ];
                for error in errors {
                    assert_eq!(error.limit(), Some(name));
                    let expected = |requested, burst| (requested, burst) == (tokens, 10);
                    assert!(
                        matches!(error.error(), AcquireError::ExceedsBurst { requested, burst, .. } if expected(requested, burst)),
                        "{error:?}"
                    );
                }
            }
            assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 0));
        }
    }
}

/// Also during a pause, while all slots are taken, or while others wait: no wait would help.
#[test]
fn over_the_burst_is_an_error_in_every_state() {
    let (limiter, _) = built(|builder| builder.tokens(one_a_second(10)).max_concurrent(1));
    let call = limiter.try_acquire(10).unwrap();
    let waits = Waits::new(limiter.acquire_owned(1));
    limiter.pause(secs(60));
    let error = refusal(limiter.acquire(11));
    assert!(matches!(error.error(), AcquireError::ExceedsBurst { .. }), "{error:?}");
    drop((waits, call));
}

/// With one limit, or with none: then only slots and pauses delay a call.
#[test]
fn limiter_without_limits_grants_all() {
    let (limiter, clock) = built(|builder| builder);
    assert_eq!(limiter.available(), limitor::llm::PerLimit::default());
    let calls: Vec<_> = (0..100).map(|_| limiter.try_acquire(u64::MAX).unwrap()).collect();
    assert_eq!(limiter.in_flight(), 100);
    limiter.lower_to(left_tokens(0));
    limiter.allow(left_tokens(0));
    for call in calls {
        call.reconcile(u64::MAX);
    }
    limiter.pause(secs(1));
    let error = LimitError::from(limiter.try_acquire(1).unwrap_err());
    assert!(matches!(error.error(), AcquireError::TooLong { wait, .. } if wait == secs(1)), "{error:?}");
    let mut waits = Waits::new(limiter.acquire_owned(1));
    clock.advance(secs(1));
    drop(waits.goes());
}

/// An estimate of zero needs no tokens, whatever the debt, but it counts as a request.
#[test]
fn zero_estimate_counts_as_a_request_and_is_settled() {
    let (limiter, clock) = built(|builder| builder.requests(one_a_second(2)).tokens(one_a_second(10)));
    limiter.try_acquire(10).unwrap().reconcile(15);
    limiter.try_acquire(0).unwrap().reconcile(5);
    assert_eq!(LimitError::from(limiter.try_acquire(0).unwrap_err()).limit(), Some("requests"));
    clock.advance(secs(10));
    assert_eq!(limiter.available().tokens, Some(0), "20 were used in all");
    clock.advance(secs(1));
    assert_eq!(limiter.available().tokens, Some(1));
}

/// Absurd figures do not panic, and do not wrap into permits. A limit with a debt too large to be
/// counted grants no more.
#[test]
fn absurd_figures_do_not_panic_or_wrap() {
    let (limiter, clock) = built(|builder| {
        builder.tokens(one_a_second(10)).tokens_per_day(10).days_begin_at_midnight(i32::MAX).max_pause(Duration::MAX)
    });
    let mut call = limiter.try_acquire(Usage::new(1, 1).cached(1)).unwrap();
    let other = limiter.try_acquire(5).unwrap();
    call.stream(u64::MAX);
    call.stream(u64::MAX);
    call.reconcile(Usage::new(u64::MAX, u64::MAX).cached(u64::MAX));
    other.refund();
    assert_eq!(limiter.available().tokens, Some(0));
    let error = LimitError::from(limiter.try_acquire(1).unwrap_err());
    assert!(matches!(error.error(), AcquireError::TooLong { .. }), "{error:?}");
    limiter.lower_to(left_tokens(u64::MAX));
    limiter.allow(left_tokens(u64::MAX));
    limiter.allow(left_tokens(0));
    limiter.pause(Duration::MAX);
    let waits = Waits::new(limiter.acquire_owned(1));
    clock.set(100 * 365 * secs(86_400));
    drop(waits);
    assert!(limiter.try_acquire(1).is_err());
}

#[test]
fn impossible_limits_are_an_error_of_build() {
    let zero: [Set; 6] = [
        |builder| builder.requests_per_minute(0),
        |builder| builder.tokens_per_minute(0),
        |builder| builder.input_tokens_per_minute(0),
        |builder| builder.output_tokens_per_minute(0),
        |builder| builder.requests_per_day(0),
        |builder| builder.tokens_per_day(0),
    ];
    for zero in zero {
        assert_eq!(zero(Builder::new(ManualClock::new())).build().unwrap_err(), QuotaError::ZeroCapacity.into());
    }
    let error = LlmLimiter::builder().max_concurrent(0).build().unwrap_err();
    assert_eq!(error, BuildError::ZeroConcurrency);
    let error = LlmLimiter::builder().tokens_per_minute(u64::MAX).build().unwrap_err();
    assert!(matches!(error, BuildError::Quota(QuotaError::TooFast { .. })));
    // The last call of a setter applies.
    assert!(LlmLimiter::builder().tokens_per_minute(0).tokens_per_minute(1).build().is_ok());
}

/// Two accounts, each with a limiter of its own: if the inner one refuses, the refunded outer call
/// costs nothing.
#[test]
fn limiters_can_be_nested() {
    let ((outer, _), (inner, clock)) = (tokens(10), tokens(5));
    let call = outer.try_acquire(10).unwrap();
    assert!(inner.try_acquire(10).is_err());
    call.refund();
    assert_eq!((outer.available().tokens, inner.available().tokens), (Some(10), Some(5)));
    let both = (outer.try_acquire(5).unwrap(), inner.try_acquire(5).unwrap());
    clock.advance(secs(1));
    drop(both);
    assert_eq!((outer.available().tokens, inner.available().tokens), (Some(5), Some(1)));
}

#[test]
fn debug_forms_have_the_state() {
    let (limiter, _) = tokens(10);
    assert_eq!(format!("{limiter:?}"), "LlmLimiter { in_flight: 0, .. }");
    let call = limiter.try_acquire(3).unwrap();
    assert!(format!("{call:?} {:?}", limiter.acquire(1)).contains("input: 3"));
    let builder = format!("{:?}", LlmLimiter::builder().tokens_per_minute(5));
    assert!(builder.contains("tokens") && !builder.contains("requests"), "{builder}");
}
