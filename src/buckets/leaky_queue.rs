//! The leaky bucket as a queue.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bucket::Bucket;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{AcquireError, Denied};
use crate::limiter::{Builder, Capacity, Grant, RateLimiter, Standing};
use crate::quota::Quota;
use crate::wait::{Acquire, Reservation};

/// A leaky bucket as a queue: a bounded number of requests wait, and they leave evenly, one every
/// T.
///
/// The burst is 1, whatever the quota says: after a pause, one request leaves at once and the next
/// one T later. If the queue is full, the next request is refused with
/// [`QueueFull`](crate::AcquireError::QueueFull).
///
/// # Examples
///
/// ```
/// use limitor::buckets::LeakyQueue;
/// use limitor::{AcquireError, ManualClock, Quota, Reason};
///
/// let queue = LeakyQueue::with_clock(Quota::per_second(10)?, 2, ManualClock::new());
/// let leaves_at_once = queue.reserve(1).unwrap();
/// let (second, third) = (queue.reserve(1).unwrap(), queue.reserve(1).unwrap());
/// assert_eq!(third.wait_time().as_millis(), 200);
/// assert_eq!(queue.reserve(1).unwrap_err().reason(), Reason::QueueFull);
///
/// queue.shutdown(); // waiters may finish
/// assert_eq!(queue.acquire(1).wait().unwrap_err(), AcquireError::Closed);
/// assert_eq!(second.wait_time().as_millis(), 100);
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct LeakyQueue<C: Clock = SystemClock> {
    limiter: Arc<RateLimiter<C>>,
    max_waiters: usize,
}

impl LeakyQueue {
    /// Builds a queue for `max_waiters` requests on the system's clock. A request that leaves at
    /// once does not count.
    pub fn new(quota: Quota, max_waiters: usize) -> Self {
        Self::with_clock(quota, max_waiters, SystemClock::new())
    }
}

impl<C: Clock> LeakyQueue<C> {
    /// Builds a queue for `max_waiters` requests on another clock.
    pub fn with_clock(quota: Quota, max_waiters: usize, clock: C) -> Self {
        Self::built(quota, max_waiters, clock, false)
    }

    /// Builds a strict queue: no request leaves sooner than T after the one before it *really
    /// left*, however late that was.
    ///
    /// A plain queue keeps its schedule. If a waiter wakes late, it leaves late, and the next one
    /// leaves on time, less than T after it. A strict queue puts the next one off instead, so its
    /// rate falls short by the lateness of its callers.
    ///
    /// The holder of a [`Reservation`](crate::Reservation) leaves when its wait ends, and delays
    /// later waiters until then. A reservation that was [kept](crate::Reservation::keep) leaves at
    /// the time that `keep` returned. A wait that is put off past its timeout is refused then.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::buckets::LeakyQueue;
    /// use limitor::{ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let queue = LeakyQueue::strict(Quota::per_second(10)?, 8, clock.clone());
    /// queue.try_acquire(1).unwrap();
    /// let (first, second) = (queue.reserve(1).unwrap(), queue.reserve(1).unwrap());
    /// clock.advance(Duration::from_millis(130)); // the first is 30 ms late
    /// first.wait().unwrap();
    /// assert_eq!(second.wait_time(), Duration::from_millis(100));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn strict(quota: Quota, max_waiters: usize, clock: C) -> Self {
        Self::built(quota, max_waiters, clock, true)
    }

    fn built(quota: Quota, max_waiters: usize, clock: C, strict: bool) -> Self {
        // A burst of 1 is within every bound that a larger one is within.
        let spaced = quota.with_burst(1).unwrap_or(quota);
        let limiter = Builder::new(spaced, clock).strict(strict).max_waiters(max_waiters).build();
        Self { limiter: Arc::new(limiter), max_waiters }
    }

    /// Returns how many requests may wait at a time.
    pub fn max_waiters(&self) -> usize {
        self.max_waiters
    }

    /// Refuses every later request and lets waiters finish. To refuse the waiters as well, call
    /// [`close`](Self::close). A second call changes nothing.
    pub fn shutdown(&self) {
        self.limiter.refuse_later_requests();
    }
}

impl<C: Clock> fmt::Debug for LeakyQueue<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeakyQueue").field("limiter", &self.limiter).field("max_waiters", &self.max_waiters).finish()
    }
}

verbs!(LeakyQueue);
