//! The word and the queue of waiters, as one engine.

#[cfg(feature = "std")]
mod engine;
#[cfg(feature = "std")]
mod entries;
#[cfg(feature = "std")]
mod entry;
#[cfg(feature = "std")]
mod fenwick;
#[cfg(not(feature = "std"))]
mod none;
#[cfg(feature = "std")]
mod turn;
mod verdict;

#[cfg(feature = "std")]
pub(crate) use self::engine::Engine;
#[cfg(not(feature = "std"))]
pub(crate) use self::none::Engine;
#[cfg(feature = "std")]
pub(crate) use self::turn::{Entered, Look, Remaining, Turn};
pub(crate) use self::verdict::Verdict;
