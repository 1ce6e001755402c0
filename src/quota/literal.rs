//! Quotas as constants of a program.

use super::grammar::{Flaw, parse};
use super::quota::Quota;
use super::range::OutOfRange;

impl Quota {
    /// Makes a quota of text, in the form that [`parse`](str::parse) reads.
    ///
    /// In a constant, the compiler reads the text. If the text is no quota, the constant does not
    /// compile. So use this function in constants, and [`parse`](str::parse) for text that comes
    /// from elsewhere.
    ///
    /// # Panics
    ///
    /// Panics if the text is no quota.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Quota;
    ///
    /// const API: Quota = Quota::literal("100 per minute burst 20");
    /// assert_eq!(API.burst(), 20);
    /// ```
    ///
    /// ```compile_fail
    /// # use limitor::Quota;
    /// const API: Quota = Quota::literal("100/m"); // minutes or milliseconds?
    /// ```
    #[track_caller]
    pub const fn literal(text: &str) -> Self {
        match parse(text) {
            Ok(quota) => quota,
            Err(flaw) => panic!("{}", flaw.advice()),
        }
    }
}

impl Flaw<'_> {
    /// The message of the compiler. A constant cannot format a message, but the compiler shows the
    /// text beside it.
    const fn advice(self) -> &'static str {
        match self {
            Flaw::MissingPeriod(_) => "this quota has no period: write \"100/s\" or \"100 per minute\"",
            Flaw::BadNumber(_) => {
                "this quota has something else where a whole number from 0 to 18446744073709551615 must be"
            }
            Flaw::AmbiguousUnit => "the unit \"m\" could mean minutes or milliseconds: write \"min\" or \"ms\"",
            Flaw::UnknownUnit(_) => {
                "this quota has no known unit of time: use d, h, min, s, ms, us or ns, or their English names"
            }
            Flaw::Unexpected(_) => "only \"burst\" and a number may follow the period of a quota",
            Flaw::OutOfRange(why) => why.advice(),
        }
    }
}

impl OutOfRange {
    const fn advice(self) -> &'static str {
        match self {
            Self::ZeroCapacity => "capacity is 0, but the smallest is 1 permit per period",
            Self::ZeroPeriod => "period is 0, but the shortest is 1 ns",
            Self::ZeroBurst => "burst is 0, but the smallest is 1 permit",
            Self::TooFast { .. } => "this rate is too fast: the fastest is 1e10 permits per second",
            Self::BurstTooDeep { .. } => "this burst takes more than 25 years to refill: choose a smaller burst",
        }
    }
}
