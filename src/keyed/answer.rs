//! What can come of asking for the word of a key.

use crate::clock::Timestamp;

/// What came of asking a word for permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Granted. The TAT is `ahead` of the clock then, in units.
    Granted { ahead: u64 },
    /// Too early by so many units.
    Short(u64),
    /// A debt exceeds the largest TAT.
    Saturated,
    /// A limiter of its own has the word. This is the name of the entry or cell.
    Awaited(usize),
    /// The key has no word.
    Absent,
    /// The entry has changed keys meanwhile: ask again.
    Gone,
}

/// Why a word was neither moved nor read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missed {
    /// A debt exceeds the largest TAT.
    Saturated,
    /// A limiter of its own has the word. This is the name of the entry or cell.
    Awaited(usize),
    /// The key has no word.
    Absent,
}

/// Why a word was not taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotOut {
    /// It is out already. This is the name of the entry or cell.
    Awaited(usize),
    /// A debt exceeds the largest TAT.
    Saturated,
    /// The key has no word.
    Absent,
    /// Too many others of the set are out.
    TooMany,
}

/// What came of asking for an entry or a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Insertion {
    /// The key has one: ask again.
    Present,
    /// Entered with this TAT. `inherited`: the key began with a debt of others.
    Entered { tat: u64, inherited: bool },
    /// The debt that the key would begin with is too high by so many units, so the key did not
    /// enter.
    Short { excess: u64, inherited: bool },
    /// No key is idle, and some are awaited, perhaps without a waiter by now.
    Crowded,
    /// All the others are awaited; or, where keys are stored, all are busy until then.
    Full { until: Option<Timestamp> },
}
