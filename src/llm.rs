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

pub use self::acquire::AcquireCall;
pub use self::builder::LlmBuilder;
pub use self::call::{Call, Charged};
pub use self::estimate::{CharsPerToken, Estimate, Estimator, Learned};
#[cfg(feature = "tiktoken")]
pub use self::estimate::{Tiktoken, UnknownModel};
pub use self::limiter::{Left, LlmLimiter};
pub use self::pool::{LlmPool, PoolError};
#[cfg(feature = "http")]
pub use self::provider::{Pause, ProviderView, Window};
pub use self::usage::Usage;
