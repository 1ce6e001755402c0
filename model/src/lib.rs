//! What a limiter promises, as plainly as it can be written: exact, naive, and sharing no code with the crate.
//!
//! Time is counted in units of 1/capacity ns, so that T is `period` of them, a whole number, and nothing rounds. Everything is a
//! plain list that is searched from the front; every verb takes the clock reading at which it is asked, in ns.
//!
//! It says nothing of threads, wakers or blocking: what it knows is who is granted what at which reading.
//!
//! # What it leaves open
//!
//! How much debt can be counted is the implementation's, between [`Model::counts`] and what it answers for lack of room;
//! callers stay out of that zone, or tell the model what the implementation did.

#![allow(clippy::missing_errors_doc, reason = "a refusal is an answer here")]
#![allow(clippy::missing_panics_doc, reason = "only an argument without a meaning panics, and only tests call this")]

mod bound;
mod control;
mod line;
mod settle;
mod take;
mod word;

pub use self::line::Standing;
pub use self::take::{Charge, Refusal, Reserved};
pub use self::word::{Limiter, Model};
