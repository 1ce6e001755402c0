//! The textbook algorithms, under their own names.
//!
//! Each is a thin view of one word: a token bucket's tokens, a leaky bucket's level and GCRA's
//! theoretical arrival time are the same number. So the first four decide alike on any timeline.
//! Choose the one that speaks the terms of your documents:
//!
//! | algorithm | speaks of | choose it when |
//! |---|---|---|
//! | [`TokenBucket`] | tokens that are filled in at a rate and taken out | you think of a budget, as most documents of services do |
//! | [`LeakyBucket`] | a level that requests raise and that leaks at a rate | you think of a backlog, or police traffic |
//! | [`VirtualSchedulingGcra`] | emission interval T, tolerance τ, TAT | you come from network standards, or want to see the word itself |
//! | [`LeakyBucketGcra`] | a level X in time, last conforming time | the same in the standard's other form |
//! | [`LeakyQueue`] | a bounded queue with evenly spaced output | the output must never burst, and a full queue is an error |
//!
//! All have the verbs of [`RateLimiter`](crate::RateLimiter). [`Bucket`] lets code be written over
//! any of them. [`limiter`](TokenBucket::limiter) gives the limiter behind a view.

#[macro_use]
mod verbs;

mod bucket;
mod figures;
mod leaky;
mod leaky_gcra;
mod leaky_queue;
mod token;
mod virtual_scheduling;

pub use self::bucket::Bucket;
pub use self::leaky::LeakyBucket;
pub use self::leaky_gcra::LeakyBucketGcra;
pub use self::leaky_queue::LeakyQueue;
pub use self::token::TokenBucket;
pub use self::virtual_scheduling::VirtualSchedulingGcra;
