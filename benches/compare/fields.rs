//! Who is compared with whom.

use governor::clock::{QuantaClock, QuantaUpkeepClock};
use limitor::RateLimiter;
use ratelimit::Ratelimiter;

use crate::buckets::{ClockAndCas, ClockRead, Double, Locked};
use crate::clocks::{Cached, Counter, Time};
use crate::contenders::Governor;
use crate::contest::{Contender, Visitor};
use crate::prepaid::{Prepaid, PrepaidSmall};

/// Those who are compared with each other, on one kind of clock.
pub(crate) trait Field {
    /// What the rows of one thread are called by, and those of several.
    const NAME: &'static str;
    const CONTENDED: &'static str;
    /// Whom the others are compared with.
    type Ours: Contender;
    type Clock: Time;
    /// Whether several threads are to do as many times as much as one.
    const SCALES: bool = false;

    /// Visits the limiters.
    fn limiters(visitor: &mut impl Visitor);

    /// Visits the least that a grant costs.
    fn least_grant(visitor: &mut impl Visitor) {
        visitor.visit::<ClockAndCas<Self::Clock>>();
    }

    /// Visits the least that a refusal costs.
    fn least_refusal(visitor: &mut impl Visitor) {
        visitor.visit::<ClockRead<Self::Clock>>();
    }
}

/// Each on the clock it advises, and on the processor's counter where it takes a clock.
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

/// All that can be had on a cached clock.
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

/// Permits prepaid to each thread, and what that saves.
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

    // Without a shared word and a clock in each decision, these are not the least.

    fn least_grant(_: &mut impl Visitor) {}

    fn least_refusal(_: &mut impl Visitor) {}
}
