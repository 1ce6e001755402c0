//! Permits, and entries in the queue for them.

use crate::queue::{Entry, Kind};
use crate::word::{Model, Word};

/// Whether a grant was charged to the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// Charged, so it can be settled.
    Counted,
    /// Not charged: the limiter was bypassed.
    Free,
}

/// Why a request was refused; times in ns, rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It would be granted after this time.
    NotYet(u128),
    /// It would take this time, which exceeds the limit.
    TooLong(u128),
    /// More than the burst was requested.
    ExceedsBurst,
    /// The queue is full.
    QueueFull,
    /// The limiter is closed.
    Closed,
    /// A debt is too large to be counted.
    Saturated,
}

/// The result of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// Granted without a wait.
    Granted(Charge),
    /// The wait, in ns, rounded up.
    Waits(u128),
}

impl Model {
    /// Takes `n` permits if they are available.
    pub fn try_acquire(&mut self, at: u64, n: u64) -> Result<Charge, Refusal> {
        let now = self.read(at);
        self.take(now, n)
    }

    fn take(&mut self, now: i128, n: u64) -> Result<Charge, Refusal> {
        if n > self.built.burst {
            return Err(Refusal::ExceedsBurst);
        }
        match self.word {
            Word::Closed => Err(Refusal::Closed),
            Word::Bypassed => Ok(Charge::Free),
            Word::Counting(_) | Word::Saturated if n == 0 => Ok(Charge::Counted),
            Word::Saturated => Err(Refusal::Saturated),
            Word::Counting(tat) => {
                let new = tat.max(now) + self.size(n);
                if new - now > self.depth {
                    return Err(Refusal::NotYet(self.nanos(new - now - self.depth)));
                }
                self.word = Word::Counting(new);
                if !self.queue.is_empty() {
                    self.record.overtake();
                }
                self.record.grant(now, self.size(n));
                Ok(Charge::Counted)
            }
        }
    }

    /// Takes as many permits as are available, at least one and at most `n`. Returns the number.
    pub fn try_acquire_up_to(&mut self, at: u64, n: u64) -> Result<(u64, Charge), Refusal> {
        let now = self.read(at);
        let most = n.min(self.available(at, 0)).max(n.min(1));
        self.take(now, most).map(|charge| (most, charge))
    }

    /// Takes `n` permits, or an entry for them named `id` if that comes due `within` so many ns.
    pub fn reserve(&mut self, at: u64, n: u64, within: Option<u64>, id: usize) -> Result<Reserved, Refusal> {
        let now = self.read(at);
        match self.take(now, n) {
            Err(Refusal::NotYet(_)) => {}
            decided => return decided.map(Reserved::Granted),
        }
        self.settle(now);
        if self.waiting() >= self.built.max_waiters {
            return Err(Refusal::QueueFull);
        }
        let Word::Counting(tat) = self.word else { unreachable!("the request would have been granted or refused") };
        let size = self.size(n);
        let end = tat.max(now) + size;
        let wait = end - now - self.depth;
        if within.is_some_and(|within| wait > i128::from(within) * i128::from(self.built.capacity)) {
            return Err(Refusal::TooLong(self.nanos(wait)));
        }
        self.word = Word::Counting(end);
        self.queue.push(Entry { id, end, size, kind: Kind::Waiting, since: self.record.moment(now) });
        Ok(Reserved::Waits(self.nanos(wait)))
    }
}
