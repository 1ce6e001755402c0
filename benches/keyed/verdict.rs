//! What a target is, and whether a run reached it.

use std::fmt::{Display, Formatter, Result};

use serde::{Deserialize, Serialize};

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Display for Bound {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AtMost(most) => write!(f, "at most {most:.2}"),
            Self::AtLeast(least) => write!(f, "at least {least:.2}"),
        }
    }
}

/// One target in one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// What the figure is.
    pub(crate) what: String,
    /// Nothing if it was not measured.
    pub(crate) figure: Option<f64>,
    pub(crate) bound: Bound,
    /// The same of ours beside itself, if that was measured: it would be 1 without noise.
    pub(crate) noise: Option<f64>,
}

impl Verdict {
    /// Whether it was reached, if that is known.
    pub(crate) fn holds(&self) -> Option<bool> {
        self.figure.map(|figure| match self.bound {
            Bound::AtMost(most) => figure <= most,
            Bound::AtLeast(least) => figure >= least,
        })
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let verdict = match self.holds() {
            Some(true) => "holds",
            Some(false) => "does not hold",
            None => "not measured",
        };
        let figure = self.figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.3}"));
        write!(f, "{verdict}: {} is {figure}, {}", self.what, self.bound)?;
        self.noise.map_or(Ok(()), |noise| write!(f, " (ours beside itself {noise:.3})"))
    }
}

/// How many of the targets hold, in words.
pub(crate) fn count(verdicts: &[Verdict]) -> String {
    let known: Vec<bool> = verdicts.iter().filter_map(Verdict::holds).collect();
    let hold = known.iter().filter(|holds| **holds).count();
    let unknown = match verdicts.len() - known.len() {
        0 => String::new(),
        unknown => format!("; {unknown} more were not measured"),
    };
    format!("{hold} of {} targets hold{unknown}", known.len())
}
