//! Asking for permits and waiting for them.

use std::time::{Duration, Instant};

use super::reservation::Reservation;
use crate::clock::{Clock, Timestamp};
use crate::error::AcquireError;
use crate::grant::Grant;
use crate::handle::Handle;

/// The latest time at which a grant is still wanted: a reading of the limiter's clock, or an [`Instant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(At);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Reading(Timestamp),
    Instant(Instant),
}

impl From<Timestamp> for Deadline {
    fn from(reading: Timestamp) -> Self {
        Self(At::Reading(reading))
    }
}

/// Taken as the time that is left until then when the wait begins, on whatever clock the limiter has.
impl From<Instant> for Deadline {
    fn from(instant: Instant) -> Self {
        Self(At::Instant(instant))
    }
}

impl Deadline {
    fn reading(self, clock: &impl Clock) -> Timestamp {
        match self.0 {
            At::Reading(reading) => reading,
            At::Instant(instant) => clock.after(instant.saturating_duration_since(Instant::now())),
        }
    }
}

/// Permits asked for: [`wait`](Self::wait) blocks until they are granted.
///
/// Lazy: nothing is taken before that. Made by [`RateLimiter::acquire`](crate::RateLimiter::acquire).
#[derive(Debug)]
#[must_use = "nothing is acquired until this is waited for"]
pub struct Acquire<'a, C: Clock> {
    limiter: Handle<'a, C>,
    n: u64,
    timeout: Option<Duration>,
    deadline: Option<Deadline>,
}

impl<'a, C: Clock> Acquire<'a, C> {
    pub(crate) fn new(limiter: Handle<'a, C>, n: u64) -> Self {
        Self { limiter, n, timeout: None, deadline: None }
    }

    /// Wait no longer than `timeout`, counted from when the wait begins.
    ///
    /// If it would take longer, that is said at once, and nothing is consumed. A timeout of zero means now or never. With
    /// a [`deadline`](Self::deadline) as well, the earlier of the two holds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Wait no longer than until `deadline`: a reading of the limiter's clock (see [`Clock::after`]) or an [`Instant`].
    ///
    /// If it would take longer, that is said at once, and nothing is consumed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, Quota, RateLimiter};
    /// use std::time::{Duration, Instant};
    ///
    /// let limiter = RateLimiter::new(Quota::per_hour(1)?);
    /// let deadline = Instant::now() + Duration::from_secs(30);
    /// assert!(limiter.acquire(1).deadline(deadline).wait().is_ok());
    /// assert!(matches!(
    ///     limiter.acquire(1).deadline(deadline).wait(),
    ///     Err(AcquireError::TooLong { wait, .. }) if wait > Duration::from_secs(3_500)
    /// ));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn deadline(mut self, deadline: impl Into<Deadline>) -> Self {
        self.deadline = Some(deadline.into());
        self
    }

    /// Blocks this thread until the permits are granted.
    ///
    /// If they are to be had at once, this takes no lock, allocates nothing and makes no system call.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::TooLong`] at once if the wait would pass the timeout or deadline;
    /// - [`AcquireError::ExceedsBurst`] at once if no wait would help;
    /// - [`AcquireError::QueueFull`] at once if too many wait already;
    /// - [`AcquireError::Cancelled`] or [`AcquireError::Closed`] if the limiter's waits are ended.
    pub fn wait(self) -> Result<Grant<'a, C>, AcquireError> {
        self.begin()?.wait()
    }

    /// Takes the permits or a place in the line.
    fn begin(self) -> Result<Reservation<'a, C>, AcquireError> {
        let Self { limiter, n, timeout, deadline } = self;
        let now = limiter.clock().now();
        let timeout = timeout.map(|timeout| limiter.clock().tick().later(now, timeout));
        let deadline = deadline.map(|deadline| deadline.reading(limiter.clock()));
        let by = timeout.into_iter().chain(deadline).min();
        let joined = limiter.join(now, n, by)?;
        Ok(Reservation::new(limiter, n, joined))
    }
}
