//! Reading the headers and the body of an answer never panics, and every value read is in the
//! input.
//!
//! `cargo fuzz run -s none headers -- -max_total_time=60`
#![no_main]

use std::time::{Duration, SystemTime};

use arbitrary::Arbitrary;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use limitor::llm::{Pause, ProviderView, Window};

#[derive(Debug, Arbitrary)]
struct Answer {
    status: u16,
    at: u32,
    headers: Vec<(Name, Vec<u8>)>,
    body: Body,
}

#[derive(Debug, Arbitrary)]
enum Name {
    Limit(Provider, Unit),
    Remaining(Provider, Unit),
    Reset(Provider, Unit),
    RetryAfter,
    RetryAfterMs,
    Other(Vec<u8>),
}

#[derive(Debug, Arbitrary)]
enum Provider {
    OpenAi,
    Anthropic,
}

#[derive(Debug, Arbitrary)]
enum Unit {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
}

#[derive(Debug, Arbitrary)]
enum Body {
    Raw(Vec<u8>),
    RetryDelay(String),
}

impl Name {
    fn bytes(&self) -> Vec<u8> {
        let (what, provider, unit) = match self {
            Self::Limit(provider, unit) => ("limit", provider, unit),
            Self::Remaining(provider, unit) => ("remaining", provider, unit),
            Self::Reset(provider, unit) => ("reset", provider, unit),
            Self::RetryAfter => return b"retry-after".to_vec(),
            Self::RetryAfterMs => return b"retry-after-ms".to_vec(),
            Self::Other(bytes) => return bytes.clone(),
        };
        let unit = match unit {
            Unit::Requests => "requests",
            Unit::Tokens => "tokens",
            Unit::InputTokens => "input-tokens",
            Unit::OutputTokens => "output-tokens",
        };
        match provider {
            Provider::OpenAi => format!("x-ratelimit-{what}-{unit}").into_bytes(),
            Provider::Anthropic => format!("anthropic-ratelimit-{unit}-{what}").into_bytes(),
        }
    }
}

impl Body {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes,
            Self::RetryDelay(delay) => {
                let name = "type.googleapis.com/google.rpc.RetryInfo";
                format!(r#"{{"error": {{"details": [{{"@type": "{name}", "retryDelay": {delay:?}}}]}}}}"#).into_bytes()
            }
        }
    }
}

fuzz_target!(|answer: Answer| {
    let Ok(status) = StatusCode::from_u16(answer.status) else { return };
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(answer.at.into());
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&name.bytes()), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }

    let view = ProviderView::of(status, &headers, at);
    let tokens = view.tokens.unwrap_or_default();
    let expected = lowest(&headers, "x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining");
    assert_eq!(tokens.remaining, expected);
    let requests = view.requests.unwrap_or_default();
    let expected = lowest(&headers, "x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit");
    assert_eq!(requests.limit, expected);
    for window in [view.requests, view.tokens, view.input_tokens, view.output_tokens] {
        assert_ne!(window, Some(Window::default()), "a window without figures is not reported");
    }
    match status.as_u16() {
        429 | 529 => assert!(view.pause.is_some()),
        400..600 => assert_ne!(view.pause, Some(Pause::Unstated)),
        _ => assert_eq!(view.pause, None),
    }

    let whole = view.clone().with_body(&answer.body.bytes());
    match (view.pause, whole.pause) {
        (Some(Pause::For(before)), Some(Pause::For(after))) => assert!(after >= before),
        (before, Some(Pause::For(_))) => assert!(matches!(before, None | Some(Pause::Unstated))),
        (before, after) => assert_eq!(before, after),
    }
    let mut rest = whole;
    rest.pause = view.pause;
    assert_eq!(rest, view, "a body gives only a pause");
    assert_eq!(rest.is_empty(), rest == ProviderView::default());
});

/// The lowest of the values that consist of digits, found in the plainest way.
fn lowest(headers: &HeaderMap, name: &str, other: &str) -> Option<u64> {
    let values = headers.get_all(name).into_iter().chain(headers.get_all(other));
    let number = |value: &HeaderValue| {
        let text = value.as_bytes().trim_ascii();
        let digits = text.iter().all(u8::is_ascii_digit);
        String::from_utf8(text.to_vec()).ok().filter(|_| digits)?.parse::<u128>().ok()
    };
    values.filter_map(number).filter_map(|number| number.try_into().ok()).min()
}
