//! Asking for leave to make a call.

use std::sync::Arc;

use super::acquire::{Acquire, Estimated};
use super::call::Call;
use super::limiter::LlmLimiter;
use super::usage::Usage;
use crate::clock::{Clock, Timestamp};
use crate::error::LimitDenied;
use crate::held::Held;
use crate::turnstile::Host;

impl<C: Clock> LlmLimiter<C> {
    /// Asks for leave to make a call that is estimated to use so much. [`wait`](Acquire::wait)
    /// blocks this thread until the call may go, `.await` suspends the task. Nothing is taken until
    /// then.
    ///
    /// Estimate the prompt with an [`Estimator`](super::Estimator), and the reply at the most it
    /// may be (`max_tokens`) or at what replies usually are.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    /// use std::time::Duration;
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(30_000).build()?;
    /// let call = limiter.acquire(Usage::new(20_000, 10_000)).wait()?;
    /// let error = limiter.acquire(Usage::new(20_000, 10_000)).timeout(Duration::from_secs(5)).wait().unwrap_err();
    /// assert_eq!(error.limit(), Some("tokens")); // at once
    /// call.reconcile(Usage::new(20_000, 500));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn acquire(&self, estimate: impl Into<Usage>) -> Acquire<'_, C> {
        Acquire::new(Estimated::new(Held::Borrowed(self), estimate.into()))
    }

    /// Does what [`acquire`](Self::acquire) does. The request keeps the limiter alive and borrows
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    /// use std::sync::Arc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limiter = Arc::new(LlmLimiter::builder().tokens_per_minute(30_000).build()?);
    /// let call = tokio::spawn(limiter.acquire_owned(Usage::new(1_000, 300))).await??;
    /// assert_eq!(call.estimate(), Usage::new(1_000, 300));
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_owned(self: &Arc<Self>, estimate: impl Into<Usage>) -> Acquire<'static, C> {
        Acquire::new(Estimated::new(Held::Shared(Arc::clone(self)), estimate.into()))
    }

    /// Lets a call go if all limits grant it now and no call waits.
    ///
    /// # Errors
    ///
    /// [`LimitDenied`], with nothing charged. It names the limit that binds, and has the wait
    /// [after which to retry](LimitDenied::retry_after). The name is empty if a
    /// [pause](Self::pause), the slots or a [close](Self::close) refuses the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::ManualClock;
    /// use limitor::llm::{LlmLimiter, Usage};
    /// use std::time::Duration;
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(6_000).clock(ManualClock::new()).build()?;
    /// limiter.try_acquire(Usage::new(5_000, 1_000))?.reconcile(Usage::new(5_000, 1_000));
    /// let denied = limiter.try_acquire(Usage::new(100, 0)).unwrap_err();
    /// assert_eq!((denied.limit(), denied.retry_after()), ("tokens", Some(Duration::from_secs(1))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_acquire(&self, estimate: impl Into<Usage>) -> Result<Call<'_, C>, LimitDenied> {
        self.decide(Held::Borrowed(self), || Host::clock(self).now(), estimate.into())
    }

    /// Does what [`try_acquire`](Self::try_acquire) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    /// use limitor::{Clock, ManualClock};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(6_000).clock(ManualClock::new()).build()?;
    /// let now = limiter.clock().now();
    /// assert!(limiter.try_acquire_at(now, Usage::new(5_000, 1_000)).is_ok());
    /// assert!(limiter.try_acquire_at(now, Usage::new(1, 0)).is_err());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire_at(&self, now: Timestamp, estimate: impl Into<Usage>) -> Result<Call<'_, C>, LimitDenied> {
        self.decide(Held::Borrowed(self), || now, estimate.into())
    }

    /// Does what [`try_acquire`](Self::try_acquire) does. The call keeps the limiter alive and
    /// borrows nothing.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let limiter = Arc::new(LlmLimiter::builder().tokens_per_day(6_000).build()?);
    /// let call = limiter.try_acquire_owned(Usage::new(500, 100)).unwrap();
    /// thread::spawn(move || call.refund()).join().unwrap();
    /// assert_eq!(limiter.available().tokens_per_day, Some(6_000));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire_owned(self: &Arc<Self>, estimate: impl Into<Usage>) -> Result<Call<'static, C>, LimitDenied> {
        self.decide(Held::Shared(Arc::clone(self)), || Host::clock(&**self).now(), estimate.into())
    }

    /// Does what [`try_acquire_owned`](Self::try_acquire_owned) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::Clock;
    /// use limitor::llm::{LlmLimiter, Usage};
    /// use std::sync::Arc;
    ///
    /// let limiter = Arc::new(LlmLimiter::builder().tokens_per_day(6_000).build()?);
    /// let now = limiter.clock().now();
    /// assert!(limiter.try_acquire_owned_at(now, Usage::new(5_000, 1_000)).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire_owned_at(
        self: &Arc<Self>,
        now: Timestamp,
        estimate: impl Into<Usage>,
    ) -> Result<Call<'static, C>, LimitDenied> {
        self.decide(Held::Shared(Arc::clone(self)), || now, estimate.into())
    }

    /// The clock is read under the lock, so that readings under the lock do not step back.
    fn decide<'a>(
        &self,
        held: Held<'a, Self>,
        now: impl FnOnce() -> Timestamp,
        estimate: Usage,
    ) -> Result<Call<'a, C>, LimitDenied> {
        let costs = self.costs(1, estimate);
        let denied = |ledger: &super::ledger::Ledger, now, delay| ledger.denied(&costs, now, delay);
        let let_go = self.turnstile().try_enter(Host::clock(self), now, &costs, denied)?;
        Ok(Call::new(held, let_go, estimate))
    }
}
