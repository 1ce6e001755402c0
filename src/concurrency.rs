//! A limit on the work that is under way at a time, with a rate or without.

mod acquire;
mod admit;
mod builder;
mod control;
mod entry;
mod limiter;
mod settle;
mod slot;
mod slots;
mod verbs;

pub use self::acquire::Acquire;
pub use self::builder::{Builder, OwnRate};
pub use self::limiter::ConcurrentLimiter;
pub use self::slot::Slot;
