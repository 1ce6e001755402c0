//! The limiter for language-model calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::acquire::Acquire;
use super::builder::Builder;
use super::call::Call;
use super::ledger::{CallId, Ledger};
use super::usage::{Costs, Kind, Usage, costs};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::AcquireError;
use crate::error::LimitError;
use crate::held::Held;
use crate::turnstile::Turnstile;

/// Limits calls of a language model as its provider does: requests, tokens and calls under way, in one step.
///
/// A call is let go when all of its limits can grant what it is estimated to use, first come, first served. When it is done,
/// it is settled at what it really used: what was estimated too high moves up those who wait, what was too low becomes a
/// debt, which blocks and fails nothing that is paid for.
///
/// # What is promised
///
/// What calls really used, each at the time it was let go, stays within `burst + elapsed / T` of each limit over any stretch
/// of time: that is how providers count. (But for what an estimate was too low by, which nobody knew.) It is
/// a stronger promise than that of [`RateLimiter`](crate::RateLimiter), and it has a price: a call that ends when what
/// it took has come back already has nothing to give back. With calls that are short beside `burst · T`, a minute for a limit
/// per minute, next to all of what was estimated too high is used.
///
/// While all slots are taken nothing is charged. All is done under one lock, of which a call holds a microsecond or so:
/// calls take seconds.
///
/// # Examples
///
/// ```
/// use limitor::llm::{LlmLimiter, Usage};
///
/// let limiter = LlmLimiter::builder()
///     .requests_per_minute(500)
///     .tokens_per_minute(30_000)
///     .max_concurrent(16)
///     .build()?;
/// let call = limiter.acquire(Usage::new(1_000, 4_096)).wait()?;
/// // ... the request ...
/// call.settle(Usage::new(980, 240));
/// assert_eq!(limiter.available().tokens, Some(30_000 - 980 - 240));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LlmLimiter<C: Clock = SystemClock> {
    line: Turnstile<Ledger>,
    pub(super) clock: C,
    pub(super) max_pause: Duration,
    count_cached: bool,
}

/// A figure for each limit, in whole requests or tokens; `None` where there is no such limit, or nothing is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PerLimit {
    /// Requests per minute.
    pub requests: Option<u64>,
    /// Tokens per minute, of any kind.
    pub tokens: Option<u64>,
    /// Tokens of prompts per minute.
    pub input_tokens: Option<u64>,
    /// Tokens of replies per minute.
    pub output_tokens: Option<u64>,
    /// Requests per day.
    pub requests_per_day: Option<u64>,
    /// Tokens per day.
    pub tokens_per_day: Option<u64>,
}

impl PerLimit {
    fn of(mut figure: impl FnMut(Kind) -> Option<u64>) -> Self {
        Self {
            requests: figure(Kind::Requests),
            tokens: figure(Kind::Tokens),
            input_tokens: figure(Kind::Input),
            output_tokens: figure(Kind::Output),
            requests_per_day: figure(Kind::RequestsPerDay),
            tokens_per_day: figure(Kind::TokensPerDay),
        }
    }

    /// What is said, and of which limit.
    fn said(self) -> impl Iterator<Item = (Kind, u64)> {
        let figures = [
            self.requests,
            self.tokens,
            self.input_tokens,
            self.output_tokens,
            self.requests_per_day,
            self.tokens_per_day,
        ];
        Kind::ALL.into_iter().zip(figures).filter_map(|(kind, figure)| Some((kind, figure?)))
    }
}

impl<C: Clock> fmt::Debug for LlmLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlmLimiter").field("in_flight", &self.in_flight()).finish_non_exhaustive()
    }
}

impl LlmLimiter {
    /// A limiter built to order; without any limit unless it is told.
    pub fn builder() -> Builder {
        Builder::new(SystemClock::new())
    }
}

impl<C: Clock> LlmLimiter<C> {
    pub(super) fn assemble(
        ledger: Ledger,
        clock: C,
        max_waiters: usize,
        max_pause: Duration,
        count_cached: bool,
    ) -> Self {
        Self { line: Turnstile::new(ledger, max_waiters), clock, max_pause, count_cached }
    }

    pub(super) fn line(&self) -> &Turnstile<Ledger> {
        &self.line
    }

    pub(super) fn costs(&self, requests: u64, usage: Usage) -> Costs {
        costs(requests, usage, self.count_cached)
    }

    /// Its clock.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// Asks for leave to make a call that is estimated to use so much, to be waited for with [`wait`](Acquire::wait) on
    /// this thread or `.await`. Nothing is taken until then.
    ///
    /// Estimate the prompt with an [`Estimator`](super::Estimator) and the reply at the most it may be (`max_tokens`), or at
    /// what it usually is.
    pub fn acquire(&self, estimate: impl Into<Usage>) -> Acquire<'_, C> {
        Acquire::new(Held::Borrowed(self), estimate.into())
    }

    /// [`acquire`](Self::acquire) that keeps the limiter alive and borrows nothing.
    pub fn acquire_owned(self: &Arc<Self>, estimate: impl Into<Usage>) -> Acquire<'static, C> {
        Acquire::new(Held::Shared(Arc::clone(self)), estimate.into())
    }

    /// Leave to make a call now, if all limits grant it and nobody waits.
    ///
    /// # Errors
    ///
    /// [`LimitError`], with nothing charged: it names the limit that binds, and with [`AcquireError::TooLong`] how long it would
    /// take.
    pub fn try_acquire(&self, estimate: impl Into<Usage>) -> Result<Call<'_, C>, LimitError> {
        self.try_hold(Held::Borrowed(self), estimate.into())
    }

    /// [`try_acquire`](Self::try_acquire) that keeps the limiter alive and borrows nothing.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(self: &Arc<Self>, estimate: impl Into<Usage>) -> Result<Call<'static, C>, LimitError> {
        self.try_hold(Held::Shared(Arc::clone(self)), estimate.into())
    }

    fn try_hold<'a>(&self, held: Held<'a, Self>, estimate: Usage) -> Result<Call<'a, C>, LimitError> {
        let id = self.line.try_enter(&self.clock, &self.costs(1, estimate))?;
        Ok(Call::new(held, id, estimate))
    }

    pub(super) fn settle(&self, id: CallId, requests: u64, usage: Usage) {
        let actual = self.costs(requests, usage);
        self.line.update(&self.clock, |ledger, now| ledger.settle(id, &actual, now));
    }

    /// Ends a call at what it is charged.
    pub(super) fn keep(&self, id: CallId) {
        self.line.update(&self.clock, |ledger, now| {
            if let Some(charged) = ledger.charged(id) {
                ledger.settle(id, &charged, now);
            }
        });
    }

    pub(super) fn add(&self, id: CallId, usage: Usage) {
        let more = self.costs(0, usage);
        self.line.update(&self.clock, |ledger, now| ledger.add(id, &more, now));
    }

    /// What there is of each limit now.
    pub fn available(&self) -> PerLimit {
        let now = self.clock.now();
        self.line.with(|ledger| PerLimit::of(|kind| ledger.available(kind, now)))
    }

    /// No more than this is left, whoever used the rest: where there is more here, the difference is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{PerLimit, LlmLimiter};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(30_000).build()?;
    /// let mut left = PerLimit::default();
    /// left.tokens = Some(500); // others share the account
    /// limiter.lower_to(left);
    /// assert!(limiter.available().tokens < Some(600));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn lower_to(&self, left: PerLimit) {
        self.line.update(&self.clock, |ledger, now| {
            for (kind, left) in left.said() {
                ledger.lower(kind, left, now);
            }
        });
    }

    /// So much is allowed per minute, or per day, from now on; but no more than was configured. Bursts shrink as rates do: what
    /// there is stays, as far as there is room for it. Those who wait are re-timed. Calendar limits stay as they are.
    pub fn allow(&self, limits: PerLimit) {
        self.line.update(&self.clock, |ledger, now| {
            for (kind, capacity) in limits.said() {
                ledger.allow(kind, capacity, None, (self.clock.tick(), now));
            }
        });
    }

    /// How many calls are under way: let go and not yet settled.
    pub fn in_flight(&self) -> usize {
        self.line.with(Ledger::in_flight)
    }

    /// Whether it is as new: nothing is missing of any limit, no call is under way and nobody waits.
    pub fn is_idle(&self) -> bool {
        let now = self.clock.now();
        self.line.waiting() == 0 && self.line.with(|ledger| ledger.is_idle(now))
    }

    /// How many threads and tasks wait to make a call.
    pub fn waiters(&self) -> usize {
        self.line.waiting()
    }

    /// Lets no call go for `pause`, but no longer than the [cap](Builder::max_pause). Those who wait are re-timed.
    pub fn pause(&self, pause: Duration) {
        let pause = pause.min(self.max_pause);
        self.line.update(&self.clock, |ledger, now| ledger.pause_until(self.clock.tick().later(now, pause)));
    }

    /// How long no call will be let go because of a [`pause`](Self::pause).
    pub fn paused_for(&self) -> Duration {
        let until: Timestamp = self.line.with(Ledger::paused_until);
        self.clock.between(self.clock.now(), until)
    }

    /// Sends all who wait away with [`AcquireError::Cancelled`].
    pub fn cancel_waiters(&self) {
        self.line.refuse_all(|| LimitError::new(None, AcquireError::Cancelled));
    }

    /// Refuses all who wait and all who come with [`AcquireError::Closed`], for good. Calls under way may end.
    pub fn close(&self) {
        self.line.update(&self.clock, |ledger, _| ledger.close());
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.line.with(Ledger::is_closed)
    }
}
