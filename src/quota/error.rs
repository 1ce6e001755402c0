//! Why there is no such quota.

use alloc::boxed::Box;
use core::time::Duration;

/// Why numbers or text make no quota.
///
/// # Examples
///
/// ```
/// use limitor::{Quota, QuotaError};
///
/// let error = Quota::per_second(20_000_000_000).unwrap_err();
/// assert!(matches!(error, QuotaError::TooFast { capacity: 20_000_000_000, .. }));
/// assert_eq!(
///     "100 a minute".parse::<Quota>().unwrap_err().to_string(),
///     "\"100 a minute\" has no period: write \"100/s\" or \"100 per minute\""
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// The capacity is 0.
    #[error("capacity is 0, but the smallest is 1 permit per period")]
    ZeroCapacity,
    /// The period is 0.
    #[error("period is 0, but the shortest is 1 ns")]
    ZeroPeriod,
    /// The burst is 0, with which every request would be refused.
    #[error("burst is 0, but the smallest is 1 permit")]
    ZeroBurst,
    /// The period in nanoseconds does not fit 64 bits.
    #[error("a period of {period:?} is too long: the longest is 584 years")]
    #[non_exhaustive]
    PeriodTooLong {
        /// The period that was requested.
        period: Duration,
    },
    /// The rate is over 1e10 per second.
    #[error("a rate of {capacity} per {period:?} is too fast: the fastest is 1e10 permits per second")]
    #[non_exhaustive]
    TooFast {
        /// The permits that were requested.
        capacity: u64,
        /// The period that was requested.
        period: Duration,
    },
    /// The burst takes more than 25 years to refill.
    #[error(
        "a burst of {burst} at {capacity} per {period:?} takes more than 25 years to refill: choose a smaller burst"
    )]
    #[non_exhaustive]
    BurstTooDeep {
        /// The burst that was requested. Unless it is set, the burst is the capacity.
        burst: u64,
        /// The permits per period.
        capacity: u64,
        /// The period.
        period: Duration,
    },
    /// The text has no `/` or `per` after the capacity.
    #[error("{text:?} has no period: write \"100/s\" or \"100 per minute\"")]
    #[non_exhaustive]
    MissingPeriod {
        /// The whole text.
        text: Box<str>,
    },
    /// A number is missing, is not a whole number, or does not fit 64 bits.
    #[error("{text:?} is not a whole number from 0 to 18446744073709551615")]
    #[non_exhaustive]
    BadNumber {
        /// What the text has where a number must be.
        text: Box<str>,
    },
    /// The unit of time is a bare `m`.
    #[error("the unit \"m\" could mean minutes or milliseconds: write \"min\" or \"ms\"")]
    AmbiguousUnit,
    /// The unit of time is unknown.
    #[error("{text:?} is not a unit of time: use d, h, min, s, ms, us or ns, or their English names")]
    #[non_exhaustive]
    UnknownUnit {
        /// What the text has where a unit must be.
        text: Box<str>,
    },
    /// Something other than a burst follows the period.
    #[error("{text:?} is not expected here: only \"burst\" and a number may follow the period")]
    #[non_exhaustive]
    Unexpected {
        /// What follows the period.
        text: Box<str>,
    },
}
