#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod builder;
mod clock;
mod control;
mod error;
mod gcra;
mod grant;
mod handle;
mod limiter;
mod local;
mod meter;
#[cfg(not(feature = "std"))]
mod nobody;
mod quota;
mod scale;
mod state;
mod sync;
mod verdict;

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private;
#[cfg(feature = "std")]
pub mod buckets;
#[cfg(feature = "std")]
mod concurrency;
#[cfg(feature = "keyed")]
mod keyed;
#[cfg(feature = "llm")]
pub mod llm;
#[cfg(feature = "std")]
mod set;
#[cfg(feature = "std")]
mod turnstile;
#[cfg(feature = "std")]
mod wait;
#[cfg(feature = "std")]
mod wake;
#[cfg(feature = "std")]
pub mod wrap;

pub use builder::Builder;
pub use clock::{Clock, Tick, Timestamp};
pub use error::{Denied, QuotaError, Reason};
pub use grant::Grant;
pub use limiter::{Capacity, RateLimiter};
pub use local::LocalLimiter;
pub use quota::Quota;

#[cfg(feature = "std")]
pub use buckets::{Bucket, LeakyBucket, LeakyBucketGcra, LeakyQueue, TokenBucket, VirtualSchedulingGcra};
#[cfg(feature = "std")]
pub use clock::Sleep;
#[cfg(feature = "tokio")]
pub use clock::TokioClock;
#[cfg(feature = "std")]
pub use clock::{ClockSource, ManualClock, SystemClock};
#[cfg(feature = "std")]
pub use concurrency::{AcquireSlot, ConcurrentLimiter, Slot};
#[cfg(feature = "std")]
pub use error::AcquireError;
#[cfg(feature = "keyed")]
pub use keyed::{KeyState, KeyedAcquire, KeyedBuilder, KeyedGrant, KeyedLimiter, KeyedReservation, Lookup};
#[cfg(feature = "macros")]
pub use limitor_macros::rate_limit;
#[cfg(feature = "std")]
pub use set::{AcquireSet, LimitSet, SetDenied, SetError, SetGrant};
#[cfg(feature = "std")]
pub use wait::{Acquire, Deadline, Reservation, Strategy};
#[cfg(feature = "std")]
pub use wrap::wrap;
