#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The guides link to items of every feature. With all features, a broken link is an error.
#![cfg_attr(
    not(all(
        feature = "exact",
        feature = "http",
        feature = "macros",
        feature = "serde",
        feature = "tiktoken",
        feature = "tokio"
    )),
    allow(rustdoc::broken_intra_doc_links)
)]
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
#[cfg(any(doc, doctest))]
pub mod guide;
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
pub use admit::Admit;
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
pub use wait::Strategy;
#[cfg(feature = "std")]
pub use wrap::wrap;

// Names that most callers do not write. They are in modules of their own, and at the root as well,
// so that a caller finds them without the module; the page of the root does not list them.
#[doc(hidden)]
pub use clock::Tick;
#[cfg(feature = "tokio")]
#[doc(hidden)]
pub use clock::TokioClock;
#[cfg(feature = "std")]
#[doc(hidden)]
pub use {
    admit::Settle,
    buckets::{Bucket, LeakyBucket, LeakyBucketGcra, LeakyQueue, TokenBucket, VirtualSchedulingGcra},
    clock::{ClockSource, Sleep},
    wait::{Acquire, Deadline, Patience, Reservation},
};
