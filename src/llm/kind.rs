//! The limits of a provider, and what a call costs each.

use super::usage::Usage;

/// What there can be limits on. Each has its own cost of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Requests,
    Tokens,
    Input,
    Output,
    RequestsPerDay,
    TokensPerDay,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Requests, Self::Tokens, Self::Input, Self::Output, Self::RequestsPerDay, Self::TokensPerDay];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Input => "input tokens",
            Self::Output => "output tokens",
            Self::RequestsPerDay => "requests per day",
            Self::TokensPerDay => "tokens per day",
        }
    }
}

/// One value for each of [`Kind::ALL`].
pub(super) type Each<T> = [T; Kind::ALL.len()];

/// One cost for each of [`Kind::ALL`].
pub(super) type Costs = Each<u64>;

/// What a call costs each limit.
pub(super) fn costs(requests: u64, usage: Usage, count_cached: bool) -> Costs {
    let input = usage.input.saturating_add(if count_cached { usage.cached } else { 0 });
    let tokens = input.saturating_add(usage.output);
    Kind::ALL.map(|kind| match kind {
        Kind::Requests | Kind::RequestsPerDay => requests,
        Kind::Tokens | Kind::TokensPerDay => tokens,
        Kind::Input => input,
        Kind::Output => usage.output,
    })
}
