//! A limiter's state, and what can be asked of it without changing it.

use std::collections::BTreeMap;

use crate::bound::Record;
use crate::line::{Place, Verdict};

/// A limiter as it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limiter {
    /// Permits per period.
    pub capacity: u64,
    /// The period in ns.
    pub period_nanos: u64,
    /// The most permits at once.
    pub burst: u64,
    /// What is to be had at first, and after a reset; more than the burst are the burst.
    pub initial: u64,
    /// How many may wait at a time.
    pub max_waiters: usize,
    /// What the clock reads when it is built.
    pub start: u64,
}

impl Limiter {
    /// Full at first, any number of waiters, on a clock at 0.
    pub fn new(capacity: u64, period_nanos: u64, burst: u64) -> Self {
        Self { capacity, period_nanos, burst, initial: u64::MAX, max_waiters: usize::MAX, start: 0 }
    }
}

/// What a limiter counts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// The theoretical arrival time.
    Counting(i128),
    /// A debt past counting.
    Saturated,
    Closed,
    Bypassed,
}

/// A limiter and its line of waiters.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) built: Limiter,
    /// T.
    pub(crate) interval: i128,
    /// burst · T.
    pub(crate) depth: i128,
    pub(crate) word: Word,
    pub(crate) line: Vec<Place>,
    /// What became of waits that were ended.
    pub(crate) verdicts: BTreeMap<usize, Verdict>,
    pub(crate) record: Record,
}

const YEAR: i128 = 31_557_600_000_000_000;

/// The word lasts 58 years at the fastest rate, and longer at others. The limiter may have been built when 8 of them were over.
const COUNTED: i128 = 49 * YEAR;

/// And 293 at the slowest.
const PAST_COUNTING: i128 = 293 * YEAR;

/// Readings of a clock are told apart for 36 years at the fastest rate.
const READ: i128 = 28 * YEAR;

impl Model {
    /// A limiter at the reading at which it is built.
    pub fn new(built: Limiter) -> Self {
        let interval = i128::from(built.period_nanos);
        let depth = i128::from(built.burst) * interval;
        let mut model = Self {
            built,
            interval,
            depth,
            word: Word::Counting(0),
            line: Vec::new(),
            verdicts: BTreeMap::new(),
            record: Record::new(depth),
        };
        model.fill(0);
        model
    }

    /// The word as it is built, at `now`.
    pub(crate) fn fill(&mut self, now: i128) {
        let initial = self.built.initial.min(self.built.burst);
        self.word = Word::Counting(now + self.depth - i128::from(initial) * self.interval);
    }

    /// A clock reading, counted from when the limiter was built.
    pub(crate) fn time(&self, at: u64) -> i128 {
        (i128::from(at) - i128::from(self.built.start)) * i128::from(self.built.capacity)
    }

    /// What `n` permits cost. No more than leaves room for sums.
    pub(crate) fn size(&self, n: u64) -> i128 {
        i128::from(n).saturating_mul(self.interval).min(i128::MAX / 4)
    }

    /// A stretch of time in ns, rounded up.
    pub(crate) fn nanos(&self, time: i128) -> u128 {
        let time = u128::try_from(time).unwrap_or(0);
        time.div_ceil(self.built.capacity.into())
    }

    /// By how much permits run ahead of the clock.
    fn ahead(&self, now: i128) -> Option<i128> {
        match self.word {
            Word::Counting(tat) => Some((tat - now).max(0)),
            Word::Bypassed => Some(0),
            Word::Saturated | Word::Closed => None,
        }
    }

    /// Whole permits to be had at a reading `slack` ns later.
    pub fn available(&self, at: u64, slack: i64) -> u64 {
        let now = self.time(at) + i128::from(slack) * i128::from(self.built.capacity);
        let room = self.ahead(now).map_or(0, |ahead| (self.depth - ahead).max(0));
        u64::try_from(room / self.interval).expect("at most the burst")
    }

    /// How many of `n` permits are missing at a reading `slack` ns later; `None` if no time brings them.
    pub fn needed(&self, at: u64, slack: i64, n: u64) -> Option<i128> {
        let now = self.time(at) + i128::from(slack) * i128::from(self.built.capacity);
        let needed = i128::from(n) - (self.depth - self.ahead(now)?).div_euclid(self.interval);
        Some(if n == 0 { needed.min(0) } else { needed })
    }

    /// Whether it refuses everyone.
    pub fn is_closed(&self) -> bool {
        self.word == Word::Closed
    }

    /// Whether a debt of `n` permits can be counted for certain, or for certain not; `None` if that is the implementation's.
    pub fn counts(&self, at: u64, n: u64) -> Option<bool> {
        let Word::Counting(tat) = self.word else { return Some(true) };
        let end = tat.max(self.time(at)) + self.size(n);
        let capacity = i128::from(self.built.capacity);
        // Compared by division, as 293 years of the fastest rates are past 128 bits.
        (end / capacity <= COUNTED).then_some(true).or((end / capacity > PAST_COUNTING).then_some(false))
    }

    /// Whether a place of `n` permits, and the reading at which it comes due, can be counted for certain.
    pub fn counts_place(&self, at: u64, n: u64) -> bool {
        let Word::Counting(tat) = self.word else { return true };
        let due = tat.max(self.time(at)) + self.size(n) - self.depth;
        self.counts(at, n) == Some(true) && due / i128::from(self.built.capacity) <= READ
    }

    /// Whether a decision on `n` permits changes, or a place comes due, within `slack` ns of a reading: whoever rounds readings
    /// may decide otherwise there.
    pub fn is_close(&self, at: u64, n: u64, slack: u64) -> bool {
        let slack = i128::from(slack) * i128::from(self.built.capacity);
        let now = self.time(at);
        let decision = match self.word {
            Word::Counting(tat) if n > 0 => Some(tat + self.size(n) - self.depth),
            _ => None,
        };
        let places = self.line.iter().map(|place| place.end - self.depth);
        places.chain(decision).any(|boundary| (boundary - now).abs() <= slack)
    }
}
