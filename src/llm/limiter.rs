//! The limiter for language-model calls. Its verbs are in the files beside this one.

use std::fmt;
use std::time::Duration;

use super::kind::{Costs, costs};
use super::ledger::{CallId, Ledger};
use super::usage::Usage;
use crate::clock::{Clock, SystemClock};
use crate::pace::Strategy;
use crate::turnstile::{Host, Turnstile};

/// Limits calls of a language model as its provider does: requests, tokens and calls under way, in
/// one step.
///
/// | to | call |
/// |---|---|
/// | wait until a call may go (what most callers want) | [`acquire(estimate).wait()`](Self::acquire) or `.await` |
/// | let a call go only if it may go now | [`try_acquire`](Self::try_acquire) |
/// | settle what a call really used | [`Call::reconcile`](super::Call::reconcile) |
/// | follow what the provider's answers say | `Call::observe` (feature `http`) |
/// | look, and take nothing | [`available`](Self::available), [`wait_for`](Self::wait_for) |
///
/// A call is let go when all limits can grant what it is estimated to use. Calls that wait are let
/// go first come, first served. When a call is over, it is settled at what it really used. If the
/// estimate was too high, the difference is refunded and waiters move forward. If it was too low,
/// the difference becomes a debt, which blocks and fails nothing that is paid for.
///
/// # The bound
///
/// Over any stretch of time, what calls really used stays within `burst + elapsed / T` of each
/// limit. The use of a call counts at the time it was let go, as providers count. What an estimate
/// was too low by comes on top, because it was not known. The bound is stronger than that of
/// [`RateLimiter`](crate::RateLimiter), and it has a price: a call that ends when what it took has
/// come back already has nothing to give back. For calls that are short beside `burst · T` (a
/// minute, for a limit per minute), nearly all that was estimated too high is used.
///
/// While all slots are taken, nothing is charged. All is done under one lock, which a call holds
/// for about a microsecond; calls take seconds.
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
/// call.reconcile(Usage::new(980, 240));
/// assert_eq!(limiter.available().tokens, Some(30_000 - 980 - 240));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LlmLimiter<C: Clock = SystemClock> {
    turnstile: Turnstile<Ledger>,
    clock: C,
    max_pause: Duration,
    count_cached: bool,
}

/// What a limiter is built from, besides its limits and its clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) strategy: Strategy,
    pub(super) max_waiters: usize,
    pub(super) max_pause: Duration,
    pub(super) count_cached: bool,
}

impl<C: Clock> fmt::Debug for LlmLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_flight = self.turnstile.with(Ledger::in_flight);
        f.debug_struct("LlmLimiter").field("in_flight", &in_flight).finish_non_exhaustive()
    }
}

impl<C: Clock> Host for LlmLimiter<C> {
    type Gate = Ledger;
    type Clock = C;

    fn turnstile(&self) -> &Turnstile<Ledger> {
        &self.turnstile
    }

    fn clock(&self) -> &C {
        &self.clock
    }
}

impl<C: Clock> LlmLimiter<C> {
    pub(super) fn assemble(ledger: Ledger, clock: C, options: Options) -> Self {
        let Options { strategy, max_waiters, max_pause, count_cached } = options;
        Self { turnstile: Turnstile::new(ledger, strategy, max_waiters), clock, max_pause, count_cached }
    }

    /// Returns the clock.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    pub(super) fn max_pause(&self) -> Duration {
        self.max_pause
    }

    /// What a call costs each limit.
    pub(super) fn costs(&self, requests: u64, usage: Usage) -> Costs {
        costs(requests, usage, self.count_cached)
    }

    pub(super) fn settle(&self, id: CallId, requests: u64, usage: Usage) {
        let actual = self.costs(requests, usage);
        self.turnstile.update(&self.clock, |ledger, now| ledger.settle(id, &actual, now));
    }

    /// Ends a call at what it is charged.
    pub(super) fn keep(&self, id: CallId) {
        self.turnstile.update(&self.clock, |ledger, now| {
            if let Some(charged) = ledger.charged(id) {
                ledger.settle(id, &charged, now);
            }
        });
    }

    pub(super) fn add(&self, id: CallId, usage: Usage) {
        let more = self.costs(0, usage);
        self.turnstile.update(&self.clock, |ledger, now| ledger.add(id, &more, now));
    }
}
