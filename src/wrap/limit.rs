//! What limits a function.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::buckets::{LeakyBucket, LeakyBucketGcra, LeakyQueue, TokenBucket, VirtualSchedulingGcra};
use crate::clock::Clock;
use crate::concurrency::{self, ConcurrentLimiter, Slot};
use crate::error::AcquireError;
use crate::limiter::Grant;
use crate::held::Held;
use crate::limiter::Handle;
use crate::limiter::RateLimiter;
use crate::wait::Acquire;

/// What can limit a function: a [`RateLimiter`] or a `ConcurrentLimiter`, by reference or in an [`Arc`], or a reference to
/// one of the [algorithms](crate::buckets).
///
/// There is nothing to do with it but to give it to [`wrap()`](super::wrap()), which makes it of these.
pub struct Limit<'a, C: Clock>(Kind<'a, C>);

enum Kind<'a, C: Clock> {
    Rate(Handle<'a, C>),
    Concurrent(Held<'a, ConcurrentLimiter<C>>),
}

impl<C: Clock> fmt::Debug for Limit<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Rate(limiter) => RateLimiter::fmt(limiter, f),
            Kind::Concurrent(limiter) => ConcurrentLimiter::fmt(limiter, f),
        }
    }
}

/// What derefs to a rate limiter, by reference.
macro_rules! from_rate {
    ($($limiter:ty),+) => {$(
        impl<'a, C: Clock> From<&'a $limiter> for Limit<'a, C> {
            fn from(limiter: &'a $limiter) -> Self {
                Self(Kind::Rate(Held::Borrowed(limiter)))
            }
        }
    )+};
}

from_rate!(
    RateLimiter<C>,
    Arc<RateLimiter<C>>
);

macro_rules! from_view {
    ($($limiter:ty),+) => {$(
        impl<'a, C: Clock> From<&'a $limiter> for Limit<'a, C> {
            fn from(limiter: &'a $limiter) -> Self {
                Self(Kind::Rate(Held::Borrowed(limiter.limiter())))
            }
        }
    )+};
}

from_view!(TokenBucket<C>, LeakyBucket<C>, VirtualSchedulingGcra<C>, LeakyBucketGcra<C>, LeakyQueue<C>);

impl<C: Clock> From<Arc<RateLimiter<C>>> for Limit<'_, C> {
    fn from(limiter: Arc<RateLimiter<C>>) -> Self {
        Self(Kind::Rate(Held::Shared(limiter)))
    }
}

impl<'a, C: Clock> From<&'a ConcurrentLimiter<C>> for Limit<'a, C> {
    fn from(limiter: &'a ConcurrentLimiter<C>) -> Self {
        Self(Kind::Concurrent(Held::Borrowed(limiter)))
    }
}

impl<C: Clock> From<Arc<ConcurrentLimiter<C>>> for Limit<'_, C> {
    fn from(limiter: Arc<ConcurrentLimiter<C>>) -> Self {
        Self(Kind::Concurrent(Held::Shared(limiter)))
    }
}

impl<'a, C: Clock> From<&'a Arc<ConcurrentLimiter<C>>> for Limit<'a, C> {
    fn from(limiter: &'a Arc<ConcurrentLimiter<C>>) -> Self {
        Self(Kind::Concurrent(Held::Borrowed(limiter)))
    }
}

/// Leave to do one piece of work.
pub(super) enum Pass<'a, C: Clock> {
    Rate(Grant<'a, C>),
    Concurrent(Slot<'a, C>),
}

impl<C: Clock> Pass<'_, C> {
    /// Ends the work at its actual cost.
    pub(super) fn reconcile(self, actual: u64) {
        match self {
            Self::Rate(grant) => grant.reconcile(actual),
            Self::Concurrent(slot) => slot.reconcile(actual),
        }
    }
}

impl<'a, C: Clock> Limit<'a, C> {
    /// Blocks this thread until the work may begin.
    pub(super) fn wait(&self, cost: u64, timeout: Option<Duration>) -> Result<Pass<'a, C>, AcquireError> {
        match &self.0 {
            Kind::Rate(limiter) => permits(limiter, cost, timeout).wait().map(Pass::Rate),
            Kind::Concurrent(limiter) => slot(limiter, cost, timeout).wait().map(Pass::Concurrent),
        }
    }

    /// Suspends the task until the work may begin.
    pub(super) async fn ready(&self, cost: u64, timeout: Option<Duration>) -> Result<Pass<'a, C>, AcquireError> {
        match &self.0 {
            Kind::Rate(limiter) => permits(limiter, cost, timeout).await.map(Pass::Rate),
            Kind::Concurrent(limiter) => slot(limiter, cost, timeout).await.map(Pass::Concurrent),
        }
    }
}

fn permits<'a, C: Clock>(limiter: &Handle<'a, C>, n: u64, timeout: Option<Duration>) -> Acquire<'a, C> {
    let acquire = Acquire::new(limiter.clone(), n);
    match timeout {
        Some(timeout) => acquire.timeout(timeout),
        None => acquire,
    }
}

fn slot<'a, C: Clock>(
    limiter: &Held<'a, ConcurrentLimiter<C>>,
    n: u64,
    timeout: Option<Duration>,
) -> concurrency::Acquire<'a, C> {
    let acquire = concurrency::Acquire::new(limiter.clone(), n);
    match timeout {
        Some(timeout) => acquire.timeout(timeout),
        None => acquire,
    }
}
