//! How a control verb ends a wait.

/// How a wait ended, other than by its entry coming due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All waiters were cancelled.
    Cancelled,
    /// The limiter was closed.
    Closed,
    /// The limiter was bypassed: the waiter passes, uncharged.
    Passed,
}
