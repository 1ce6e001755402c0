//! A limiter under test, and what may be done with it.

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
    /// What all that ask it may have together.
    pub(crate) quota: Quota,
    /// The most that is asked for at a time.
    pub(crate) most: u64,
    /// What may slip unseen, besides what the journal says.
    pub(crate) grace: u64,
    /// Whether places and permits are given back.
    pub(crate) gives_back: bool,
    /// Whether it is closed, breached and reset now and then, so that no bound holds from one end to the other.
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

    /// One of several that are asked as one: whoever lets those go who wait for all of them may take what is asked for from one,
    /// and give it back because another refuses. There is one such at a time.
    pub(crate) fn of_a_set(self) -> Self {
        Self { grace: self.most, ..self }
    }

    pub(crate) fn controlled(self) -> Self {
        Self { controlled: true, ..self }
    }

    /// How much to ask for: as often little as much, whatever that is here.
    pub(crate) fn amount(&self, rng: &mut StdRng) -> u64 {
        let bits = rng.random_range(0..=self.most.ilog2());
        rng.random_range(1..=(1 << bits << 1).min(self.most))
    }

    /// Does the work that something was granted for, and settles it: kept, given back, less or more than thought, or the work
    /// panics.
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
