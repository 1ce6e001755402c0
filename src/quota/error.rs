//! Quotas that cannot be.

use alloc::boxed::Box;
use core::time::Duration;

/// A quota that cannot be: out of range, or text that says something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// No permits at all.
    #[error("capacity is 0, but a quota needs at least 1 permit per period")]
    ZeroCapacity,
    /// No time for them to come back in.
    #[error("period is 0, but permits need time to come back")]
    ZeroPeriod,
    /// A burst with which every request would be refused.
    #[error("burst is 0, but no request could ever be granted with a burst under 1")]
    ZeroBurst,
    /// The period does not fit 64 bits of nanoseconds.
    #[error("a period of {period:?} is over the longest, 584 years")]
    #[non_exhaustive]
    PeriodTooLong {
        /// What was asked for.
        period: Duration,
    },
    /// The rate is over 1e10 per second.
    #[error("{capacity} per {period:?} is over the fastest rate, 10 permits a nanosecond (1e10 per second)")]
    #[non_exhaustive]
    TooFast {
        /// Permits asked for.
        capacity: u64,
        /// The period they were asked for in.
        period: Duration,
    },
    /// The burst takes over 25 years to come back.
    #[error("a burst of {burst} at {capacity} per {period:?} takes over 25 years to come back; choose a smaller burst")]
    #[non_exhaustive]
    BurstTooDeep {
        /// The burst asked for (the capacity, unless set).
        burst: u64,
        /// Permits per period.
        capacity: u64,
        /// The period.
        period: Duration,
    },
    /// The text has no `/` or `per` after the capacity.
    #[error("{text:?} names no period: write it as \"100/s\" or \"100 per minute\"")]
    #[non_exhaustive]
    MissingPeriod {
        /// The whole text.
        text: Box<str>,
    },
    /// A number is missing, is not a whole one, or does not fit 64 bits.
    #[error("{text:?} is not a whole number between 0 and 18446744073709551615")]
    #[non_exhaustive]
    BadNumber {
        /// What stands where the number should.
        text: Box<str>,
    },
    /// The unit of time is a bare `m`.
    #[error("the unit \"m\" could mean minutes or milliseconds: write \"min\" or \"ms\"")]
    AmbiguousUnit,
    /// The unit of time is none that is known.
    #[error("{text:?} is not a unit of time: use d, h, min, s, ms, us or ns, or their English names")]
    #[non_exhaustive]
    UnknownUnit {
        /// What stands where the unit should.
        text: Box<str>,
    },
    /// Something follows that is not a burst.
    #[error("{text:?} is not expected here: only \"burst\" and a number may follow the period")]
    #[non_exhaustive]
    Unexpected {
        /// What follows.
        text: Box<str>,
    },
}
