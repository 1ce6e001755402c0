//! Which contenders are compared.

use governor::clock::{QuantaClock, QuantaUpkeepClock};
use limitor::RateLimiter;
use ratelimit::Ratelimiter;

use crate::buckets::{ClockAndCas, ClockRead, Double, Locked};
use crate::clocks::{Cached, Counter, Time};
use crate::contenders::Governor;
use crate::contest::{Contender, Visitor};
use crate::prepaid::{Prepaid, PrepaidSmall};

/// The contenders that are compared with each other, on one kind of clock.
pub(crate) trait Field {
    /// The first word of the rows of one thread, and the name of those of several.
    const NAME: &'static str;
    const CONTENDED: &'static str;
    /// The contender that the others are compared with.
    type Ours: Contender;
    type Clock: Time;
    /// Whether the throughput should grow with the number of threads.
    const SCALES: bool = false;

    /// Visits the limiters.
    fn limiters(visitor: &mut impl Visitor);

    /// Visits the least work of a grant.
    fn least_grant(visitor: &mut impl Visitor) {
        visitor.visit::<ClockAndCas<Self::Clock>>();
    }

    /// Visits the least work of a refusal.
    fn least_refusal(visitor: &mut impl Visitor) {
        visitor.visit::<ClockRead<Self::Clock>>();
    }
}

/// Each contender on the clock that it advises, and on the processor's counter if it takes a clock.
pub(crate) struct OnCounter;

impl Field for OnCounter {
    const NAME: &'static str = "single";
    const CONTENDED: &'static str = "contended";
    type Ours = RateLimiter;
    type Clock = Counter;

    fn limiters(visitor: &mut impl Visitor) {
        visitor.visit::<RateLimiter>();
        visitor.visit::<Governor<QuantaClock>>();
        visitor.visit::<Ratelimiter>();
        visitor.visit::<Ratelimiter<Counter>>();
        visitor.visit::<leaky_bucket::RateLimiter>();
        visitor.visit::<Locked>();
        visitor.visit::<Double<Counter>>();
    }
}

/// All contenders that take a cached clock.
pub(crate) struct OnCached;

impl Field for OnCached {
    const NAME: &'static str = "cached";
    const CONTENDED: &'static str = "contended cached";
    type Ours = RateLimiter<Cached>;
    type Clock = Cached;

    fn limiters(visitor: &mut impl Visitor) {
        visitor.visit::<RateLimiter<Cached>>();
        visitor.visit::<Governor<QuantaUpkeepClock>>();
        visitor.visit::<Ratelimiter<Cached>>();
        visitor.visit::<Double<Cached>>();
    }
}

/// Permits prepaid to each thread, beside permits that are not.
pub(crate) struct OnPrepaid;

impl Field for OnPrepaid {
    const NAME: &'static str = "prepaid";
    const CONTENDED: &'static str = "contended prepaid";
    type Ours = Prepaid;
    type Clock = Counter;
    const SCALES: bool = true;

    fn limiters(visitor: &mut impl Visitor) {
        visitor.visit::<Prepaid>();
        visitor.visit::<PrepaidSmall>();
        visitor.visit::<RateLimiter>();
        visitor.visit::<Governor<QuantaClock>>();
    }

    // A prepaid decision has no shared word and no clock, so these are not the least work.

    fn least_grant(_: &mut impl Visitor) {}

    fn least_refusal(_: &mut impl Visitor) {}
}
