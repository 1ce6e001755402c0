//! A limiter, what is done to it, and what can be seen of that.

use std::sync::Arc;
use std::time::Duration;

use limitor::{Denied, Quota, RateLimiter, Reason, Reservation};

use super::readings::Readings;

pub(crate) const BURST: u64 = 2;

/// No reading is later.
pub(crate) const LAST: u64 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Try(u64),
    /// A place, which is held.
    Reserve(u64),
    /// The same, if it comes due within so many seconds; nobody gives it back.
    Within(u64, u64),
    /// Gives back the place that this thread took last, if it has one.
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

/// What is done, and the reading it is done at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step(pub(crate) u64, pub(crate) Op);

/// What a caller was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Granted,
    Refused(Reason, Option<Duration>),
    /// So many permits are kept, to be had after this.
    Kept(u64, Duration),
    Nothing,
}

impl From<Denied> for Told {
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

    pub(crate) fn step(&self, Step(at, op): Step, places: &mut Vec<Place>) -> Told {
        self.clock.set(at);
        let limiter = &self.limiter;
        match op {
            Op::Try(n) => return limiter.try_acquire(n).map_or_else(Told::from, |_| Told::Granted),
            // How long it has to wait is not asked: that would be a step of its own.
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
                    return Told::Kept(place.amount(), place.keep());
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
        Told::Nothing
    }

    /// Whose time has come, by the reading of a step.
    pub(crate) fn find_out(&self, Step(at, _): Step) {
        self.clock.set(at);
        self.limiter.waiters();
    }

    pub(crate) fn run(&self, program: &[Step], places: &mut Vec<Place>) -> Vec<Told> {
        program.iter().map(|step| self.step(*step, places)).collect()
    }
}

/// All that can be seen when it is over: what each thread was told and still waits for, and the word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) told: [Vec<Told>; 2],
    /// The permits of each place, and how long it has still to wait.
    pub(crate) places: [Vec<(u64, Duration)>; 2],
    /// Permits missing to one at the last of all readings: it tells the TAT, if that is later.
    needed: i128,
    closed: bool,
    waiters: usize,
}

impl Outcome {
    /// Without what was decided for those who are due by a reading that another has used. Whoever sets the word anew may not have
    /// noticed; it is all the same to the word whether they are sent away or granted then.
    pub(crate) fn but_for_verdicts(mut self) -> Self {
        let places = self.places.iter_mut().flatten().filter(|(_, wait)| *wait == Duration::MAX);
        places.for_each(|(_, wait)| *wait = Duration::ZERO);
        self
    }
}

impl World {
    /// As it is at the last of all readings, so that it does not matter who noticed whose time had come; and a time before that is told
    /// by no clock that is right.
    pub(crate) fn outcome(&self, told: [Vec<Told>; 2], places: [Vec<Place>; 2]) -> Outcome {
        self.clock.set(LAST);
        let (waiters, needed) = (self.limiter.waiters(), self.limiter.capacity_info(1).needed);
        // As counted from before everything.
        self.clock.set(0);
        let outcome = Outcome {
            told,
            places: places.each_ref().map(|places| places.iter().map(|p| (p.amount(), p.wait_time())).collect()),
            needed,
            closed: self.limiter.is_closed(),
            waiters,
        };
        // What is dropped changes nothing any more.
        places.into_iter().flatten().for_each(std::mem::forget);
        outcome
    }
}
