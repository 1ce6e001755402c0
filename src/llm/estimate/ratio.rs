//! How actual tokens compare with estimated ones: the mean and the spread of their ratio. Old
//! observations fade.
//!
//! Source: the incremental mean and variance for weighted data of D. H. D. West, "Updating Mean and
//! Variance Estimates: An Improved Method", Communications of the ACM 22(9), 1979. Each observation
//! weighs `1 / DECAY` of the one before. So that weights do not grow without end, past weights are
//! scaled down by `DECAY` instead, which leaves the mean as it is.

use std::ops::RangeInclusive;

/// The 32nd root of a half: an observation counts half as much once 32 others have followed.
const DECAY: f64 = 0.978_572_062_087_700_1;

/// No context holds much more than a million tokens, so a real ratio lies between one to a million
/// and a million to one.
const BELIEVABLE: RangeInclusive<f64> = 1e-6..=1e6;

/// The ratios that were observed of one model. All figures in it are finite.
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

/// How far ratios lie from their mean. Known from two observations on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    /// Standard error of the mean, `s / √n`.
    pub(super) of_mean: f64,
    /// Standard error of a prediction of the next ratio, `s · √(1 + 1/n)`.
    pub(super) of_next: f64,
}

/// The ratio, if it can be learned from: neither number is 0, and the ratio is believable.
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

    /// The unbiased variance is `s² = scatter / (Σw − Σw²/Σw)`. These weights are worth
    /// `n = (Σw)² / Σw²` equal ones, 92 in the long run.
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

/// The nearest whole number of tokens, at most the largest number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; nothing negative comes here")]
pub(super) fn whole(tokens: f64) -> u64 {
    tokens.round() as u64
}
