//! The headers that are read, and the statuses that ask for a pause without a header.

use http::HeaderName;

/// The headers of one limit, with the names that one family of providers uses.
pub(super) struct Names {
    pub(super) limit: HeaderName,
    pub(super) remaining: HeaderName,
    pub(super) reset: Reset,
}

/// The header that says when the whole limit is available, by its format.
pub(super) enum Reset {
    /// A span of time: `6m0s`.
    Span(HeaderName),
    /// An RFC 3339 date.
    Date(HeaderName),
}

/// Headers of OpenAI, which Azure and Groq use as well.
const fn openai(limit: &'static str, remaining: &'static str, reset: &'static str) -> Names {
    Names {
        limit: HeaderName::from_static(limit),
        remaining: HeaderName::from_static(remaining),
        reset: Reset::Span(HeaderName::from_static(reset)),
    }
}

const fn anthropic(limit: &'static str, remaining: &'static str, reset: &'static str) -> Names {
    Names {
        limit: HeaderName::from_static(limit),
        remaining: HeaderName::from_static(remaining),
        reset: Reset::Date(HeaderName::from_static(reset)),
    }
}

pub(super) static REQUESTS: [Names; 2] = [
    openai("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    anthropic(
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
];

pub(super) static TOKENS: [Names; 2] = [
    openai("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    anthropic(
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ),
];

pub(super) static INPUT_TOKENS: [Names; 1] = [anthropic(
    "anthropic-ratelimit-input-tokens-limit",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset",
)];

pub(super) static OUTPUT_TOKENS: [Names; 1] = [anthropic(
    "anthropic-ratelimit-output-tokens-limit",
    "anthropic-ratelimit-output-tokens-remaining",
    "anthropic-ratelimit-output-tokens-reset",
)];

/// A number of seconds, or a date in a format of HTTP.
pub(super) static RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");

/// A number of milliseconds, sent by OpenAI and Azure.
pub(super) static RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// 429 Too Many Requests, and Anthropic's 529 "overloaded": a pause, even if no header asks for
/// one.
pub(super) const PAUSING: [u16; 2] = [429, 529];
