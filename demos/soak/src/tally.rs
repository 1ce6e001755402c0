//! Counts of events.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps the largest value.
    pub(crate) fn at_least(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) grants: Count,
    pub(crate) refusals: Count,
    pub(crate) waits: Count,
    pub(crate) refunds: Count,
    pub(crate) debts: Count,
    pub(crate) cancels: Count,
    pub(crate) keeps: Count,
    pub(crate) leaks: Count,
    pub(crate) panics: Count,
    /// Threads that left during a wait.
    pub(crate) deaths: Count,
    /// Threads and tasks that replaced others.
    pub(crate) heirs: Count,
    /// Steps of a clock.
    pub(crate) steps: Count,
    /// Bypasses, resets, closings and the like.
    pub(crate) controls: Count,
    /// Checks of several entries of one thread.
    pub(crate) orders: Count,
    /// Grants handed from their holder to the next waiter.
    pub(crate) relays: Count,
    /// The slowest of these, in microseconds.
    pub(crate) slowest: Count,
    /// Limits and keys that were checked for their last permit at the end.
    pub(crate) gathered: Count,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("grants", &self.grants),
            ("refusals", &self.refusals),
            ("waits", &self.waits),
            ("refunds", &self.refunds),
            ("debts", &self.debts),
            ("cancelled", &self.cancels),
            ("kept", &self.keeps),
            ("leaked", &self.leaks),
            ("panics", &self.panics),
            ("threads that left mid-wait", &self.deaths),
            ("control verbs", &self.controls),
            ("steps of a clock", &self.steps),
        ];
        let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{} {name}", count.get())).collect();
        f.write_str(&counts.join(", "))
    }
}
