//! Following what a provider's answers say of its limits.

use std::time::Duration;

use super::call::Call;
use super::kind::Kind;
use super::ledger::CallId;
use super::limiter::LlmLimiter;
use super::provider::{Pause, ProviderView, Window};
use crate::clock::Clock;
use crate::turnstile::Host;

/// How long to pause if the provider does not say, or says 0 although it refused the call.
const LEAST_PAUSE: Duration = Duration::from_millis(250);

impl<C: Clock> LlmLimiter<C> {
    /// Follows what an answer of the provider says of its limits.
    ///
    /// | if the provider | then |
    /// |---|---|
    /// | has less left than is available here | the difference is gone |
    /// | allows less per period than was configured | that holds until the provider says otherwise |
    /// | says to send nothing for a time | no call goes until then, or until the [cap](super::Builder::max_pause) |
    ///
    /// Nothing is ever raised past what was configured.
    ///
    /// Answers overtake each other. If a late answer allows more again, this call believes it.
    /// [`Call::observe`] does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use limitor::llm::{LlmLimiter, ProviderView};
    /// use std::time::{Duration, SystemTime};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(30_000).build()?;
    /// let mut headers = HeaderMap::new();
    /// headers.insert("x-ratelimit-remaining-tokens", "100".parse()?);
    /// headers.insert("retry-after", "2".parse()?);
    /// limiter.observe(&ProviderView::of(StatusCode::TOO_MANY_REQUESTS, &headers, SystemTime::now()));
    /// assert!(limiter.available().tokens < Some(200));
    /// assert!(limiter.paused_for() > Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observe(&self, view: &ProviderView) {
        self.learn(view, None);
    }

    fn learn(&self, view: &ProviderView, answered: Option<CallId>) {
        let tick = self.clock().tick();
        self.turnstile().update(self.clock(), |ledger, now| {
            for (kind, window) in windows(view, |kind| ledger.configured(kind)) {
                if let Some(limit) = window.limit {
                    ledger.allow(kind, limit, answered, (tick, now));
                }
                if let Some(remaining) = window.remaining {
                    ledger.lower(kind, remaining, now);
                }
            }
            let pause = match view.pause {
                Some(Pause::For(pause)) => Some(pause.max(LEAST_PAUSE)),
                Some(Pause::Unstated) => Some(LEAST_PAUSE),
                None => None,
            };
            if let Some(pause) = pause {
                ledger.pause_until(tick.later(now, pause.min(self.max_pause())));
            }
        });
    }
}

impl<C: Clock> Call<'_, C> {
    /// Does what [`LlmLimiter::observe`] does, with the answer to this call.
    ///
    /// If the provider has lowered a limit, and this call was let go before that was known, the
    /// answer does not raise the limit again: it may have been long on its way.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use limitor::llm::{LlmLimiter, ProviderView};
    /// use std::time::SystemTime;
    ///
    /// let answer = |limit: &str| -> Result<_, Box<dyn std::error::Error>> {
    ///     let mut headers = HeaderMap::new();
    ///     headers.insert("x-ratelimit-limit-tokens", limit.parse()?);
    ///     Ok(ProviderView::of(StatusCode::OK, &headers, SystemTime::now()))
    /// };
    /// let limiter = LlmLimiter::builder().tokens_per_minute(30_000).build()?;
    /// let (late, early) = (limiter.try_acquire(100)?, limiter.try_acquire(100)?);
    /// early.observe(&answer("15000")?);
    /// late.observe(&answer("30000")?); // sent before the other answer was known
    /// assert_eq!(limiter.available().tokens, Some(15_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observe(&self, view: &ProviderView) {
        self.limiter().learn(view, Some(self.id()));
    }
}

/// If a stated limit differs from the configured limit per day by more than this factor, it is not
/// per day.
const NEAR: u64 = 4;

/// Which limit each window is about, if `capacity` is what was configured.
fn windows(view: &ProviderView, capacity: impl Fn(Kind) -> Option<u64>) -> Vec<(Kind, Window)> {
    // The provider does not say whether it means a minute or a day: the limit is taken that is
    // nearer to the stated one.
    let nearer = |minute: Kind, day: Kind, window: Window| {
        let distance = |kind: Kind| {
            let (ours, theirs) = (capacity(kind)?.max(1), window.limit?.max(1));
            Some(ours.max(theirs) / ours.min(theirs))
        };
        let of_minute = distance(minute).unwrap_or(u64::MAX);
        let is_day = distance(day).is_some_and(|of_day| of_day < of_minute && of_day <= NEAR);
        if is_day { day } else { minute }
    };
    let found = [
        view.requests.map(|window| (nearer(Kind::Requests, Kind::RequestsPerDay, window), window)),
        view.tokens.map(|window| (nearer(Kind::Tokens, Kind::TokensPerDay, window), window)),
        view.input_tokens.map(|window| (Kind::Input, window)),
        view.output_tokens.map(|window| (Kind::Output, window)),
    ];
    // Some gateways state a limit of 0 if there is none. If it were believed, no call would be sent
    // whose answer could correct it.
    found.into_iter().flatten().filter(|(_, window)| window.limit != Some(0)).collect()
}
