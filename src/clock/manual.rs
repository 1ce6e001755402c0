//! A clock that stands still until it is moved, for tests and simulation.

use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use super::reading::Timestamp;
use super::sleep::Sleep;
use super::sleepers::{ManualSleep, ManualTime};

/// A clock that moves only when the program moves it, for tests and simulation.
///
/// The clock begins at 0 and counts nanoseconds. Its clones share the time. Waiting on it is
/// deterministic: a waiter sleeps until [`advance`](Self::advance) or [`set`](Self::set) brings its
/// time.
///
/// # Examples
///
/// ```
/// use limitor::{ManualClock, Quota, RateLimiter};
/// use std::{thread, time::Duration};
///
/// let clock = ManualClock::new();
/// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, clock.clone());
/// limiter.try_acquire(1).unwrap();
///
/// thread::scope(|scope| {
///     let waiter = scope.spawn(|| limiter.acquire(1).wait());
///     while limiter.waiters() == 0 {
///         thread::yield_now();
///     }
///     clock.advance(Duration::from_secs(1));
///     assert!(waiter.join().unwrap().is_ok());
/// });
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    time: Arc<ManualTime>,
}

impl ManualClock {
    /// Makes a clock that reads 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// assert_eq!(clock.now().ticks(), 0);
    /// ```
    pub fn new() -> Self {
        Self { time: Arc::new(ManualTime::new()) }
    }

    /// Moves the time forward, and wakes the threads and tasks that wait for a time it has reached.
    ///
    /// The time stops at 2^64 − 1 ns, which is 584 years.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = RateLimiter::with_clock(Quota::per_minute(60)?, clock.clone());
    /// assert!(limiter.try_acquire(60).is_ok());
    /// clock.advance(Duration::from_secs(5));
    /// assert_eq!(limiter.available(), 5);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn advance(&self, by: Duration) {
        self.time.advance(by);
    }

    /// Moves the time to `at` after 0, forward or back, and wakes the threads and tasks that wait
    /// for a time it has reached.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// clock.set(Duration::from_secs(10));
    /// let limiter = RateLimiter::with_clock(Quota::per_second(5)?, clock.clone());
    /// assert!(limiter.try_acquire(1).is_ok());
    ///
    /// // A step back by 0.6 s withholds 3 permits until the clock has caught up.
    /// clock.set(Duration::from_millis(9_400));
    /// assert_eq!(limiter.available(), 1);
    /// clock.set(Duration::from_secs(10));
    /// assert_eq!(limiter.available(), 4);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn set(&self, at: Duration) {
        self.time.set(at);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    #[inline]
    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn can_spin(&self) -> bool {
        false
    }

    fn park_until(&self, at: Timestamp) {
        self.time.park_until(at);
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        Sleep::manual(ManualSleep::new(self.time.clone(), at))
    }
}
