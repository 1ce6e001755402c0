//! The state of a limiter, and the queries that do not change it.

use std::collections::BTreeMap;

use crate::bound::Record;
use crate::queue::{Entry, Verdict};

/// The configuration of a limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limiter {
    /// Permits per period.
    pub capacity: u64,
    /// The period in ns.
    pub period_nanos: u64,
    /// The most permits that are available at one time.
    pub burst: u64,
    /// Permits available at the start and after a reset. Larger values are clamped to the burst.
    pub initial: u64,
    /// The most waiters at the same time.
    pub max_waiters: usize,
    /// The reading of the clock when the limiter is built.
    pub start: u64,
}

impl Limiter {
    /// Full at the start, any number of waiters, on a clock at 0.
    pub fn new(capacity: u64, period_nanos: u64, burst: u64) -> Self {
        Self { capacity, period_nanos, burst, initial: u64::MAX, max_waiters: usize::MAX, start: 0 }
    }
}

/// The value of the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// The theoretical arrival time.
    Counting(i128),
    /// A debt that is too large to be counted.
    Saturated,
    Closed,
    Bypassed,
}

/// A limiter and its queue of waiters.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) built: Limiter,
    /// T.
    pub(crate) interval: i128,
    /// burst · T.
    pub(crate) depth: i128,
    pub(crate) word: Word,
    pub(crate) queue: Vec<Entry>,
    /// The results of waits that were ended.
    pub(crate) verdicts: BTreeMap<usize, Verdict>,
    pub(crate) record: Record,
}

const YEAR: i128 = 31_557_600_000_000_000;

/// The word lasts 58 years at the fastest rate, and longer at others. The limiter may have been
/// built after 8 of them.
const COUNTED: i128 = 49 * YEAR;

/// And 293 years at the slowest rate.
const PAST_COUNTING: i128 = 293 * YEAR;

/// Readings of a clock can be distinguished for 36 years at the fastest rate.
const READ: i128 = 28 * YEAR;

impl Model {
    /// Builds a limiter at the reading `start`.
    pub fn new(built: Limiter) -> Self {
        let interval = i128::from(built.period_nanos);
        let depth = i128::from(built.burst) * interval;
        let mut model = Self {
            built,
            interval,
            depth,
            word: Word::Counting(0),
            queue: Vec::new(),
            verdicts: BTreeMap::new(),
            record: Record::new(depth),
        };
        model.fill(0);
        model
    }

    /// Sets the word to its initial value, at `now`.
    pub(crate) fn fill(&mut self, now: i128) {
        let initial = self.built.initial.min(self.built.burst);
        self.word = Word::Counting(now + self.depth - i128::from(initial) * self.interval);
    }

    /// A clock reading, relative to the start of the limiter.
    pub(crate) fn time(&self, at: u64) -> i128 {
        (i128::from(at) - i128::from(self.built.start)) * i128::from(self.built.capacity)
    }

    /// The cost of `n` permits, clamped so that sums do not overflow.
    pub(crate) fn size(&self, n: u64) -> i128 {
        i128::from(n).saturating_mul(self.interval).min(i128::MAX / 4)
    }

    /// An interval of time in ns, rounded up.
    pub(crate) fn nanos(&self, time: i128) -> u128 {
        let time = u128::try_from(time).unwrap_or(0);
        time.div_ceil(self.built.capacity.into())
    }

    /// How far the TAT is ahead of the clock.
    fn ahead(&self, now: i128) -> Option<i128> {
        match self.word {
            Word::Counting(tat) => Some((tat - now).max(0)),
            Word::Bypassed => Some(0),
            Word::Saturated | Word::Closed => None,
        }
    }

    /// Whole permits available at a reading `slack` ns later.
    pub fn available(&self, at: u64, slack: i64) -> u64 {
        let now = self.time(at) + i128::from(slack) * i128::from(self.built.capacity);
        let room = self.ahead(now).map_or(0, |ahead| (self.depth - ahead).max(0));
        u64::try_from(room / self.interval).expect("at most the burst")
    }

    /// How many of `n` permits are missing at a reading `slack` ns later; `None` if waiting does
    /// not help.
    pub fn needed(&self, at: u64, slack: i64, n: u64) -> Option<i128> {
        let now = self.time(at) + i128::from(slack) * i128::from(self.built.capacity);
        let needed = i128::from(n) - (self.depth - self.ahead(now)?).div_euclid(self.interval);
        Some(if n == 0 { needed.min(0) } else { needed })
    }

    /// Whether the limiter is closed.
    pub fn is_closed(&self) -> bool {
        self.word == Word::Closed
    }

    /// Whether a debt of `n` permits can be counted: certainly, certainly not, or `None` if this
    /// depends on the implementation.
    pub fn counts(&self, at: u64, n: u64) -> Option<bool> {
        let Word::Counting(tat) = self.word else { return Some(true) };
        let end = tat.max(self.time(at)) + self.size(n);
        let capacity = i128::from(self.built.capacity);
        // Compared by division, because 293 years of the fastest rates exceed 128 bits.
        (end / capacity <= COUNTED).then_some(true).or((end / capacity > PAST_COUNTING).then_some(false))
    }

    /// Whether an entry of `n` permits, and the reading at which it comes due, can certainly be
    /// counted.
    pub fn counts_entry(&self, at: u64, n: u64) -> bool {
        let Word::Counting(tat) = self.word else { return true };
        let due = tat.max(self.time(at)) + self.size(n) - self.depth;
        self.counts(at, n) == Some(true) && due / i128::from(self.built.capacity) <= READ
    }

    /// Whether a decision on `n` permits changes, or an entry comes due, within `slack` ns of a
    /// reading. An implementation that rounds readings may decide otherwise there.
    pub fn is_close(&self, at: u64, n: u64, slack: u64) -> bool {
        let slack = i128::from(slack) * i128::from(self.built.capacity);
        let now = self.time(at);
        let decision = match self.word {
            Word::Counting(tat) if n > 0 => Some(tat + self.size(n) - self.depth),
            _ => None,
        };
        let entries = self.queue.iter().map(|entry| entry.end - self.depth);
        entries.chain(decision).any(|boundary| (boundary - now).abs() <= slack)
    }
}
