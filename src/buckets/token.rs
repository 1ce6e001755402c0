//! The token bucket.
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

/// A token bucket: tokens are filled in at a steady rate up to the burst, and requests take them
/// out.
///
/// The tokens in the bucket are `(now + burst·T − TAT) / T`, at most the burst. A debt makes them
/// negative.
///
/// # Examples
///
/// ```
/// use limitor::buckets::TokenBucket;
/// use limitor::{ManualClock, Quota};
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
    /// Returns the tokens in the bucket now, with fractions, for display. In debt the figure is
    /// negative. [`available`](Self::available) has the whole tokens.
    #[expect(clippy::cast_precision_loss, reason = "for display: decisions never go through floating point")]
    pub fn tokens(&self) -> f64 {
        self.limiter.quota().burst() as f64 - figures::backlog(&self.limiter)
    }

    /// Returns the tokens filled in per second, for display.
    pub fn fill_rate(&self) -> f64 {
        figures::rate(self.limiter.quota())
    }
}
