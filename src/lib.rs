#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "std")]
pub mod admit;
#[cfg(feature = "std")]
mod ask;
pub mod clock;
mod error;
mod gcra;
mod held;
mod limiter;
mod meter;
mod queue;
mod quota;
mod rate;
mod scale;
mod state;
mod sync;
mod word;

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private;
#[cfg(feature = "std")]
pub mod buckets;
#[cfg(feature = "std")]
pub mod concurrency;
#[cfg(feature = "keyed")]
pub mod keyed;
#[cfg(feature = "llm")]
pub mod llm;
#[cfg(feature = "std")]
mod pace;
#[cfg(feature = "std")]
pub mod set;
#[cfg(feature = "std")]
mod turnstile;
#[cfg(feature = "std")]
pub mod wait;
#[cfg(feature = "std")]
mod wake;
#[cfg(feature = "std")]
pub mod wrap;

pub use clock::{Clock, Timestamp};
pub use error::{BuildError, Denied, Reason};
pub use limiter::{Builder, Capacity, Grant, LocalLimiter, RateLimiter, Standing};
pub use quota::{Quota, QuotaError};

#[cfg(feature = "std")]
pub use buckets::{Bucket, LeakyBucket, LeakyBucketGcra, LeakyQueue, TokenBucket, VirtualSchedulingGcra};
#[cfg(feature = "std")]
pub use clock::{ManualClock, SystemClock};
#[cfg(feature = "std")]
pub use concurrency::ConcurrentLimiter;
#[cfg(feature = "std")]
pub use error::AcquireError;
#[cfg(feature = "keyed")]
pub use keyed::KeyedLimiter;
#[cfg(feature = "macros")]
pub use limitor_macros::rate_limit;
#[cfg(feature = "std")]
pub use set::LimitSet;
#[cfg(feature = "std")]
pub use wait::{Acquire, Deadline, Reservation, Strategy};
#[cfg(feature = "std")]
pub use wrap::wrap;
