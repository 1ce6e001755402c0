//! What can be refused, and what the caller can do about it.

#[cfg(feature = "std")]
mod acquire;
mod build;
mod denied;
#[cfg(feature = "std")]
mod limit;
mod reason;
mod text;

#[cfg(feature = "std")]
pub use self::acquire::AcquireError;
pub use self::build::BuildError;
pub use self::denied::Denied;
#[cfg(feature = "std")]
pub use self::limit::{LimitDenied, LimitError};
pub use self::reason::Reason;

pub(crate) use self::denied::Refused;
