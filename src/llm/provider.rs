//! What a provider's answer says of its limits, read from its status, headers and body.

mod body;
mod date;
mod names;
mod span;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use self::names::{Names, Reset};

/// What a provider's answer says of its limits, as far as it says anything.
///
/// | read | from |
/// |---|---|
/// | `x-ratelimit-*` headers | OpenAI, Azure, Groq |
/// | `anthropic-ratelimit-*` headers | Anthropic |
/// | `retry-after`, `retry-after-ms` | all |
/// | `RetryInfo` in the body | Gemini |
///
/// The type only reads: it looks at no clock and limits nothing. Hand it to
/// [`Call::observe`](super::Call::observe).
///
/// A value that cannot be read (garbage, negative, past 64 bits, infinite) is left out, and does
/// not affect the others. If a header comes twice, the stricter value holds: the lower number, the
/// longer time. Times are not capped: they may be as long as a [`Duration`] can be.
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
    /// Requests. The answer does not say in what period they are counted: OpenAI means a minute or
    /// a day, Groq a day.
    pub requests: Option<Window>,
    /// Tokens of any kind.
    pub tokens: Option<Window>,
    /// Tokens of prompts.
    pub input_tokens: Option<Window>,
    /// Tokens of replies.
    pub output_tokens: Option<Window>,
    /// For how long to send nothing.
    pub pause: Option<Pause>,
}

/// One of a provider's limits, as far as the answer says anything of it.
///
/// # Examples
///
/// ```
/// use limitor::llm::{ProviderView, Window};
///
/// let mut view = ProviderView::default();
/// view.tokens = Some(Window::default().limit(150_000).remaining(149_984));
/// assert!(!view.is_empty());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Window {
    /// The most requests or tokens in a period.
    pub limit: Option<u64>,
    /// What is left of the limit.
    pub remaining: Option<u64>,
    /// How long after the answer the limit is full again. 0 if that was before the answer.
    pub reset: Option<Duration>,
}

/// For how long to send nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pause {
    /// For so long after the answer. 0 if the answer names a time that has passed.
    For(Duration),
    /// For a while. The answer does not say how long, or what it says cannot be read.
    Unstated,
}

impl ProviderView {
    /// Reads the status and headers of an answer that came at `at`. Dates in headers are counted
    /// from `at`.
    ///
    /// A pause is read only from refusals (status 400 and up), where a `retry-after` says when to
    /// come back. In other answers a `retry-after` says when to look for a result or to follow a
    /// redirect. Without it, 429 and 529 mean a pause of [unstated](Pause::Unstated) length, and
    /// other refusals mean none.
    ///
    /// If this machine's clock cannot be trusted, the answer's `date` header is the better `at`.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use limitor::llm::{Pause, ProviderView};
    /// use std::time::{Duration, SystemTime};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("retry-after", "20".parse()?);
    /// let view = ProviderView::of(StatusCode::TOO_MANY_REQUESTS, &headers, SystemTime::now());
    /// assert_eq!(view.pause, Some(Pause::For(Duration::from_secs(20))));
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    pub fn of(status: StatusCode, headers: &HeaderMap, at: SystemTime) -> Self {
        Self {
            requests: Window::of(&names::REQUESTS, headers, at),
            tokens: Window::of(&names::TOKENS, headers, at),
            input_tokens: Window::of(&names::INPUT_TOKENS, headers, at),
            output_tokens: Window::of(&names::OUTPUT_TOKENS, headers, at),
            pause: Pause::of(status, headers, at),
        }
    }

    /// Adds what the body of a refusal says: the `retryDelay` of a `google.rpc.RetryInfo`, such as
    /// `"34.07s"`, in an error or in an array of errors. If headers name a pause as well, the
    /// longer holds.
    ///
    /// Any other body changes nothing. The whole body is parsed, so hand in errors, not replies.
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

    /// Returns whether the answer says nothing of the provider's limits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Window {
    /// Sets the most requests or tokens in a period.
    #[must_use]
    pub const fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets what is left of the limit.
    #[must_use]
    pub const fn remaining(mut self, remaining: u64) -> Self {
        self.remaining = Some(remaining);
        self
    }

    /// Sets how long after the answer the limit is full again.
    #[must_use]
    pub const fn reset(mut self, reset: Duration) -> Self {
        self.reset = Some(reset);
        self
    }

    /// What any of the families of headers says of one limit. `None` if they say nothing.
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
/// same delay if they agree to a second. Then the latter holds, because it is exact.
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
