//! An estimator corrected by experience.

use std::fmt;

use super::Estimator;
use super::figure::Estimate;
use super::models::Models;
use super::ratio::believable;
use crate::sync::Lock;

/// An estimator that learns, model by model, how its estimates compare with what calls turn out to
/// take.
///
/// For each model it keeps the mean and the spread of the ratio of actual to estimated tokens,
/// every call counting the same whatever its size. What is recent weighs more: an observation
/// counts half as much once 32 others of its model have followed. It need not be the text alone
/// that is learned: observe the total of prompt and reply, and that is what will be estimated.
///
/// It keeps the 256 models that were observed last; whatever was learned of the one observed
/// longest ago is forgotten when another comes. Models with names of over 256 bytes are not
/// learned. Threads share it by reference; a lock is held for the arithmetic alone, never while
/// text is looked at.
///
/// # Examples
///
/// ```
/// use limitor::llm::{CharsPerToken, Learned};
///
/// let learned = Learned::new(CharsPerToken::default());
/// let prompt = "four".repeat(100);
///
/// let estimate = learned.estimate("some-model", &prompt);
/// assert_eq!((estimate.tokens, estimate.observations), (100, 0)); // nothing is known of it
/// learned.observe("some-model", estimate.plain, 150);
///
/// let estimate = learned.estimate("some-model", &prompt);
/// assert_eq!((estimate.tokens, estimate.observations), (150, 1));
/// ```
pub struct Learned<E> {
    estimator: E,
    models: Lock<Models>,
}

impl<E> fmt::Debug for Learned<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learned").field("models", &self.models).finish_non_exhaustive()
    }
}

impl<E: Estimator + Default> Default for Learned<E> {
    fn default() -> Self {
        Self::new(E::default())
    }
}

impl<E: Estimator> Learned<E> {
    /// Knows nothing yet, and says what `estimator` says.
    pub fn new(estimator: E) -> Self {
        Self { estimator, models: Lock::new(Models::default()) }
    }

    /// Tokens that a call of `model` with `text` will probably take.
    pub fn estimate(&self, model: &str, text: &str) -> Estimate {
        let plain = self.estimator.tokens(text);
        let ratio = self.models.lock().ratio(model);
        Estimate::new(plain, ratio)
    }

    /// Learns that a call of `model` took `actual` tokens where the estimator had said `estimated`.
    ///
    /// `estimated` is the estimator's own figure, [`Estimate::plain`], not the corrected one: that
    /// would be corrected twice.
    ///
    /// From a ratio of nothing, to nothing, or outside of one to a million and a million to one
    /// nothing is learned: the call failed, or a number is wrong.
    pub fn observe(&self, model: &str, estimated: u64, actual: u64) {
        if let Some(ratio) = believable(estimated, actual) {
            self.models.lock().observe(model, ratio);
        }
    }

    /// The estimator that is corrected.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}
