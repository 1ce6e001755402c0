//! The trait over all views.

use crate::clock::{Clock, SystemClock};
use crate::error::Denied;
use crate::limiter::{Capacity, Grant, RateLimiter};
use crate::quota::Quota;
use crate::wait::{Acquire, Reservation};

/// Any of the textbook algorithms, also behind `dyn`.
///
/// # Examples
///
/// ```
/// use limitor::Quota;
/// use limitor::buckets::{Bucket, LeakyBucket, TokenBucket};
///
/// fn spend(bucket: &dyn Bucket) -> bool {
///     bucket.try_acquire(3).is_ok()
/// }
///
/// let quota = Quota::per_hour(5)?;
/// let all: [Box<dyn Bucket>; 2] = [Box::new(TokenBucket::new(quota)), Box::new(LeakyBucket::new(quota))];
/// for bucket in &all {
///     assert!(spend(&**bucket) && !spend(&**bucket));
/// }
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub trait Bucket<C: Clock = SystemClock> {
    /// Returns the limiter behind the view.
    fn limiter(&self) -> &RateLimiter<C>;

    /// Does what [`RateLimiter::quota`] does.
    fn quota(&self) -> Quota {
        self.limiter().quota()
    }

    /// Does what [`RateLimiter::try_acquire`] does.
    ///
    /// # Errors
    ///
    /// The same as [`RateLimiter::try_acquire`].
    fn try_acquire(&self, n: u64) -> Result<Grant<'_, C>, Denied> {
        self.limiter().try_acquire(n)
    }

    /// Does what [`RateLimiter::acquire`] does.
    fn acquire(&self, n: u64) -> Acquire<'_, C> {
        self.limiter().acquire(n)
    }

    /// Does what [`RateLimiter::reserve`] does.
    ///
    /// # Errors
    ///
    /// The same as [`RateLimiter::reserve`].
    fn reserve(&self, n: u64) -> Result<Reservation<'_, C>, Denied> {
        self.limiter().reserve(n)
    }

    /// Does what [`RateLimiter::reconcile`] does.
    fn reconcile(&self, actual: u64, estimated: u64) {
        self.limiter().reconcile(actual, estimated);
    }

    /// Does what [`RateLimiter::available`] does.
    fn available(&self) -> u64 {
        self.limiter().available()
    }

    /// Does what [`RateLimiter::capacity_info`] does.
    fn capacity_info(&self, n: u64) -> Capacity {
        self.limiter().capacity_info(n)
    }
}

impl<C: Clock> Bucket<C> for RateLimiter<C> {
    fn limiter(&self) -> &RateLimiter<C> {
        self
    }
}
