//! The leaky bucket as a meter.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bucket::Bucket;
use super::figures;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{AcquireError, Denied};
use crate::limiter::{Capacity, Grant, RateLimiter, Standing};
use crate::quota::Quota;
use crate::wait::{Acquire, Reservation};

/// A leaky bucket as a meter: requests raise the level, the bucket leaks at a steady rate, and a
/// request that would make it overflow has to wait.
///
/// The level is `(TAT − now) / T`, at least 0. A debt may raise it above the burst.
///
/// The bucket bounds bursts and does not space requests. For evenly spaced output, see
/// [`LeakyQueue`](crate::buckets::LeakyQueue).
///
/// # Examples
///
/// ```
/// use limitor::buckets::LeakyBucket;
/// use limitor::{ManualClock, Quota};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let bucket = LeakyBucket::with_clock(Quota::per_second(10)?, clock.clone());
/// bucket.try_acquire(4).unwrap();
/// assert_eq!(bucket.level(), 4.0);
/// clock.advance(Duration::from_millis(100));
/// assert_eq!(bucket.level(), 3.0);
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct LeakyBucket<C: Clock = SystemClock> {
    limiter: Arc<RateLimiter<C>>,
}

view!(LeakyBucket);

impl<C: Clock> LeakyBucket<C> {
    /// Returns the level now, in permits with fractions, for display. In debt it exceeds the burst.
    pub fn level(&self) -> f64 {
        figures::backlog(&self.limiter)
    }

    /// Returns the permits that leak out per second, for display.
    pub fn leak_rate(&self) -> f64 {
        figures::rate(self.limiter.quota())
    }
}
