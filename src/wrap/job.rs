//! Work under way, and what becomes of its grant however it ends.

use crate::admit::{Admit, Settle};
use crate::pace::Patience;

/// What becomes of the permits of work that ends without a result: by an `Err`, by a panic, or
/// because its future is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnError {
    /// They stay spent as estimated: the request may have been sent, and counted by its receiver.
    /// This is the default.
    #[default]
    Keep,
    /// They are refunded: work that fails is known to cost nothing.
    Refund,
}

/// One piece of work. Unless it is [done](Self::done), it ends without a result.
pub(crate) struct Job<L: Admit> {
    /// Until the work has ended.
    grant: Option<L::Grant>,
    on_error: OnError,
}

impl<L: Admit> Job<L> {
    pub(crate) fn begin(limiter: &L, cost: L::Cost, patience: Patience, on_error: OnError) -> Result<Self, L::Refusal> {
        limiter.admit_blocking(cost, patience).map(|grant| Self { grant: Some(grant), on_error })
    }

    pub(crate) async fn begin_async(
        limiter: &L,
        cost: L::Cost,
        patience: Patience,
        on_error: OnError,
    ) -> Result<Self, L::Refusal> {
        limiter.admit(cost, patience).await.map(|grant| Self { grant: Some(grant), on_error })
    }

    /// The work has a result, and cost its estimate or `actual`.
    pub(crate) fn done(mut self, actual: Option<L::Cost>) {
        if let (Some(grant), Some(actual)) = (self.grant.take(), actual) {
            grant.reconcile(actual);
        }
    }
}

impl<L: Admit> Drop for Job<L> {
    fn drop(&mut self) {
        if let (Some(grant), OnError::Refund) = (self.grant.take(), self.on_error) {
            grant.refund();
        }
    }
}
