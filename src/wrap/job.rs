//! Work under way, and what becomes of its permits however it ends.

use std::time::Duration;

use super::limit::{Limit, Pass};
use crate::clock::Clock;
use crate::error::AcquireError;

/// What becomes of the permits of work that ends without a result: by an `Err`, by a panic, or because its future is
/// dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// They stay spent as estimated: the request may have been sent, and counted where it went. This is the default.
    #[default]
    Keep,
    /// They are given back: work that fails is known to cost nothing.
    Refund,
}

/// One piece of work. Unless it is [done](Self::done), it ends without a result.
pub(crate) struct Job<'a, C: Clock> {
    /// Until it has ended.
    pass: Option<Pass<'a, C>>,
    on_error: OnError,
}

impl<'a, C: Clock> Job<'a, C> {
    pub(crate) fn begin(
        limit: &Limit<'a, C>,
        cost: u64,
        timeout: Option<Duration>,
        on_error: OnError,
    ) -> Result<Self, AcquireError> {
        limit.wait(cost, timeout).map(|pass| Self { pass: Some(pass), on_error })
    }

    pub(crate) async fn begin_async(
        limit: &Limit<'a, C>,
        cost: u64,
        timeout: Option<Duration>,
        on_error: OnError,
    ) -> Result<Self, AcquireError> {
        limit.ready(cost, timeout).await.map(|pass| Self { pass: Some(pass), on_error })
    }

    /// The work has a result, and cost what was estimated or what it did.
    pub(crate) fn done(mut self, actual: Option<u64>) {
        if let (Some(pass), Some(actual)) = (self.pass.take(), actual) {
            pass.reconcile(actual);
        }
    }
}

impl<C: Clock> Drop for Job<'_, C> {
    fn drop(&mut self) {
        if let (Some(pass), OnError::Refund) = (self.pass.take(), self.on_error) {
            pass.reconcile(0);
        }
    }
}
