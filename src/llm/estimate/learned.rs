//! An estimator that is corrected by what calls actually took.

use std::fmt;

use super::estimator::Estimator;
use super::figure::Estimate;
use super::models::Models;
use super::ratio::believable;
use crate::sync::Lock;

/// Corrects another estimator for each model by what its calls actually took.
///
/// For each model it keeps the mean and the spread of the ratio of actual to estimated tokens.
/// Every call counts the same, whatever its size. Recent calls weigh more: an observation counts
/// half as much once 32 others of its model have followed.
///
/// The actual figure need not be that of the text alone. If the total of prompt and reply is
/// observed, that total is estimated.
///
/// It keeps the 256 models that were observed last. If another model is observed, the model that
/// was observed longest ago is forgotten. Models with names of more than 256 bytes are not learned.
///
/// Threads share it by reference. A lock is held for the arithmetic alone, never while a text is
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
/// assert_eq!((estimate.tokens, estimate.observations), (100, 0)); // no observation yet
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
    /// Makes an estimator that has no observations yet and returns what `estimator` returns.
    pub fn new(estimator: E) -> Self {
        Self { estimator, models: Lock::new(Models::default()) }
    }

    /// Estimates how many tokens a call of `model` with `text` takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{CharsPerToken, Learned};
    ///
    /// let learned = Learned::new(CharsPerToken::default());
    /// let estimate = learned.estimate("some-model", "Hello, world!");
    /// assert_eq!((estimate.tokens, estimate.relative_error), (4, None));
    /// ```
    pub fn estimate(&self, model: &str, text: &str) -> Estimate {
        let plain = self.estimator.tokens(text);
        let ratio = self.models.lock().ratio(model);
        Estimate::new(plain, ratio)
    }

    /// Learns from a call of `model` that took `actual` tokens and was estimated at `estimated`.
    ///
    /// `estimated` is the estimator's own figure, [`Estimate::plain`]. The corrected figure,
    /// [`Estimate::tokens`], would be corrected twice.
    ///
    /// If either number is 0, or `actual / estimated` is not within 10⁻⁶ and 10⁶, nothing is
    /// learned: the call failed, or a number is wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{CharsPerToken, Learned};
    ///
    /// let learned = Learned::new(CharsPerToken::default());
    /// let estimate = learned.estimate("some-model", "Hello, world!");
    /// learned.observe("some-model", estimate.plain, 8);
    /// assert_eq!(learned.estimate("some-model", "Hello, world!").tokens, 8);
    /// ```
    pub fn observe(&self, model: &str, estimated: u64, actual: u64) {
        if let Some(ratio) = believable(estimated, actual) {
            self.models.lock().observe(model, ratio);
        }
    }

    /// Returns the estimator that is corrected.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{CharsPerToken, Learned};
    ///
    /// let learned = Learned::new(CharsPerToken::default());
    /// assert_eq!(learned.estimator(), &CharsPerToken::default());
    /// ```
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}
