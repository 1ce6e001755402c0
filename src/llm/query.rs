//! Questions that take nothing.

use std::time::Duration;

use super::ledger::Ledger;
use super::limiter::LlmLimiter;
use super::per_limit::PerLimit;
use super::usage::Usage;
use crate::clock::{Clock, Timestamp};
use crate::turnstile::Host;

impl<C: Clock> LlmLimiter<C> {
    /// Returns what each limit has available now, in whole requests or tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    ///
    /// let limiter = LlmLimiter::builder().requests_per_day(100).tokens_per_day(30_000).build()?;
    /// limiter.try_acquire(Usage::new(900, 100)).unwrap().reconcile(Usage::new(900, 100));
    /// let available = limiter.available();
    /// assert_eq!((available.requests_per_day, available.tokens_per_day), (Some(99), Some(29_000)));
    /// assert_eq!(available.tokens, None); // there is no such limit
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn available(&self) -> PerLimit {
        self.available_at(self.clock().now())
    }

    /// Does what [`available`](Self::available) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    /// use limitor::{Clock, ManualClock};
    /// use std::time::Duration;
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(60).clock(ManualClock::new()).build()?;
    /// limiter.try_acquire(Usage::new(60, 0)).unwrap().reconcile(Usage::new(60, 0));
    /// let later = limiter.clock().after(Duration::from_secs(30));
    /// assert_eq!(limiter.available_at(later).tokens, Some(30));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn available_at(&self, now: Timestamp) -> PerLimit {
        self.turnstile().with(|ledger| PerLimit::of(|kind| ledger.available(kind, now)))
    }

    /// Returns what each limit allows for each minute or day, as far as is known: what was
    /// configured, or less if the provider [allows](Self::allow) less.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, PerLimit};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(30_000).build()?;
    /// limiter.allow(PerLimit::default().tokens(10_000));
    /// assert_eq!(limiter.allowed().tokens, Some(10_000));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn allowed(&self) -> PerLimit {
        self.turnstile().with(|ledger| PerLimit::of(|kind| ledger.allowed(kind)))
    }

    /// Returns how long a call would wait behind the calls that wait now, as far as is known. Zero
    /// if it may go at once. `None` if no wait helps, or if the wait depends on when another call
    /// ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::ManualClock;
    /// use limitor::llm::{LlmLimiter, Usage};
    /// use std::time::Duration;
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(60).clock(ManualClock::new()).build()?;
    /// limiter.try_acquire(Usage::new(60, 0)).unwrap().reconcile(Usage::new(60, 0));
    /// assert_eq!(limiter.wait_for(Usage::new(20, 10)), Some(Duration::from_secs(30)));
    /// assert_eq!(limiter.wait_for(Usage::new(61, 0)), None);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn wait_for(&self, estimate: impl Into<Usage>) -> Option<Duration> {
        self.turnstile().wait_of(self.clock(), &self.costs(1, estimate.into()))
    }

    /// Returns how many calls are under way: let go and not yet settled.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    ///
    /// let limiter = LlmLimiter::builder().max_concurrent(4).build()?;
    /// let _call = limiter.try_acquire(100).unwrap();
    /// assert_eq!(limiter.in_flight(), 1);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn in_flight(&self) -> usize {
        self.turnstile().with(Ledger::in_flight)
    }

    /// Returns whether the limiter is no different from a new one: all limits are full and allow
    /// what was configured, no call is under way, none waits, and no pause holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(100).build()?;
    /// assert!(limiter.is_idle());
    /// let _call = limiter.try_acquire(100).unwrap();
    /// assert!(!limiter.is_idle());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn is_idle(&self) -> bool {
        let now = self.clock().now();
        self.turnstile().is_clear() && self.turnstile().with(|ledger| ledger.is_idle(now))
    }

    /// Returns how many threads and tasks wait to make a call.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    ///
    /// let limiter = LlmLimiter::builder().max_concurrent(4).build()?;
    /// assert_eq!(limiter.waiters(), 0);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn waiters(&self) -> usize {
        self.turnstile().waiting()
    }

    /// Returns how long no call will be let go because of a [`pause`](Self::pause).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::ManualClock;
    /// use limitor::llm::LlmLimiter;
    /// use std::time::Duration;
    ///
    /// let limiter = LlmLimiter::builder().clock(ManualClock::new()).build()?;
    /// limiter.pause(Duration::from_secs(2));
    /// assert_eq!(limiter.paused_for(), Duration::from_secs(2));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn paused_for(&self) -> Duration {
        let until = self.turnstile().with(Ledger::paused_until);
        self.clock().between(self.clock().now(), until)
    }

    /// Returns whether the limiter is [closed](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    ///
    /// let limiter = LlmLimiter::builder().build()?;
    /// limiter.close();
    /// assert!(limiter.is_closed());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn is_closed(&self) -> bool {
        self.turnstile().is_closed()
    }
}
