//! The headers that are read, and the statuses that mean a pause by themselves.

use http::HeaderName;

/// The headers of one limit, as one family of providers names them.
pub(super) struct Names {
    pub(super) limit: HeaderName,
    pub(super) remaining: HeaderName,
    pub(super) reset: Reset,
}

/// The header that says when a limit is full again, by how it says that.
pub(super) enum Reset {
    /// A span of time: `6m0s`.
    Span(HeaderName),
    /// An RFC 3339 date.
    Date(HeaderName),
}

/// The headers of OpenAI, which Azure and Groq have taken over.
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

/// Seconds, or a date as HTTP has them.
pub(super) static RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");

/// Milliseconds, from OpenAI and Azure.
pub(super) static RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Too many requests, and Anthropic's "overloaded". They mean a pause even if no header says so.
pub(super) const PAUSING: [u16; 2] = [429, 529];
