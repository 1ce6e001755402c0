#![doc = include_str!("../docs/llm.md")]

mod account;
mod acquire;
mod admit;
mod builder;
mod calendar;
mod call;
mod control;
mod estimate;
mod gate;
mod kind;
mod ledger;
mod limiter;
mod lows;
#[cfg(feature = "http")]
mod observe;
mod per_limit;
mod pool;
#[cfg(feature = "http")]
mod provider;
mod query;
mod rates;
mod usage;
mod verbs;

pub use self::acquire::Acquire;
pub use self::builder::Builder;
pub use self::call::{Call, Charged};
pub use self::estimate::{CharsPerToken, Estimate, Estimator, Learned};
#[cfg(feature = "tiktoken")]
pub use self::estimate::{Tiktoken, UnknownModel};
pub use self::limiter::LlmLimiter;
pub use self::per_limit::PerLimit;
pub use self::pool::{LlmPool, PoolError};
#[cfg(feature = "http")]
pub use self::provider::{Pause, ProviderView, Window};
pub use self::usage::Usage;
