//! Which numbers make a quota.

use core::time::Duration;

use super::error::QuotaError;

/// Nanoseconds in 25 Julian years, the most that `burst · T` may be.
pub(crate) const MAX_DEPTH_NANOS: u128 = 25 * 31_557_600 * 1_000_000_000;

/// Permits per nanosecond at 1e10 per second, the fastest rate.
const MAX_PER_NANO: u128 = 10;

/// Why numbers make no quota. Unlike the error made of it, a constant can have this value.
#[derive(Debug, Clone, Copy)]
pub(super) enum OutOfRange {
    ZeroCapacity,
    ZeroPeriod,
    ZeroBurst,
    TooFast { capacity: u64, period: Duration },
    BurstTooDeep { burst: u64, capacity: u64, period: Duration },
}

/// Whether these numbers make a quota.
pub(super) const fn check(capacity: u64, period_nanos: u64, burst: u64) -> Result<(), OutOfRange> {
    if capacity == 0 {
        return Err(OutOfRange::ZeroCapacity);
    }
    if period_nanos == 0 {
        return Err(OutOfRange::ZeroPeriod);
    }
    if burst == 0 {
        return Err(OutOfRange::ZeroBurst);
    }
    let period = Duration::from_nanos(period_nanos);
    if capacity as u128 > MAX_PER_NANO * period_nanos as u128 {
        return Err(OutOfRange::TooFast { capacity, period });
    }
    // `capacity · 25 years` may exceed u128, but `burst · period` cannot. So the comparison
    // divides, which is exact: burst · period > capacity · MAX  ⇔  burst · period / capacity
    // (rounded up) > MAX.
    if (burst as u128 * period_nanos as u128).div_ceil(capacity as u128) > MAX_DEPTH_NANOS {
        return Err(OutOfRange::BurstTooDeep { burst, capacity, period });
    }
    Ok(())
}

impl From<OutOfRange> for QuotaError {
    fn from(why: OutOfRange) -> Self {
        match why {
            OutOfRange::ZeroCapacity => Self::ZeroCapacity,
            OutOfRange::ZeroPeriod => Self::ZeroPeriod,
            OutOfRange::ZeroBurst => Self::ZeroBurst,
            OutOfRange::TooFast { capacity, period } => Self::TooFast { capacity, period },
            OutOfRange::BurstTooDeep { burst, capacity, period } => Self::BurstTooDeep { burst, capacity, period },
        }
    }
}
