//! What the code that `#[rate_limit]` writes calls. Not for use by hand: any release may change it.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::admit::Admit;
use crate::clock::SystemClock;
use crate::concurrency::ConcurrentLimiter;
use crate::limiter::{Builder, RateLimiter};
use crate::pace::Patience;
use crate::quota::Quota;
use crate::wrap::{Cost, OnError, One, WrappedJob};

/// A call under way. If it is dropped before it is done, it has no result.
pub struct Call<L: Admit>(WrappedJob<L>);

impl<L: Admit> fmt::Debug for Call<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl<L: Admit> Call<L> {
    /// The call has a result, at its actual cost if there is one.
    pub fn done(self, actual: Option<L::Cost>) {
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
    ConcurrentLimiter::over(limiter(quota, max_waiters), max_concurrent).expect("checked at compile time")
}

/// The cost of a call, of the type that the limiter takes.
pub fn cost_of<L: Admit>(_: &L, cost: L::Cost) -> L::Cost {
    cost
}

/// The cost of a call without `cost`: one permit, of each limit if there are several.
pub fn one<L: Admit>(_: &L) -> L::Cost
where
    One: Cost<(), L::Cost>,
{
    One.of(&())
}

fn patience(timeout: Option<Duration>) -> Patience {
    timeout.map_or(Patience::unlimited(), |timeout| Patience::unlimited().timeout(timeout))
}

pub fn begin<L: Admit>(
    limiter: L,
    cost: L::Cost,
    timeout: Option<Duration>,
    on_error: OnError,
) -> Result<Call<L>, L::Refusal> {
    WrappedJob::begin(&limiter, cost, patience(timeout), on_error).map(Call)
}

pub async fn begin_async<L: Admit>(
    limiter: L,
    cost: L::Cost,
    timeout: Option<Duration>,
    on_error: OnError,
) -> Result<Call<L>, L::Refusal> {
    WrappedJob::begin_async(&limiter, cost, patience(timeout), on_error).await.map(Call)
}

/// For functions with a limiter that never refuses, unless an actual cost exceeds what can be
/// counted.
///
/// # Panics
///
/// If the limiter refuses.
#[track_caller]
pub fn surely<L: Admit<Refusal: Display>>(begun: Result<Call<L>, L::Refusal>) -> Call<L> {
    begun.unwrap_or_else(|refusal| {
        panic!("the limiter of this function refused a call, and the function returns no `Result`: {refusal}")
    })
}

/// A refusal as the error of the function.
///
/// # Errors
///
/// Always.
pub fn refused<R, E: From<F>, F>(refusal: F) -> Result<R, E> {
    Err(E::from(refusal))
}

/// Runs the body of a function. A closure that is called on the spot may not return what it has
/// borrowed mutably.
pub fn run<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Gives the compiler the type of an async block, by a return that is never reached.
///
/// # Panics
///
/// If it is reached.
pub fn never<R>() -> R {
    unreachable!("only its type matters")
}

/// Gives the compiler the argument and the result of `actual` before it looks into the closure.
pub fn actual_cost<L: Admit, R>(_: &Call<L>, result: &R, actual: impl FnOnce(&R) -> L::Cost) -> L::Cost {
    actual(result)
}
