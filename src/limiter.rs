//! The rate limiter: read the clock, decide, commit.

use core::cmp::Ordering;
use core::fmt;

use crossbeam_utils::CachePadded;

use crate::builder::Builder;
use crate::clock::{Clock, Timestamp};
use crate::error::{Denied, Refused};
use crate::grant::Grant;
use crate::handle::Handle;
use crate::local::{Aside, LocalLimiter};
use crate::meter::{Charge, Meter};
use crate::quota::Quota;
use crate::state::Phase;

#[cfg(feature = "std")]
use crate::clock::SystemClock;
#[cfg(feature = "std")]
use crate::error::Reason;
#[cfg(feature = "std")]
use crate::gcra::{Gcra, Unit};
#[cfg(feature = "std")]
use crate::wait::{Line, Strategy, TELL_AHEAD};
use alloc::sync::Arc;
use core::sync::atomic::AtomicUsize;
#[cfg(feature = "std")]
use core::time::Duration;

/// A rate limiter, to be shared by reference or in an [`Arc`](std::sync::Arc).
///
/// | to | call |
/// |---|---|
/// | wait for a turn (what most callers want) | [`acquire(n).wait()`](Self::acquire) |
/// | wait, but not longer than | [`acquire(n).timeout(t).wait()`](Self::acquire) |
/// | ask, and be refused if it is not to be had now | [`try_acquire`](Self::try_acquire) |
/// | take a place now and wait for it later, or not | [`reserve`](Self::reserve) |
/// | settle the actual cost of work that was estimated | [`Grant::reconcile`], [`reconcile`](Self::reconcile) |
///
/// Its whole state is the theoretical arrival time (TAT) of the Generic Cell Rate Algorithm in one atomic word, moved by
/// compare-and-swap. A request for `n` permits at `now` moves it to `max(TAT, now) + n·T` and comes due when that is at
/// most `burst · T` ahead of the clock. Whoever need not wait takes no lock, allocates nothing and makes no system call.
///
/// # The bound
///
/// Over any stretch of time, what is granted less what is refunded is at most `burst + elapsed / T`, exactly, at any rate.
/// A grant counts at the clock reading its decision used; one that was waited for, when its place came due, however late the
/// waiter woke. A reading that is stale may exceed the bound in wall time by its staleness and no more.
///
/// # Examples
///
/// ```
/// use limitor::{Quota, RateLimiter};
///
/// let limiter = RateLimiter::new(Quota::per_second(1_000)?);
/// for _ in 0..5 {
///     limiter.acquire(1).wait()?;
///     // one of at most 1,000 a second
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RateLimiter<#[cfg(feature = "std")] C: Clock = SystemClock, #[cfg(not(feature = "std"))] C: Clock> {
    /// The word and the constants of a decision. Nothing else that is written shares its cache line.
    pub(crate) meter: CachePadded<Meter>,
    clock: C,
    initial: u64,
    /// What local handles may hold, and how many handles there are.
    aside: Aside,
    pub(crate) claimed: AtomicUsize,
    #[cfg(feature = "std")]
    strategy: Strategy,
    #[cfg(feature = "std")]
    max_waiters: usize,
    /// Touched only by those who must wait, and by what concerns them.
    #[cfg(feature = "std")]
    pub(crate) line: CachePadded<Line>,
}

/// Shows the quota and the state, and asks nothing of the clock.
impl<C: Clock> fmt::Debug for RateLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.meter.load().phase();
        f.debug_struct("RateLimiter").field("quota", &self.quota()).field("state", &state).finish_non_exhaustive()
    }
}

#[cfg(feature = "std")]
impl RateLimiter {
    /// A limiter on the system's clock, full at the start.
    pub fn new(quota: Quota) -> Self {
        Self::builder(quota).build()
    }

    /// A limiter built to order.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter, Strategy};
    ///
    /// let limiter = RateLimiter::builder(Quota::per_second(100)?)
    ///     .initial(0)
    ///     .strategy(Strategy::Park)
    ///     .max_waiters(1_000)
    ///     .build();
    /// assert!(limiter.try_acquire(100).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn builder(quota: Quota) -> Builder {
        Builder::new(quota, SystemClock::new())
    }
}

impl<C: Clock> RateLimiter<C> {
    /// A limiter on another clock, full at the start.
    pub fn with_clock(quota: Quota, clock: C) -> Self {
        Builder::new(quota, clock).build()
    }

    pub(crate) fn assemble(built: Builder<C>) -> Self {
        // What is set aside is less than the burst, and a smaller burst is within every bound.
        let direct = built.quota.with_burst(built.quota.burst() - built.aside.permits()).unwrap_or(built.quota);
        let initial = built.initial.unwrap_or(u64::MAX).min(direct.burst());
        let (tick, now) = (built.clock.tick(), built.clock.now());
        Self::around(Meter::new(direct, initial, tick, now, built.strict), initial, built)
    }

    /// A limiter with this word.
    pub(crate) fn around(meter: Meter, initial: u64, built: Builder<C>) -> Self {
        Self {
            #[cfg(feature = "std")]
            line: CachePadded::new(Line::new(Unit::of(built.quota).units_in(TELL_AHEAD))),
            #[cfg(feature = "std")]
            strategy: built.strategy,
            #[cfg(feature = "std")]
            max_waiters: built.max_waiters,
            meter: CachePadded::new(meter),
            clock: built.clock,
            initial,
            aside: built.aside,
            claimed: AtomicUsize::new(0),
        }
    }

    /// What it allows; with permits set aside for [local handles](crate::Builder::local), to those who ask it directly.
    pub fn quota(&self) -> Quota {
        self.meter.quota()
    }

    pub(crate) fn aside(&self) -> Aside {
        self.aside
    }

    /// A handle that takes permits in batches and spends them on one thread, if the limiter was built for such handles and
    /// one is left.
    pub fn local(&self) -> Option<LocalLimiter<'_, C>> {
        LocalLimiter::claim(Handle::Borrowed(self))
    }

    /// [`local`](Self::local) that keeps the limiter alive and borrows nothing.
    pub fn local_owned(self: &Arc<Self>) -> Option<LocalLimiter<'static, C>> {
        LocalLimiter::claim(Handle::Shared(Arc::clone(self)))
    }

    /// Its clock.
    #[inline]
    pub fn clock(&self) -> &C {
        &self.clock
    }

    #[cfg(feature = "std")]
    pub(crate) fn strategy(&self) -> Strategy {
        self.strategy
    }

    #[cfg(feature = "std")]
    pub(crate) fn max_waiters(&self) -> usize {
        self.max_waiters
    }

    pub(crate) fn initial(&self) -> u64 {
        self.initial
    }

    /// Takes `n` permits if they are to be had now.
    ///
    /// Nobody who waits is overtaken: as long as somebody does, the answer is a refusal.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed. It says when to [retry](Denied::retry_after), and [why](Denied::reason).
    #[inline]
    pub fn try_acquire(&self, n: u64) -> Result<Grant<'_, C>, Denied> {
        self.try_acquire_at(self.clock.now(), n)
    }

    /// [`try_acquire`](Self::try_acquire) at a given reading of the clock.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, Quota, RateLimiter};
    ///
    /// let (second, minute) = (RateLimiter::new(Quota::per_second(5)?), RateLimiter::new(Quota::per_minute(100)?));
    /// let now = second.clock().now(); // read once
    /// if let Ok(grant) = second.try_acquire_at(now, 1) {
    ///     if minute.try_acquire_at(now, 1).is_err() {
    ///         grant.refund();
    ///     }
    /// }
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire_at(&self, now: Timestamp, n: u64) -> Result<Grant<'_, C>, Denied> {
        if self.meter.is_ordinary(n) {
            let now = self.meter.scale.units(now);
            match self.meter.grant(now, n) {
                Ok(()) => Ok(Grant::new(Handle::Borrowed(self), n, Charge::Counted)),
                Err(short) => self.granted(n, short.meaning()),
            }
        } else {
            self.granted(n, self.take_odd(now, n))
        }
    }

    /// Nothing, more than there can be, or from a strict limiter.
    #[cold]
    fn take_odd(&self, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        let taken = self.meter.take(now, n);
        #[cfg(feature = "std")]
        if taken.is_err_and(|refused| refused.reason == Reason::NotYet) {
            return self.try_in_line(now, n);
        }
        taken
    }

    /// What callers get: made here, where it is inlined, so that a refusal that nobody looks into is never written down.
    #[inline]
    fn granted(&self, n: u64, taken: Result<Charge, Refused>) -> Result<Grant<'_, C>, Denied> {
        match taken {
            Ok(charge) => Ok(Grant::new(Handle::Borrowed(self), n, charge)),
            Err(refused) => Err(self.meter.denied(n, refused)),
        }
    }

    /// Takes as many permits as are to be had now, at least one and at most `n`. The grant says
    /// [how many](Grant::amount).
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire), of a single permit; `n` may be more than the burst.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// assert_eq!(limiter.try_acquire_up_to(7).unwrap().amount(), 7);
    /// assert_eq!(limiter.try_acquire_up_to(7).unwrap().amount(), 3);
    /// assert!(limiter.try_acquire_up_to(7).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire_up_to(&self, n: u64) -> Result<Grant<'_, C>, Denied> {
        self.try_acquire_up_to_at(self.clock.now(), n)
    }

    /// [`try_acquire_up_to`](Self::try_acquire_up_to) at a given reading of the clock.
    ///
    /// # Errors
    ///
    /// As [`try_acquire_up_to`](Self::try_acquire_up_to).
    pub fn try_acquire_up_to_at(&self, now: Timestamp, n: u64) -> Result<Grant<'_, C>, Denied> {
        if n <= 1 {
            return self.try_acquire_at(now, n);
        }
        match self.meter.take_with_extra(now, 1, |room| room.min(n - 1)) {
            // Of a breached limiter as many are to be had as it ever grants.
            Ok((_, Charge::Free)) => {
                Ok(Grant::new(Handle::Borrowed(self), n.min(self.meter.gcra.burst()), Charge::Free))
            }
            Ok((taken, charge)) => Ok(Grant::new(Handle::Borrowed(self), taken, charge)),
            // Of a strict limiter there is never more than one to be had; and any other says why there is none.
            Err(_) => self.try_acquire_at(now, 1),
        }
    }

    /// Settles work after the fact: `estimated` permits were taken for it, `actual` was its cost.
    ///
    /// What was taken too much comes back, and those who wait move up by what they can use of it. What was taken too
    /// little becomes a debt, placed behind those who wait: it delays newcomers and breaks no promise. Never waits, never
    /// fails. Prefer [`Grant::reconcile`], which cannot be called twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.try_acquire(15).unwrap();
    /// limiter.reconcile(10, 15);
    /// assert_eq!(limiter.available(), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile(&self, actual: u64, estimated: u64) {
        self.settle(None, actual, estimated);
    }

    /// [`reconcile`](Self::reconcile) at a given reading of the clock.
    pub fn reconcile_at(&self, now: Timestamp, actual: u64, estimated: u64) {
        self.settle(Some(now), actual, estimated);
    }

    pub(crate) fn settle(&self, now: Option<Timestamp>, actual: u64, estimated: u64) {
        let units = || self.meter.scale.units(now.unwrap_or_else(|| self.clock.now()));
        match actual.cmp(&estimated) {
            Ordering::Less => {
                let back = estimated - actual;
                if !self.meter.refund_idle(units(), back, || self.line_is_empty()) {
                    self.refund_waiting(now, back);
                }
            }
            Ordering::Equal => {}
            Ordering::Greater => {
                let debt = actual - estimated;
                if !self.meter.charge_idle(units(), debt, || self.line_is_empty()) {
                    self.charge_waiting(now, debt);
                }
            }
        }
    }

    /// Gives `n` permits back: `reconcile(0, n)`.
    pub fn refund(&self, n: u64) {
        self.reconcile(0, n);
    }

    /// Takes `n` permits after the fact, as a debt if need be: `reconcile(n, 0)`.
    pub fn charge(&self, n: u64) {
        self.reconcile(n, 0);
    }

    /// Whole permits to be had now.
    pub fn available(&self) -> u64 {
        self.available_at(self.clock.now())
    }

    /// [`available`](Self::available) at a given reading of the clock.
    pub fn available_at(&self, now: Timestamp) -> u64 {
        let (tat, now) = self.peek(now);
        self.meter.gcra.available(tat, now)
    }

    /// Whether `n` permits are to be had now, and how many are missing. Takes nothing.
    pub fn capacity_info(&self, n: u64) -> Capacity {
        self.capacity_info_at(self.clock.now(), n)
    }

    /// [`capacity_info`](Self::capacity_info) at a given reading of the clock.
    pub fn capacity_info_at(&self, now: Timestamp, n: u64) -> Capacity {
        let (tat, now) = self.peek(now);
        let needed = self.meter.gcra.needed(tat, now, n);
        // Nothing is always to be had, also of one in debt, but not of one that is closed.
        let needed = if n == 0 && !self.is_closed() { needed.min(0) } else { needed };
        Capacity { has_capacity: needed <= 0, needed }
    }

    /// The TAT and the time in units; a breached limiter counts as full.
    pub(crate) fn peek(&self, now: Timestamp) -> (u64, u64) {
        let seen = self.meter.load();
        let tat = if seen.phase() == Phase::Breached { 0 } else { seen.tat() };
        (tat, self.meter.scale.units(now))
    }
}

/// What the views of the word are made of.
#[cfg(feature = "std")]
impl<C: Clock> RateLimiter<C> {
    pub(crate) fn gcra(&self) -> Gcra {
        self.meter.gcra
    }

    pub(crate) fn unit(&self) -> Unit {
        Unit::of(self.quota())
    }

    /// n·T, rounded up to 1 ns.
    pub(crate) fn time_of(&self, n: u64) -> Duration {
        self.unit().duration(self.meter.gcra.amount(n))
    }

    /// The clock reading of a time in units.
    pub(crate) fn reading(&self, units: u64) -> Timestamp {
        self.meter.scale.reading(units)
    }
}

/// What [`RateLimiter::capacity_info`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Whether as much as was asked about is to be had now.
    pub has_capacity: bool,
    /// The permits missing for it; 0 or less if there are enough, negative by the room to spare.
    pub needed: i128,
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use super::*;

    /// The word and all that a decision reads besides the clock share one line pair, which nothing else that is written is
    /// on: the lock of the line has its own. (128 bytes, because processors fetch lines in pairs.)
    #[test]
    fn what_shares_the_words_cache_line() {
        use core::mem::{align_of, offset_of, size_of};
        let line = align_of::<CachePadded<u8>>();
        let meter = offset_of!(RateLimiter, meter);
        assert_eq!(meter % line, 0);
        assert!(size_of::<Meter>() <= line, "{} bytes", size_of::<Meter>());
        assert_eq!(size_of::<CachePadded<Meter>>(), line);
        assert!(offset_of!(RateLimiter, line).abs_diff(meter) >= line);
        assert_eq!(offset_of!(RateLimiter, line) % line, 0);
    }

    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    #[test]
    fn sizes() {
        use core::mem::size_of;
        assert_eq!(size_of::<RateLimiter>(), 512);
        assert_eq!(size_of::<Grant<'static, SystemClock>>(), 32);
        assert_eq!(size_of::<Denied>(), 48);
        assert_eq!(size_of::<Result<Grant<'static, SystemClock>, Denied>>(), 48);
    }
}
