//! How a limiter, or a key of one, stands.

use core::time::Duration;

use crate::gcra::{Gcra, Unit};
use crate::quota::Quota;
use crate::rate::Rate;
use crate::word::{CLOSED, MAX_TAT};

/// How a limiter, or a key of a keyed limiter, stands at one clock reading.
///
/// Made by [`RateLimiter::standing`](crate::RateLimiter::standing). It is a snapshot: other callers
/// may move the limiter at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// What is allowed.
    pub quota: Quota,
    /// Whole permits available.
    pub available: u64,
    /// How long until the whole burst is available, if nothing is taken. [`Duration::MAX`] if the
    /// limiter is closed or saturated.
    pub full_in: Duration,
    /// How many requests wait.
    pub waiters: usize,
    /// How far the TAT is ahead of the clock, in units. `None` if the limiter is closed or
    /// saturated.
    backlog: Option<u64>,
    /// Whether even zero permits are refused.
    closed: bool,
}

impl Standing {
    /// `tat` and `now` are in units of the rate.
    pub(crate) fn new(rate: &Rate, tat: u64, now: u64, waiters: usize) -> Self {
        let backlog = (tat <= MAX_TAT).then(|| tat.saturating_sub(now));
        Self {
            quota: rate.quota(),
            available: rate.gcra.available(tat, now),
            full_in: backlog.map_or(Duration::MAX, |backlog| rate.duration(backlog)),
            waiters,
            backlog,
            closed: tat == CLOSED,
        }
    }

    /// Returns how long a request for `n` permits would have to wait, as
    /// [`Denied::retry_after`](crate::Denied::retry_after) would: zero if it would be granted,
    /// `None` if no wait helps.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// limiter.try_acquire(9).unwrap();
    /// let standing = limiter.standing();
    /// assert_eq!(standing.wait_for(1), Some(Duration::ZERO));
    /// assert_eq!(standing.wait_for(2), Some(Duration::from_millis(100)));
    /// assert_eq!(standing.wait_for(11), None);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[must_use]
    pub fn wait_for(&self, n: u64) -> Option<Duration> {
        let gcra = Gcra::new(self.quota);
        match self.backlog {
            _ if n > self.quota.burst() || self.closed => None,
            _ if n == 0 => Some(Duration::ZERO),
            None => None,
            Some(backlog) => {
                // In this order no step saturates before the depth is taken off.
                let room = gcra.depth() - gcra.cost(n);
                Some(Unit::of(self.quota).duration(backlog.saturating_sub(room)))
            }
        }
    }
}
