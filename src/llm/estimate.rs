//! How many tokens a text is, told before anybody has counted them.

mod chars;
mod figure;
mod learned;
mod models;
mod ratio;
#[cfg(feature = "tiktoken")]
mod tiktoken;

pub use self::chars::CharsPerToken;
pub use self::figure::Estimate;
pub use self::learned::Learned;
#[cfg(feature = "tiktoken")]
pub use self::tiktoken::{Tiktoken, UnknownModel};

use std::sync::Arc;

/// Tells how many tokens a text is.
///
/// Any `Fn(&str) -> u64` is one. [`CharsPerToken`] needs no knowledge of the model; [`Learned`]
/// corrects another by what calls turned out to cost, and with the feature `tiktoken`, `Tiktoken`
/// counts exactly.
///
/// # Examples
///
/// ```
/// use limitor::llm::{CharsPerToken, Estimator};
/// use std::sync::Arc;
///
/// let words = |text: &str| text.split_whitespace().count() as u64 * 4 / 3;
/// assert_eq!(words.tokens("the quick brown fox"), 5);
///
/// let any: Arc<dyn Estimator> = Arc::new(CharsPerToken::default());
/// assert_eq!(any.tokens("the quick brown fox"), 5);
/// ```
pub trait Estimator: Send + Sync {
    /// Tokens that `text` probably is.
    fn tokens(&self, text: &str) -> u64;
}

impl<F: Fn(&str) -> u64 + Send + Sync> Estimator for F {
    fn tokens(&self, text: &str) -> u64 {
        self(text)
    }
}

impl<E: Estimator + ?Sized> Estimator for Arc<E> {
    fn tokens(&self, text: &str) -> u64 {
        (**self).tokens(text)
    }
}

// References and boxes of closures are closures themselves, so only those of what is no closure can
// be named here.

impl Estimator for Box<dyn Estimator + '_> {
    fn tokens(&self, text: &str) -> u64 {
        (**self).tokens(text)
    }
}

impl Estimator for &(dyn Estimator + '_) {
    fn tokens(&self, text: &str) -> u64 {
        (**self).tokens(text)
    }
}
