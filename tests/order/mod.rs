//! Operations at readings that are stale, differ between threads, and step back: first in sequence,
//! then at the same time.

mod bound;
#[cfg(feature = "keyed")]
mod keys;
mod locals;
pub(crate) mod programs;
pub(crate) mod race;
mod readings;
mod sets;
mod tats;
mod waits;
pub(crate) mod world;
