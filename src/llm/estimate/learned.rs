//! An estimator that is corrected by what calls really took.

use std::fmt;

use super::estimator::Estimator;
use super::figure::Estimate;
use super::models::Models;
use super::ratio::believable;
use crate::sync::Lock;

/// An estimator that learns, model by model, how its estimates compare with what calls really take.
///
/// It learns the ratio of actual to estimated tokens, and keeps its mean and spread for each model.
/// Each call counts the same, whatever its size. Recent calls weigh more: an observation counts
/// half as much once 32 others of its model have followed. If you observe the total of prompt and
/// reply, the total is what is estimated.
///
/// The estimator keeps the 256 models that were observed last. When another model comes, the model
/// observed longest ago is forgotten. Models with names over 256 bytes are not learned. Threads
/// share the estimator by reference. A lock is held for the arithmetic alone, never while text is
/// read.
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
/// assert_eq!((estimate.tokens, estimate.observations), (100, 0)); // nothing is known of the model
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
    /// Makes an estimator that has learned nothing yet, so its figures are those of `estimator`.
    pub fn new(estimator: E) -> Self {
        Self { estimator, models: Lock::new(Models::default()) }
    }

    /// Estimates the tokens that a call of `model` with `text` will take.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{CharsPerToken, Learned};
    ///
    /// let learned = Learned::new(CharsPerToken::default());
    /// assert_eq!(learned.estimate("some-model", "four").tokens, 1);
    /// ```
    pub fn estimate(&self, model: &str, text: &str) -> Estimate {
        let plain = self.estimator.tokens(text);
        let ratio = self.models.lock().ratio(model);
        Estimate::new(plain, ratio)
    }

    /// Learns that a call of `model` took `actual` tokens where the estimator's figure was
    /// `estimated`.
    ///
    /// `estimated` is the estimator's own figure, [`Estimate::plain`]. The corrected figure would
    /// be corrected twice.
    ///
    /// Nothing is learned if either number is 0, or if their ratio is not between one to a million
    /// and a million to one: the call failed, or a number is wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{CharsPerToken, Learned};
    ///
    /// let learned = Learned::new(CharsPerToken::default());
    /// learned.observe("some-model", 100, 200);
    /// assert_eq!(learned.estimate("some-model", "four").tokens, 2);
    /// ```
    pub fn observe(&self, model: &str, estimated: u64, actual: u64) {
        if let Some(ratio) = believable(estimated, actual) {
            self.models.lock().observe(model, ratio);
        }
    }

    /// Returns the estimator that is corrected.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}
