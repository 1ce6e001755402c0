//! How much is allowed: permits per period, and the burst.

mod error;
mod grammar;
mod literal;
#[expect(clippy::module_inception, reason = "the file is named for the main type, as all others are")]
mod quota;
mod range;
mod text;

pub use self::error::QuotaError;
pub use self::quota::Quota;

#[cfg(feature = "llm")]
pub(crate) use self::range::MAX_DEPTH_NANOS;
