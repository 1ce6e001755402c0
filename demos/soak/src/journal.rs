//! What was granted and given back, with the clock readings that count.

use std::sync::{Mutex, PoisonError};

use limitor::Clock;

use crate::clock::{Trace, Warp};
use crate::order::{self, Served, Wait};

/// A line of a journal. The reading that counts lies from `from` to `to`, both included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) what: What,
    pub(crate) n: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// Of a grant: a reading by which whoever asked had it in hand, if that says who was served before whom.
    pub(crate) got: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// Given back by whom it was granted.
    Back,
    /// Maybe given back without having been granted: a place that was left, a request of several limits that one refused.
    Slip,
    Granted,
}

/// The journal of one limiter, or of one key.
#[derive(Debug)]
pub(crate) struct Journal {
    clock: Warp,
    entries: Mutex<Vec<Entry>>,
    waits: Mutex<Vec<Wait>>,
}

impl Journal {
    pub(crate) fn new(clock: Warp) -> Self {
        Self { clock, entries: Mutex::default(), waits: Mutex::default() }
    }

    pub(crate) fn clock(&self) -> &Warp {
        &self.clock
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody had a place, and was still waiting for it.
    pub(crate) fn waited(&self, wait: Wait) {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push(wait);
    }

    /// Who was served before somebody who had come first; and how many were looked at, and before whom.
    pub(crate) fn overtakers(&self) -> (Vec<Served>, [usize; 2]) {
        let served = |entry: &Entry| entry.got.map(|got| Served { came: entry.from, got });
        let served: Vec<_> = self.entries().iter().filter_map(served).collect();
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if waits.is_empty() {
            return (Vec::new(), [0, 0]);
        }
        (order::overtakers(&waits, &served), [served.len(), waits.len()])
    }

    fn add(&self, what: What, n: u64, (from, to): (u64, u64), got: Option<u64>) {
        let entry = Entry { what, n, from, to, got };
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// A grant, by the readings that it took. A decision made at once counts at the one reading it took; one that was
    /// waited for when it came due, which is somewhere from its first reading to the one by which somebody, maybe another,
    /// found it due.
    pub(crate) fn granted(&self, n: u64, trace: Trace) {
        let by = match trace.count {
            0 | 1 => trace.last,
            // Set back meanwhile, the clock may have been later than it is.
            _ if self.clock.steps() => self.clock.highest(),
            _ => self.clock.glance(),
        };
        let got = (!self.clock.steps()).then(|| self.clock.glance());
        self.add(What::Granted, n, (trace.first, by.max(trace.last)), got);
    }

    /// A grant that counts somewhere between these readings.
    pub(crate) fn granted_between(&self, n: u64, from: u64, to: u64) {
        self.add(What::Granted, n, (from, to), None);
    }

    /// What may give `n` back, during which it may have been given back.
    pub(crate) fn giving_back<R>(&self, n: u64, call: impl FnOnce() -> R) -> R {
        self.around(What::Back, n, call)
    }

    /// What may give back `n` that were not granted.
    pub(crate) fn slipping<R>(&self, n: u64, call: impl FnOnce() -> R) -> R {
        self.around(What::Slip, n, call)
    }

    fn around<R>(&self, what: What, n: u64, call: impl FnOnce() -> R) -> R {
        let from = self.clock.now().ticks();
        let answer = call();
        if self.clock.steps() {
            // On a clock that is set back it may come back before it was taken, at any reading.
            self.add(What::Back, n, (0, u64::MAX), None);
        } else {
            self.add(what, n, (from, self.clock.now().ticks()), None);
        }
        answer
    }
}
