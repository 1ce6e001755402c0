//! The promises of a limiter in their plainest form: exact, naive, and without any code of the
//! crate.
//!
//! Time is counted in units of 1/capacity ns. So T is `period` units, a whole number, and no value
//! rounds. The queue is a plain list that is searched from the front. Every verb takes its clock
//! reading, in ns.
//!
//! The model does not cover threads, wakers or blocking. It covers which request is granted what at
//! which reading.
//!
//! # What the model leaves open
//!
//! The largest debt that can be counted depends on the implementation. It lies between the bounds
//! of [`Model::counts`]. Callers avoid this range, or pass to the model what the implementation
//! did.

#![allow(clippy::missing_errors_doc, reason = "a refusal is an answer here")]
#![allow(clippy::missing_panics_doc, reason = "only an argument without a meaning panics, and only tests call this")]

mod bound;
mod control;
mod queue;
mod settle;
mod take;
mod word;

pub use self::queue::Standing;
pub use self::take::{Charge, Refusal, Reserved};
pub use self::word::{Limiter, Model};
