//! GCRA as a continuous-state leaky bucket.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bucket::Bucket;
use super::figures;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{AcquireError, Denied};
use crate::limiter::{Capacity, Grant, RateLimiter, Standing};
use crate::quota::Quota;
use crate::wait::{Acquire, Reservation};

/// The Generic Cell Rate Algorithm in its continuous-state leaky bucket form.
///
/// The bucket drains by one unit of time per unit of time. A cell that arrives at `t` finds the
/// level `X' = max(0, X − (t − LCT))`. The cell conforms if `X' ≤ τ`; then `X = X' + T`, and the
/// last conforming time is `LCT = t`. The two forms of GCRA decide alike, because `TAT = X + LCT`.
///
/// Decisions depend on that sum alone, and only the sum is stored. So this view gives the pair as
/// if it were brought up to date now: the level drained to now, at now. If the bucket has run
/// empty, the level is 0 at the time when that happened.
///
/// Source: ITU-T I.371; ATM Forum TM 4.1, section 4.4.2.
///
/// # Examples
///
/// ```
/// use limitor::buckets::LeakyBucketGcra;
/// use limitor::{ManualClock, Quota};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let gcra = LeakyBucketGcra::with_clock(Quota::per_second(10)?, clock.clone());
/// gcra.try_acquire(3).unwrap();
/// assert_eq!(gcra.level(), Duration::from_millis(300));
/// clock.advance(Duration::from_millis(50));
/// assert_eq!(gcra.level(), Duration::from_millis(250));
/// assert_eq!(gcra.last_conforming_time().ticks(), 50_000_000);
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct LeakyBucketGcra<C: Clock = SystemClock> {
    limiter: Arc<RateLimiter<C>>,
}

view!(LeakyBucketGcra);

impl<C: Clock> LeakyBucketGcra<C> {
    /// Returns the time T by which one permit raises the level, rounded up to 1 ns for display.
    /// Decisions use the exact fraction.
    pub fn increment(&self) -> Duration {
        figures::time_of(&self.limiter, 1)
    }

    /// Returns the level τ up to which another cell conforms, rounded up to 1 ns for display.
    pub fn limit(&self) -> Duration {
        figures::time_of(&self.limiter, self.limiter.quota().burst() - 1)
    }

    /// Returns the level X now, rounded up to 1 ns.
    pub fn level(&self) -> Duration {
        let meter = self.limiter.meter();
        let (tat, now) = meter.peek(self.limiter.clock().now());
        meter.rate.duration(tat.saturating_sub(now))
    }

    /// Returns the clock reading of the level: now, or when the bucket ran empty.
    pub fn last_conforming_time(&self) -> Timestamp {
        let now = self.limiter.clock().now();
        let meter = self.limiter.meter();
        let (tat, _) = meter.peek(now);
        meter.rate.reading(tat).min(now)
    }
}
