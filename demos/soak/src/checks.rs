//! The checks, the violations, and the figures for each verdict.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// What the run shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    Bound,
    LastPermit,
    Order,
    Wakes,
    UnderWay,
    Ends,
}

impl Check {
    pub(crate) const ALL: [Self; 6] =
        [Self::Bound, Self::LastPermit, Self::Order, Self::Wakes, Self::UnderWay, Self::Ends];
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bound => "bound in every window",
            Self::LastPermit => "last permit found",
            Self::Order => "first come, first served",
            Self::Wakes => "no wait past its time",
            Self::UnderWay => "limit on what is under way",
            Self::Ends => "all threads and tasks ended",
        })
    }
}

/// The number of violations that are printed in full; a broken limiter commits thousands.
const TOLD: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Wrongs(Mutex<Vec<(Check, String)>>);

impl Wrongs {
    pub(crate) fn add(&self, check: Check, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((check, what));
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Prints a line for a check: its verdict and its figures.
    pub(crate) fn verdict(&self, check: Check, figures: &str) {
        let wrongs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = match wrongs.iter().filter(|(of, _)| *of == check).count() {
            0 => "kept".to_owned(),
            count => format!("BROKEN {count} times"),
        };
        println!("{check:<30} {verdict}: {figures}");
    }

    /// Prints the violations.
    pub(crate) fn tell(&self) {
        let wrongs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrongs.iter().take(TOLD).for_each(|(check, what)| eprintln!("error: {check}: {what}"));
        if let Some(more) = wrongs.len().checked_sub(TOLD).filter(|more| *more > 0) {
            eprintln!("error: and {more} more");
        }
    }
}
