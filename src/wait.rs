//! Waiting for permits: [`Acquire`], [`Reservation`], and how long and by what means to wait.
//!
//! The verbs are those of [`RateLimiter`](crate::RateLimiter):
//! [`acquire`](crate::RateLimiter::acquire) waits, [`reserve`](crate::RateLimiter::reserve) takes
//! an entry of the queue to wait for later.

mod acquire;
mod admit;
mod reservation;
mod turn;
mod verbs;

pub use self::acquire::Acquire;
pub use self::reservation::Reservation;
pub use crate::pace::{Deadline, Patience, Strategy};
