//! Waiting for a turn: the line of those who wait, and how threads wait in it.

mod acquire;
mod block;
mod fenwick;
mod lateness;
mod line;
mod places;
mod reservation;
mod strategy;
#[cfg(feature = "async")]
mod task;
mod verbs;

pub use self::acquire::{Acquire, Deadline};
pub use self::reservation::Reservation;
pub use self::strategy::Strategy;

pub(crate) use self::line::{Line, TELL_AHEAD};
