//! How a thread or a task passes the time until a clock reading, and how long it is willing to.

mod lateness;
mod patience;
mod strategy;
mod task;
mod thread;

pub use self::patience::{Deadline, Patience};
pub use self::strategy::Strategy;

pub(crate) use self::task::TaskPace;
pub(crate) use self::thread::ThreadPace;
