//! What the code that `#[rate_limit]` writes calls. Not for use by hand: it may change in any release.

use std::fmt;
use std::time::Duration;

use crate::limiter::Builder;
use crate::clock::{Clock, SystemClock};
use crate::concurrency::ConcurrentLimiter;
use crate::error::AcquireError;
use crate::limiter::RateLimiter;
use crate::quota::Quota;
use crate::wrap::{Job, Limit, OnError};

/// A call under way. Dropped before it is done, it has no result.
pub struct Call<'a, C: Clock>(Job<'a, C>);

impl<C: Clock> fmt::Debug for Call<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl<C: Clock> Call<'_, C> {
    /// It has a result, at its actual cost if that is told.
    pub fn done(self, actual: Option<u64>) {
        self.0.done(actual);
    }
}

/// The quota of a leaky queue: evenly spaced.
pub const fn spaced(quota: Quota) -> Quota {
    quota.spaced()
}

pub fn limiter(quota: Quota, max_waiters: Option<usize>) -> RateLimiter {
    Builder::new(quota, SystemClock::new()).max_waiters(max_waiters.unwrap_or(usize::MAX)).build()
}

/// # Panics
///
/// If `max_concurrent` is 0, which the compiler has been made to check.
pub fn concurrent(quota: Quota, max_waiters: Option<usize>, max_concurrent: usize) -> ConcurrentLimiter {
    ConcurrentLimiter::over(limiter(quota, max_waiters), max_concurrent).expect("checked when it was compiled")
}

pub fn begin<'a, C: Clock + 'a>(
    limit: impl Into<Limit<'a, C>>,
    cost: u64,
    timeout: Option<Duration>,
    on_error: OnError,
) -> Result<Call<'a, C>, AcquireError> {
    Job::begin(&limit.into(), cost, timeout, on_error).map(Call)
}

pub async fn begin_async<'a, C: Clock + 'a>(
    limit: impl Into<Limit<'a, C>>,
    cost: u64,
    timeout: Option<Duration>,
    on_error: OnError,
) -> Result<Call<'a, C>, AcquireError> {
    let limit = limit.into();
    Job::begin_async(&limit, cost, timeout, on_error).await.map(Call)
}

/// For functions whose limiter never refuses, unless an actual cost was past counting.
///
/// # Panics
///
/// If it does.
#[track_caller]
pub fn surely<C: Clock>(begun: Result<Call<'_, C>, AcquireError>) -> Call<'_, C> {
    begun.unwrap_or_else(|why| panic!("the limiter of this function refused it, and it returns no `Result`: {why}"))
}

/// A refusal as the error of the function.
///
/// # Errors
///
/// Always.
pub fn refused<R, E: From<AcquireError>>(why: AcquireError) -> Result<R, E> {
    Err(E::from(why))
}

/// Runs the body of a function. A closure that is called on the spot may not return what it has borrowed mutably.
pub fn run<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Tells the compiler the type of an async block, by a return that is never reached.
///
/// # Panics
///
/// If it is reached.
pub fn never<R>() -> R {
    unreachable!("only its type is of interest")
}

/// Tells the compiler what `actual` is to be, before it looks into the closure.
pub fn actual_cost<R>(result: &R, actual: impl FnOnce(&R) -> u64) -> u64 {
    actual(result)
}
