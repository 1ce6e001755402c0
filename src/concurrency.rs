//! A limit on the work that is under way at a time, together with a rate.

mod acquire;
mod seat;
mod slot;
mod slots;

pub use self::acquire::Acquire;
pub use self::slot::Slot;

use std::fmt;
use std::sync::Arc;

use self::seat::Seat;
use self::slots::Slots;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{AcquireError, BuildError, Denied, Refused};
use crate::held::Held;
use crate::limiter::Handle;
use crate::limiter::RateLimiter;
use crate::quota::Quota;

/// A rate limit together with a limit on how much work is under way at a time.
///
/// Each piece of work needs a slot and permits. The slot is held for the **whole of the work**, not only while it is waited
/// for: until the [`Slot`] that stands for both is dropped, by a panic or a cancelled task too.
///
/// The slot is taken first, then the permits: nothing is taken of the rate while all slots are taken, and whoever is
/// refused the permits gives the slot back. Slots are handed over first come, first served, threads and tasks together.
///
/// Settling, control and queries of the rate are [`limiter`](Self::limiter)'s. While that is
/// [bypassed](RateLimiter::bypass), no permits are needed, but a slot still is.
///
/// # Memory ordering
///
/// A slot happens after the end of the work that held it before: what that did is visible to whoever gets it.
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
    limiter: Arc<RateLimiter<C>>,
    slots: Slots,
}

impl<C: Clock> fmt::Debug for ConcurrentLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrentLimiter")
            .field("limiter", &self.limiter)
            .field("max_concurrent", &self.max_concurrent())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl ConcurrentLimiter {
    /// At most `max_concurrent` at a time, at the rate of `quota` by the system's clock.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroConcurrency`] if `max_concurrent` is 0: no work could ever begin.
    pub fn new(quota: Quota, max_concurrent: usize) -> Result<Self, BuildError> {
        Self::over(RateLimiter::new(quota), max_concurrent)
    }
}

impl<C: Clock> ConcurrentLimiter<C> {
    /// At most `max_concurrent` at a time, at the rate of `quota` by another clock.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroConcurrency`] if `max_concurrent` is 0: no work could ever begin.
    pub fn with_clock(quota: Quota, max_concurrent: usize, clock: C) -> Result<Self, BuildError> {
        Self::over(RateLimiter::with_clock(quota, clock), max_concurrent)
    }

    /// At most `max_concurrent` at a time, at the rate of a limiter that was built to order or, in an [`Arc`], is shared
    /// with others.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroConcurrency`] if `max_concurrent` is 0: no work could ever begin.
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
        if max_concurrent == 0 {
            return Err(BuildError::ZeroConcurrency);
        }
        Ok(Self { limiter: limiter.into(), slots: Slots::new(max_concurrent) })
    }

    /// Takes a slot and `n` permits if both are to be had now.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed: as [`RateLimiter::try_acquire`], or because all slots are taken
    /// ([`Reason::Busy`]).
    pub fn try_acquire(&self, n: u64) -> Result<Slot<'_, C>, Denied> {
        self.try_acquire_at(self.limiter.clock().now(), n)
    }

    /// [`try_acquire`](Self::try_acquire) at a given reading of the clock.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_at(&self, now: Timestamp, n: u64) -> Result<Slot<'_, C>, Denied> {
        self.check_burst(n)?;
        let Some(seat) = Seat::free(&Held::Borrowed(self)) else {
            let refused =
                if self.limiter.is_closed() { Refused::Closed } else { Refused::Busy(self.slots.max() as u64) };
            return Err(self.denied(n, refused));
        };
        self.limiter.try_acquire_at(now, n).map(|grant| Slot::new(grant, seat))
    }

    /// Asks for a slot and `n` permits, to be waited for with [`wait`](Acquire::wait) on this thread or `.await`. Nothing
    /// is taken until then.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, ConcurrentLimiter, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = ConcurrentLimiter::new(Quota::per_second(100)?, 1)?;
    /// let slot = limiter.acquire(1).wait()?;
    /// assert!(matches!(
    ///     limiter.acquire(1).timeout(Duration::from_millis(1)).wait(),
    ///     Err(AcquireError::Busy { max_concurrent: 1, .. })
    /// ));
    /// drop(slot);
    /// assert!(limiter.acquire(1).wait().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn acquire(&self, n: u64) -> Acquire<'_, C> {
        Acquire::new(Held::Borrowed(self), n)
    }

    /// [`acquire`](Self::acquire) that keeps the limiter alive and borrows nothing.
    pub fn acquire_owned(self: &Arc<Self>, n: u64) -> Acquire<'static, C> {
        Acquire::new(Held::Shared(Arc::clone(self)), n)
    }

    /// The rate limit.
    pub fn limiter(&self) -> &RateLimiter<C> {
        &self.limiter
    }

    /// How much work may be under way at a time.
    pub fn max_concurrent(&self) -> usize {
        self.slots.max()
    }

    /// How many slots are taken now: by work under way, and by those who have one and wait for permits.
    pub fn in_flight(&self) -> usize {
        self.slots.taken()
    }

    /// How many threads and tasks wait for a slot now. Those who have one and wait for permits are the
    /// [limiter's](RateLimiter::waiters).
    pub fn waiters(&self) -> usize {
        self.slots.waiting()
    }

    /// [Closes the rate limit](RateLimiter::close) and refuses those who wait for a slot as well. Work under way may finish.
    ///
    /// If only the [`limiter`](Self::limiter) is closed, those who wait for a slot learn of it when they get one.
    pub fn close(&self) {
        self.limiter.close();
        self.slots.wake_all();
    }

    fn check_open(&self) -> Result<(), AcquireError> {
        if self.limiter.is_closed() { Err(AcquireError::Closed) } else { Ok(()) }
    }

    /// No slot is waited for in vain.
    fn check_burst(&self, n: u64) -> Result<(), Denied> {
        if n > self.limiter.quota().burst() {
            Err(self.denied(n, Refused::ExceedsBurst(self.limiter.available())))
        } else {
            Ok(())
        }
    }

    fn denied(&self, n: u64, refused: Refused) -> Denied {
        Denied::new(n, self.limiter.quota(), refused)
    }

    fn busy(&self) -> AcquireError {
        AcquireError::Busy { max_concurrent: self.slots.max() }
    }
}

impl<'a, C: Clock> Held<'a, ConcurrentLimiter<C>> {
    /// The rate limit, held as this is.
    fn rate(&self) -> Handle<'a, C> {
        match self {
            Held::Borrowed(limiter) => Held::Borrowed(&limiter.limiter),
            Held::Shared(limiter) => Held::Shared(Arc::clone(&limiter.limiter)),
        }
    }
}
