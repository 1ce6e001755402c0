//! Operations at readings that are stale, differ between threads, and step back: one after the other, and at once.

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
