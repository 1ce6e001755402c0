//! A figure for each limit of a provider.

use super::kind::{Each, Kind};

/// A figure for each limit, in whole requests or tokens. `None` where there is no such limit, or
/// nothing is said of it.
///
/// # Examples
///
/// ```
/// use limitor::llm::PerLimit;
///
/// let figures = PerLimit::default().requests(3).tokens(500);
/// assert_eq!((figures.tokens, figures.tokens_per_day), (Some(500), None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PerLimit {
    /// Requests per minute.
    pub requests: Option<u64>,
    /// Tokens per minute, of any kind.
    pub tokens: Option<u64>,
    /// Tokens of prompts per minute.
    pub input_tokens: Option<u64>,
    /// Tokens of replies per minute.
    pub output_tokens: Option<u64>,
    /// Requests per day.
    pub requests_per_day: Option<u64>,
    /// Tokens per day.
    pub tokens_per_day: Option<u64>,
}

/// Setters in the style of a builder.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident),+) => {
        impl PerLimit {$(
            $(#[$doc])*
            #[must_use]
            pub const fn $name(mut self, figure: u64) -> Self {
                self.$name = Some(figure);
                self
            }
        )+}
    };
}

setters!(
    /// Sets the figure for requests per minute.
    requests,
    /// Sets the figure for tokens per minute, of any kind.
    tokens,
    /// Sets the figure for tokens of prompts per minute.
    input_tokens,
    /// Sets the figure for tokens of replies per minute.
    output_tokens,
    /// Sets the figure for requests per day.
    requests_per_day,
    /// Sets the figure for tokens per day.
    tokens_per_day
);

impl PerLimit {
    pub(super) fn of(figure: impl FnMut(Kind) -> Option<u64>) -> Self {
        let [requests, tokens, input_tokens, output_tokens, requests_per_day, tokens_per_day] = Kind::ALL.map(figure);
        Self { requests, tokens, input_tokens, output_tokens, requests_per_day, tokens_per_day }
    }

    fn each(self) -> Each<Option<u64>> {
        [self.requests, self.tokens, self.input_tokens, self.output_tokens, self.requests_per_day, self.tokens_per_day]
    }

    /// The figures that are set, with their limits.
    pub(super) fn set(self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL.into_iter().zip(self.each()).filter_map(|(kind, figure)| Some((kind, figure?)))
    }
}
