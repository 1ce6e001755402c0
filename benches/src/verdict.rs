//! What a target is, and whether a run reached it.

use std::fmt::{Display, Formatter, Result, Write as _};

use serde::{Deserialize, Serialize};

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Bound {
    /// Not above this.
    AtMost(f64),
    /// Not below this.
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
pub struct Verdict {
    /// What the figure is.
    pub what: String,
    /// `None` if the run did not measure it.
    pub figure: Option<f64>,
    /// What the figure must be.
    pub bound: Bound,
    /// The same figure of limitor beside limitor, if that was measured. Without noise it would be
    /// 1.
    pub noise: Option<f64>,
}

impl Verdict {
    /// A target without a figure for its noise.
    #[must_use]
    pub fn new(what: String, figure: Option<f64>, bound: Bound) -> Self {
        Self { what, figure, bound, noise: None }
    }

    /// Whether the target was reached, if it was measured.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
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
        self.noise.map_or(Ok(()), |noise| write!(f, " (limitor beside itself {noise:.3})"))
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

/// A line for each target, then the remarks, then how many targets hold.
#[must_use]
pub fn list(verdicts: &[Verdict], remarks: &[String]) -> String {
    let mut text = String::from("## Targets\n\n");
    for verdict in verdicts {
        let _ = writeln!(text, "- {verdict}");
    }
    for remark in remarks {
        let _ = writeln!(text, "\n{remark}");
    }
    let _ = writeln!(text, "\n{}.", count(verdicts));
    text
}
