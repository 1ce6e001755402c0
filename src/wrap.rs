//! Functions under a limiter: the cost is known from the arguments, the actual cost from the result.
//!
//! [`wrap()`] begins a wrapper; [`Wrap`] says what it does.

mod job;
mod limit;
mod price;

pub(crate) use self::job::Job;
pub use self::job::OnError;
pub use self::limit::Limit;
pub use self::price::{Actual, AsEstimated, Cost, One};

use std::fmt;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::error::AcquireError;

/// Wraps work in a limiter: a [`RateLimiter`](crate::RateLimiter) or a `ConcurrentLimiter`, by reference or in an
/// [`Arc`](std::sync::Arc), or a reference to one of the [algorithms](crate::buckets).
///
/// See [`Wrap`] for what can be said then.
///
/// # Examples
///
/// ```
/// use limitor::{AcquireError, Quota, RateLimiter};
///
/// let limiter = RateLimiter::new(Quota::per_second(1_000)?);
/// let limited = limitor::wrap(&limiter);
/// let sum = limited.call([1, 2, 3], |numbers| numbers.iter().sum::<u64>())?;
/// assert_eq!(sum, 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wrap<'a, C: Clock>(limiter: impl Into<Limit<'a, C>>) -> Wrap<'a, C> {
    Wrap { limit: limiter.into(), timeout: None, on_error: OnError::default(), cost: One, actual: AsEstimated }
}

/// How work is limited, made by [`wrap()`]. It can be used any number of times, from any thread.
///
/// | to do work that | call |
/// |---|---|
/// | returns a `Result` (what most callers want) | [`try_call`](Self::try_call), [`try_call_async`](Self::try_call_async) |
/// | cannot fail | [`call`](Self::call), [`call_async`](Self::call_async) |
///
/// A call waits for as many permits as its arguments [cost](Self::cost), does the work, and settles them at the
/// [actual cost](Self::actual) of the result. Work that ends without a result (by an `Err`, a panic, or because its future
/// is dropped) stays charged as estimated, unless [told otherwise](Self::on_error).
///
/// Of a `ConcurrentLimiter`, a call holds a slot for the whole of the work.
///
/// # Examples
///
/// ```
/// use limitor::wrap::OnError;
/// use limitor::{AcquireError, Quota, RateLimiter};
/// use std::{sync::Arc, time::Duration};
///
/// struct Reply { tokens: u64 }
///
/// #[derive(Debug)]
/// enum Failed { Limited(AcquireError), Empty }
///
/// impl From<AcquireError> for Failed {
///     fn from(why: AcquireError) -> Self {
///         Self::Limited(why)
///     }
/// }
///
/// fn send(prompt: String) -> Result<Reply, Failed> {
///     if prompt.is_empty() { Err(Failed::Empty) } else { Ok(Reply { tokens: 3 }) }
/// }
///
/// let limiter = Arc::new(RateLimiter::new(Quota::per_day(1_000)?));
/// let ask = limitor::wrap(&limiter)
///     .cost(|prompt: &String| 10 + prompt.len() as u64)
///     .actual(|reply: &Reply| reply.tokens)
///     .on_error(OnError::Refund)
///     .timeout(Duration::from_secs(1));
///
/// assert!(ask.try_call("hello".to_owned(), send).is_ok());
/// assert_eq!(limiter.available(), 997);
/// assert!(matches!(ask.try_call(String::new(), send), Err(Failed::Empty)));
/// assert_eq!(limiter.available(), 997); // refunded
/// assert!(matches!(ask.try_call("x".repeat(2_000), send), Err(Failed::Limited(_))));
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[must_use = "a wrapper does nothing until it is called"]
pub struct Wrap<'a, C: Clock = SystemClock, K = One, S = AsEstimated> {
    limit: Limit<'a, C>,
    timeout: Option<Duration>,
    on_error: OnError,
    cost: K,
    actual: S,
}

impl<'a, C: Clock, K, S> Wrap<'a, C, K, S> {
    /// How many permits a call is to wait for, told from its arguments. Without it, each call costs one.
    ///
    /// State the type of the arguments, as in `|prompt: &String| prompt.len() as u64`: it is that of what the call is given.
    pub fn cost<A, F: Fn(&A) -> u64>(self, cost: F) -> Wrap<'a, C, F, S> {
        let Self { limit, timeout, on_error, actual, .. } = self;
        Wrap { limit, timeout, on_error, cost, actual }
    }

    /// What a call did cost, told from its result: of `try_call`, from what is in its `Ok`. The difference to the estimate
    /// is given back or becomes a debt, as by [`Grant::reconcile`](crate::Grant::reconcile). Without it, a call costs
    /// what was estimated.
    ///
    /// State the type of the result, as in `|reply: &Reply| reply.tokens`.
    pub fn actual<R, F: Fn(&R) -> u64>(self, actual: F) -> Wrap<'a, C, K, F> {
        let Self { limit, timeout, on_error, cost, .. } = self;
        Wrap { limit, timeout, on_error, cost, actual }
    }

    /// What becomes of the permits of work that ends without a result. Without it, they [stay spent](OnError::Keep).
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// Let each call wait no longer than `timeout`; the work itself may take as long as it likes. Without it, a call waits
    /// for as long as it takes.
    ///
    /// If it would take longer, that is said at once, and the work is not begun. A timeout of zero means now or never.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Does work that cannot fail, blocking this thread until it may begin.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the work may not begin, as from [`Acquire::wait`](crate::Acquire::wait). Then it is not begun.
    ///
    /// # Panics
    ///
    /// If the work does.
    pub fn call<A, R>(&self, args: A, work: impl FnOnce(A) -> R) -> Result<R, AcquireError>
    where
        K: Cost<A>,
        S: Actual<R>,
    {
        let job = self.begin(&args)?;
        let result = work(args);
        job.done(self.actual.of(&result));
        Ok(result)
    }

    /// Does work that may fail, blocking this thread until it may begin.
    ///
    /// # Errors
    ///
    /// The error of the work; or [`AcquireError`], made into one, if the work may not begin. Then it is not begun.
    ///
    /// # Panics
    ///
    /// If the work does.
    pub fn try_call<A, R, E>(&self, args: A, work: impl FnOnce(A) -> Result<R, E>) -> Result<R, E>
    where
        E: From<AcquireError>,
        K: Cost<A>,
        S: Actual<R>,
    {
        let job = self.begin(&args)?;
        let result = work(args)?;
        job.done(self.actual.of(&result));
        Ok(result)
    }

    fn begin<A>(&self, args: &A) -> Result<Job<'a, C>, AcquireError>
    where
        K: Cost<A>,
    {
        Job::begin(&self.limit, self.cost.of(args), self.timeout, self.on_error)
    }
}

impl<'a, C: Clock, K, S> Wrap<'a, C, K, S> {
    /// Does work of a task that cannot fail, suspending until it may begin.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the work may not begin. Then it is not begun.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it gives its place back. Dropped during the work, what becomes of the permits is said by
    /// [`on_error`](Self::on_error).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limiter = RateLimiter::new(Quota::per_day(100)?);
    /// let count = limitor::wrap(&limiter).cost(|words: &Vec<&str>| words.len() as u64);
    /// let letters = count
    ///     .call_async(vec!["two", "words"], async |words| words.iter().map(|word| word.len()).sum::<usize>())
    ///     .await?;
    /// assert_eq!((letters, limiter.available()), (8, 98));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_async<A, R, F>(&self, args: A, work: impl FnOnce(A) -> F) -> Result<R, AcquireError>
    where
        F: Future<Output = R>,
        K: Cost<A>,
        S: Actual<R>,
    {
        let job = self.begin_async(&args).await?;
        let result = work(args).await;
        job.done(self.actual.of(&result));
        Ok(result)
    }

    /// Does work of a task that may fail, suspending until it may begin.
    ///
    /// # Errors
    ///
    /// The error of the work; or [`AcquireError`], made into one, if the work may not begin. Then it is not begun.
    ///
    /// # Cancel safety
    ///
    /// As of [`call_async`](Self::call_async).
    pub async fn try_call_async<A, R, E, F>(&self, args: A, work: impl FnOnce(A) -> F) -> Result<R, E>
    where
        F: Future<Output = Result<R, E>>,
        E: From<AcquireError>,
        K: Cost<A>,
        S: Actual<R>,
    {
        let job = self.begin_async(&args).await?;
        let result = work(args).await?;
        job.done(self.actual.of(&result));
        Ok(result)
    }

    async fn begin_async<A>(&self, args: &A) -> Result<Job<'a, C>, AcquireError>
    where
        K: Cost<A>,
    {
        Job::begin_async(&self.limit, self.cost.of(args), self.timeout, self.on_error).await
    }
}

impl<C: Clock, K, S> fmt::Debug for Wrap<'_, C, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrap")
            .field("limit", &self.limit)
            .field("timeout", &self.timeout)
            .field("on_error", &self.on_error)
            .finish_non_exhaustive()
    }
}
