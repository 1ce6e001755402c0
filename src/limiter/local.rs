//! Permits prepaid to one thread.
//!
//! A decision on the shared word costs a clock reading and a compare-and-swap. A local handle takes
//! several permits from the word at a time and spends them from a counter of its own. A decision is
//! then a subtraction.
//!
//! # The bound
//!
//! Handles may hold at most `handles · batch` permits. That many are set aside from the burst when
//! the limiter is built, so the word runs with a burst of `burst − handles · batch`. Over any
//! stretch of time, the word gives out at most that burst and `elapsed / T`. What handles spend is
//! what they took in that time and what they held at its beginning, at most `handles · batch`.
//! Together: `burst + elapsed / T`, exactly.

use alloc::sync::Arc;
use core::cell::Cell;
use core::fmt;
use core::sync::atomic::Ordering;

use super::grant::Grant;
use super::limiter::{Handle, RateLimiter};
use crate::clock::{Clock, Timestamp};
use crate::error::Denied;
use crate::held::Held;
use crate::meter::Charge;

#[cfg(feature = "std")]
use crate::clock::SystemClock;

/// A handle on a shared limiter for one thread. It takes permits in batches and spends them without
/// touching shared memory: 1 or 2 ns a decision, however many threads there are.
///
/// The limiter must be built with [`Builder::local`](crate::Builder::local). [`RateLimiter::local`]
/// makes a handle. A handle can be sent to another thread but not shared.
///
/// All handles and direct callers together stay within the limiter's bound, exactly. Fairness is
/// weaker:
///
/// - A handle holds at most `batch` permits. Beyond what it needs at the moment, it takes no more
///   than `1 / (2 · handles)` of what is available. So batches shrink to single permits as the
///   limiter nears its limit, and no handle starves while another hoards.
/// - Permits that a handle holds are spent in no order with those of other callers. Waiters cannot
///   get them until they are given back: on [`flush`](Self::flush), on [`idle`](Self::idle), on
///   drop.
/// - A limiter that is [closed](RateLimiter::close) takes nothing back: the handle may still spend
///   what it holds.
///
/// # Examples
///
/// ```
/// use limitor::{Quota, RateLimiter};
/// use std::thread;
///
/// // Two handles of up to 100 permits: 200 of the burst of 1,000 are theirs.
/// let limiter = RateLimiter::builder(Quota::per_hour(1_000)?).local(2, 100)?.build();
/// let granted: usize = thread::scope(|scope| {
///     let workers: Vec<_> = (0..2)
///         .map(|_| {
///             let local = limiter.local().expect("a handle for each of two");
///             scope.spawn(move || (0..1_000).filter(|_| local.try_acquire(1).is_ok()).count())
///         })
///         .collect();
///     workers.into_iter().map(|worker| worker.join().unwrap()).sum()
/// });
/// assert_eq!(granted, 800);
/// # Ok::<(), limitor::BuildError>(())
/// ```
pub struct LocalLimiter<'a, #[cfg(feature = "std")] C: Clock = SystemClock, #[cfg(not(feature = "std"))] C: Clock> {
    limiter: Handle<'a, C>,
    /// Permits taken and not yet spent; at most the batch.
    stock: Cell<u64>,
}

impl<C: Clock> fmt::Debug for LocalLimiter<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalLimiter").field("stock", &self.stock.get()).finish_non_exhaustive()
    }
}

impl<C: Clock> RateLimiter<C> {
    /// Returns a handle that takes permits in batches and spends them on one thread. `None` if the
    /// limiter was not built for such handles, or all of them are in use.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::builder(Quota::per_second(1_000)?).local(1, 64)?.build();
    /// let local = limiter.local().unwrap();
    /// assert!(local.try_acquire(1).is_ok());
    /// assert!(limiter.local().is_none());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn local(&self) -> Option<LocalLimiter<'_, C>> {
        LocalLimiter::claim(Held::Borrowed(self))
    }

    /// Does what [`local`](Self::local) does. The handle keeps the limiter alive and borrows
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limiter = Arc::new(RateLimiter::builder(Quota::per_second(1_000)?).local(2, 64)?.build());
    /// let local = limiter.local_owned().unwrap();
    /// std::thread::spawn(move || assert!(local.try_acquire(1).is_ok())).join().unwrap();
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn local_owned(self: &Arc<Self>) -> Option<LocalLimiter<'static, C>> {
        LocalLimiter::claim(self.shared())
    }
}

impl<'a, C: Clock> LocalLimiter<'a, C> {
    /// A handle, if one is left.
    fn claim(limiter: Handle<'a, C>) -> Option<Self> {
        let handles = limiter.aside.handles;
        let more = |claimed: usize| (claimed < handles).then_some(claimed + 1);
        // The count guards only itself: what a handle held goes back by the word before the handle
        // is counted out.
        limiter.claimed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self { limiter, stock: Cell::new(0) })
    }

    /// Takes `n` permits if they are available now, from what the handle holds or from the limiter.
    ///
    /// More than a batch is taken from the limiter directly. [`Grant::remaining`] is what the
    /// handle still holds. Settling the grant settles with the limiter, not with the handle.
    ///
    /// # Errors
    ///
    /// The same as [`RateLimiter::try_acquire`], of the permits that are missing to `n`. Nothing
    /// changes.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::builder(Quota::per_hour(100)?).local(1, 10)?.build();
    /// let local = limiter.local().unwrap();
    /// assert!(local.try_acquire(5).is_ok());
    /// assert!(local.try_acquire(99).is_err());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self, n: u64) -> Result<Grant<'_, C>, Denied> {
        match self.stock.get().checked_sub(n) {
            Some(rest) => Ok(self.spend(n, rest)),
            None => self.take(self.limiter.clock().now(), n),
        }
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
    /// use limitor::{Clock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::builder(Quota::per_hour(100)?).local(1, 10)?.build();
    /// let local = limiter.local().unwrap();
    /// assert!(local.try_acquire_at(limiter.clock().now(), 5).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    #[inline]
    pub fn try_acquire_at(&self, now: Timestamp, n: u64) -> Result<Grant<'_, C>, Denied> {
        match self.stock.get().checked_sub(n) {
            Some(rest) => Ok(self.spend(n, rest)),
            None => self.take(now, n),
        }
    }

    /// A grant of `n` permits that leaves the handle `rest`.
    #[inline]
    fn spend(&self, n: u64, rest: u64) -> Grant<'_, C> {
        self.stock.set(rest);
        let gcra = &self.limiter.meter().rate.gcra;
        let ahead = gcra.leaving(0, rest.min(gcra.burst()));
        Grant::new(Held::Borrowed(&self.limiter), n, Charge::Counted { ahead })
    }

    #[cold]
    fn take(&self, now: Timestamp, n: u64) -> Result<Grant<'_, C>, Denied> {
        let aside = self.limiter.aside;
        if n > aside.batch {
            return self.limiter.try_acquire_at(now, n);
        }
        let missing = n - self.stock.get();
        let share = 2 * aside.handles as u64;
        let extra = |available: u64| aside.batch.min(available / share);
        let taken = self.limiter.meter().take_with_extra(now, missing, extra);
        let (taken, _) = taken.map_err(|refused| self.limiter.denied(missing, refused))?;
        Ok(self.spend(n, taken - missing))
    }

    /// Returns the permits that the handle holds and has not spent.
    pub fn stock(&self) -> u64 {
        self.stock.get()
    }

    /// Returns the limiter behind the handle.
    pub fn limiter(&self) -> &RateLimiter<C> {
        &self.limiter
    }

    /// Refunds what the handle holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::builder(Quota::per_hour(100)?).local(1, 10)?.build();
    /// let local = limiter.local().unwrap();
    /// local.try_acquire(1).unwrap();
    /// local.flush();
    /// assert_eq!((local.stock(), limiter.available()), (0, 89));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn flush(&self) {
        self.limiter.refund(self.stock.take());
    }

    /// Refunds what the handle holds, unless more than half of the limiter's burst is available
    /// anyway. Call this before a time without decisions.
    pub fn idle(&self) {
        if self.stock.get() != 0 && self.limiter.available() <= self.limiter.quota().burst() / 2 {
            self.flush();
        }
    }
}

/// Refunds what the handle holds, and returns the handle to the limiter.
impl<C: Clock> Drop for LocalLimiter<'_, C> {
    fn drop(&mut self) {
        self.flush();
        self.limiter.claimed.fetch_sub(1, Ordering::Relaxed);
    }
}
