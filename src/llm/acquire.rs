//! Leave to make a call asked for, and the wait for it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::call::Call;
use super::gate::LetGo;
use super::limiter::LlmLimiter;
use super::usage::Usage;
use crate::ask::{Ask, Entered, Pending};
use crate::clock::{Clock, SystemClock};
use crate::error::LimitError;
use crate::held::Held;
use crate::pace::{Deadline, Patience};
use crate::turnstile::Entry;

/// Leave to make a call asked for: [`wait`](Self::wait) blocks until the call may go, `.await`
/// suspends until then.
///
/// The request is lazy: nothing is taken before the wait or the first poll. Made by
/// [`LlmLimiter::acquire`]. The future runs on any executor and is `Unpin`.
///
/// # Cancel safety
///
/// Nothing is charged before the call may go. If the future is dropped while pending, it leaves the
/// queue. If it is dropped after the call was let go but before it was polled again, all is given
/// back, because nothing was sent. A future that is polled again after completion panics.
#[must_use = "nothing is taken until this is waited for"]
pub struct Acquire<'a, C: Clock = SystemClock>(Pending<Estimated<'a, C>>);

/// A call of this estimate.
pub(super) struct Estimated<'a, C: Clock> {
    limiter: Held<'a, LlmLimiter<C>>,
    estimate: Usage,
}

impl<'a, C: Clock> Estimated<'a, C> {
    pub(super) fn new(limiter: Held<'a, LlmLimiter<C>>, estimate: Usage) -> Self {
        Self { limiter, estimate }
    }
}

impl<C: Clock> Clone for Estimated<'_, C> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), estimate: self.estimate }
    }
}

impl<C: Clock> fmt::Debug for Estimated<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Estimated").field("estimate", &self.estimate).finish_non_exhaustive()
    }
}

impl<'a, C: Clock> Ask for Estimated<'a, C> {
    type Taken = LetGo;
    type Entry = Entry<'a, LlmLimiter<C>>;
    type Grant = Call<'a, C>;
    type Error = LimitError;

    fn enter(&self, patience: Patience) -> Result<Entered<LetGo, Self::Entry>, LimitError> {
        Entry::enter(&self.limiter, &self.limiter.costs(1, self.estimate), patience)
    }

    fn block(&self, entry: Self::Entry) -> Result<LetGo, LimitError> {
        entry.block()
    }

    fn poll(&self, entry: &mut Self::Entry, cx: &mut Context<'_>) -> Poll<Result<LetGo, LimitError>> {
        entry.poll(cx)
    }

    fn grant(self, let_go: LetGo) -> Call<'a, C> {
        Call::new(self.limiter, let_go, self.estimate)
    }
}

impl<C: Clock> fmt::Debug for Acquire<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Acquire", f)
    }
}

impl<'a, C: Clock> Acquire<'a, C> {
    pub(super) fn new(estimated: Estimated<'a, C>) -> Self {
        Self(Pending::new(estimated))
    }

    pub(crate) fn patience(self, patience: Patience) -> Self {
        Self(self.0.with_patience(|_| patience))
    }

    /// Returns what the call is estimated to use.
    pub fn estimate(&self) -> Usage {
        self.0.ask().estimate
    }

    /// Waits no longer than `timeout`, counted from when the wait begins.
    ///
    /// If the wait would be longer by all that is known, the request is refused at once. A pause,
    /// or a call that used more than estimated, may put the request off past the timeout. Then it
    /// is refused as soon as that is known. The time at which a slot comes free is unknown, so a
    /// request waits for a slot until the timeout. A timeout of zero means now or never. With a
    /// [`deadline`](Self::deadline) as well, the earlier of the two holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::AcquireError;
    /// use limitor::llm::LlmLimiter;
    /// use std::time::Duration;
    ///
    /// let limiter = LlmLimiter::builder().max_concurrent(1).build()?;
    /// let _call = limiter.acquire(100).wait()?;
    /// let error = limiter.acquire(100).timeout(Duration::from_millis(5)).wait().unwrap_err();
    /// assert!(matches!(error.error(), AcquireError::Busy { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.with_patience(|patience| patience.timeout(timeout)))
    }

    /// Waits no longer than until `deadline`: a reading of the limiter's clock or an
    /// [`Instant`](std::time::Instant). Otherwise as with [`timeout`](Self::timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::LlmLimiter;
    /// use std::time::{Duration, Instant};
    ///
    /// let limiter = LlmLimiter::builder().requests_per_day(1).build()?;
    /// let deadline = Instant::now() + Duration::from_secs(30);
    /// assert!(limiter.acquire(100).deadline(deadline).wait().is_ok());
    /// assert!(limiter.acquire(100).deadline(deadline).wait().is_err());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn deadline(self, deadline: impl Into<Deadline>) -> Self {
        Self(self.0.with_patience(|patience| patience.deadline(deadline)))
    }

    /// Blocks this thread until the call may go.
    ///
    /// # Errors
    ///
    /// [`LimitError`], with nothing charged. It names the limit that it is about, if it is about
    /// one:
    ///
    /// - [`TooLong`](crate::AcquireError::TooLong) if the wait would pass the timeout or deadline;
    /// - [`ExceedsBurst`](crate::AcquireError::ExceedsBurst) at once if the estimate exceeds the
    ///   burst of a limit;
    /// - [`Busy`](crate::AcquireError::Busy) if all slots stayed taken;
    /// - [`QueueFull`](crate::AcquireError::QueueFull) at once if too many calls wait already;
    /// - [`Cancelled`](crate::AcquireError::Cancelled) or [`Closed`](crate::AcquireError::Closed)
    ///   if the limiter's waits are ended.
    ///
    /// `.await` gives the same.
    ///
    /// # Panics
    ///
    /// If it has been polled as a future to completion.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::{LlmLimiter, Usage};
    ///
    /// let limiter = LlmLimiter::builder().tokens_per_minute(30_000).build()?;
    /// let call = limiter.acquire(Usage::new(1_000, 300)).wait()?;
    /// // ... the request ...
    /// call.reconcile(Usage::new(980, 240));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait(self) -> Result<Call<'a, C>, LimitError> {
        self.0.wait()
    }
}

impl<'a, C: Clock> Future for Acquire<'a, C> {
    type Output = Result<Call<'a, C>, LimitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}
