//! Which quotas can be.

use core::time::Duration;

use super::{MAX_DEPTH_NANOS, MAX_PER_NANO, Quota};
use crate::quota::QuotaError;

/// Why numbers are no quota. Unlike the error made of it, it can be in a constant.
#[derive(Debug, Clone, Copy)]
pub(super) enum OutOfRange {
    ZeroCapacity,
    ZeroPeriod,
    ZeroBurst,
    TooFast { capacity: u64, period: Duration },
    BurstTooDeep { burst: u64, capacity: u64, period: Duration },
}

impl Quota {
    pub(super) const fn in_range(capacity: u64, period_nanos: u64, burst: u64) -> Result<Self, OutOfRange> {
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
        // `capacity · 25 years` may pass u128 where `burst · period` cannot: compare by division, which is exact here
        // because burst · period > capacity · MAX  ⇔  burst · period / capacity (rounded up) > MAX.
        if (burst as u128 * period_nanos as u128).div_ceil(capacity as u128) > MAX_DEPTH_NANOS {
            return Err(OutOfRange::BurstTooDeep { burst, capacity, period });
        }
        Ok(Self { capacity, period_nanos, burst })
    }
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
