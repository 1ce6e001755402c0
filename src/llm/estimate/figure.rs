//! An estimate that says how sure it is.

use super::ratio::{Ratio, float, whole};

/// Past this share the bound says more of the arithmetic than of the calls.
const MAX_SHARE: f64 = 0.999;

/// How many tokens a call will probably take, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Estimate {
    /// Tokens it will probably take: what the estimator said times the mean ratio that was
    /// observed.
    pub tokens: u64,
    /// What the estimator said. This is the number to hand to
    /// [`Learned::observe`](super::Learned::observe) afterwards.
    pub plain: u64,
    /// Calls of the model that were learned from. At 0 nothing is known of it, and `tokens` is
    /// `plain`.
    pub observations: u64,
    /// The standard error of the mean ratio over that ratio: 0.05 says that on average `tokens` is
    /// right to within 5 % or so. It shrinks as more is observed. One call may be further off: see
    /// [`at_most`](Self::at_most).
    ///
    /// `None` says that it cannot be told yet, which takes two observations.
    pub relative_error: Option<f64>,
    /// Tokens in one standard error of a single call; 0 while it is not known.
    deviation: f64,
}

impl Estimate {
    pub(super) fn new(plain: u64, ratio: Option<Ratio>) -> Self {
        let Some(ratio) = ratio else {
            return Self { tokens: plain, plain, observations: 0, relative_error: None, deviation: 0.0 };
        };
        let spread = ratio.spread();
        Self {
            // What is something will not cost nothing.
            tokens: whole(float(plain) * ratio.mean()).max(plain.min(1)),
            plain,
            observations: ratio.observations(),
            relative_error: spread.map(|spread| spread.of_mean / ratio.mean()),
            deviation: spread.map_or(0.0, |spread| float(plain) * spread.of_next),
        }
    }

    /// Tokens that a `share` of calls like this will not exceed; reserve so many to be that
    /// careful.
    ///
    /// It is `tokens + k·d` with `k = √(share / (1 − share))`, where `d` is the standard error of a
    /// prediction: `s·√(1 + 1/n)` for `n` calls whose ratios deviate by `s` from their mean. That
    /// is Cantelli's inequality, the one-sided one of Chebyshev. It holds however the ratios are
    /// spread, as long as calls go on as they did; where their spread is bell-shaped it covers more
    /// calls than asked for. At 0.9, `k` is 3; at 0.5 it is 1.
    ///
    /// While fewer than two calls were observed it is `tokens`: of the spread nothing is known. A
    /// share under 0 or NaN counts as 0, and one over 0.999 as 0.999.
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
