//! Records grants and refunds, with the clock readings that count.

use std::sync::{Mutex, PoisonError};

use limitor::Clock;

use crate::clock::{Trace, Warp};
use crate::order::{self, Served, Wait};

/// A line of a journal. The reading that counts is between `from` and `to`, both included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) what: What,
    pub(crate) n: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// For a grant: a reading at which the caller had the grant, if the order of grants is checked
    /// by it.
    pub(crate) got: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// Given back by the holder of a grant.
    Back,
    /// Maybe given back without a grant: an entry that was left, or a request for several limits
    /// that one of them refused.
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

    /// Records that a caller had an entry and was still waiting.
    pub(crate) fn waited(&self, wait: Wait) {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push(wait);
    }

    /// Returns grants that overtook an earlier request; and the number of grants and waits that
    /// were compared.
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

    /// Records a grant by its readings. An immediate decision counts at its one reading. A wait
    /// counts when it came due. That is between its first reading and the reading by which a
    /// thread, maybe another, found it due.
    pub(crate) fn granted(&self, n: u64, trace: Trace) {
        let by = match trace.count {
            0 | 1 => trace.last,
            // If the clock was set back meanwhile, it may have been later than now.
            _ if self.clock.steps() => self.clock.highest(),
            _ => self.clock.glance(),
        };
        let got = (!self.clock.steps()).then(|| self.clock.glance());
        self.add(What::Granted, n, (trace.first, by.max(trace.last)), got);
    }

    /// Records a grant that counts between these readings.
    pub(crate) fn granted_between(&self, n: u64, from: u64, to: u64) {
        self.add(What::Granted, n, (from, to), None);
    }

    /// Records a call that may give back `n` permits.
    pub(crate) fn giving_back<R>(&self, n: u64, call: impl FnOnce() -> R) -> R {
        self.around(What::Back, n, call)
    }

    /// Records a call that may give back `n` permits that were not granted.
    pub(crate) fn slipping<R>(&self, n: u64, call: impl FnOnce() -> R) -> R {
        self.around(What::Slip, n, call)
    }

    fn around<R>(&self, what: What, n: u64, call: impl FnOnce() -> R) -> R {
        let from = self.clock.now().ticks();
        let answer = call();
        if self.clock.steps() {
            // On a clock that is set back, permits may come back at any reading, also before they
            // were taken.
            self.add(What::Back, n, (0, u64::MAX), None);
        } else {
            self.add(what, n, (from, self.clock.now().ticks()), None);
        }
        answer
    }
}
