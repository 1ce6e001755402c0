//! The token bucket.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Bucket;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{AcquireError, Denied};
use crate::limiter::{Capacity, Grant, RateLimiter, Standing};
use crate::quota::Quota;
use crate::wait::{Acquire, Reservation};

/// A token bucket: tokens are filled in at a steady rate up to the burst, and requests take them out.
///
/// The tokens in the bucket are `(now + burst·T − TAT) / T`, at most the burst; a debt makes them negative.
///
/// # Examples
///
/// ```
/// use limitor::{ManualClock, Quota, TokenBucket};
///
/// let bucket = TokenBucket::with_clock(Quota::per_second(10)?, ManualClock::new());
/// bucket.try_acquire(4).unwrap();
/// assert_eq!(bucket.tokens(), 6.0);
/// assert_eq!(bucket.fill_rate(), 10.0);
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct TokenBucket<C: Clock = SystemClock> {
    limiter: Arc<RateLimiter<C>>,
}

view!(TokenBucket);

impl<C: Clock> TokenBucket<C> {
    /// Tokens in the bucket now, with fractions, for display; negative in debt. Whole ones are
    /// [`available`](RateLimiter::available).
    #[expect(clippy::cast_precision_loss, reason = "for display: decisions never go through floating point")]
    pub fn tokens(&self) -> f64 {
        self.limiter.quota().burst() as f64 - super::backlog(&self.limiter)
    }

    /// Tokens filled in per second.
    pub fn fill_rate(&self) -> f64 {
        super::rate(self.limiter.quota())
    }
}
