//! Where the time comes from, and how to wait on it.
//!
//! | clock | use it |
//! |---|---|
//! | [`SystemClock`] | in production; every limiter has it by default |
//! | [`ManualClock`] | in tests and simulations: time passes only when the program moves it |
//! | `TokioClock` | in tests that pause tokio's time (feature `tokio`) |
//! | [`Monotonic`] | around a clock that may step back |
//! | a type of your own | implement [`Clock`] |

#[expect(clippy::module_inception, reason = "the file is named for the main type, as all others are")]
mod clock;
#[cfg(feature = "std")]
mod gate;
#[cfg(feature = "std")]
mod manual;
mod monotonic;
mod reading;
#[cfg(feature = "std")]
mod sleep;
#[cfg(feature = "std")]
mod sleepers;
#[cfg(feature = "std")]
mod system;
#[cfg(feature = "tokio")]
mod tokio;

pub use self::clock::Clock;
#[cfg(feature = "std")]
pub use self::manual::ManualClock;
pub use self::monotonic::Monotonic;
pub use self::reading::{Tick, Timestamp};
#[cfg(feature = "std")]
pub use self::sleep::Sleep;
#[cfg(feature = "std")]
pub use self::system::{ClockSource, SystemClock};
#[cfg(feature = "tokio")]
pub use self::tokio::TokioClock;
