//! A call under way.

use std::fmt;

use super::ledger::CallId;
use super::limiter::LlmLimiter;
use super::usage::Usage;
use crate::clock::Clock;
use crate::held::Held;

/// Leave to make one call, to be settled when it is over.
///
/// | the call | say |
/// |---|---|
/// | was answered | [`settle`](Self::settle) with what it used |
/// | was streamed | [`stream`](Self::stream) as tokens arrive, then [`settle`](Self::settle), or [`end`](Self::end) if nobody says what it used |
/// | was never sent | [`cancel`](Self::cancel) |
/// | failed | [`fail`](Self::fail), with what the provider charges for that |
///
/// Dropped without a word (by a panic, with a cancelled task), the estimate stands: it may have been sent. In any case the
/// slot is free then.
#[must_use = "dropped, the call is over and its estimate stands"]
pub struct Call<'a, C: Clock> {
    limiter: Held<'a, LlmLimiter<C>>,
    id: CallId,
    estimate: Usage,
    /// Tokens of the reply that have arrived.
    streamed: u64,
    settled: bool,
}

/// What a provider charges for a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// A request, but no tokens: as for most errors.
    Request,
    /// All that it was estimated to use: as for an answer that got lost.
    Estimate,
    /// Nothing: refused before it was counted.
    Nothing,
}

impl<C: Clock> fmt::Debug for Call<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("estimate", &self.estimate)
            .field("streamed", &self.streamed)
            .finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Call<'a, C> {
    pub(super) fn new(limiter: Held<'a, LlmLimiter<C>>, id: CallId, estimate: Usage) -> Self {
        Self { limiter, id, estimate, streamed: 0, settled: false }
    }

    #[cfg(feature = "http")]
    pub(super) fn limiter(&self) -> &LlmLimiter<C> {
        &self.limiter
    }

    #[cfg(feature = "http")]
    pub(super) fn id(&self) -> CallId {
        self.id
    }

    /// What it was estimated to use.
    pub fn estimate(&self) -> Usage {
        self.estimate
    }

    /// It is over, and used so much. What was estimated too high moves up those who wait; what was too low becomes a debt.
    pub fn settle(mut self, actual: impl Into<Usage>) {
        self.finish(1, actual.into());
    }

    /// Nothing was sent: all of it is given back.
    pub fn cancel(mut self) {
        self.finish(0, Usage::default());
    }

    /// It failed, and the provider charges so much for it.
    pub fn fail(mut self, charged: Charged) {
        match charged {
            Charged::Request => self.finish(1, Usage::default()),
            Charged::Estimate => self.finish(1, self.estimate),
            Charged::Nothing => self.finish(0, Usage::default()),
        }
    }

    /// So many tokens of the reply have arrived since this was last said. What goes beyond the estimate is charged at once.
    pub fn stream(&mut self, tokens: u64) {
        let covered = self.streamed.max(self.estimate.output);
        self.streamed = self.streamed.saturating_add(tokens);
        let more = self.streamed.saturating_sub(covered);
        if more != 0 {
            self.limiter.add(self.id, Usage::new(0, more));
        }
    }

    /// The stream has ended: it used what was estimated for the prompt, and the tokens that arrived.
    pub fn end(mut self) {
        let actual = Usage { output: self.streamed, ..self.estimate };
        self.finish(1, actual);
    }

    fn finish(&mut self, requests: u64, actual: Usage) {
        self.settled = true;
        self.limiter.settle(self.id, requests, actual);
    }
}

impl<C: Clock> Drop for Call<'_, C> {
    fn drop(&mut self) {
        if !self.settled {
            self.limiter.keep(self.id);
        }
    }
}
