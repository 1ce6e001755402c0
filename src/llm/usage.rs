//! What a call uses.

/// Tokens that a call uses, or will probably use.
///
/// # Examples
///
/// ```
/// use limitor::llm::Usage;
///
/// let estimate = Usage::new(1_200, 300); // a prompt of 1,200 tokens, a reply of 300
/// assert_eq!(estimate, Usage { input: 1_200, output: 300, cached: 0 });
/// assert_eq!(Usage::from(1_500), Usage::new(1_500, 0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Usage {
    /// Tokens of the prompt that were not read from a cache.
    pub input: u64,
    /// Tokens of the reply.
    pub output: u64,
    /// Tokens of the prompt that were read from the provider's cache. Whether they count is the provider's choice; see
    /// [`Builder::count_cached`](crate::llm::Builder::count_cached).
    pub cached: u64,
}

impl Usage {
    /// A prompt and a reply, nothing from a cache.
    pub const fn new(input: u64, output: u64) -> Self {
        Self { input, output, cached: 0 }
    }
}

/// Tokens of any kind: as those of a prompt.
impl From<u64> for Usage {
    fn from(tokens: u64) -> Self {
        Self::new(tokens, 0)
    }
}

/// What there can be limits on, each with its own cost of a call.
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

/// One for each of [`Kind::ALL`].
pub(super) type Costs = [u64; Kind::ALL.len()];

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
