//! Limiters for language-model calls with options.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::account::Account;
use super::calendar::{Daily, Days};
use super::kind::{Each, Kind};
use super::ledger::Ledger;
use super::limiter::{LlmLimiter, Options};
use super::rates::Limit;
use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::pace::Strategy;
use crate::quota::{Quota, QuotaError};

/// The longest pause that a provider can ask for, unless [`Builder::max_pause`] sets another.
const MAX_PAUSE: Duration = Duration::from_secs(120);

/// Builds an [`LlmLimiter`]. Made by [`LlmLimiter::builder`].
///
/// Without any setter the limiter has no limit and lets every call go.
///
/// # Examples
///
/// ```
/// use limitor::llm::LlmLimiter;
/// use limitor::{Quota, Strategy};
///
/// let limiter = LlmLimiter::builder()
///     .requests_per_minute(500)
///     .tokens(Quota::per_minute(30_000)?.with_burst(10_000)?)
///     .max_concurrent(16)
///     .max_waiters(1_000)
///     .strategy(Strategy::Park)
///     .build()?;
/// assert_eq!(limiter.available().tokens, Some(10_000));
/// # Ok::<(), limitor::BuildError>(())
/// ```
#[must_use]
pub struct Builder<C: Clock = SystemClock> {
    clock: C,
    /// What each limit is to be. `build` returns the first error.
    quotas: Each<Option<Result<Quota, QuotaError>>>,
    /// The zone whose midnight makes daily limits full, in seconds ahead of UTC.
    midnight: Option<i32>,
    wall: Option<SystemTime>,
    max_concurrent: usize,
    options: Options,
}

impl<C: Clock> fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quotas =
            Kind::ALL.iter().zip(&self.quotas).filter_map(|(kind, quota)| Some((kind.name(), quota.as_ref()?)));
        f.debug_map().entries(quotas).finish()
    }
}

impl LlmLimiter {
    /// Starts a limiter with options, on the system's clock unless [`Builder::clock`] is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(30_000).build()?;
    /// assert_eq!(limiter.available().tokens, Some(30_000));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::new(SystemClock::new())
    }
}

impl<C: Clock> Builder<C> {
    /// Starts a limiter without limits on this clock.
    pub fn new(clock: C) -> Self {
        Self {
            clock,
            quotas: [const { None }; Kind::ALL.len()],
            midnight: None,
            wall: None,
            max_concurrent: usize::MAX,
            options: Options {
                strategy: Strategy::default(),
                max_waiters: usize::MAX,
                max_pause: MAX_PAUSE,
                count_cached: true,
            },
        }
    }

    fn limit(mut self, kind: Kind, quota: Result<Quota, QuotaError>) -> Self {
        self.quotas[kind as usize] = Some(quota);
        self
    }

    /// Limits requests per minute (RPM). The requests of a whole minute may go at once, as
    /// providers allow. [`requests`](Self::requests) sets another burst.
    pub fn requests_per_minute(self, requests: u64) -> Self {
        self.limit(Kind::Requests, Quota::per_minute(requests))
    }

    /// Limits tokens of prompts and replies together, per minute (TPM).
    pub fn tokens_per_minute(self, tokens: u64) -> Self {
        self.limit(Kind::Tokens, Quota::per_minute(tokens))
    }

    /// Limits tokens of prompts per minute (ITPM).
    pub fn input_tokens_per_minute(self, tokens: u64) -> Self {
        self.limit(Kind::Input, Quota::per_minute(tokens))
    }

    /// Limits tokens of replies per minute (OTPM).
    pub fn output_tokens_per_minute(self, tokens: u64) -> Self {
        self.limit(Kind::Output, Quota::per_minute(tokens))
    }

    /// Limits requests per day (RPD): over any 24 hours, unless days
    /// [begin at midnight](Self::days_begin_at_midnight).
    pub fn requests_per_day(self, requests: u64) -> Self {
        self.limit(Kind::RequestsPerDay, Quota::per_day(requests))
    }

    /// Limits tokens per day (TPD): over any 24 hours, unless days
    /// [begin at midnight](Self::days_begin_at_midnight).
    pub fn tokens_per_day(self, tokens: u64) -> Self {
        self.limit(Kind::TokensPerDay, Quota::per_day(tokens))
    }

    /// Limits requests at any rate, with any burst.
    pub fn requests(self, quota: Quota) -> Self {
        self.limit(Kind::Requests, Ok(quota))
    }

    /// Limits tokens of prompts and replies together at any rate, with any burst.
    ///
    /// A smaller burst spreads calls out. The estimate of one call cannot exceed the burst.
    pub fn tokens(self, quota: Quota) -> Self {
        self.limit(Kind::Tokens, Ok(quota))
    }

    /// Limits tokens of prompts at any rate, with any burst.
    pub fn input_tokens(self, quota: Quota) -> Self {
        self.limit(Kind::Input, Ok(quota))
    }

    /// Limits tokens of replies at any rate, with any burst.
    pub fn output_tokens(self, quota: Quota) -> Self {
        self.limit(Kind::Output, Ok(quota))
    }

    /// Makes limits per day count calendar days: they are full again at midnight of a zone that is
    /// `offset` seconds ahead of UTC (negative if it is behind, 0 for UTC).
    ///
    /// The offset is fixed. Where clocks change for summer, midnight is an hour off for that time.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::ManualClock;
    /// use limitor::llm::LlmLimiter;
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let clock = ManualClock::new();
    /// let limiter = LlmLimiter::builder()
    ///     .requests_per_day(10)
    ///     .days_begin_at_midnight(0)
    ///     .wall_clock(UNIX_EPOCH + Duration::from_secs(23 * 3_600)) // 23:00 UTC
    ///     .clock(clock.clone())
    ///     .build()?;
    /// limiter.try_acquire(0).unwrap().reconcile(0);
    /// clock.advance(Duration::from_secs(3_600));
    /// assert_eq!(limiter.available().requests_per_day, Some(10));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn days_begin_at_midnight(mut self, offset: i32) -> Self {
        self.midnight = Some(offset);
        self
    }

    /// Sets the time of day for [`days_begin_at_midnight`](Self::days_begin_at_midnight), for tests
    /// and simulations. The default is the system's time when the limiter is built.
    pub fn wall_clock(mut self, now: SystemTime) -> Self {
        self.wall = Some(now);
        self
    }

    /// Sets how many calls may be under way at a time. A call holds its slot until it is settled or
    /// dropped. By default there is no bound.
    pub fn max_concurrent(mut self, calls: usize) -> Self {
        self.max_concurrent = calls;
        self
    }

    /// Sets how many calls may wait at a time. The next one is refused with
    /// [`QueueFull`](crate::AcquireError::QueueFull). By default there is no bound.
    pub fn max_waiters(mut self, waiters: usize) -> Self {
        self.options.max_waiters = waiters;
        self
    }

    /// Sets how threads wait.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.options.strategy = strategy;
        self
    }

    /// Sets the longest pause that calls make at a provider's word. The default is 2 minutes. A
    /// faulty header cannot stall calls for longer.
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.options.max_pause = pause;
        self
    }

    /// Sets whether tokens read from the provider's cache count as tokens of the prompt. The
    /// default is yes, as at OpenAI. At Anthropic they do not count for most models.
    pub fn count_cached(mut self, count: bool) -> Self {
        self.options.count_cached = count;
        self
    }

    /// Sets another clock.
    pub fn clock<D: Clock>(self, clock: D) -> Builder<D> {
        let Self { clock: _, quotas, midnight, wall, max_concurrent, options } = self;
        Builder { clock, quotas, midnight, wall, max_concurrent, options }
    }

    /// Builds the limiter.
    ///
    /// # Errors
    ///
    /// [`BuildError::Quota`] of the first limit that is not possible, such as 0 tokens per minute.
    /// [`BuildError::ZeroConcurrency`] if no call may be under way.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    /// use limitor::{BuildError, QuotaError};
    ///
    /// let error = LlmLimiter::builder().tokens_per_minute(0).build().unwrap_err();
    /// assert_eq!(error, BuildError::Quota(QuotaError::ZeroCapacity));
    /// ```
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
        if self.max_concurrent == 0 {
            return Err(BuildError::ZeroConcurrency);
        }
        Ok(LlmLimiter::assemble(Ledger::new(limits, self.max_concurrent), self.clock, self.options))
    }
}
