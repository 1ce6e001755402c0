//! GCRA by virtual scheduling.
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

/// The Generic Cell Rate Algorithm in its virtual scheduling form, `GCRA(T, τ)`.
///
/// A cell that arrives at `t` conforms if `t ≥ TAT − τ`; then `TAT = max(t, TAT) + T`. A request
/// for `n` permits is `n` cells that arrive together. A burst of `b` permits is a tolerance of
/// `τ = (b − 1)·T`.
///
/// Source: ITU-T I.371; ATM Forum TM 4.1, section 4.4.2.
///
/// # Examples
///
/// ```
/// use limitor::buckets::VirtualSchedulingGcra;
/// use limitor::{ManualClock, Quota, Timestamp};
/// use std::time::Duration;
///
/// let gcra = VirtualSchedulingGcra::with_clock(Quota::per_second(10)?.with_burst(3)?, ManualClock::new());
/// assert_eq!(gcra.emission_interval(), Duration::from_millis(100));
/// assert_eq!(gcra.tolerance(), Duration::from_millis(200));
/// gcra.try_acquire(1).unwrap();
/// assert_eq!(gcra.theoretical_arrival_time(), Timestamp::from_ticks(100_000_000));
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct VirtualSchedulingGcra<C: Clock = SystemClock> {
    limiter: Arc<RateLimiter<C>>,
}

view!(VirtualSchedulingGcra);

impl<C: Clock> VirtualSchedulingGcra<C> {
    /// Returns the emission interval T, rounded up to 1 ns for display. Decisions use the exact
    /// fraction.
    pub fn emission_interval(&self) -> Duration {
        figures::time_of(&self.limiter, 1)
    }

    /// Returns the tolerance τ, rounded up to 1 ns for display.
    pub fn tolerance(&self) -> Duration {
        figures::time_of(&self.limiter, self.limiter.quota().burst() - 1)
    }

    /// Returns the theoretical arrival time of the next cell as a reading of the limiter's clock,
    /// rounded up to a tick.
    ///
    /// The reading is in the past if the limiter is full. It is the largest possible one if the
    /// limiter is closed or saturated.
    pub fn theoretical_arrival_time(&self) -> Timestamp {
        let meter = self.limiter.meter();
        let (tat, _) = meter.peek(self.limiter.clock().now());
        meter.rate.reading(tat)
    }
}
