//! What a provider's answer says of what is left, read from its status, headers and body.

mod body;
mod date;
mod names;
mod span;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use self::names::{Names, Reset};

/// What a provider's answer says of what is left, as far as it says anything.
///
/// It reads the `x-ratelimit-*` headers of OpenAI, Azure and Groq, the `anthropic-ratelimit-*`
/// headers, `retry-after` and `retry-after-ms`, and from the body Gemini's `RetryInfo`. It only
/// reads: it looks at no clock and limits nothing.
///
/// What cannot be read (garbage, negative, past 64 bits, infinite) is left out and spoils nothing
/// beside it. Of a header that comes twice, the stricter holds: the lower number, the longer time.
/// Times are not capped: they may be as long as a [`Duration`] can be.
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use limitor::llm::{Pause, ProviderView};
/// use std::time::{Duration, SystemTime};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("x-ratelimit-limit-tokens", "150000".parse()?);
/// headers.insert("x-ratelimit-remaining-tokens", "149984".parse()?);
/// headers.insert("x-ratelimit-reset-tokens", "6m0s".parse()?);
/// let view = ProviderView::of(StatusCode::OK, &headers, SystemTime::now());
/// let tokens = view.tokens.expect("three headers of it");
/// assert_eq!((tokens.limit, tokens.remaining), (Some(150_000), Some(149_984)));
/// assert_eq!(tokens.reset, Some(Duration::from_secs(360)));
/// assert_eq!(view.pause, None);
///
/// let refused = ProviderView::of(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), SystemTime::now());
/// assert_eq!(refused.pause, Some(Pause::Unstated));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderView {
    /// Requests. What period they are counted in is not said: OpenAI means a minute or a day, Groq
    /// a day.
    pub requests: Option<Window>,
    /// Tokens of any kind.
    pub tokens: Option<Window>,
    /// Tokens of prompts.
    pub input_tokens: Option<Window>,
    /// Tokens of replies.
    pub output_tokens: Option<Window>,
    /// How long to send nothing.
    pub pause: Option<Pause>,
}

/// One of a provider's limits, as far as it is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Window {
    /// The most there can be.
    pub limit: Option<u64>,
    /// What is left.
    pub remaining: Option<u64>,
    /// How long after the answer it is whole again; 0 if that was before.
    pub reset: Option<Duration>,
}

/// How long to send nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pause {
    /// For so long after the answer; 0 if it names a time that had passed.
    For(Duration),
    /// For a while, but the provider does not say how long (or not legibly).
    Unstated,
}

impl ProviderView {
    /// Reads status and headers of an answer that came at `at`, from which dates are counted.
    ///
    /// A pause is read from refusals only (status 400 and up), where a `retry-after` says when to
    /// come back; elsewhere it says when to look for a result, or to follow a redirect. Without
    /// one, 429 and 529 are a pause of [unstated](Pause::Unstated) length, and other refusals are
    /// none.
    ///
    /// Where this machine's clock cannot be trusted, the answer's `date` header is the better `at`.
    pub fn of(status: StatusCode, headers: &HeaderMap, at: SystemTime) -> Self {
        Self {
            requests: Window::of(&names::REQUESTS, headers, at),
            tokens: Window::of(&names::TOKENS, headers, at),
            input_tokens: Window::of(&names::INPUT_TOKENS, headers, at),
            output_tokens: Window::of(&names::OUTPUT_TOKENS, headers, at),
            pause: Pause::of(status, headers, at),
        }
    }

    /// Adds what the body of a refusal says: `retryDelay` of a `google.rpc.RetryInfo`, such as
    /// `"34.07s"`, in an error or an array of them. If headers name a pause as well, the longer
    /// holds.
    ///
    /// Anything else is no matter, but it is parsed: hand it errors, not replies.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{Pause, ProviderView};
    /// use std::time::Duration;
    ///
    /// let body = br#"{"error": {"code": 429, "details": [
    ///     {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}
    /// ]}}"#;
    /// let view = ProviderView::default().with_body(body);
    /// assert_eq!(view.pause, Some(Pause::For(Duration::from_millis(34_070))));
    /// ```
    #[must_use]
    pub fn with_body(mut self, body: &[u8]) -> Self {
        if let Some(delay) = body::retry_delay(body) {
            self.pause = Some(match self.pause {
                Some(Pause::For(other)) => Pause::For(delay.max(other)),
                Some(Pause::Unstated) | None => Pause::For(delay),
            });
        }
        self
    }

    /// Whether the answer said nothing at all of what is left.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Window {
    /// What any of the families of headers say of one limit; `None` if it is nothing.
    fn of(families: &[Names], headers: &HeaderMap, at: SystemTime) -> Option<Self> {
        let mut window = Self::default();
        for names in families {
            let (limit, remaining) = (texts(headers, &names.limit), texts(headers, &names.remaining));
            window.limit = limit.filter_map(count).chain(window.limit).min();
            window.remaining = remaining.filter_map(count).chain(window.remaining).min();
            let reset = match &names.reset {
                Reset::Span(name) => texts(headers, name).filter_map(span::span).max(),
                Reset::Date(name) => texts(headers, name).filter_map(|text| date::rfc3339(text, at)).max(),
            };
            window.reset = window.reset.max(reset);
        }
        (window != Self::default()).then_some(window)
    }
}

impl Pause {
    fn of(status: StatusCode, headers: &HeaderMap, at: SystemTime) -> Option<Self> {
        if !(status.is_client_error() || status.is_server_error()) {
            return None;
        }
        match retry_after(headers, at) {
            Some(delay) => Some(Self::For(delay)),
            None => names::PAUSING.contains(&status.as_u16()).then_some(Self::Unstated),
        }
    }
}

/// The longest delay that is named. `retry-after` in whole seconds and `retry-after-ms` are the
/// same delay, though, and the latter is exact: it holds if they agree to a second.
fn retry_after(headers: &HeaderMap, at: SystemTime) -> Option<Duration> {
    let coarse = texts(headers, &names::RETRY_AFTER)
        .filter_map(|text| span::seconds(text).or_else(|| date::http(text, at)))
        .max();
    let exact = texts(headers, &names::RETRY_AFTER_MS).filter_map(span::millis).max();
    match (coarse, exact) {
        (Some(coarse), Some(exact)) if coarse.abs_diff(exact) <= Duration::from_secs(1) => Some(exact),
        _ => coarse.max(exact),
    }
}

/// All values of a header that are text.
fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let legible = |value: &'a HeaderValue| str::from_utf8(value.as_bytes().trim_ascii()).ok();
    headers.get_all(name).iter().filter_map(legible)
}

/// A whole number, of digits alone.
fn count(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
