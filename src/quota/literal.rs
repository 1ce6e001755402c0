//! Quotas written in a program.

use super::Quota;
use super::grammar::{Flaw, parse};
use super::range::OutOfRange;

impl Quota {
    /// A quota written in the program, as text of the form that [`parse`](str::parse) reads.
    ///
    /// In a constant, the compiler reads it: text that is no quota does not compile.
    ///
    /// # Panics
    ///
    /// If the text is no quota. So use it in constants, and [`parse`](str::parse) for text that comes from elsewhere.
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
    /// What the compiler says: a constant cannot format, but the text stands beside the message anyway.
    const fn advice(self) -> &'static str {
        match self {
            Flaw::MissingPeriod(_) => "this quota names no period: write it as \"100/s\" or \"100 per minute\"",
            Flaw::BadNumber(_) => {
                "in this quota stands no whole number between 0 and 18446744073709551615 where one should"
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
            Self::ZeroCapacity => "capacity is 0, but a quota needs at least 1 permit per period",
            Self::ZeroPeriod => "period is 0, but permits need time to come back",
            Self::ZeroBurst => "burst is 0, but no request could ever be granted with a burst under 1",
            Self::TooFast { .. } => "this quota is over the fastest rate, 10 permits a nanosecond (1e10 per second)",
            Self::BurstTooDeep { .. } => "this burst takes over 25 years to come back; choose a smaller one",
        }
    }
}
