//! The leaky bucket as a queue.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Bucket;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{AcquireError, Denied};
use crate::limiter::{Builder, Capacity, Grant, RateLimiter, Standing};
use crate::quota::Quota;
use crate::wait::{Acquire, Reservation};

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
pub struct LeakyQueue<C: Clock = SystemClock> {
    limiter: Arc<RateLimiter<C>>,
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
        Self::built(quota, places, clock, false)
    }

    /// The same, strict: no request leaves sooner than T after the one before it *really left*, however late that was.
    ///
    /// A plain queue keeps to its schedule: one that is woken late leaves late, and the next on time, closer than T behind
    /// it. A strict one puts the next off, so that its rate falls short by what its callers are late. Whoever holds a
    /// [`Reservation`](crate::Reservation) leaves when waiting for it ends, and holds up the others until then; one that
    /// was [kept](crate::Reservation::keep) leaves when it was told to. A wait that is put off past its timeout is refused
    /// then.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LeakyQueue, ManualClock, Quota};
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
    pub fn strict(quota: Quota, places: usize, clock: C) -> Self {
        Self::built(quota, places, clock, true)
    }

    fn built(quota: Quota, places: usize, clock: C, strict: bool) -> Self {
        // A burst of 1 is within every bound that a larger one is within.
        let spaced = quota.with_burst(1).unwrap_or(quota);
        let limiter = Builder::new(spaced, clock).strict(strict).max_waiters(places).build();
        Self { limiter: Arc::new(limiter), places }
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

impl<C: Clock> fmt::Debug for LeakyQueue<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeakyQueue").field("limiter", &self.limiter).field("places", &self.places).finish()
    }
}

verbs!(LeakyQueue);
