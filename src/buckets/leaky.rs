//! The leaky bucket as a meter.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Bucket;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{AcquireError, Denied};
use crate::limiter::{Capacity, Grant, RateLimiter, Standing};
use crate::quota::Quota;
use crate::wait::{Acquire, Reservation};

/// A leaky bucket as a meter: requests pour in, the bucket leaks at a steady rate, and what would overflow it has to wait.
///
/// The level is `(TAT − now) / T`, at least 0; it overflows above the burst, which a debt may make it do.
///
/// It bounds bursts, it does not space requests out: for a queue with even output see [`LeakyQueue`](crate::LeakyQueue).
///
/// # Examples
///
/// ```
/// use limitor::{LeakyBucket, ManualClock, Quota};
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
    /// How full it is now, in permits, with fractions, for display; above the burst in debt.
    pub fn level(&self) -> f64 {
        super::backlog(&self.limiter)
    }

    /// Permits that leak out per second.
    pub fn leak_rate(&self) -> f64 {
        super::rate(self.limiter.quota())
    }
}
