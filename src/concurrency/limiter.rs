//! The limiter of the work under way. Its verbs are in the files beside this one.

use std::fmt;
use std::sync::Arc;

use super::slots::Slots;
use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::limiter::RateLimiter;
use crate::pace::{Strategy, ThreadPace};
use crate::quota::Quota;

/// A limit on how much work is under way at a time, usually together with a rate limit.
///
/// | to | call |
/// |---|---|
/// | wait for a slot and permits (what most callers want) | [`acquire(n).wait()`](Self::acquire) or `.await` |
/// | take a slot and permits only if both are available now | [`try_acquire`](Self::try_acquire) |
/// | limit the work under way alone, without a rate | [`slots`](Self::slots) |
/// | share the rate with other callers | [`over`](Self::over) |
///
/// Each piece of work needs a slot and permits. The slot is held for the **whole of the work**, not
/// only while it is waited for: until the [`Slot`](super::Slot) that stands for both is dropped,
/// also by a panic or a cancelled task.
///
/// The slot is taken first, then the permits. While all slots are taken, nothing is taken of the
/// rate. A request that is refused the permits gives the slot back. Slots are handed over first
/// come, first served, to threads and tasks alike.
///
/// While the rate is [bypassed](Self::bypass), a request needs no permits, but it still needs a
/// slot.
///
/// # Memory ordering
///
/// A slot happens after the end of the work that held it before. What that work did is visible to
/// the caller that gets the slot.
///
/// # Examples
///
/// ```
/// use limitor::{ConcurrentLimiter, Quota};
/// use std::{sync::atomic::{AtomicUsize, Ordering}, thread};
///
/// let limiter = ConcurrentLimiter::new(Quota::per_second(1_000)?, 2)?;
/// let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
/// thread::scope(|scope| {
///     for _ in 0..8 {
///         scope.spawn(|| {
///             let slot = limiter.acquire(1).wait()?;
///             most.fetch_max(inside.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
///             thread::yield_now(); // the work
///             inside.fetch_sub(1, Ordering::Relaxed);
///             drop(slot);
///             Ok::<(), limitor::AcquireError>(())
///         });
///     }
/// });
/// assert!(most.into_inner() <= 2);
/// # Ok::<(), limitor::BuildError>(())
/// ```
pub struct ConcurrentLimiter<C: Clock = SystemClock> {
    /// Without a rate, a limiter that is bypassed: it grants everything, and charges nothing.
    limiter: Arc<RateLimiter<C>>,
    has_rate: bool,
    slots: Slots,
    strategy: Strategy,
}

/// What a limiter is built from, besides its rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) max_concurrent: usize,
    pub(super) max_waiters: usize,
    pub(super) strategy: Strategy,
}

impl Options {
    pub(super) fn new(max_concurrent: usize) -> Self {
        Self { max_concurrent, max_waiters: usize::MAX, strategy: Strategy::default() }
    }
}

impl<C: Clock> fmt::Debug for ConcurrentLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrentLimiter")
            .field("limiter", &self.limiter)
            .field("max_concurrent", &self.slots.max())
            .field("in_flight", &self.slots.taken())
            .finish_non_exhaustive()
    }
}

impl ConcurrentLimiter {
    /// Limits the work under way to `max_concurrent` pieces, at the rate of `quota`, on the
    /// system's clock.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroConcurrency`] if `max_concurrent` is 0: no work could begin.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, Quota};
    ///
    /// let limiter = ConcurrentLimiter::new(Quota::per_second(100)?, 8)?;
    /// assert!(limiter.try_acquire(1).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn new(quota: Quota, max_concurrent: usize) -> Result<Self, BuildError> {
        Self::over(RateLimiter::new(quota), max_concurrent)
    }

    /// Limits the work under way to `max_concurrent` pieces, at any rate.
    ///
    /// A request may ask for any number of permits, because they are not counted. Settling them
    /// does nothing. [`builder`](Self::builder) sets another clock.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroConcurrency`] if `max_concurrent` is 0: no work could begin.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, Reason};
    ///
    /// let limiter = ConcurrentLimiter::slots(2)?;
    /// let (first, _second) = (limiter.try_acquire(1).unwrap(), limiter.try_acquire(1).unwrap());
    /// assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Busy);
    /// drop(first);
    /// assert!(limiter.try_acquire(1).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn slots(max_concurrent: usize) -> Result<Self, BuildError> {
        Self::without_rate(SystemClock::new(), Options::new(max_concurrent))
    }
}

impl<C: Clock> ConcurrentLimiter<C> {
    /// Limits the work under way to `max_concurrent` pieces, at the rate of `quota`, on another
    /// clock.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroConcurrency`] if `max_concurrent` is 0: no work could begin.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(5)?, 8, ManualClock::new())?;
    /// assert!(limiter.try_acquire(5).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn with_clock(quota: Quota, max_concurrent: usize, clock: C) -> Result<Self, BuildError> {
        Self::over(RateLimiter::with_clock(quota, clock), max_concurrent)
    }

    /// Limits the work under way to `max_concurrent` pieces, at the rate of a limiter. The limiter
    /// can be built with options or, in an [`Arc`], be shared with other callers.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroConcurrency`] if `max_concurrent` is 0: no work could begin.
    ///
    /// # Examples
    ///
    /// Two kinds of work share a rate, and only one of them is bounded:
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let rate = Arc::new(RateLimiter::builder(Quota::per_hour(100)?).initial(50).build());
    /// let heavy = ConcurrentLimiter::over(rate.clone(), 1)?;
    /// let _slot = heavy.try_acquire(30).unwrap();
    /// assert!(heavy.try_acquire(1).is_err());
    /// assert!(rate.try_acquire(20).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn over(limiter: impl Into<Arc<RateLimiter<C>>>, max_concurrent: usize) -> Result<Self, BuildError> {
        Self::with_rate(limiter.into(), Options::new(max_concurrent))
    }

    pub(super) fn with_rate(limiter: Arc<RateLimiter<C>>, options: Options) -> Result<Self, BuildError> {
        Self::assemble(limiter, true, options)
    }

    pub(super) fn without_rate(clock: C, options: Options) -> Result<Self, BuildError> {
        let limiter = RateLimiter::with_clock(Quota::UNLIMITED, clock);
        limiter.bypass();
        Self::assemble(Arc::new(limiter), false, options)
    }

    fn assemble(limiter: Arc<RateLimiter<C>>, has_rate: bool, options: Options) -> Result<Self, BuildError> {
        let Options { max_concurrent, max_waiters, strategy } = options;
        if max_concurrent == 0 {
            return Err(BuildError::ZeroConcurrency);
        }
        Ok(Self { limiter, has_rate, slots: Slots::new(max_concurrent, max_waiters), strategy })
    }

    /// Returns the limiter of the rate. Without a rate, that is a bypassed limiter, which grants
    /// everything and charges nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, Quota};
    ///
    /// let limiter = ConcurrentLimiter::new(Quota::per_hour(100)?, 8)?;
    /// assert!(limiter.limiter().try_acquire(100).is_ok()); // without a slot
    /// assert_eq!(limiter.available(), 0);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn limiter(&self) -> &Arc<RateLimiter<C>> {
        &self.limiter
    }

    /// Returns the rate. `None` if the limiter was built without one.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, Quota};
    ///
    /// let quota = Quota::per_second(100)?;
    /// assert_eq!(ConcurrentLimiter::new(quota, 8)?.quota(), Some(quota));
    /// assert_eq!(ConcurrentLimiter::slots(8)?.quota(), None);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn quota(&self) -> Option<Quota> {
        self.has_rate.then(|| self.limiter.quota())
    }

    /// Returns the clock.
    pub fn clock(&self) -> &C {
        self.limiter.clock()
    }

    pub(super) fn slot_queue(&self) -> &Slots {
        &self.slots
    }

    /// How threads wait for a slot.
    pub(super) fn pace(&self) -> ThreadPace<'_, C> {
        ThreadPace::new(self.clock(), self.strategy)
    }
}
