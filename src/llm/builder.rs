//! Limiters for language-model calls, built to order.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::account::Account;
use super::calendar::{Daily, Days};
use super::ledger::{Ledger, Limit};
use super::limiter::LlmLimiter;
use super::usage::Kind;
use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::quota::{Quota, QuotaError};

/// The longest pause that is taken at a provider's word unless it is said.
const MAX_PAUSE: Duration = Duration::from_secs(120);

/// Builds an [`LlmLimiter`]; made by [`LlmLimiter::builder`].
#[must_use]
pub struct Builder<C: Clock = SystemClock> {
    clock: C,
    /// What each limit is to be; the first mistake is told by `build`.
    quotas: [Option<Result<Quota, QuotaError>>; Kind::ALL.len()],
    /// Seconds ahead of UTC of the zone whose midnight makes limits per day whole.
    midnight: Option<i32>,
    wall: Option<SystemTime>,
    max_concurrent: Option<usize>,
    max_waiters: usize,
    max_pause: Duration,
    count_cached: bool,
}

impl<C: Clock> fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quotas =
            Kind::ALL.iter().zip(&self.quotas).filter_map(|(kind, quota)| Some((kind.name(), quota.as_ref()?)));
        f.debug_map().entries(quotas).finish()
    }
}

impl<C: Clock> Builder<C> {
    /// No limits yet, on this clock.
    pub fn new(clock: C) -> Self {
        Self {
            clock,
            quotas: [const { None }; Kind::ALL.len()],
            midnight: None,
            wall: None,
            max_concurrent: None,
            max_waiters: usize::MAX,
            max_pause: MAX_PAUSE,
            count_cached: true,
        }
    }

    fn limit(mut self, kind: Kind, quota: Result<Quota, QuotaError>) -> Self {
        self.quotas[kind as usize] = Some(quota);
        self
    }

    /// RPM. All of a minute's may be used at once, as providers allow; [`requests`](Self::requests) sets another burst.
    pub fn requests_per_minute(self, requests: u64) -> Self {
        self.limit(Kind::Requests, Quota::per_minute(requests))
    }

    /// TPM: tokens of prompts and replies together.
    pub fn tokens_per_minute(self, tokens: u64) -> Self {
        self.limit(Kind::Tokens, Quota::per_minute(tokens))
    }

    /// ITPM: tokens of prompts.
    pub fn input_tokens_per_minute(self, tokens: u64) -> Self {
        self.limit(Kind::Input, Quota::per_minute(tokens))
    }

    /// OTPM: tokens of replies.
    pub fn output_tokens_per_minute(self, tokens: u64) -> Self {
        self.limit(Kind::Output, Quota::per_minute(tokens))
    }

    /// RPD: over any 24 hours, unless they [begin at midnight](Self::days_begin_at_midnight).
    pub fn requests_per_day(self, requests: u64) -> Self {
        self.limit(Kind::RequestsPerDay, Quota::per_day(requests))
    }

    /// TPD: over any 24 hours, unless they [begin at midnight](Self::days_begin_at_midnight).
    pub fn tokens_per_day(self, tokens: u64) -> Self {
        self.limit(Kind::TokensPerDay, Quota::per_day(tokens))
    }

    /// Requests at any rate, with any burst.
    pub fn requests(self, quota: Quota) -> Self {
        self.limit(Kind::Requests, Ok(quota))
    }

    /// Tokens of prompts and replies together at any rate, with any burst.
    ///
    /// A smaller burst spreads calls out; a single one cannot be estimated at more than the burst.
    pub fn tokens(self, quota: Quota) -> Self {
        self.limit(Kind::Tokens, Ok(quota))
    }

    /// Tokens of prompts at any rate, with any burst.
    pub fn input_tokens(self, quota: Quota) -> Self {
        self.limit(Kind::Input, Ok(quota))
    }

    /// Tokens of replies at any rate, with any burst.
    pub fn output_tokens(self, quota: Quota) -> Self {
        self.limit(Kind::Output, Ok(quota))
    }

    /// Limits per day count calendar days, whole again at midnight of a zone that is `offset` seconds ahead of UTC (behind, if
    /// negative; 0 for UTC). The offset stays: where clocks change for summer, midnight does by an hour.
    pub fn days_begin_at_midnight(mut self, offset: i32) -> Self {
        self.midnight = Some(offset);
        self
    }

    /// What time of day it is, for [`days_begin_at_midnight`](Self::days_begin_at_midnight): for tests and simulations. By
    /// default the system's.
    pub fn wall_clock(mut self, now: SystemTime) -> Self {
        self.wall = Some(now);
        self
    }

    /// How many calls may be under way at a time. The slot is held until the call is settled or dropped.
    pub fn max_concurrent(mut self, calls: usize) -> Self {
        self.max_concurrent = Some(calls);
        self
    }

    /// Let no more than `waiters` wait at a time; the next is refused with
    /// [`QueueFull`](crate::AcquireError::QueueFull).
    pub fn max_waiters(mut self, waiters: usize) -> Self {
        self.max_waiters = waiters;
        self
    }

    /// The longest that calls are paused at a provider's word, by default 2 minutes: a header gone wrong cannot stall longer.
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// Whether tokens read from the provider's cache count as tokens of the prompt: by default they do, as at OpenAI; at Anthropic
    /// those of most models do not.
    pub fn count_cached(mut self, count: bool) -> Self {
        self.count_cached = count;
        self
    }

    /// Use another clock.
    pub fn clock<D: Clock>(self, clock: D) -> Builder<D> {
        Builder {
            clock,
            quotas: self.quotas,
            midnight: self.midnight,
            wall: self.wall,
            max_concurrent: self.max_concurrent,
            max_waiters: self.max_waiters,
            max_pause: self.max_pause,
            count_cached: self.count_cached,
        }
    }

    /// Builds the limiter.
    ///
    /// # Errors
    ///
    /// The [`QuotaError`] of the first limit that cannot be, such as 0 tokens per minute;
    /// [`BuildError::ZeroConcurrency`] if no call may be under way.
    pub fn build(self) -> Result<LlmLimiter<C>, BuildError> {
        let wall = self.wall.unwrap_or_else(SystemTime::now);
        let days = self.midnight.map(|offset| Days::new(offset, &self.clock, wall));
        let mut limits = [const { None }; Kind::ALL.len()];
        for ((limit, quota), kind) in limits.iter_mut().zip(self.quotas).zip(Kind::ALL) {
            let Some(quota) = quota.transpose()? else { continue };
            *limit = Some(match (kind, days) {
                (Kind::RequestsPerDay | Kind::TokensPerDay, Some(days)) => {
                    Limit::Daily(Daily::new(quota.capacity(), days))
                }
                _ => Limit::Rolling(Account::new(quota, &self.clock)),
            });
        }
        if self.max_concurrent == Some(0) {
            return Err(BuildError::ZeroConcurrency);
        }
        let ledger = Ledger::new(limits, self.max_concurrent.unwrap_or(usize::MAX));
        Ok(LlmLimiter::assemble(ledger, self.clock, self.max_waiters, self.max_pause, self.count_cached))
    }
}
