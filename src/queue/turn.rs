//! What waiters see of their entries.

use super::entry::EntryId;
use crate::clock::Timestamp;
use crate::error::AcquireError;
use crate::meter::Charge;

/// What a request for an entry got.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entered {
    /// The permits, at once.
    Granted(Charge),
    /// An entry to wait for.
    Waiting(Turn),
}

/// An entry of the queue as its waiter last saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) id: EntryId,
    /// The permits waited for.
    pub(crate) n: u64,
    /// The clock reading at which the entry comes due.
    pub(crate) due: Timestamp,
    /// The count of changes at that time. While the count is the same, `due` is still true.
    pub(crate) changes: u64,
    /// Whether so many wait that the rate no longer depends on each being on time.
    pub(crate) crowded: bool,
}

/// What a waiter finds when it looks at its entry.
#[derive(Debug)]
pub(crate) enum Look {
    /// The entry was due.
    Granted(Charge),
    /// The entry is not due yet.
    Waiting(Turn),
    /// The wait was ended.
    Refused(AcquireError),
}

/// How long an entry still has to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Remaining {
    /// The entry is granted.
    Nothing,
    /// From one clock reading to another.
    Between(Timestamp, Timestamp),
    /// The wait was ended, so the entry is never granted.
    Ended,
}
