//! The mean and the spread of the ratio of actual to estimated tokens. Old observations count less.
//!
//! The method is the incremental mean and variance for weighted data of D. H. D. West, "Updating
//! Mean and Variance Estimates: An Improved Method", Communications of the ACM 22(9), 1979. Each
//! observation weighs `1 / DECAY` times the one before. So that weights do not grow without bound,
//! the weights of the past are multiplied by `DECAY` instead, which does not change the mean.

use std::ops::RangeInclusive;

/// The 32nd root of 1/2: an observation counts half as much once 32 others have followed.
const DECAY: f64 = 0.978_572_062_087_700_1;

/// The ratios that are learned. No context holds many more than a million tokens, so a correct
/// ratio is within 10⁻⁶ and 10⁶.
const BELIEVABLE: RangeInclusive<f64> = 1e-6..=1e6;

/// The mean and the spread of the ratios that were observed for one model. All figures are finite.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ratio {
    mean: f64,
    /// Σ w·(ratio − mean)².
    scatter: f64,
    /// Σ w.
    weight: f64,
    /// Σ w².
    weight_squares: f64,
    observations: u64,
}

/// How far ratios deviate from their mean, known from two observations on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    /// The standard error of the mean, `s / √n`.
    pub(super) of_mean: f64,
    /// The standard error of a prediction of the next ratio, `s · √(1 + 1/n)`.
    pub(super) of_next: f64,
}

/// Returns `actual / estimated`, or `None` if either is 0 or the ratio is not [`BELIEVABLE`].
pub(super) fn believable(estimated: u64, actual: u64) -> Option<f64> {
    let ratio = float(actual) / float(estimated);
    BELIEVABLE.contains(&ratio).then_some(ratio)
}

impl Ratio {
    pub(super) fn observe(&mut self, ratio: f64) {
        self.observations = self.observations.saturating_add(1);
        self.weight = DECAY * self.weight + 1.0;
        self.weight_squares = DECAY * DECAY * self.weight_squares + 1.0;
        let off = ratio - self.mean;
        self.mean += off / self.weight;
        self.scatter = DECAY * self.scatter + off * (ratio - self.mean);
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    pub(super) fn observations(&self) -> u64 {
        self.observations
    }

    /// Returns the standard errors, or `None` with fewer than two observations.
    ///
    /// The unbiased variance is `s² = scatter / (Σw − Σw²/Σw)`. The effective number of equal
    /// weights is `n = (Σw)² / Σw²`, which tends to 92.
    pub(super) fn spread(&self) -> Option<Spread> {
        if self.observations < 2 {
            return None;
        }
        let one_nth = self.weight_squares / (self.weight * self.weight);
        let variance = self.scatter.max(0.0) / (self.weight * (1.0 - one_nth));
        Some(Spread { of_mean: (variance * one_nth).sqrt(), of_next: (variance * (1.0 + one_nth)).sqrt() })
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate of 2^53 tokens may be off by one")]
pub(super) fn float(tokens: u64) -> f64 {
    tokens as f64
}

/// Returns the nearest whole number of tokens, at most [`u64::MAX`].
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; never negative")]
pub(super) fn whole(tokens: f64) -> u64 {
    tokens.round() as u64
}
