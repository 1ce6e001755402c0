//! An estimate together with its error.

use super::ratio::{Ratio, float, whole};

/// The largest share of [`Estimate::at_most`]. Beyond it, rounding decides the bound, not the
/// calls.
const MAX_SHARE: f64 = 0.999;

/// The estimated number of tokens of a call, and the error of that estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Estimate {
    /// The estimated number of tokens: `plain` times the mean ratio that was observed.
    pub tokens: u64,
    /// The number of tokens that the estimator itself returned. Pass this number to
    /// [`Learned::observe`](super::Learned::observe) after the call.
    pub plain: u64,
    /// The number of calls of the model that were observed. If it is 0, `tokens` equals `plain`.
    pub observations: u64,
    /// The standard error of the mean ratio, divided by that ratio. `None` with fewer than two
    /// observations.
    ///
    /// At 0.05, `tokens` is right on average to within about 5 %. The error shrinks as more calls
    /// are observed. One call may deviate more: see [`at_most`](Self::at_most).
    pub relative_error: Option<f64>,
    /// The standard error of a single call, in tokens; 0 if it is not known yet.
    deviation: f64,
}

impl Estimate {
    pub(super) fn new(plain: u64, ratio: Option<Ratio>) -> Self {
        let Some(ratio) = ratio else {
            return Self { tokens: plain, plain, observations: 0, relative_error: None, deviation: 0.0 };
        };
        let spread = ratio.spread();
        Self {
            // If the estimator returns more than 0, the estimate is at least 1.
            tokens: whole(float(plain) * ratio.mean()).max(plain.min(1)),
            plain,
            observations: ratio.observations(),
            relative_error: spread.map(|spread| spread.of_mean / ratio.mean()),
            deviation: spread.map_or(0.0, |spread| float(plain) * spread.of_next),
        }
    }

    /// Returns a number of tokens that at least a `share` of calls like this one do not exceed.
    ///
    /// If each call acquires that many, at most `1 − share` of the calls use more. The bound is
    ///
    /// ```text
    /// tokens + k·d    where    k = √(share / (1 − share))    and    d = plain · s·√(1 + 1/n)
    /// ```
    ///
    /// `d` is the standard error of a prediction from `n` calls, if their ratios have the standard
    /// deviation `s`. At a share of 0.9, `k` is 3; at 0.5, `k` is 1.
    ///
    /// That is Cantelli's inequality, the one-sided form of Chebyshev's. It holds for any
    /// distribution of the ratios, as long as later calls follow the same distribution. If the
    /// distribution is bell-shaped, the bound covers more calls than `share`.
    ///
    /// With fewer than two observations the deviation is not known, and the bound is `tokens`. A
    /// share below 0 or NaN counts as 0, and a share above 0.999 counts as 0.999.
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
