//! An estimate with its error.

use super::ratio::{Ratio, float, whole};

/// The largest share. Past it the bound depends more on rounding than on the calls.
const MAX_SHARE: f64 = 0.999;

/// How many tokens a call will probably take, with the error of that figure.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Estimate {
    /// Tokens that the call will probably take: the estimator's figure times the mean ratio
    /// observed.
    pub tokens: u64,
    /// The estimator's own figure. Hand this one to [`Learned::observe`](super::Learned::observe)
    /// afterwards.
    pub plain: u64,
    /// Calls of the model that were learned from. At 0 nothing is known of the model, and `tokens`
    /// is `plain`.
    pub observations: u64,
    /// The standard error of the mean ratio over that ratio: at 0.05, `tokens` is right to about 5
    /// % on average. It shrinks as more calls are observed. One call may be further off; see
    /// [`at_most`](Self::at_most).
    ///
    /// `None` if fewer than two calls were observed.
    pub relative_error: Option<f64>,
    /// Tokens in one standard error of a single call. 0 while that is not known.
    deviation: f64,
}

impl Estimate {
    pub(super) fn new(plain: u64, ratio: Option<Ratio>) -> Self {
        let Some(ratio) = ratio else {
            return Self { tokens: plain, plain, observations: 0, relative_error: None, deviation: 0.0 };
        };
        let spread = ratio.spread();
        Self {
            // A text that has tokens costs at least one.
            tokens: whole(float(plain) * ratio.mean()).max(plain.min(1)),
            plain,
            observations: ratio.observations(),
            relative_error: spread.map(|spread| spread.of_mean / ratio.mean()),
            deviation: spread.map_or(0.0, |spread| float(plain) * spread.of_next),
        }
    }

    /// Returns the tokens that a `share` of calls like this one will not exceed.
    ///
    /// The figure is `tokens + k·d` with `k = √(share / (1 − share))`. Here `d` is the standard
    /// error of a prediction: `s·√(1 + 1/n)` for `n` calls whose ratios deviate by `s` from their
    /// mean. That is Cantelli's inequality, the one-sided form of Chebyshev's. It holds however the
    /// ratios are spread, as long as calls go on as they did. If their spread is bell-shaped, the
    /// figure covers more calls than asked for. At 0.9, `k` is 3; at 0.5 it is 1.
    ///
    /// If fewer than two calls were observed, the spread is unknown and the figure is `tokens`. A
    /// share under 0 or NaN counts as 0, and a share over 0.999 as 0.999.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{CharsPerToken, Learned};
    ///
    /// let learned = Learned::new(CharsPerToken::default());
    /// for actual in [80, 120, 100, 90, 110] {
    ///     learned.observe("some-model", 100, actual);
    /// }
    /// let estimate = learned.estimate("some-model", &"four".repeat(100));
    /// assert_eq!(estimate.tokens, 100);
    /// assert_eq!(estimate.at_most(0.9), 152);
    /// ```
    pub fn at_most(&self, share: f64) -> u64 {
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, MAX_SHARE) };
        let errors = (share / (1.0 - share)).sqrt();
        self.tokens.saturating_add(whole((errors * self.deviation).ceil()))
    }
}
