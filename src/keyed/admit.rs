//! The seam over a key of a keyed limiter.

use std::future::{Ready, ready};

use super::acquire::Acquire;
use super::grant::Grant;
use super::handle::Key;
use crate::admit::{Admit, Settle};
use crate::clock::Clock;
use crate::error::AcquireError;
use crate::pace::Patience;

impl<'a, K, C: Clock> Admit for Key<'a, K, C> {
    type Cost = u64;
    type Grant = Grant<'a, K, C>;
    type Refusal = AcquireError;
    type Trying = Ready<Result<Self::Grant, Self::Refusal>>;
    type Admitting = Acquire<'a, K, C>;

    fn try_admit(&self, cost: u64) -> Self::Trying {
        ready(self.try_acquire(cost).map_err(Into::into))
    }

    fn admit(&self, cost: u64, patience: Patience) -> Self::Admitting {
        self.acquire(cost).patience(patience)
    }

    fn admit_blocking(&self, cost: u64, patience: Patience) -> Result<Self::Grant, Self::Refusal> {
        self.admit(cost, patience).wait()
    }
}

impl<K, C: Clock> Settle for Grant<'_, K, C> {
    type Cost = u64;

    fn reconcile(self, actual: u64) {
        Grant::reconcile(self, actual);
    }

    fn refund(self) {
        Grant::refund(self);
    }
}
