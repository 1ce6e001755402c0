//! The textbook algorithms, under their own names.
//!
//! Each is a thin view of the same word: a token bucket's tokens, a leaky bucket's level and GCRA's theoretical arrival time
//! are one number seen from different sides, so the first four decide alike on any timeline. Choose the one whose words
//! your documents use:
//!
//! | algorithm | speaks of | choose it when |
//! |---|---|---|
//! | [`TokenBucket`] | tokens that are filled in at a rate and taken out | you think of a budget; what most documents of services mean |
//! | [`LeakyBucket`] | a level that requests raise and that leaks at a rate | you think of a backlog, or police traffic |
//! | [`VirtualSchedulingGcra`] | emission interval T, tolerance τ, TAT | you come from network standards, or want to see the word itself |
//! | [`LeakyBucketGcra`] | a level X in time, last conforming time | the same in the standard's other form |
//! | [`LeakyQueue`] | a bounded queue with evenly spaced output | the output must never burst, and overload is to be an error |
//!
//! All dereference to [`RateLimiter`], whose verbs they share. [`Bucket`] lets code be written over any of them.

#[macro_use]
mod verbs;

mod leaky;
mod leaky_gcra;
mod leaky_queue;
mod token;
mod virtual_scheduling;

pub use self::leaky::LeakyBucket;
pub use self::leaky_gcra::LeakyBucketGcra;
pub use self::leaky_queue::LeakyQueue;
pub use self::token::TokenBucket;
pub use self::virtual_scheduling::VirtualSchedulingGcra;

use crate::clock::{Clock, SystemClock};
use crate::error::Denied;
use crate::limiter::{Capacity, Grant, RateLimiter};
use crate::quota::Quota;
use crate::wait::{Acquire, Reservation};

/// Any of the algorithms, behind `dyn` if need be.
///
/// # Examples
///
/// ```
/// use limitor::{Bucket, LeakyBucket, Quota, TokenBucket};
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
    /// The limiter behind it.
    fn limiter(&self) -> &RateLimiter<C>;

    /// [`RateLimiter::quota`].
    fn quota(&self) -> Quota {
        self.limiter().quota()
    }

    /// [`RateLimiter::try_acquire`].
    ///
    /// # Errors
    ///
    /// As [`RateLimiter::try_acquire`].
    fn try_acquire(&self, n: u64) -> Result<Grant<'_, C>, Denied> {
        self.limiter().try_acquire(n)
    }

    /// [`RateLimiter::acquire`].
    fn acquire(&self, n: u64) -> Acquire<'_, C> {
        self.limiter().acquire(n)
    }

    /// [`RateLimiter::reserve`].
    ///
    /// # Errors
    ///
    /// As [`RateLimiter::reserve`].
    fn reserve(&self, n: u64) -> Result<Reservation<'_, C>, Denied> {
        self.limiter().reserve(n)
    }

    /// [`RateLimiter::reconcile`].
    fn reconcile(&self, actual: u64, estimated: u64) {
        self.limiter().reconcile(actual, estimated);
    }

    /// [`RateLimiter::available`].
    fn available(&self) -> u64 {
        self.limiter().available()
    }

    /// [`RateLimiter::capacity_info`].
    fn capacity_info(&self, n: u64) -> Capacity {
        self.limiter().capacity_info(n)
    }
}

impl<C: Clock> Bucket<C> for RateLimiter<C> {
    fn limiter(&self) -> &RateLimiter<C> {
        self
    }
}

/// A quota's rate in permits per second, for display.
#[expect(clippy::cast_precision_loss, reason = "for display: decisions never go through floating point")]
fn rate(quota: Quota) -> f64 {
    quota.capacity() as f64 / quota.period().as_secs_f64()
}

/// How far the TAT is ahead of the clock, in permits.
fn backlog<C: Clock>(limiter: &RateLimiter<C>) -> f64 {
    let (tat, now) = limiter.meter().peek(limiter.clock().now());
    limiter.meter().rate.gcra.permits(tat.saturating_sub(now))
}

/// `n · T`, rounded up to 1 ns.
fn time_of<C: Clock>(limiter: &RateLimiter<C>, n: u64) -> std::time::Duration {
    let rate = &limiter.meter().rate;
    rate.duration(rate.gcra.amount(n))
}
