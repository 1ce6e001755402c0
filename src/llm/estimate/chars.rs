//! Estimates by the number of characters, for any model: no vocabulary and no table is needed.

use std::num::NonZeroU32;

use super::estimator::Estimator;

/// Estimates one token for each so many characters (default: 4), rounded up.
///
/// Providers name 4 characters a token for English. Code and most other languages have fewer:
/// Chinese and Japanese have about 1. [`Learned`](super::Learned) corrects the estimate by the
/// actual figures.
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
    /// Makes an estimator that counts one token for each `chars` characters.
    pub const fn new(chars: NonZeroU32) -> Self {
        Self { chars }
    }

    /// Returns the number of characters of a token.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::CharsPerToken;
    ///
    /// assert_eq!(CharsPerToken::default().chars().get(), 4);
    /// ```
    pub const fn chars(self) -> NonZeroU32 {
        self.chars
    }
}

impl Default for CharsPerToken {
    /// Makes an estimator that counts one token for each 4 characters.
    fn default() -> Self {
        Self::new(const { NonZeroU32::new(4).unwrap() })
    }
}

impl Estimator for CharsPerToken {
    fn tokens(&self, text: &str) -> u64 {
        (text.chars().count() as u64).div_ceil(self.chars.get().into())
    }
}
