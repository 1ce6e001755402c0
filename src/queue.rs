//! The word and the queue of waiters, as one engine.

#[cfg(feature = "std")]
mod engine;
#[cfg(feature = "std")]
mod entries;
#[cfg(feature = "std")]
mod fenwick;
#[cfg(not(feature = "std"))]
mod none;
mod verdict;

#[cfg(feature = "std")]
pub(crate) use self::engine::{Engine, Entered, Look, Remaining, Turn};
#[cfg(not(feature = "std"))]
pub(crate) use self::none::Engine;
pub(crate) use self::verdict::Verdict;
