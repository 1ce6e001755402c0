//! Limiters that cannot be built.

use crate::quota::QuotaError;

/// A limiter that cannot be built as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A quota is not possible.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// The local handles could hold the whole burst.
    #[error("{handles} local handles of {batch} permits need a burst over {}, but the burst is {burst}", needed(*handles, *batch))]
    #[non_exhaustive]
    NothingLeft {
        /// The handles asked for.
        handles: usize,
        /// The permits that each may hold.
        batch: u64,
        /// The burst that they come off.
        burst: u64,
    },
    /// A limit of 0 slots was asked for, with which no work could begin.
    #[error("max_concurrent is 0, but work needs at least 1 slot")]
    ZeroConcurrency,
    /// A list of limits is empty.
    #[error("the set has no limit, but it needs at least 1")]
    NoLimits,
    /// A limiter is in the set twice. Put it in once, with the sum of the costs.
    #[error("limit {name:?} is in the set already under another name")]
    #[non_exhaustive]
    LimitTwice {
        /// The name of its second occurrence.
        name: &'static str,
    },
}

/// The permits that local handles may hold.
fn needed(handles: usize, batch: u64) -> u128 {
    u128::from(batch) * handles as u128
}
