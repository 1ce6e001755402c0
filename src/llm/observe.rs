//! Bringing the limits in line with what a provider says.

use std::time::Duration;

use super::call::Call;
use super::ledger::CallId;
use super::limiter::LlmLimiter;
use super::provider::{Pause, ProviderView, Window};
use super::usage::Kind;
use crate::clock::Clock;

/// How long to pause when the provider does not say, or says 0 although it refused.
const LEAST_PAUSE: Duration = Duration::from_millis(250);

impl<C: Clock> LlmLimiter<C> {
    /// Brings the limits in line with what an answer says of what is left.
    ///
    /// Where the provider has less left than is thought here, the difference is gone; where it allows less per period than was
    /// configured, that holds from now on, until it says otherwise. It never raises anything past what was configured.
    /// If it says to send nothing for a time, nobody is let go until then, or until the [cap](super::Builder::max_pause).
    ///
    /// Answers overtake each other: of one that comes late this believes that more is allowed again. [`Call::observe`] does not.
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
        self.line().update(&self.clock, |ledger, now| {
            let tick = self.clock.tick();
            for (kind, window) in windows(view, |kind| ledger.capacity(kind)) {
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
                ledger.pause_until(tick.later(now, pause.min(self.max_pause)));
            }
        });
    }
}

impl<C: Clock> Call<'_, C> {
    /// [`LlmLimiter::observe`] of the answer to this call.
    ///
    /// An answer may have been long on its way: if the provider has lowered a limit, and this call was let go before that was
    /// known, then it does not raise the limit again.
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
    /// late.observe(&answer("30000")?); // it was sent before
    /// assert_eq!(limiter.available().tokens, Some(15_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observe(&self, view: &ProviderView) {
        self.limiter().learn(view, Some(self.id()));
    }
}

/// A stated limit further than this from ours per day, by whatever factor, is not that of a day.
const NEAR: u64 = 4;

/// Which limit each window is about, if ours are of these capacities.
fn windows(view: &ProviderView, capacity: impl Fn(Kind) -> Option<u64>) -> Vec<(Kind, Window)> {
    // Whether a minute or a day is meant is not said: whichever of ours is nearer to the limit it states.
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
    // A limit of 0 is how some gateways say that there is none; and at its word nothing would be sent that could correct it.
    found.into_iter().flatten().filter(|(_, window)| window.limit != Some(0)).collect()
}
