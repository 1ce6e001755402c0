//! Control while calls are under way: less than was thought, another rate, a pause, cancel, close,
//! reset.

use std::time::Duration;

use super::limiter::LlmLimiter;
use super::per_limit::PerLimit;
use crate::clock::Clock;
use crate::error::{AcquireError, LimitError};
use crate::turnstile::Host;

impl<C: Clock> LlmLimiter<C> {
    /// Lowers what is available to these figures, because other programs used the rest. Where less
    /// is available already, nothing changes.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, PerLimit};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(30_000).build()?;
    /// limiter.lower_to(PerLimit::default().tokens(500)); // other programs share the account
    /// assert!(limiter.available().tokens < Some(600));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn lower_to(&self, left: PerLimit) {
        self.turnstile().update(self.clock(), |ledger, now| {
            for (kind, left) in left.set() {
                ledger.lower(kind, left, now);
            }
        });
    }

    /// Sets what the limits allow for each minute or day from now on, at most what was configured.
    ///
    /// Bursts shrink as rates do. What is available stays, as far as the new burst has room for it.
    /// Waiters are re-timed. Limits per calendar day stay as they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, PerLimit};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(30_000).build()?;
    /// limiter.allow(PerLimit::default().tokens(10_000));
    /// assert_eq!(limiter.available().tokens, Some(10_000));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn allow(&self, limits: PerLimit) {
        let tick = self.clock().tick();
        self.turnstile().update(self.clock(), |ledger, now| {
            for (kind, capacity) in limits.set() {
                ledger.allow(kind, capacity, None, (tick, now));
            }
        });
    }

    /// Lets no call go for `pause`, but no longer than the [cap](super::Builder::max_pause).
    /// Waiters are re-timed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    /// use std::time::Duration;
    ///
    /// let limiter = LlmLimiter::builder().build()?;
    /// limiter.pause(Duration::from_secs(2));
    /// assert!(limiter.try_acquire(100).unwrap_err().retry_after() > Some(Duration::from_secs(1)));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn pause(&self, pause: Duration) {
        let pause = pause.min(self.max_pause());
        let tick = self.clock().tick();
        self.turnstile().update(self.clock(), |ledger, now| ledger.pause_until(tick.later(now, pause)));
    }

    /// Cancels all waiters with [`AcquireError::Cancelled`]. Nothing was charged for them, and the
    /// limiter goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(100).build()?;
    /// limiter.cancel_waiters();
    /// assert!(limiter.try_acquire(100).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn cancel_waiters(&self) {
        self.turnstile().refuse_all(cancelled);
    }

    /// Refuses all waiters and every later request with [`AcquireError::Closed`], until
    /// [`reset`](Self::reset). Calls under way may end.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    /// use limitor::{AcquireError, Reason};
    ///
    /// let limiter = LlmLimiter::builder().build()?;
    /// limiter.close();
    /// assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Closed);
    /// assert_eq!(limiter.acquire(1).wait().unwrap_err().error(), AcquireError::Closed);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn close(&self) {
        self.turnstile().close(self.clock());
    }

    /// Cancels all waiters and restores the limits as they were built, even if the limiter is
    /// closed, paused or in debt.
    ///
    /// What the provider said so far is forgotten. Calls under way stay so and keep their slots
    /// until they end. What they were charged is forgotten: settling them later gives nothing back,
    /// and charges only what they used beyond their charge.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(1_000).build()?;
    /// limiter.try_acquire(Usage::new(500, 0)).unwrap().reconcile(Usage::new(9_000, 0));
    /// limiter.close();
    /// limiter.reset();
    /// assert_eq!(limiter.available().tokens, Some(1_000));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn reset(&self) {
        let tick = self.clock().tick();
        self.turnstile().restart(self.clock(), cancelled, |ledger, now| ledger.reset(tick, now));
    }
}

fn cancelled() -> LimitError {
    LimitError::new(None, AcquireError::Cancelled)
}
