//! A clock that follows tokio's time.

use tokio::time::Instant;

use super::clock::Clock;
use super::reading::Timestamp;
use super::sleep::Sleep;

/// A clock that follows tokio's time, even if that is paused or advanced in a test.
///
/// Use this clock if tokio's time is the one that counts. Tasks wait on it with tokio's timer
/// alone, which is precise to 1 or 2 ms. For production, the [`SystemClock`](crate::SystemClock) is
/// faster and more precise, on tokio as elsewhere.
///
/// The clock counts nanoseconds from when it was made. Use it for tasks only: if the time of the
/// runtime is paused, a thread that blocks on this clock waits for ever, because nothing moves the
/// time meanwhile.
///
/// # Examples
///
/// ```
/// use limitor::clock::TokioClock;
/// use limitor::{Quota, RateLimiter};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limiter = RateLimiter::with_clock(Quota::per_hour(1)?, TokioClock::new());
/// limiter.acquire(1).await?;
/// let start = tokio::time::Instant::now();
/// limiter.acquire(1).await?; // an hour, which passes at once because tokio's time is paused
/// assert!(start.elapsed().as_secs() >= 3_600);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TokioClock {
    start: Instant,
}

impl TokioClock {
    /// Makes a clock that reads 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Clock;
    /// use limitor::clock::TokioClock;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let clock = TokioClock::new();
    /// assert_eq!(clock.now().ticks(), 0);
    /// tokio::time::advance(Duration::from_secs(1)).await;
    /// assert_eq!(clock.now().ticks(), 1_000_000_000);
    /// # }
    /// ```
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
        Timestamp::from_ticks(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// `false`: if tokio's time is paused, it passes only while no task is ready. So no task may
    /// spin.
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
