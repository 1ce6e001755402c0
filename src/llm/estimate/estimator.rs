//! The trait of all estimators.

use std::sync::Arc;

/// Estimates how many tokens a text has.
///
/// Any `Fn(&str) -> u64` is an estimator. [`CharsPerToken`](super::CharsPerToken) needs no
/// knowledge of the model. [`Learned`](super::Learned) corrects another estimator by what calls
/// actually took. With the feature `tiktoken`, `Tiktoken` counts exactly.
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
    /// Returns the estimated number of tokens of `text`.
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

// References to closures and boxes of closures are closures themselves, so an implementation for
// all `&E` or all `Box<E>` would overlap with the one for closures. Trait objects are not closures.

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
