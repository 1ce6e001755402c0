//! A provider's report aligns the limits with it, but never past their configuration, and never
//! into a stall.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use limitor::llm::{Builder, PerLimit, ProviderView};
use limitor::set::LimitError;
use limitor::{AcquireError, ManualClock};
use proptest::prelude::*;

use crate::support::{Limiter, Waits, built, goes_at, left, secs};

fn view(status: u16, pairs: &[(&str, &str)]) -> ProviderView {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    let headers: HeaderMap = pairs.iter().map(pair).collect();
    ProviderView::of(StatusCode::from_u16(status).unwrap(), &headers, SystemTime::UNIX_EPOCH)
}

fn per_minute(requests: u64, tokens: u64) -> (Limiter, ManualClock) {
    built(|builder| builder.requests_per_minute(requests).tokens_per_minute(tokens))
}

fn requests_and_tokens(requests: u64, tokens: u64) -> PerLimit {
    left(|left| (left.requests, left.tokens) = (Some(requests), Some(tokens)))
}

#[test]
fn lower_report_removes_permits_and_higher_adds_none() {
    let (limiter, _) = per_minute(60, 6_000);
    limiter.try_acquire(1_000).unwrap().reconcile(1_000);
    let more = view(
        200,
        &[("x-ratelimit-remaining-requests", "60"), ("x-ratelimit-remaining-tokens", "18446744073709551615")],
    );
    limiter.observe(&more);
    assert_eq!(limiter.available(), requests_and_tokens(59, 5_000));
    limiter.observe(&view(200, &[("x-ratelimit-remaining-requests", "7"), ("x-ratelimit-remaining-tokens", "0")]));
    assert_eq!(limiter.available(), requests_and_tokens(7, 0));
    limiter.observe(&ProviderView::default());
    assert_eq!((limiter.available(), limiter.paused_for()), (requests_and_tokens(7, 0), Duration::ZERO));
}

#[test]
fn each_window_applies_to_its_own_limit() {
    let (limiter, _) = built(|builder| {
        builder.requests_per_minute(50).input_tokens_per_minute(40_000).output_tokens_per_minute(8_000)
    });
    limiter.observe(&view(
        200,
        &[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-tokens-limit", "48000"),
            ("anthropic-ratelimit-tokens-remaining", "3"),
            ("anthropic-ratelimit-input-tokens-limit", "40000"),
            ("anthropic-ratelimit-input-tokens-remaining", "39000"),
            ("anthropic-ratelimit-output-tokens-limit", "8000"),
            ("anthropic-ratelimit-output-tokens-remaining", "7000"),
        ],
    ));
    let expected = left(|left| {
        (left.requests, left.input_tokens, left.output_tokens) = (Some(49), Some(39_000), Some(7_000));
    });
    assert_eq!(limiter.available(), expected);
}

/// The server halves its limits: the limiter grants exactly that until the server reports
/// otherwise.
#[test]
fn halved_limit_holds_until_raised_up_to_its_configuration() {
    let limit = |tokens| view(200, &[("x-ratelimit-limit-tokens", tokens)]);
    let (limiter, clock) = per_minute(60, 6_000);
    limiter.try_acquire(4_500).unwrap().reconcile(4_500);
    limiter.observe(&limit("3000"));
    assert_eq!(limiter.available(), requests_and_tokens(59, 1_500));
    clock.advance(secs(10));
    assert_eq!(limiter.available().tokens, Some(2_000), "50 a second");
    limiter.observe(&limit("3000"));
    assert_eq!(limiter.available().tokens, Some(2_000));
    limiter.observe(&limit("18446744073709551615"));
    assert_eq!(limiter.available().tokens, Some(2_000));
    clock.advance(secs(10));
    assert_eq!(limiter.available().tokens, Some(3_000), "100 a second");
    clock.advance(secs(60));
    assert_eq!(limiter.available().tokens, Some(6_000));
}

#[test]
fn halved_limit_delays_waiters() {
    let (limiter, clock) = per_minute(60, 6_000);
    limiter.try_acquire(6_000).unwrap().reconcile(6_000);
    let mut waits = Waits::new(limiter.acquire_owned(1_000));
    limiter.observe(&view(200, &[("x-ratelimit-limit-tokens", "3000")]));
    drop(goes_at(&mut waits, &clock, secs(20)));
}

/// Answers overtake each other. An answer to a call that was sent before a limit fell has the old
/// limit.
#[test]
fn late_answer_does_not_raise_a_limit_again() {
    let limit = |tokens| view(200, &[("x-ratelimit-limit-tokens", tokens)]);
    let (limiter, _) = per_minute(60, 6_000);
    // The permits available say little: they stay as they are, whatever the limit.
    let allowed = || match LimitError::from(limiter.try_acquire(u64::MAX).unwrap_err()).error() {
        AcquireError::ExceedsBurst { burst, .. } => burst,
        other => panic!("{other}"),
    };
    let [old, fast, slow, slower] = [1, 2, 3, 4].map(|_| limiter.try_acquire(0).unwrap());
    fast.observe(&limit("3000"));
    for late in [&old, &slow, &slower] {
        late.observe(&limit("6000"));
        late.observe(&limit("3001"));
        assert_eq!(allowed(), 3_000);
    }
    slow.observe(&limit("1000"));
    assert_eq!(allowed(), 1_000, "a still lower limit applies from any answer");
    let [first, second] = [1, 2].map(|_| limiter.try_acquire(0).unwrap());
    slower.observe(&limit("3000"));
    assert_eq!(allowed(), 1_000);
    second.observe(&limit("3000"));
    assert_eq!((allowed(), limiter.available().tokens), (3_000, Some(1_000)));
    first.observe(&limit("4000"));
    assert_eq!(allowed(), 3_000, "sent before the limit fell");
    let newest = limiter.try_acquire(0).unwrap();
    newest.observe(&limit("4000"));
    assert_eq!(allowed(), 4_000);
}

type Pairs = [(&'static str, &'static str)];

/// The status, the headers, and how long no call is granted afterwards.
#[test]
fn refusal_pauses_for_the_stated_time() {
    let millis = Duration::from_millis;
    let cases: [(u16, &Pairs, Duration); 11] = [
        (429, &[("retry-after", "7")], secs(7)),
        (429, &[("retry-after-ms", "1500"), ("retry-after", "2")], millis(1_500)),
        (429, &[("retry-after", "Thu, 01 Jan 1970 00:00:09 GMT")], secs(9)),
        (503, &[("retry-after", "3")], secs(3)),
        (429, &[], millis(250)),
        (529, &[], millis(250)),
        (429, &[("retry-after", "0")], millis(250)),
        (429, &[("retry-after", "soon")], millis(250)),
        (500, &[], Duration::ZERO),
        (200, &[("retry-after", "7")], Duration::ZERO),
        (429, &[("retry-after", "1000000000")], secs(120)),
    ];
    for (status, headers, pause) in cases {
        let (limiter, clock) = per_minute(60, 6_000);
        limiter.observe(&view(status, headers));
        assert_eq!(limiter.paused_for(), pause, "{status} {headers:?}");
        if pause.is_zero() {
            limiter.try_acquire(1).unwrap().reconcile(1);
            continue;
        }
        let mut waits = Waits::new(limiter.acquire_owned(1));
        clock.set(pause.checked_sub(Duration::from_nanos(1)).unwrap());
        assert!(waits.still_waits(), "{status} {headers:?}");
        clock.set(pause);
        drop(waits.goes());
    }
}

#[test]
fn delay_in_an_error_body_pauses_up_to_max_pause() {
    let body =
        br#"{"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]}}"#;
    let view = view(429, &[]).with_body(body);
    let (limiter, _) = per_minute(60, 6_000);
    limiter.observe(&view);
    assert_eq!(limiter.paused_for(), Duration::from_millis(34_500));
    let (capped, _) = built(|builder| builder.max_pause(secs(5)));
    capped.observe(&view);
    assert_eq!(capped.paused_for(), secs(5));
}

/// The configured limits per minute and per day, the stated limit with one left, and which of the
/// two it is.
#[test]
fn stated_limit_decides_between_minute_and_day() {
    const MINUTE: bool = true;
    const DAY: bool = false;
    let cases = [
        ((30, 14_400), "14400", DAY), // Groq
        ((30, 14_400), "30", MINUTE),
        ((500, 10_000), "10000", DAY),
        ((500, 10_000), "500", MINUTE),
        ((500, 10_000), "5000", DAY), // halved
        ((500, 10_000), "250", MINUTE),
        ((500, 10_000), "1000", MINUTE), // more than configured
        ((500, 10_000), "1000000", MINUTE),
        ((500, 500), "500", MINUTE), // equally near to both
    ];
    for ((minute, day), limit, meant) in cases {
        let (limiter, _) = built(|builder| {
            builder.requests_per_minute(minute).requests_per_day(day).tokens_per_minute(minute).tokens_per_day(day)
        });
        for (limit_name, left_name) in [
            ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"),
            ("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens"),
        ] {
            limiter.observe(&view(200, &[(limit_name, limit), (left_name, "1")]));
        }
        let PerLimit { requests, tokens, requests_per_day, tokens_per_day, .. } = limiter.available();
        let one = [requests == Some(1), requests_per_day == Some(1), tokens == Some(1), tokens_per_day == Some(1)];
        assert_eq!(one, [meant, !meant, meant, !meant], "{limit} beside {minute} and {day}");
    }
}

#[test]
fn lone_daily_limit_takes_only_figures_near_it() {
    for (limit, left) in [(Some("14400"), 9), (Some("9000"), 9), (Some("30"), 14_400), (None, 14_400)] {
        for midnight in [false, true] {
            let (limiter, _) = built(|builder| {
                let builder = builder.requests_per_day(14_400);
                if midnight { builder.days_begin_at_midnight(0) } else { builder }
            });
            let stated = limit.map(|limit| ("x-ratelimit-limit-requests", limit));
            let pairs: Vec<_> = stated.into_iter().chain([("x-ratelimit-remaining-requests", "9")]).collect();
            limiter.observe(&view(200, &pairs));
            assert_eq!(limiter.available().requests_per_day, Some(left), "{limit:?}");
        }
    }
}

/// A limit of 0 would block all calls. Then no answer could ever raise it again.
#[test]
fn reported_limit_of_zero_is_ignored() {
    let (limiter, _) = per_minute(60, 6_000);
    let nothing =
        [("x-ratelimit-limit-tokens", "0"), ("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-limit-requests", "0")];
    limiter.observe(&view(200, &nothing));
    assert_eq!(limiter.available(), requests_and_tokens(60, 6_000));
}

type Manual = Builder<ManualClock>;

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("0".to_owned()),
        Just("-1".to_owned()),
        Just("18446744073709551615".to_owned()),
        Just("99999999999999999999999".to_owned()),
        Just("1000000000".to_owned()),
        Just("nonsense".to_owned()),
        (5_000..100_000_u64).prop_map(|number| number.to_string()),
    ]
}

proptest! {
    /// After any report, a call that was available is available again within the cap plus the time
    /// in which the burst comes back. Low limits that may be true are not generated.
    #[test]
    fn no_report_panics_or_stalls(
        says in proptest::collection::vec((0..3_usize, proptest::collection::vec((0..9_usize, number()), 0..5)), 1..6),
        day in any::<bool>(),
    ) {
        let all: fn(Manual) -> Manual =
            |builder| builder.requests_per_minute(5_000).tokens_per_minute(5_000).input_tokens_per_minute(5_000);
        let (limiter, clock) = built(|builder| {
            let builder = all(builder).max_pause(secs(30));
            if day { builder.requests_per_day(5_000).days_begin_at_midnight(0) } else { builder }
        });
        let names = [
            "retry-after", "retry-after-ms", "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens",
            "x-ratelimit-remaining-tokens", "anthropic-ratelimit-input-tokens-limit", "x-ratelimit-reset-tokens",
            "anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset",
        ];
        for (status, said) in says {
            let pairs: Vec<_> = said.iter().map(|(name, value)| (names[*name], value.as_str())).collect();
            limiter.observe(&view([200, 429, 503][status], &pairs));
            prop_assert!(limiter.paused_for() <= secs(30));
            clock.advance(secs(1));
        }
        let PerLimit { requests, tokens, input_tokens, .. } = limiter.available();
        prop_assert!([requests, tokens, input_tokens].iter().flatten().all(|left| *left <= 5_000));
        let mut asked = limiter.acquire_owned(5_000).timeout(secs(60));
        let mut waits = None;
        match limiter.try_acquire_owned(5_000) {
            Ok(call) => call.reconcile(5_000),
            Err(error) => {
                prop_assert!(matches!(LimitError::from(error).error(), AcquireError::TooLong { .. }), "{:?}", error);
                asked = asked.timeout(secs(61));
                waits = Some(Waits::new(asked));
            }
        }
        if let Some(mut waits) = waits {
            clock.advance(secs(61));
            drop(waits.goes());
        }
    }
}
