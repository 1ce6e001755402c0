//! Quotas, and numbers for people.

use std::time::Duration;

/// What a limiter allows. All limiters are full at the start.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Permits per period.
    pub capacity: u32,
    /// The period.
    pub period: Duration,
    /// The burst, in permits.
    pub burst: u32,
}

impl Allowance {
    /// Permits per second.
    #[must_use]
    pub fn rate(self) -> f64 {
        f64::from(self.capacity) / self.period.as_secs_f64()
    }
}

/// A figure with three digits or more.
#[must_use]
pub fn short(figure: f64) -> String {
    match figure {
        ..0.1 => format!("{figure:.4}"),
        0.1..10.0 => format!("{figure:.2}"),
        10.0..100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

/// The number in millions.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub fn million(number: u64) -> f64 {
    number as f64 / 1e6
}

/// The middle one of the values, or the mean of the middle two.
///
/// # Panics
///
/// If there are no values.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}
