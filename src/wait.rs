//! Waiting for a turn: the line of those who wait, and how threads wait in it.

mod acquire;
mod block;
mod fenwick;
mod lateness;
mod line;
mod patience;
mod places;
mod reservation;
mod strategy;
mod task;
mod verbs;

pub use self::acquire::Acquire;
pub use self::patience::Deadline;
pub use self::reservation::Reservation;
pub use self::strategy::Strategy;

pub(crate) use self::lateness::{SpinPermit, THREADS};
#[cfg(feature = "keyed")]
pub(crate) use self::line::Joined;
pub(crate) use self::line::{Line, TELL_AHEAD};
pub(crate) use self::patience::Patience;
