//! A limiter under test, and the operations on it.

use std::sync::Arc;

use limitor::{Builder, Grant, Quota, RateLimiter};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::clock::{Trace, Warp};
use crate::faults::Fault;
use crate::journal::Journal;
use crate::tally::Tally;

#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) limiter: Arc<RateLimiter<Warp>>,
    pub(crate) journal: Journal,
    /// The quota of all callers together.
    pub(crate) quota: Quota,
    /// The largest request.
    pub(crate) most: u64,
    /// Permits that may be unseen, besides those in the journal.
    pub(crate) grace: u64,
    /// Whether reservations are cancelled and permits refunded.
    pub(crate) gives_back: bool,
    /// Whether the limiter is closed, bypassed and reset sometimes, so that no bound holds over the
    /// whole run.
    pub(crate) controlled: bool,
}

impl Subject {
    pub(crate) fn new(name: &'static str, quota: &str, clock: &Warp, most: u64) -> Self {
        Self::built(name, quota, clock, most, |builder| builder)
    }

    pub(crate) fn built(
        name: &'static str,
        quota: &str,
        clock: &Warp,
        most: u64,
        build: impl FnOnce(Builder<Warp>) -> Builder<Warp>,
    ) -> Self {
        let quota: Quota = quota.parse().expect("a valid quota");
        let limiter = Arc::new(build(RateLimiter::builder(quota).clock(clock.clone())).build());
        let journal = Journal::new(clock.clone());
        Self { name, limiter, journal, quota, most, grace: 0, gives_back: true, controlled: false }
    }

    pub(crate) fn keeping_all(self) -> Self {
        Self { gives_back: false, ..self }
    }

    /// Marks one of several limits that are asked as one. A thread that grants waiters of the set
    /// may take permits from one limit, and give them back because another refuses. One such thread
    /// exists at a time.
    pub(crate) fn of_a_set(self) -> Self {
        Self { grace: self.most, ..self }
    }

    pub(crate) fn controlled(self) -> Self {
        Self { controlled: true, ..self }
    }

    /// Draws the size of a request: small as often as large.
    pub(crate) fn amount(&self, rng: &mut StdRng) -> u64 {
        let bits = rng.random_range(0..=self.most.ilog2());
        rng.random_range(1..=(1 << bits << 1).min(self.most))
    }

    /// Does the work of a grant, and settles it: kept, given back, less or more than estimated; or
    /// the work panics.
    pub(crate) fn work(&self, grant: Grant<'_, Warp>, trace: Trace, rng: &mut StdRng, tally: &Tally) {
        let n = grant.amount();
        self.journal.granted(n, trace);
        tally.grants.count();
        Fault::maybe(rng, tally);
        match rng.random_range(0..100) {
            0..10 if self.gives_back => {
                self.journal.giving_back(n, || grant.refund());
                tally.refunds.count();
            }
            10..20 if self.gives_back => {
                let used = rng.random_range(0..=n);
                self.journal.giving_back(n - used, || grant.reconcile(used));
                tally.refunds.count();
            }
            20..23 => {
                grant.reconcile(n + rng.random_range(1..=n));
                tally.debts.count();
            }
            _ => drop(grant),
        }
    }
}
