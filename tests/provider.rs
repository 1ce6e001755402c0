//! What is read from a provider's answer. `tests/headers/` has the answers: the status, the
//! headers, and the body after an empty line.
#![cfg(all(feature = "http", not(loom)))]

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use limitor::llm::{Pause, ProviderView, Window};
use proptest::prelude::*;

/// The time of all these answers: 2025-08-21T12:41:00Z.
const AT: Duration = Duration::from_secs(1_755_780_060);

const DAY: Duration = Duration::from_secs(86_400);

/// All headers of the windows, with the index of each window: limit, remaining and reset.
const WINDOWS: [(usize, [&str; 3]); 6] = [
    (0, ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"]),
    (1, ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"]),
    (
        0,
        [
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
        ],
    ),
    (
        1,
        [
            "anthropic-ratelimit-tokens-limit",
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-tokens-reset",
        ],
    ),
    (
        2,
        [
            "anthropic-ratelimit-input-tokens-limit",
            "anthropic-ratelimit-input-tokens-remaining",
            "anthropic-ratelimit-input-tokens-reset",
        ],
    ),
    (
        3,
        [
            "anthropic-ratelimit-output-tokens-limit",
            "anthropic-ratelimit-output-tokens-remaining",
            "anthropic-ratelimit-output-tokens-reset",
        ],
    ),
];

fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + AT
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> HeaderMap {
    let pair = |(name, value): (&str, &[u8])| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap())
    };
    // `extend` with names replaces values; duplicates must stay.
    pairs.into_iter().map(pair).fold(HeaderMap::new(), |mut headers, (name, value)| {
        headers.append(name, value);
        headers
    })
}

fn view(status: u16, pairs: &[(&str, &str)]) -> ProviderView {
    let headers = headers(pairs.iter().map(|(name, value)| (*name, value.as_bytes())));
    ProviderView::of(StatusCode::from_u16(status).unwrap(), &headers, at())
}

/// The view of an answer from a file.
fn replayed(answer: &[u8]) -> ProviderView {
    let mut rest = answer;
    let mut lines = std::iter::from_fn(|| {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let line = &rest[..end];
        rest = &rest[end + 1..];
        (!line.is_empty()).then_some(line)
    });
    let status = StatusCode::from_bytes(lines.next().unwrap()).unwrap();
    let pairs = lines.map(|line| {
        let colon = line.iter().position(|&byte| byte == b':').unwrap();
        let value = &line[colon + 1..];
        (str::from_utf8(&line[..colon]).unwrap(), value.strip_prefix(b" ").unwrap_or(value))
    });
    let view = ProviderView::of(status, &headers(pairs), at());
    if rest.is_empty() { view } else { view.with_body(rest) }
}

fn window(limit: u64, remaining: u64, reset: Duration) -> Window {
    Window::default().limit(limit).remaining(remaining).reset(reset)
}

fn limit(limit: u64) -> Window {
    Window::default().limit(limit)
}

fn remaining(remaining: u64) -> Window {
    Window::default().remaining(remaining)
}

fn reset(reset: Duration) -> Window {
    Window::default().reset(reset)
}

/// A view to compare with: outside of its crate the struct has no literal.
fn expected(
    [requests, tokens, input_tokens, output_tokens]: [Option<Window>; 4],
    pause: Option<Pause>,
) -> ProviderView {
    let mut view = ProviderView::default();
    view.requests = requests;
    view.tokens = tokens;
    view.input_tokens = input_tokens;
    view.output_tokens = output_tokens;
    view.pause = pause;
    view
}

/// One test per file: the windows of requests, tokens, input and output tokens, and the pause.
macro_rules! answers {
    ($($name:ident: [$($window:expr),*], $pause:expr;)*) => {
        $(#[test]
        fn $name() {
            let answer = include_bytes!(concat!("headers/", stringify!($name), ".txt"));
            assert_eq!(replayed(answer), expected([$($window.into()),*], $pause));
        })*
    };
}

const NONE: Option<Window> = None;
const MS: fn(u64) -> Duration = Duration::from_millis;
const S: fn(u64) -> Duration = Duration::from_secs;

/// From these answers to the last second of the year 9999.
const TO_9999: Duration = Duration::from_secs(253_402_300_799 - AT.as_secs());

answers! {
    openai: [window(5_000, 4_999, MS(12)), window(160_000, 159_976, MS(9)), NONE, NONE], None;
    openai_daily: [window(10_000, 8_030, MS(17_016_314)), window(10_000, 9_988, MS(72)), NONE, NONE], None;
    openai_429: [window(500, 499, MS(120)), window(30_000, 0, S(360)), NONE, NONE], Some(Pause::For(MS(353)));
    azure: [window(100, 99, S(6)), window(10_000, 9_967, S(55)), NONE, NONE], None;
    azure_unlimited: [NONE, reset(S(0)), NONE, NONE], None;
    azure_429: [remaining(97), reset(S(45)), NONE, NONE], Some(Pause::For(MS(44_620)));
    azure_polling: [NONE, NONE, NONE, NONE], None;
    anthropic: [
        window(1_000, 999, S(0)),
        window(96_000, 94_000, S(1)),
        window(80_000, 79_000, S(1)),
        window(16_000, 15_000, S(4))
    ], None;
    anthropic_429: [window(5, 0, S(17)), window(25_000, 16_000, S(17)), NONE, NONE], Some(Pause::For(S(17)));
    anthropic_529: [NONE, NONE, NONE, NONE], Some(Pause::Unstated);
    gemini_429: [NONE, NONE, NONE, NONE], Some(Pause::For(Duration::new(34, 74_824_224)));
    gemini_stream_429: [NONE, NONE, NONE, NONE], Some(Pause::For(S(57)));
    gemini_no_delay_429: [NONE, NONE, NONE, NONE], Some(Pause::Unstated);
    groq: [window(14_400, 14_370, MS(179_560)), window(18_000, 17_997, MS(7_660)), NONE, NONE], None;
    groq_429: [window(1_000, 0, MS(85_656_648)), window(6_000, 5_432, MS(5_680)), NONE, NONE], Some(Pause::For(S(2)));
    gateway_503: [NONE, NONE, NONE, NONE], Some(Pause::For(S(90)));
    gateway_503_silent: [NONE, NONE, NONE, NONE], None;
    malformed: [NONE, remaining(41), NONE, NONE], Some(Pause::Unstated);
    absurd: [
        Window::default().limit(u64::MAX).remaining(0),
        NONE,
        reset(TO_9999),
        reset(S(0))
    ], Some(Pause::For(S(u64::MAX)));
    past: [reset(S(0)), reset(MS(250)), NONE, NONE], Some(Pause::For(S(0)));
    twice: [NONE, window(100, 3, S(60)), NONE, NONE], Some(Pause::For(S(40)));
    not_ascii: [reset(Duration::from_nanos(315_500)), remaining(12), NONE, NONE], Some(Pause::Unstated);
}

#[test]
fn answer_without_figures_is_empty() {
    assert!(view(200, &[("content-type", "application/json"), ("x-ratelimit-limit", "5")]).is_empty());
    assert!(!view(429, &[]).is_empty());
    assert!(!view(200, &[("anthropic-ratelimit-output-tokens-remaining", "0")]).is_empty());
}

#[test]
fn each_header_is_read_by_itself() {
    for (which, names) in WINDOWS {
        let in_seven = if names[2].starts_with("anthropic") { "2025-08-21T12:41:07Z" } else { "7" };
        for (pair, window) in
            [((names[0], "7"), limit(7)), ((names[1], "7"), remaining(7)), ((names[2], in_seven), reset(S(7)))]
        {
            let mut windows = [NONE; 4];
            windows[which] = Some(window);
            assert_eq!(view(200, &[pair]), expected(windows, None), "{pair:?}");
        }
    }
    assert_eq!(view(500, &[("retry-after", "7")]), expected([NONE; 4], Some(Pause::For(S(7)))));
    assert_eq!(view(500, &[("retry-after-ms", "7")]), expected([NONE; 4], Some(Pause::For(MS(7)))));
}

#[test]
fn refusal_with_a_delay_or_of_two_statuses_is_a_pause() {
    let stated = |status| view(status, &[("retry-after", "5")]).pause;
    let silent = |status| view(status, &[]).pause;
    for status in [200, 202, 304, 399, 600, 999] {
        assert_eq!((stated(status), silent(status)), (None, None), "{status}");
    }
    for status in [400, 403, 408, 500, 503, 599] {
        assert_eq!((stated(status), silent(status)), (Some(Pause::For(S(5))), None), "{status}");
    }
    for status in [429, 529] {
        assert_eq!((stated(status), silent(status)), (Some(Pause::For(S(5))), Some(Pause::Unstated)), "{status}");
    }
}

#[test]
fn exact_delay_applies_if_the_coarse_one_agrees_else_longer() {
    for (coarse, exact, delay) in [
        ("1", "353", MS(353)),
        ("0", "353", MS(353)),
        ("45", "44620", MS(44_620)),
        ("2", "1000", MS(1_000)),
        ("2", "999.9", MS(2_000)),
        ("60", "1", MS(60_000)),
        ("1", "60000", MS(60_000)),
        ("soon", "353.5", Duration::from_micros(353_500)),
        ("1.5", "soon", MS(1_500)),
        ("Thu, 21 Aug 2025 12:41:01 GMT", "353", MS(353)),
    ] {
        for pairs in
            [[("retry-after", coarse), ("retry-after-ms", exact)], [("retry-after-ms", exact), ("retry-after", coarse)]]
        {
            assert_eq!(view(429, &pairs).pause, Some(Pause::For(delay)), "{pairs:?}");
        }
    }
}

#[test]
fn pause_is_seconds_or_a_date_and_nothing_else() {
    for (text, delay) in [
        ("0", S(0)),
        ("0.25", MS(250)),
        ("Thu, 21 Aug 2025 12:41:30 GMT", S(30)),
        ("Thursday, 21-Aug-25 12:41:30 GMT", S(30)),
        ("Thu Aug 21 12:41:30 2025", S(30)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", TO_9999),
        ("Thu, 01 Jan 1970 00:00:00 GMT", S(0)),
    ] {
        assert_eq!(view(429, &[("retry-after", text)]).pause, Some(Pause::For(delay)), "{text}");
    }
    for text in [
        "",
        "-1",
        "-0",
        "+1",
        "1e3",
        "inf",
        "NaN",
        "1s",
        "6m0s",
        ".5",
        "5.",
        "1,5",
        "1 2",
        "0x1",
        "18446744073709551616",
        "2025-08-21T12:41:30Z",
        "Fri, 21 Aug 2025 12:41:30 GMT",
        "Thu, 21 Aug 2025 12:41:30 CEST",
    ] {
        assert_eq!(view(429, &[("retry-after", text)]).pause, Some(Pause::Unstated), "{text:?}");
        assert_eq!(view(429, &[("retry-after-ms", text)]).pause, Some(Pause::Unstated), "{text:?}");
    }
}

#[test]
fn resets_are_read_in_the_form_of_each_provider() {
    let reset = |name, text| view(200, &[(name, text)]).requests.and_then(|requests| requests.reset);
    assert_eq!(reset("x-ratelimit-reset-requests", "1d2h"), Some(DAY + S(7_200)));
    assert_eq!(reset("x-ratelimit-reset-requests", "2025-08-21T12:41:30Z"), None);
    assert_eq!(reset("anthropic-ratelimit-requests-reset", "2025-08-21T12:41:30.125Z"), Some(MS(30_125)));
    assert_eq!(reset("anthropic-ratelimit-requests-reset", "2025-08-21T18:11:30+05:30"), Some(S(30)));
    assert_eq!(reset("anthropic-ratelimit-requests-reset", "1755780090"), None, "a date, not a span of 55 years");
    assert_eq!(reset("anthropic-ratelimit-requests-reset", "Thu, 21 Aug 2025 12:41:30 GMT"), None);
}

#[test]
fn clock_before_1970_is_valid() {
    let headers = headers([("anthropic-ratelimit-requests-reset", &b"1969-12-31T23:59:58.5Z"[..])]);
    let before = SystemTime::UNIX_EPOCH - S(3);
    let view = ProviderView::of(StatusCode::OK, &headers, before);
    assert_eq!(view.requests.unwrap().reset, Some(MS(1_500)));
}

fn pause_of(status: u16, headers: &[(&str, &str)], body: &str) -> Option<Pause> {
    view(status, headers).with_body(body.as_bytes()).pause
}

fn retry_info(delay: &str) -> String {
    let name = "type.googleapis.com/google.rpc.RetryInfo";
    format!(r#"{{"error": {{"details": [{{"@type": "{name}", "retryDelay": {delay}}}]}}}}"#)
}

#[test]
fn longer_pause_of_header_and_body_applies() {
    for (header, body, delay) in [("30", "57s", S(57)), ("57", "30s", S(57)), ("soon", "30s", S(30)), ("5", "0s", S(5))]
    {
        let pause = pause_of(429, &[("retry-after", header)], &retry_info(&format!("{body:?}")));
        assert_eq!(pause, Some(Pause::For(delay)), "{header}, {body}");
    }
    assert_eq!(pause_of(429, &[("retry-after", "30")], &retry_info("\"-3s\"")), Some(Pause::For(S(30))));
    assert_eq!(pause_of(503, &[], &retry_info("\"3s\"")), Some(Pause::For(S(3))));
}

#[test]
fn longest_of_several_delays_applies() {
    let body = format!("[{}, {}, {}, 7]", retry_info("\"3s\""), retry_info("\"41.5s\""), retry_info("\"4s\""));
    assert_eq!(pause_of(429, &[], &body), Some(Pause::For(MS(41_500))));
    let body = r#"{"error": {"details": [
        {"@type": "google.rpc.RetryInfo", "retryDelay": "5s"},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "6s"},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}
    ]}}"#;
    assert_eq!(pause_of(429, &[], body), Some(Pause::For(S(6))));
}

#[test]
fn body_without_figures_changes_nothing() {
    let deep = "[".repeat(100_000);
    let other_type = retry_info("\"3s\"").replace("RetryInfo", "ErrorInfo");
    let longer_type = retry_info("\"3s\"").replace("google.rpc.RetryInfo", "not.google.rpc.RetryInfo");
    let wrong = ["3", "null", "[\"3s\"]", "{\"seconds\": 3}", "\"\"", "\"-3s\"", "\"NaNs\"", "\"1e30s\"", "\"soon\""];
    let wrong = wrong.map(retry_info);
    let bodies = [
        "",
        "null",
        "[]",
        "{}",
        "3",
        "\"error\"",
        "{\"error\": null}",
        "{\"error\": {\"details\": {}}}",
        "{\"error\": {\"details\": [null, 3, {}]}}",
        "retryDelay: 3s",
        "\u{feff}{}",
        &deep,
        &other_type,
        &longer_type,
    ];
    for body in bodies.into_iter().chain(wrong.iter().map(String::as_str)) {
        assert_eq!(pause_of(429, &[], body), Some(Pause::Unstated), "{body:.100}");
        assert_eq!(pause_of(200, &[], body), None, "{body:.100}");
    }
    assert!(ProviderView::default().with_body(b"\xff\xfe{").is_empty());
}

/// Malformed values, and sometimes valid ones.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let legal = |bytes: &Vec<u8>| HeaderValue::from_bytes(bytes).is_ok();
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20).prop_filter("no header", legal),
        "[-+0-9.eEmsdhnu:TZ ]{0,24}".prop_map(String::into_bytes),
        "[0-9]{1,30}".prop_map(String::into_bytes),
        "[0-9]{1,9}(\\.[0-9]{1,12})?(d|h|m|s|ms|us|ns)".prop_map(String::into_bytes),
        "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,12})?(Z|[-+][01][0-9]:[0-5][0-9])"
            .prop_map(String::into_bytes),
    ]
}

fn any_headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let names =
        WINDOWS.iter().flat_map(|(_, names)| *names).chain(["retry-after", "retry-after-ms"]).collect::<Vec<_>>();
    prop::collection::vec((prop::sample::select(names), value()), 0..40)
}

fn view_of(status: u16, pairs: &[(&'static str, Vec<u8>)]) -> ProviderView {
    let headers = headers(pairs.iter().map(|(name, value)| (*name, value.as_slice())));
    ProviderView::of(StatusCode::from_u16(status).unwrap(), &headers, at())
}

/// As Go prints durations, with days as well.
fn printed(span: Duration) -> String {
    let mut text = String::new();
    let mut seconds = span.as_secs();
    for (name, unit) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        if seconds >= unit {
            write!(text, "{}{name}", seconds / unit).unwrap();
        }
        seconds %= unit;
    }
    write!(text, "{seconds}.{:09}s", span.subsec_nanos()).unwrap();
    text
}

proptest! {
    #[test]
    fn valid_values_are_read_beside_malformed_ones(
        status in 100..1_000_u16,
        mut pairs in any_headers(),
        at in any::<prop::sample::Index>(),
        n in any::<u64>(),
    ) {
        pairs.retain(|(name, _)| !name.contains("remaining-tokens"));
        let without = view_of(status, &pairs);
        pairs.insert(at.index(pairs.len() + 1), ("x-ratelimit-remaining-tokens", n.to_string().into_bytes()));
        let mut expected = without.clone();
        let tokens = expected.tokens.get_or_insert_default();
        tokens.remaining = Some(tokens.remaining.map_or(n, |other| other.min(n)));
        prop_assert_eq!(view_of(status, &pairs), expected);
    }

    #[test]
    fn order_of_headers_does_not_matter(
        (pairs, shuffled) in any_headers().prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle())),
    ) {
        prop_assert_eq!(view_of(429, &pairs), view_of(429, &shuffled));
    }

    #[test]
    fn additional_header_only_makes_it_stricter(pairs in any_headers()) {
        let Some((_, fewer)) = pairs.split_last() else { return Ok(()) };
        let (fewer, all) = (view_of(200, fewer), view_of(200, &pairs));
        let windows = |view: ProviderView| [view.requests, view.tokens, view.input_tokens, view.output_tokens];
        for (fewer, all) in windows(fewer).into_iter().zip(windows(all)) {
            let (fewer, all) = (fewer.unwrap_or_default(), all.unwrap_or_default());
            prop_assert!(fewer.limit.is_none_or(|limit| all.limit.is_some_and(|all| all <= limit)));
            prop_assert!(fewer.remaining.is_none_or(|remaining| all.remaining.is_some_and(|all| all <= remaining)));
            prop_assert!(all.reset >= fewer.reset);
        }
    }

    #[test]
    fn printed_spans_are_read_back(seconds in 0..1_u64 << 50, nanos in 0..1_000_000_000_u32) {
        let span = Duration::new(seconds, nanos);
        let tokens = view(200, &[("x-ratelimit-reset-tokens", &printed(span))]).tokens;
        prop_assert_eq!(tokens.unwrap().reset, Some(span));
    }

    #[test]
    fn printed_dates_are_read_back(
        after in 0..200_000_000_000_u64,
        nanos in 0..1_000_000_000_u32,
        offset in -1_439..1_440_i32,
    ) {
        let http_date = httpdate::fmt_http_date(at() + S(after));
        prop_assert_eq!(view(429, &[("retry-after", &http_date)]).pause, Some(Pause::For(S(after))));

        let zone = chrono::FixedOffset::east_opt(offset * 60).unwrap();
        let seconds = i64::try_from(AT.as_secs() + after).unwrap();
        let date = chrono::DateTime::from_timestamp(seconds, nanos).unwrap().with_timezone(&zone);
        // Its `Debug` form is RFC 3339, and needs no feature of the crate.
        let tokens = view(200, &[("anthropic-ratelimit-tokens-reset", &format!("{date:?}"))]).tokens;
        prop_assert_eq!(tokens.unwrap().reset, Some(Duration::new(after, nanos)));
    }

    #[test]
    fn no_body_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), delay in "\"[-0-9.smh]{0,30}\"") {
        let refused = view(429, &[]);
        prop_assert_eq!(refused.clone().with_body(&bytes), refused.clone());
        prop_assert!(refused.with_body(retry_info(&delay).as_bytes()).pause.is_some());
    }
}
