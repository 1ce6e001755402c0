//! The leaky bucket as a queue.

use std::ops::Deref;

use super::Bucket;
use crate::builder::Builder;
use crate::clock::{Clock, SystemClock};
use crate::limiter::RateLimiter;
use crate::quota::Quota;

/// A leaky bucket as a queue: requests line up in a bounded number of places and leave evenly, one every T.
///
/// It has a burst of 1, whatever the quota says: after a pause one request leaves at once and the next T later. When all
/// places are taken, the next request is refused with [`QueueFull`](crate::AcquireError::QueueFull).
///
/// # Examples
///
/// ```
/// use limitor::{AcquireError, LeakyQueue, ManualClock, Quota, Reason};
///
/// let queue = LeakyQueue::with_clock(Quota::per_second(10)?, 2, ManualClock::new());
/// let leaves_at_once = queue.reserve(1).unwrap();
/// let (second, third) = (queue.reserve(1).unwrap(), queue.reserve(1).unwrap());
/// assert_eq!(third.wait_time().as_millis(), 200);
/// assert_eq!(queue.reserve(1).unwrap_err().reason(), Reason::QueueFull);
///
/// queue.shutdown(); // those who wait may finish
/// assert_eq!(queue.acquire(1).wait().unwrap_err(), AcquireError::Closed);
/// assert_eq!(second.wait_time().as_millis(), 100);
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[derive(Debug)]
pub struct LeakyQueue<C: Clock = SystemClock> {
    limiter: RateLimiter<C>,
    places: usize,
}

impl LeakyQueue {
    /// A queue of `places` on the system's clock. One that leaves at once takes no place.
    pub fn new(quota: Quota, places: usize) -> Self {
        Self::with_clock(quota, places, SystemClock::new())
    }
}

impl<C: Clock> LeakyQueue<C> {
    /// A queue of `places` on another clock.
    pub fn with_clock(quota: Quota, places: usize, clock: C) -> Self {
        // A burst of 1 is within every bound that a larger one is within.
        let spaced = quota.with_burst(1).unwrap_or(quota);
        Self { limiter: Builder::new(spaced, clock).max_waiters(places).build(), places }
    }

    /// How many may wait at a time.
    pub fn places(&self) -> usize {
        self.places
    }

    /// Refuses all who come from now on, and lets those who wait finish. To refuse them as well,
    /// [`close`](RateLimiter::close) it. Doing it twice changes nothing.
    pub fn shutdown(&self) {
        self.limiter.refuse_newcomers();
    }
}

impl<C: Clock> Deref for LeakyQueue<C> {
    type Target = RateLimiter<C>;

    fn deref(&self) -> &RateLimiter<C> {
        &self.limiter
    }
}

impl<C: Clock> Bucket<C> for LeakyQueue<C> {
    fn limiter(&self) -> &RateLimiter<C> {
        &self.limiter
    }
}
