//! A clock that follows tokio's time.

use tokio::time::Instant;

use super::{Clock, Sleep, Timestamp};

/// A clock that follows tokio's time, also while that is paused or advanced in a test.
///
/// Use it where tokio's time is what counts. It waits for tasks with tokio's timer alone, which is precise to 1 or 2 ms; for
/// real work the [`SystemClock`](crate::SystemClock) is both faster and more precise, on tokio as elsewhere.
///
/// It counts from when it was made. Within a runtime whose time is paused, a thread that blocks on it waits for ever, as
/// nothing moves the time meanwhile; tasks are what it is for.
///
/// # Examples
///
/// ```
/// use limitor::{Quota, RateLimiter, TokioClock};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let limiter = RateLimiter::with_clock(Quota::per_hour(1)?, TokioClock::new());
/// limiter.acquire(1).await?;
/// let start = tokio::time::Instant::now();
/// limiter.acquire(1).await?; // an hour, at once
/// assert!(start.elapsed().as_secs() >= 3_600);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct TokioClock {
    start: Instant,
}

impl TokioClock {
    /// A clock at 0.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    fn instant(&self, at: Timestamp) -> Option<Instant> {
        self.start.checked_add(std::time::Duration::from_nanos(at.ticks()))
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Paused, its time passes only when no task is ready, so none must spin on it.
    fn can_spin(&self) -> bool {
        false
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        match self.instant(at) {
            Some(instant) => Sleep::tokio(tokio::time::sleep_until(instant)),
            None => Sleep::from_future(std::future::pending()),
        }
    }
}
