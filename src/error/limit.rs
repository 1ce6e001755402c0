//! What several limits refuse, with the name of the limit that binds.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::{AcquireError, Denied, Reason};

/// A request that one of several limits refused at once. Nothing was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct LimitDenied {
    limit: Option<&'static str>,
    denied: Denied,
}

impl LimitDenied {
    pub(crate) fn new(limit: Option<&'static str>, denied: Denied) -> Self {
        Self { limit, denied }
    }

    /// Returns the name of the limit that binds: the last one to grant. The name is empty if the
    /// refusal is not about one limit, for example because the set is closed.
    pub const fn limit(&self) -> &'static str {
        match self.limit {
            Some(limit) => limit,
            None => "",
        }
    }

    /// Returns the refusal of that limit.
    pub const fn denied(&self) -> Denied {
        self.denied
    }

    /// Returns why that limit refused.
    pub const fn reason(&self) -> Reason {
        self.denied.reason()
    }

    /// Returns the permits that were requested of that limit.
    pub const fn requested(&self) -> u64 {
        self.denied.requested()
    }

    /// Returns the whole permits that the limit had available.
    pub fn remaining(&self) -> u64 {
        self.denied.remaining()
    }

    /// Returns the wait after which the same request would be granted if no other request came
    /// first. `None` if no wait helps.
    ///
    /// The wait is rounded up to 1 ns. While other requests wait for the same limits, it is at
    /// least the wait of the first of them.
    pub fn retry_after(&self) -> Option<Duration> {
        self.denied.retry_after()
    }
}

impl fmt::Display for LimitDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(limit) = self.limit {
            write!(f, "{limit}: ")?;
        }
        fmt::Display::fmt(&self.denied, f)
    }
}

/// Without a source: the text has all of the inner refusal.
impl Error for LimitDenied {}

/// A wait for several limits that ended without a grant. Nothing was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitError {
    limit: Option<&'static str>,
    error: AcquireError,
}

impl LimitError {
    pub(crate) fn new(limit: Option<&'static str>, error: AcquireError) -> Self {
        Self { limit, error }
    }

    /// Returns the name of the limit that the error is about, if it is about one.
    #[must_use]
    pub const fn limit(&self) -> Option<&'static str> {
        self.limit
    }

    /// Returns the error without the name.
    #[must_use]
    pub const fn error(&self) -> AcquireError {
        self.error
    }

    /// Returns why the wait ended.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.error.reason()
    }

    /// Returns the permits that were requested, if the error depends on them.
    #[must_use]
    pub const fn requested(&self) -> Option<u64> {
        self.error.requested()
    }

    /// Returns the wait after which the request would have been granted. `None` if the wait is
    /// unknown or no wait helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.error.retry_after()
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(limit) = self.limit {
            write!(f, "{limit}: ")?;
        }
        fmt::Display::fmt(&self.error, f)
    }
}

/// Without a source: the text has all of the inner error.
impl Error for LimitError {}

/// A refusal as the end of a wait.
impl From<LimitDenied> for LimitError {
    fn from(denied: LimitDenied) -> Self {
        Self::new(denied.limit, denied.denied.into())
    }
}
