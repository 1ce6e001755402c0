//! Functions under a limiter: the cost is computed from the arguments, the actual cost from the
//! result.
//!
//! [`wrap()`] begins a wrapper; [`Wrap`] says what it does.

mod job;
mod price;

#[cfg(feature = "macros")]
pub(crate) use self::job::Job as WrappedJob;
pub use self::job::OnError;
pub use self::price::{Actual, AsEstimated, Cost, One};

use std::fmt;
use std::time::Duration;

use self::job::Job;
use crate::admit::Admit;
use crate::pace::Patience;

/// Wraps work in a limiter: anything that implements [`Admit`], such as a
/// [`RateLimiter`](crate::RateLimiter), a [`ConcurrentLimiter`](crate::ConcurrentLimiter) or a
/// [`LimitSet`](crate::LimitSet), by reference or in an [`Arc`](std::sync::Arc).
///
/// [`Wrap`] has the options.
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
pub fn wrap<L: Admit>(limiter: L) -> Wrap<L> {
    Wrap { limiter, patience: Patience::unlimited(), on_error: OnError::default(), cost: One, actual: AsEstimated }
}

/// How work is limited. Made by [`wrap()`]. It can be used any number of times, from any thread.
///
/// | to do work that | call |
/// |---|---|
/// | returns a `Result` (what most callers want) | [`try_call`](Self::try_call), [`try_call_async`](Self::try_call_async) |
/// | cannot fail | [`call`](Self::call), [`call_async`](Self::call_async) |
///
/// A call waits for the permits that its arguments [cost](Self::cost), does the work, and settles
/// the permits at the [actual cost](Self::actual) of the result. Work that ends without a result
/// (by an `Err`, a panic, or because its future is dropped) stays charged as estimated, unless
/// [`on_error`](Self::on_error) is set.
///
/// If the limiter has slots, a call holds a slot until the work ends.
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
///     fn from(error: AcquireError) -> Self {
///         Self::Limited(error)
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
pub struct Wrap<L, K = One, S = AsEstimated> {
    limiter: L,
    patience: Patience,
    on_error: OnError,
    cost: K,
    actual: S,
}

impl<L: Admit, K, S> Wrap<L, K, S> {
    /// Sets how the cost of a call is computed from its arguments. By default each call costs one
    /// permit.
    ///
    /// State the type of the arguments, as in `|prompt: &String| prompt.len() as u64`: it is the
    /// type of what the call is given.
    pub fn cost<A, F: Fn(&A) -> L::Cost>(self, cost: F) -> Wrap<L, F, S> {
        let Self { limiter, patience, on_error, actual, .. } = self;
        Wrap { limiter, patience, on_error, cost, actual }
    }

    /// Sets how the actual cost of a call is computed from its result: for `try_call`, from the
    /// value in its `Ok`. By default a call costs its estimate.
    ///
    /// The difference to the estimate is refunded or becomes a debt, as by
    /// [`Grant::reconcile`](crate::Grant::reconcile). State the type of the result, as in
    /// `|reply: &Reply| reply.tokens`.
    pub fn actual<R, F: Fn(&R) -> L::Cost>(self, actual: F) -> Wrap<L, K, F> {
        let Self { limiter, patience, on_error, cost, .. } = self;
        Wrap { limiter, patience, on_error, cost, actual }
    }

    /// Sets what becomes of the permits of work that ends without a result. By default they
    /// [stay spent](OnError::Keep).
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// Lets each call wait no longer than `timeout`. The time of the work itself is not limited. By
    /// default a call waits for as long as it takes.
    ///
    /// If the wait would be longer, the call is refused at once and the work does not begin. A
    /// timeout of zero means now or never.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience = self.patience.timeout(timeout);
        self
    }

    /// Does work that cannot fail. Blocks this thread until the work may begin.
    ///
    /// # Errors
    ///
    /// The refusal of the limiter, such as [`AcquireError`](crate::AcquireError). The work does not
    /// begin then.
    ///
    /// # Panics
    ///
    /// If the work does.
    pub fn call<A, R>(&self, args: A, work: impl FnOnce(A) -> R) -> Result<R, L::Refusal>
    where
        K: Cost<A, L::Cost>,
        S: Actual<R, L::Cost>,
    {
        let job = self.begin(&args)?;
        let result = work(args);
        job.done(self.actual.of(&result));
        Ok(result)
    }

    /// Does work that may fail. Blocks this thread until the work may begin.
    ///
    /// # Errors
    ///
    /// The error of the work, or the refusal of the limiter, converted into that error. If the
    /// limiter refuses, the work does not begin.
    ///
    /// # Panics
    ///
    /// If the work does.
    pub fn try_call<A, R, E>(&self, args: A, work: impl FnOnce(A) -> Result<R, E>) -> Result<R, E>
    where
        E: From<L::Refusal>,
        K: Cost<A, L::Cost>,
        S: Actual<R, L::Cost>,
    {
        let job = self.begin(&args)?;
        let result = work(args)?;
        job.done(self.actual.of(&result));
        Ok(result)
    }

    /// Does work of a task that cannot fail. Suspends the task until the work may begin.
    ///
    /// # Errors
    ///
    /// The refusal of the limiter, such as [`AcquireError`](crate::AcquireError). The work does not
    /// begin then.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while it waits, nothing is charged. If it is dropped during the
    /// work, [`on_error`](Self::on_error) says what becomes of the permits.
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
    pub async fn call_async<A, R, F>(&self, args: A, work: impl FnOnce(A) -> F) -> Result<R, L::Refusal>
    where
        F: Future<Output = R>,
        K: Cost<A, L::Cost>,
        S: Actual<R, L::Cost>,
    {
        let job = self.begin_async(&args).await?;
        let result = work(args).await;
        job.done(self.actual.of(&result));
        Ok(result)
    }

    /// Does work of a task that may fail. Suspends the task until the work may begin.
    ///
    /// # Errors
    ///
    /// The error of the work, or the refusal of the limiter, converted into that error. If the
    /// limiter refuses, the work does not begin.
    ///
    /// # Cancel safety
    ///
    /// The same as [`call_async`](Self::call_async).
    pub async fn try_call_async<A, R, E, F>(&self, args: A, work: impl FnOnce(A) -> F) -> Result<R, E>
    where
        F: Future<Output = Result<R, E>>,
        E: From<L::Refusal>,
        K: Cost<A, L::Cost>,
        S: Actual<R, L::Cost>,
    {
        let job = self.begin_async(&args).await?;
        let result = work(args).await?;
        job.done(self.actual.of(&result));
        Ok(result)
    }

    fn begin<A>(&self, args: &A) -> Result<Job<L>, L::Refusal>
    where
        K: Cost<A, L::Cost>,
    {
        Job::begin(&self.limiter, self.cost.of(args), self.patience, self.on_error)
    }

    async fn begin_async<A>(&self, args: &A) -> Result<Job<L>, L::Refusal>
    where
        K: Cost<A, L::Cost>,
    {
        Job::begin_async(&self.limiter, self.cost.of(args), self.patience, self.on_error).await
    }
}

impl<L: fmt::Debug, K, S> fmt::Debug for Wrap<L, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrap")
            .field("limiter", &self.limiter)
            .field("patience", &self.patience)
            .field("on_error", &self.on_error)
            .finish_non_exhaustive()
    }
}
