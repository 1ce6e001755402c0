//! What a set refuses, and on behalf of which limit.

use std::time::Duration;

use crate::error::{AcquireError, Denied};

/// A request that a set refused at once. Nothing was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{limit}: {denied}")]
#[must_use]
pub struct SetDenied {
    limit: &'static str,
    denied: Denied,
}

impl SetDenied {
    pub(super) fn new(limit: &'static str, denied: Denied) -> Self {
        Self { limit, denied }
    }

    /// The limit that binds: the last one to grant.
    pub const fn limit(&self) -> &'static str {
        self.limit
    }

    /// What it says.
    pub const fn denied(&self) -> Denied {
        self.denied
    }

    /// How long to wait until the same request would be granted if nobody else came; `None` if waiting will not help.
    ///
    /// Exact, rounded up to 1 ns. While others wait in the set's line, how long until the first of them can go, if that is longer.
    pub fn retry_after(&self) -> Option<Duration> {
        self.denied.retry_after()
    }
}

/// A wait for a set that ended without a grant. Nothing was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}{error}", limit.map_or(String::new(), |limit| format!("{limit}: ")))]
pub struct SetError {
    limit: Option<&'static str>,
    error: AcquireError,
}

impl SetError {
    pub(crate) fn new(limit: Option<&'static str>, error: AcquireError) -> Self {
        Self { limit, error }
    }

    pub(super) fn cancelled() -> Self {
        Self { limit: None, error: AcquireError::Cancelled }
    }

    /// The limit that it is about, if it is about one.
    pub const fn limit(&self) -> Option<&'static str> {
        self.limit
    }

    /// What it says.
    pub const fn error(&self) -> AcquireError {
        self.error
    }
}
