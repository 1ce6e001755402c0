//! A call under way.

use std::fmt;

use super::gate::LetGo;
use super::ledger::CallId;
use super::limiter::LlmLimiter;
use super::per_limit::PerLimit;
use super::usage::Usage;
use crate::clock::{Clock, SystemClock};
use crate::held::Held;

/// Leave to make one call, to be settled when the call is over.
///
/// | the call | settle it with |
/// |---|---|
/// | was answered | [`reconcile`](Self::reconcile), with what it used |
/// | was streamed | [`stream`](Self::stream) as tokens arrive, then [`reconcile`](Self::reconcile), or [`end`](Self::end) if the provider does not say what it used |
/// | was never sent | [`refund`](Self::refund) |
/// | failed | [`fail`](Self::fail), with what the provider charges for that |
///
/// If dropped unsettled (by a panic, with a cancelled task), the call is charged at its estimate,
/// because it may have been sent. In any case its slot is free then.
///
/// # Examples
///
/// ```
/// use limitor::llm::{LlmLimiter, Usage};
///
/// let limiter = LlmLimiter::builder().tokens_per_day(10_000).build()?;
/// let call = limiter.try_acquire(Usage::new(1_000, 500)).unwrap(); // the estimate
/// assert_eq!(call.remaining().tokens_per_day, Some(8_500));
/// call.reconcile(Usage::new(1_000, 120)); // what it used
/// assert_eq!(limiter.available().tokens_per_day, Some(8_880));
/// # Ok::<(), limitor::BuildError>(())
/// ```
#[must_use = "a call that is dropped is over, and charged at its estimate"]
pub struct Call<'a, C: Clock = SystemClock> {
    limiter: Held<'a, LlmLimiter<C>>,
    let_go: LetGo,
    estimate: Usage,
    /// Tokens of the reply that have arrived.
    streamed: u64,
    settled: bool,
}

/// What a provider charges for a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Charged {
    /// A request, but no tokens: for most errors.
    Request,
    /// All that the call was estimated to use: for an answer that was lost.
    Estimate,
    /// Nothing: the provider refused the call before it counted it.
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
    pub(super) fn new(limiter: Held<'a, LlmLimiter<C>>, let_go: LetGo, estimate: Usage) -> Self {
        Self { limiter, let_go, estimate, streamed: 0, settled: false }
    }

    #[cfg(feature = "http")]
    pub(super) fn limiter(&self) -> &LlmLimiter<C> {
        &self.limiter
    }

    pub(super) fn id(&self) -> CallId {
        self.let_go.id
    }

    /// Returns what the call was estimated to use.
    pub fn estimate(&self) -> Usage {
        self.estimate
    }

    /// Returns what each limit had available directly after the call was let go, in whole requests
    /// or tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    ///
    /// let limiter = LlmLimiter::builder().requests_per_day(10).tokens_per_day(9_000).build()?;
    /// let call = limiter.try_acquire(Usage::new(1_000, 500)).unwrap();
    /// assert_eq!(call.remaining().requests_per_day, Some(9));
    /// assert_eq!(call.remaining().tokens_per_day, Some(7_500));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn remaining(&self) -> PerLimit {
        self.let_go.remaining
    }

    /// Ends the call at what it used. If that is less than estimated, the difference is refunded
    /// and waiters move forward. If it is more, the difference becomes a debt.
    ///
    /// Never waits and never fails, however large the debt.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_day(9_000).build()?;
    /// limiter.try_acquire(Usage::new(1_000, 500)).unwrap().reconcile(Usage::new(1_000, 100));
    /// assert_eq!(limiter.available().tokens_per_day, Some(7_900));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[doc(alias = "settle")]
    pub fn reconcile(mut self, actual: impl Into<Usage>) {
        self.finish(1, actual.into());
    }

    /// Refunds the whole call: nothing was sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    ///
    /// let limiter = LlmLimiter::builder().requests_per_day(10).build()?;
    /// limiter.try_acquire(Usage::new(1_000, 500)).unwrap().refund();
    /// assert_eq!(limiter.available().requests_per_day, Some(10));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[doc(alias = "cancel")]
    pub fn refund(mut self) {
        self.finish(0, Usage::default());
    }

    /// Ends a call that failed, at what the provider charges for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{Charged, LlmLimiter, Usage};
    ///
    /// let limiter = LlmLimiter::builder().requests_per_day(10).tokens_per_day(9_000).build()?;
    /// limiter.try_acquire(Usage::new(1_000, 500)).unwrap().fail(Charged::Request);
    /// let available = limiter.available();
    /// assert_eq!((available.requests_per_day, available.tokens_per_day), (Some(9), Some(9_000)));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn fail(mut self, charged: Charged) {
        match charged {
            Charged::Request => self.finish(1, Usage::default()),
            Charged::Estimate => self.finish(1, self.estimate),
            Charged::Nothing => self.finish(0, Usage::default()),
        }
    }

    /// Counts `tokens` of the reply that have arrived since the last call of this. What exceeds the
    /// estimate is charged at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_day(9_000).build()?;
    /// let mut call = limiter.try_acquire(Usage::new(1_000, 200)).unwrap();
    /// call.stream(150);
    /// call.stream(150); // 100 more than the estimate
    /// assert_eq!(limiter.available().tokens_per_day, Some(7_700));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn stream(&mut self, tokens: u64) {
        let covered = self.streamed.max(self.estimate.output);
        self.streamed = self.streamed.saturating_add(tokens);
        let more = self.streamed.saturating_sub(covered);
        if more != 0 {
            self.limiter.add(self.id(), Usage::new(0, more));
        }
    }

    /// Ends a streamed call: it used what was estimated for the prompt, and the tokens that
    /// arrived.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_day(9_000).build()?;
    /// let mut call = limiter.try_acquire(Usage::new(1_000, 200)).unwrap();
    /// call.stream(50);
    /// call.end();
    /// assert_eq!(limiter.available().tokens_per_day, Some(7_950));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn end(mut self) {
        let actual = self.estimate.output(self.streamed);
        self.finish(1, actual);
    }

    fn finish(&mut self, requests: u64, actual: Usage) {
        self.settled = true;
        self.limiter.settle(self.id(), requests, actual);
    }
}

impl<C: Clock> Drop for Call<'_, C> {
    fn drop(&mut self) {
        if !self.settled {
            self.limiter.keep(self.id());
        }
    }
}
