//! Tokens by the number of characters: no vocabulary, no table, any model.

use std::num::NonZeroU32;

use super::Estimator;

/// So many characters to a token, 4 unless told otherwise; what is left over is one more token.
///
/// Four is what providers name for English. Code, and most other languages, have fewer to a token:
/// Chinese and Japanese about one. [`Learned`](super::Learned) finds out how many it really are.
///
/// # Examples
///
/// ```
/// use limitor::llm::{CharsPerToken, Estimator};
/// use std::num::NonZeroU32;
///
/// assert_eq!(CharsPerToken::default().tokens("Hello, world!"), 4);
/// assert_eq!(CharsPerToken::default().tokens(""), 0);
/// assert_eq!(CharsPerToken::new(NonZeroU32::MIN).tokens("你好，世界"), 5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CharsPerToken {
    chars: NonZeroU32,
}

impl CharsPerToken {
    /// `chars` characters to a token.
    pub const fn new(chars: NonZeroU32) -> Self {
        Self { chars }
    }

    /// How many characters a token has.
    pub const fn chars(self) -> NonZeroU32 {
        self.chars
    }
}

impl Default for CharsPerToken {
    /// 4 characters to a token.
    fn default() -> Self {
        Self::new(const { NonZeroU32::new(4).unwrap() })
    }
}

impl Estimator for CharsPerToken {
    fn tokens(&self, text: &str) -> u64 {
        (text.chars().count() as u64).div_ceil(self.chars.get().into())
    }
}
