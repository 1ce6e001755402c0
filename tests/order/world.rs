//! A limiter, the operations on it, and their visible results.

use std::sync::Arc;
use std::time::Duration;

use limitor::{Denied, Quota, RateLimiter, Reason, Reservation};

use super::readings::Readings;

pub(crate) const BURST: u64 = 2;

/// The latest reading.
pub(crate) const LAST: u64 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Try(u64),
    /// Reserves permits and holds the reservation.
    Reserve(u64),
    /// The same, if it comes due within so many seconds; it is never cancelled.
    Within(u64, u64),
    /// Cancels the last reservation of this thread, if it has one.
    Cancel,
    /// Keeps it.
    Keep,
    Refund(u64),
    Charge(u64),
    CancelWaiters,
    Reset,
    Bypass,
    Close,
}

/// An operation, and its reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step(pub(crate) u64, pub(crate) Op);

/// The answer to a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Granted,
    Refused(Reason, Option<Duration>),
    /// So many permits are kept, available after this time.
    Kept(u64, Duration),
    Nothing,
}

impl From<Denied> for Answer {
    fn from(denied: Denied) -> Self {
        Self::Refused(denied.reason(), denied.retry_after())
    }
}

pub(crate) type Place = Reservation<'static, Readings>;

pub(crate) struct World {
    pub(crate) limiter: Arc<RateLimiter<Readings>>,
    pub(crate) clock: Readings,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Readings::default();
        let quota = Quota::per_second(1).unwrap().with_burst(BURST).unwrap();
        Self { limiter: Arc::new(RateLimiter::with_clock(quota, clock.clone())), clock }
    }

    pub(crate) fn step(&self, Step(at, op): Step, places: &mut Vec<Place>) -> Answer {
        self.clock.set(at);
        let limiter = &self.limiter;
        match op {
            Op::Try(n) => return limiter.try_acquire(n).map_or_else(Answer::from, |_| Answer::Granted),
            // The wait is not queried: that would be a step of its own.
            Op::Reserve(n) => match limiter.reserve_owned(n) {
                Ok(place) => places.push(place),
                Err(denied) => return denied.into(),
            },
            Op::Within(n, most) => match limiter.reserve_within(n, Duration::from_secs(most)) {
                Ok(place) => std::mem::forget(place),
                Err(denied) => return denied.into(),
            },
            Op::Keep => {
                if let Some(place) = places.pop() {
                    return Answer::Kept(place.amount(), place.keep());
                }
            }
            Op::Cancel => drop(places.pop()),
            Op::Refund(n) => limiter.refund(n),
            Op::Charge(n) => limiter.charge(n),
            Op::CancelWaiters => limiter.cancel_waiters(),
            Op::Reset => limiter.reset(),
            Op::Bypass => limiter.bypass(),
            Op::Close => limiter.close(),
        }
        Answer::Nothing
    }

    /// Settles the entries that are due at the reading of a step.
    pub(crate) fn find_out(&self, Step(at, _): Step) {
        self.clock.set(at);
        self.limiter.waiters();
    }

    pub(crate) fn run(&self, program: &[Step], places: &mut Vec<Place>) -> Vec<Answer> {
        program.iter().map(|step| self.step(*step, places)).collect()
    }
}

/// All visible results at the end: the answers to each thread, its reservations, and the word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) answers: [Vec<Answer>; 2],
    /// The permits of each reservation, and its remaining wait.
    pub(crate) places: [Vec<(u64, Duration)>; 2],
    /// The permits missing for one at the latest reading, which gives the TAT if that is later.
    needed: i128,
    closed: bool,
    waiters: usize,
}

impl Outcome {
    /// Without the verdicts on waiters that are due at a reading that the other thread used. An
    /// operation that sets the word anew may not have noticed them. The word is the same whether
    /// they are cancelled or granted then.
    pub(crate) fn without_verdicts(mut self) -> Self {
        let places = self.places.iter_mut().flatten().filter(|(_, wait)| *wait == Duration::MAX);
        places.for_each(|(_, wait)| *wait = Duration::ZERO);
        self
    }
}

impl World {
    /// As of the latest reading, so that it does not matter which operation settled which entries.
    /// An earlier time is not read by a correct clock.
    pub(crate) fn outcome(&self, answers: [Vec<Answer>; 2], places: [Vec<Place>; 2]) -> Outcome {
        self.clock.set(LAST);
        let (waiters, needed) = (self.limiter.waiters(), self.limiter.capacity_info(1).needed);
        // Counted from before all operations.
        self.clock.set(0);
        let outcome = Outcome {
            answers,
            places: places.each_ref().map(|places| places.iter().map(|p| (p.amount(), p.wait_time())).collect()),
            needed,
            closed: self.limiter.is_closed(),
            waiters,
        };
        // Dropping them has no more effect.
        places.into_iter().flatten().for_each(std::mem::forget);
        outcome
    }
}
