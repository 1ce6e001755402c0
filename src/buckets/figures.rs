//! Figures of a word, for display.

use std::time::Duration;

use crate::clock::Clock;
use crate::limiter::RateLimiter;
use crate::quota::Quota;

/// A quota's rate in permits per second, for display.
#[expect(clippy::cast_precision_loss, reason = "for display: decisions never go through floating point")]
pub(super) fn rate(quota: Quota) -> f64 {
    quota.capacity() as f64 / quota.period().as_secs_f64()
}

/// How far the TAT is ahead of the clock, in permits.
pub(super) fn backlog<C: Clock>(limiter: &RateLimiter<C>) -> f64 {
    let (tat, now) = limiter.meter().peek(limiter.clock().now());
    limiter.meter().rate.gcra.permits(tat.saturating_sub(now))
}

/// `n · T`, rounded up to 1 ns.
pub(super) fn time_of<C: Clock>(limiter: &RateLimiter<C>, n: u64) -> Duration {
    let rate = &limiter.meter().rate;
    rate.duration(rate.gcra.amount(n))
}
