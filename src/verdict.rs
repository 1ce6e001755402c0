//! How control verbs end waits.

/// How a wait ended other than by its time coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All who waited were sent away.
    Cancelled,
    /// The limiter was closed.
    Closed,
    /// The limiter was breached: pass, uncharged.
    Passed,
}
