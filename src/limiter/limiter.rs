//! The rate limiter itself. Its verbs are in the files beside this one.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::AtomicUsize;

use super::config::{Aside, Config};
use crate::clock::Clock;
use crate::held::Held;
use crate::meter::Meter;
use crate::queue::Engine;
use crate::quota::Quota;
use crate::rate::Rate;

#[cfg(feature = "std")]
use crate::clock::SystemClock;
#[cfg(feature = "std")]
use crate::pace::{Strategy, ThreadPace};

/// A rate limiter, shared by reference or in an [`Arc`].
///
/// | to | call |
/// |---|---|
/// | wait for permits (what most callers want) | [`acquire(n).wait()`](Self::acquire) or `.await` |
/// | wait, but not longer than a time | [`acquire(n).timeout(t).wait()`](Self::acquire) |
/// | take permits only if they are available now | [`try_acquire`](Self::try_acquire) |
/// | take an entry of the queue now and wait for it later, or not | [`reserve`](Self::reserve) |
/// | settle the actual cost of work that was estimated | [`Grant::reconcile`](crate::Grant::reconcile) |
/// | look, and take nothing | [`available`](Self::available), [`standing`](Self::standing) |
///
/// The whole state is the theoretical arrival time (TAT) of the Generic Cell Rate Algorithm in one
/// atomic word, moved by compare-and-swap. A request for `n` permits at `now` moves the TAT to
/// `max(TAT, now) + n·T`, where `T = period / capacity`. The request is due when the new TAT is at
/// most `burst · T` ahead of the clock. A request that is granted immediately takes no lock,
/// allocates nothing and makes no system call.
///
/// # The bound
///
/// Over any stretch of time, permits granted less permits refunded are at most
/// `burst + elapsed / T`, exactly, at any rate. A grant counts at the clock reading that its
/// decision used. A grant that was waited for counts when its entry came due, however late the
/// waiter woke. A stale clock reading may exceed the bound in wall time by its staleness and no
/// more.
///
/// # Examples
///
/// ```
/// use limitor::{Quota, RateLimiter};
///
/// let limiter = RateLimiter::new(Quota::per_second(1_000)?);
/// for _ in 0..5 {
///     limiter.acquire(1).wait()?;
///     // the work, at most 1,000 times a second
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RateLimiter<#[cfg(feature = "std")] C: Clock = SystemClock, #[cfg(not(feature = "std"))] C: Clock> {
    pub(crate) engine: Engine,
    clock: C,
    initial: u64,
    /// What local handles may hold, and how many handles there are.
    pub(super) aside: Aside,
    pub(super) claimed: AtomicUsize,
    #[cfg(feature = "std")]
    strategy: Strategy,
    #[cfg(feature = "std")]
    max_waiters: usize,
}

/// A limiter, borrowed or shared: what a grant, a reservation or an acquire holds.
pub(crate) type Handle<'a, C> = Held<'a, RateLimiter<C>>;

/// Shows the quota and the state. Does not read the clock.
impl<C: Clock> fmt::Debug for RateLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.meter().load().phase();
        f.debug_struct("RateLimiter").field("quota", &self.quota()).field("state", &state).finish_non_exhaustive()
    }
}

#[cfg(feature = "std")]
impl RateLimiter {
    /// Builds a limiter on the system's clock that is full at the start.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::new(Quota::per_second(100)?);
    /// assert_eq!(limiter.available(), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn new(quota: Quota) -> Self {
        Self::with_clock(quota, SystemClock::new())
    }
}

impl<C: Clock> RateLimiter<C> {
    /// Builds a limiter on another clock that is full at the start.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// assert_eq!(limiter.available(), 100);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn with_clock(quota: Quota, clock: C) -> Self {
        Self::assemble(&Config::new(quota), clock)
    }

    pub(super) fn assemble(config: &Config, clock: C) -> Self {
        // What is set aside is less than the burst, and a smaller burst is within every bound.
        let direct = config.quota.with_burst(config.quota.burst() - config.aside.permits()).unwrap_or(config.quota);
        let initial = config.initial.unwrap_or(u64::MAX).min(direct.burst());
        let now = clock.now();
        let meter = Meter::new(Rate::new(direct, clock.tick(), now), initial, now, config.strict);
        Self::around(meter, initial, config, clock)
    }

    fn around(meter: Meter, initial: u64, config: &Config, clock: C) -> Self {
        Self {
            engine: Engine::new(meter),
            clock,
            initial,
            aside: config.aside,
            claimed: AtomicUsize::new(0),
            #[cfg(feature = "std")]
            strategy: config.strategy,
            #[cfg(feature = "std")]
            max_waiters: config.max_waiters,
        }
    }

    /// A limiter with its word at `tat` already.
    #[cfg(feature = "keyed")]
    pub(crate) fn resume(rate: Rate, tat: u64, clock: C, strategy: Strategy, max_waiters: usize) -> Self {
        let config = Config { strategy, max_waiters, ..Config::new(rate.quota()) };
        Self::around(Meter::resume(rate, tat), rate.quota().burst(), &config, clock)
    }

    /// Returns what the limiter allows. If permits are set aside for
    /// [local handles](crate::Builder::local), the burst is what is left for direct callers.
    pub fn quota(&self) -> Quota {
        self.meter().rate.quota()
    }

    /// Returns the clock.
    #[inline]
    pub fn clock(&self) -> &C {
        &self.clock
    }

    #[inline]
    pub(crate) fn meter(&self) -> &Meter {
        &self.engine.meter
    }

    /// How threads wait for this limiter.
    #[cfg(feature = "std")]
    pub(crate) fn pace(&self) -> ThreadPace<'_, C> {
        ThreadPace::new(&self.clock, self.strategy)
    }

    #[cfg(feature = "std")]
    pub(crate) fn max_waiters(&self) -> usize {
        self.max_waiters
    }

    pub(super) fn initial(&self) -> u64 {
        self.initial
    }

    /// A handle that shares the limiter.
    pub(crate) fn shared(self: &Arc<Self>) -> Handle<'static, C> {
        Held::Shared(Arc::clone(self))
    }
}

#[cfg(all(test, feature = "std", not(loom), target_arch = "x86_64", target_os = "linux"))]
mod tests {
    use super::*;
    use crate::error::Denied;
    use crate::limiter::Grant;

    #[test]
    fn sizes_are_as_recorded() {
        use core::mem::size_of;
        assert_eq!(size_of::<RateLimiter>(), 512);
        assert_eq!(size_of::<Grant<'static, SystemClock>>(), 40);
        assert_eq!(size_of::<Denied>(), 48);
        assert_eq!(size_of::<Result<Grant<'static, SystemClock>, Denied>>(), 48);
    }
}
