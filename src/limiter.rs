//! The rate limiter: decisions, settlement, queries and control. `wait` has the verbs that wait.

mod builder;
mod config;
mod control;
mod grant;
#[expect(clippy::module_inception, reason = "the file is named for the main type, as all others are")]
mod limiter;
mod local;
mod query;
mod settle;
mod standing;
mod tries;

pub use self::builder::Builder;
pub use self::grant::Grant;
pub use self::limiter::RateLimiter;
pub use self::local::LocalLimiter;
pub use self::query::Capacity;
pub use self::standing::Standing;

#[cfg(feature = "std")]
pub(crate) use self::limiter::Handle;
