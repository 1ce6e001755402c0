//! Permits prepaid to one thread.
//!
//! A decision on the shared word costs a reading of the clock and a compare-and-swap. A handle takes permits from the word
//! several at a time and spends them from a counter of its own: a decision is then a subtraction.
//!
//! # The bound
//!
//! What handles may hold, `handles · batch` permits at most, is set aside from the burst when the limiter is built: the word
//! runs with a burst of `burst − handles · batch`. Over any stretch of time the word gives out at most that much and
//! `elapsed / T`; what is spent from handles is what they took in that time and what they held at its beginning, at most
//! `handles · batch`. Together: `burst + elapsed / T`, exactly.

use core::cell::Cell;
use core::fmt;
use core::sync::atomic::Ordering;

use crate::clock::Clock;
use crate::error::Denied;
use crate::handle::Handle;
use crate::limiter::RateLimiter;

/// A handle on a shared limiter for one thread, which takes permits in batches and spends them without touching what is
/// shared: 1 or 2 ns a decision, however many threads there are.
///
/// The limiter must have been built with [`Builder::local`](crate::Builder::local); a handle is made by
/// [`RateLimiter::local`]. It can be sent to another thread, but not shared.
///
/// All handles and direct callers together stay within the limiter's bound, exactly. What is left of fairness:
///
/// - A handle holds at most `batch` permits, and takes no more than a share of what there is:
///   `1 / (2 · handles)` of it beyond what it needs at the moment. So as the limiter nears its limit batches shrink to single
///   permits, and nobody starves while another hoards.
/// - Permits a handle holds are spent in no order with those of others, and are not to be had by those who wait until they
///   are given back: on [`flush`](Self::flush), on [`idle`](Self::idle), on drop.
/// - A limiter that is [closed](RateLimiter::close) takes back nothing: what a handle holds it may still spend.
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
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct LocalLimiter<'a, C: Clock> {
    limiter: Handle<'a, C>,
    /// Permits taken and not yet spent; at most the batch.
    stock: Cell<u64>,
}

impl<C: Clock> fmt::Debug for LocalLimiter<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalLimiter").field("stock", &self.stock.get()).finish_non_exhaustive()
    }
}

/// What a limiter has set aside for handles.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Aside {
    pub(crate) handles: usize,
    pub(crate) batch: u64,
}

impl Aside {
    /// All that handles may hold.
    pub(crate) fn permits(self) -> u64 {
        // Both fit 64 bits: `Builder::local` has multiplied them already.
        self.batch * self.handles as u64
    }
}

impl<'a, C: Clock> LocalLimiter<'a, C> {
    /// A handle, if there is one left.
    pub(crate) fn claim(limiter: Handle<'a, C>) -> Option<Self> {
        let handles = limiter.aside().handles;
        let more = |claimed: usize| (claimed < handles).then_some(claimed + 1);
        // The count guards nothing but itself: what a handle held went back by the word before it is counted out.
        limiter.claimed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self { limiter, stock: Cell::new(0) })
    }

    /// Takes `n` permits if they are to be had now, from what the handle holds or from the limiter.
    ///
    /// More than a batch goes to the limiter directly.
    ///
    /// # Errors
    ///
    /// As [`RateLimiter::try_acquire`], of what is missing to `n`. Nothing is changed.
    #[inline]
    pub fn try_acquire(&self, n: u64) -> Result<(), Denied> {
        match self.stock.get().checked_sub(n) {
            Some(rest) => {
                self.stock.set(rest);
                Ok(())
            }
            None => self.take(n),
        }
    }

    #[cold]
    fn take(&self, n: u64) -> Result<(), Denied> {
        let aside = self.limiter.aside();
        if n > aside.batch {
            return self.limiter.try_acquire(n).map(drop);
        }
        let missing = n - self.stock.get();
        let share = 2 * aside.handles as u64;
        let extra = |room: u64| aside.batch.min(room / share);
        let meter = &self.limiter.meter;
        let taken = meter.take_with_extra(self.limiter.clock().now(), missing, extra);
        let (taken, _) = taken.map_err(|refused| meter.denied(missing, refused))?;
        self.stock.set(taken - missing);
        Ok(())
    }

    /// Permits held and not yet spent.
    pub fn stock(&self) -> u64 {
        self.stock.get()
    }

    /// The limiter behind it.
    pub fn limiter(&self) -> &RateLimiter<C> {
        &self.limiter
    }

    /// Gives what it holds back to the limiter.
    pub fn flush(&self) {
        self.limiter.refund(self.stock.take());
    }

    /// To be called when there will be nothing to decide for a while: [gives back](Self::flush) what it holds, unless the
    /// limiter has more than half its burst to give anyway.
    pub fn idle(&self) {
        if self.stock.get() != 0 && self.limiter.available() <= self.limiter.quota().burst() / 2 {
            self.flush();
        }
    }
}

/// Gives back what it holds, and the handle.
impl<C: Clock> Drop for LocalLimiter<'_, C> {
    fn drop(&mut self) {
        self.flush();
        self.limiter.claimed.fetch_sub(1, Ordering::Relaxed);
    }
}
