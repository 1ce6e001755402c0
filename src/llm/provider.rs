//! What a provider's answer says about its limits, read from status, headers and body.

mod body;
mod date;
mod names;
mod span;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use self::names::{Names, Reset};

/// What a provider's answer says about its limits: what is available, when it resets, how long to
/// pause.
///
/// These are read:
///
/// - the `x-ratelimit-*` headers of OpenAI, Azure and Groq;
/// - the `anthropic-ratelimit-*` headers;
/// - `retry-after` and `retry-after-ms`;
/// - in the body, Gemini's `RetryInfo`.
///
/// The view reads no clock and limits nothing.
///
/// A value that is not valid (garbage, negative, above 64 bits, infinite) is ignored, and does not
/// affect other values. If a header occurs twice, the stricter value holds: the lower number, the
/// longer time. Times have no cap other than that of [`Duration`].
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
/// let tokens = view.tokens.expect("three headers name tokens");
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
    /// The limit on requests. The answer does not name its period: OpenAI means a minute or a day,
    /// Groq means a day.
    pub requests: Option<Window>,
    /// The limit on tokens of any kind.
    pub tokens: Option<Window>,
    /// The limit on tokens of prompts.
    pub input_tokens: Option<Window>,
    /// The limit on tokens of replies.
    pub output_tokens: Option<Window>,
    /// How long to send no request.
    pub pause: Option<Pause>,
}

/// One limit of a provider. What the answer does not say is `None`.
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
    /// The most that the provider allows in one period.
    pub limit: Option<u64>,
    /// What is available now.
    pub remaining: Option<u64>,
    /// The time from the answer until the whole limit is available; 0 if the provider names a time
    /// before the answer.
    pub reset: Option<Duration>,
}

/// How long to send no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pause {
    /// For this long after the answer; 0 if the provider names a time before the answer.
    For(Duration),
    /// For an unknown time: the provider does not name one, or not a valid one.
    Unstated,
}

impl ProviderView {
    /// Reads the status and the headers of an answer that arrived at `at`.
    ///
    /// Dates are converted to times from `at` on. If this machine's clock is not reliable, pass the
    /// time of the answer's `date` header as `at`.
    ///
    /// A pause is read only if the status is 400 to 599, because there `retry-after` says when to
    /// send again. With other statuses it says when to fetch a result or to follow a redirect.
    /// Without a `retry-after`, 429 and 529 are a pause of [unstated](Pause::Unstated) length, and
    /// other statuses are no pause.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, StatusCode};
    /// use limitor::llm::{Pause, ProviderView};
    /// use std::time::{Duration, SystemTime};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("retry-after", HeaderValue::from_static("20"));
    /// let view = ProviderView::of(StatusCode::TOO_MANY_REQUESTS, &headers, SystemTime::now());
    /// assert_eq!(view.pause, Some(Pause::For(Duration::from_secs(20))));
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

    /// Adds the pause that the body of a refusal names.
    ///
    /// That is the `retryDelay` of a `google.rpc.RetryInfo`, such as `"34.07s"`, in an error or in
    /// an array of errors. If the headers name a pause as well, the longer one holds.
    ///
    /// Any other body is ignored, but it is parsed as JSON first. Pass the bodies of errors, not of
    /// replies.
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

    /// Returns whether the answer says nothing about its limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::ProviderView;
    ///
    /// assert!(ProviderView::default().is_empty());
    /// ```
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

    /// Reads one limit from all families of headers; `None` if no header names it.
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

/// Returns the longest delay that the headers name.
///
/// `retry-after` (whole seconds) and `retry-after-ms` name the same delay, and the latter is exact.
/// If the two differ by at most a second, `retry-after-ms` holds.
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

/// Returns all values of a header that are UTF-8, without white space around them.
fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let legible = |value: &'a HeaderValue| str::from_utf8(value.as_bytes().trim_ascii()).ok();
    headers.get_all(name).iter().filter_map(legible)
}

/// Reads a whole number that has only digits.
fn count(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
