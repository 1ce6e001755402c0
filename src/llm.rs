#![doc = include_str!("../docs/llm.md")]

mod account;
mod acquire;
mod builder;
mod calendar;
mod call;
mod estimate;
mod ledger;
mod limiter;
mod lows;
#[cfg(feature = "http")]
mod observe;
mod pool;
#[cfg(feature = "http")]
mod provider;
mod usage;

pub use self::acquire::Acquire;
pub use self::builder::Builder;
pub use self::call::{Call, Charged};
pub use self::estimate::{CharsPerToken, Estimate, Estimator, Learned};
#[cfg(feature = "tiktoken")]
pub use self::estimate::{Tiktoken, UnknownModel};
pub use self::limiter::{LlmLimiter, PerLimit};
pub use self::pool::{LlmPool, PoolError};
#[cfg(feature = "http")]
pub use self::provider::{Pause, ProviderView, Window};
pub use self::usage::Usage;
