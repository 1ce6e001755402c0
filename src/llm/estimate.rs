//! Estimates of how many tokens a text has, made before the call is sent.

mod chars;
mod estimator;
mod figure;
mod learned;
mod models;
mod ratio;
#[cfg(feature = "tiktoken")]
mod tiktoken;

pub use self::chars::CharsPerToken;
pub use self::estimator::Estimator;
pub use self::figure::Estimate;
pub use self::learned::Learned;
#[cfg(feature = "tiktoken")]
pub use self::tiktoken::{Tiktoken, UnknownModel};
