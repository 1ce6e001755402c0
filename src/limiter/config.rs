//! What a limiter is built from, besides its clock.

use crate::quota::Quota;

#[cfg(feature = "std")]
use crate::pace::Strategy;

/// What a limiter is built from, besides its clock.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) quota: Quota,
    /// Permits available at the start, if not the whole burst.
    pub(crate) initial: Option<u64>,
    pub(crate) aside: Aside,
    /// With a burst of 1: entries are spaced by when each waiter left, not by when it was due.
    pub(crate) strict: bool,
    #[cfg(feature = "std")]
    pub(crate) strategy: Strategy,
    #[cfg(feature = "std")]
    pub(crate) max_waiters: usize,
}

impl Config {
    /// The default limiter of this quota: full at the start, any number of waiters.
    pub(crate) fn new(quota: Quota) -> Self {
        Self {
            quota,
            initial: None,
            aside: Aside::default(),
            strict: false,
            #[cfg(feature = "std")]
            strategy: Strategy::default(),
            #[cfg(feature = "std")]
            max_waiters: usize::MAX,
        }
    }
}

/// What a limiter has set aside for local handles.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Aside {
    pub(crate) handles: usize,
    pub(crate) batch: u64,
}

impl Aside {
    /// All permits that the handles may hold.
    pub(crate) fn permits(self) -> u64 {
        // Both fit 64 bits: `Builder::local` has multiplied them already.
        self.batch * self.handles as u64
    }
}
