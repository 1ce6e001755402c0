//! The limits of a relay: each kind, with one grant.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use limitor::{Grant, KeyedLimiter, LimitSet, Quota, RateLimiter, keyed, set};

use crate::clock::Warp;

pub(crate) type Waiting<G> = Pin<Box<dyn Future<Output = Option<G>> + Send>>;

/// A limit with one grant, and the calls that take it and give it back.
pub(crate) struct Track<L, G> {
    pub(crate) name: &'static str,
    pub(crate) limiter: Arc<L>,
    pub(crate) task: fn(&Arc<L>) -> Waiting<G>,
    pub(crate) thread: fn(&Arc<L>) -> Option<G>,
    pub(crate) give_back: fn(G),
    pub(crate) waiters: fn(&L) -> usize,
    /// Cancels all waits.
    pub(crate) stop: fn(&L),
}

pub(crate) fn rate(quota: Quota, clock: Warp) -> Track<RateLimiter<Warp>, Grant<'static, Warp>> {
    Track {
        name: "a rate",
        limiter: Arc::new(RateLimiter::with_clock(quota, clock)),
        task: |limiter| {
            let acquire = limiter.acquire_owned(1);
            Box::pin(async { acquire.await.ok() })
        },
        thread: |limiter| limiter.acquire_owned(1).wait().ok(),
        give_back: |grant| grant.refund(),
        waiters: |limiter| limiter.waiters(),
        stop: |limiter| limiter.close(),
    }
}

pub(crate) fn key(quota: Quota, clock: Warp) -> Track<KeyedLimiter<u64, Warp>, keyed::Grant<'static, u64, Warp>> {
    Track {
        name: "a key",
        limiter: Arc::new(KeyedLimiter::with_clock(quota, clock)),
        task: |limiter| {
            let acquire = limiter.acquire_owned(&1, 1);
            Box::pin(async { acquire.await.ok() })
        },
        thread: |limiter| limiter.acquire_owned(&1, 1).wait().ok(),
        give_back: |grant| grant.refund(),
        waiters: |limiter| limiter.waiters(),
        stop: |limiter| limiter.reset(&1),
    }
}

pub(crate) fn set(quota: Quota, clock: &Warp) -> Track<LimitSet<2, Warp>, set::Grant<'static, 2, Warp>> {
    let wide = quota.with_burst(100).expect("a valid quota");
    let [a, b] = [quota, wide].map(|quota| Arc::new(RateLimiter::with_clock(quota, clock.clone())));
    Track {
        name: "a set",
        limiter: Arc::new(LimitSet::new([("narrow", a), ("wide", b)])),
        task: |set| {
            let acquire = set.acquire_owned([1, 1]);
            Box::pin(async { acquire.await.ok() })
        },
        thread: |set| set.acquire_owned([1, 1]).wait().ok(),
        give_back: |grant| grant.refund(),
        waiters: |set| set.waiters(),
        stop: |set| set.cancel_waiters(),
    }
}
