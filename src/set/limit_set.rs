//! Several limits as one, their number known to the compiler.

use std::fmt;
use std::sync::Arc;

use super::limits::{Limits, Options};
use super::permits::Set;
use super::shape::Fixed;
use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::limiter::RateLimiter;

/// Several limits as one: a request is granted by all of them or charged to none.
///
/// | to | call |
/// |---|---|
/// | wait for permits of all limits (what most callers want) | [`acquire(costs).wait()`](Self::acquire) or `.await` |
/// | take permits only if all limits have them now | [`try_acquire`](Self::try_acquire) |
/// | settle the actual costs of work that was estimated | [`Grant::reconcile`](super::Grant::reconcile) |
/// | look, and take nothing | [`available`](Self::available), [`standing`](Self::standing) |
///
/// Each limit has its own cost for a request: one request and 512 bytes, for example. The limits
/// are limiters like any other. They may be in other sets too, and be asked directly: a user's own
/// and the system's, requests and bytes, per second and per day. They must be on the same clock:
/// the clock of the first is read for all. If the number of limits is known only at run time, use a
/// [`LimitList`](super::LimitList).
///
/// # When a request that waits is charged
///
/// It is charged when all of its limits can grant it at the same moment, and not before. The
/// waiters of a set are granted first come, first served. Nothing is held back for them: meanwhile
/// other callers can use the limits that have enough, directly or through other sets. (Charging
/// some limits at once and the others when they come due would break the bound: a caller that asks
/// the former directly gets a burst while the request waits, and the request goes on top of it.)
///
/// This has a price:
///
/// - *Unused permits.* A caller that asks through the set waits behind the first waiter, even if it
///   asks only of limits that have enough. Permits that come back to a full limit are lost, as
///   always. So if only this set uses a limit, a full limit loses permits until the first waiter is
///   granted its request.
/// - *No certain time.* If other callers drain a limit all the time, the waiters of the set wait
///   for as long. So let requests that must not overtake go through the same set.
/// - *Earlier grants without notice.* The first waiter sleeps until the time that the limits give.
///   A refund through the set brings that forward. A caller that refunds a limit in another way
///   calls [`notify`](Self::notify).
/// - *Reservations.* A set has no `reserve`: nothing is charged before the whole request is
///   granted, so there is no entry to hand out whose time is certain.
///
/// # The bound
///
/// Each limit keeps [its own bound](RateLimiter#the-bound), exactly, with all that is granted
/// through sets and directly.
///
/// A decision takes from one limit after the other. If another caller was quicker at a later limit,
/// the decision gives back what it took. In between, a limit may refuse another request that it
/// would grant a moment later. The `retry_after` of that refusal may be too long by what was taken.
/// A waiter that looks just then as the first of another set sleeps that long, or until that set is
/// notified. A limit never grants too much.
///
/// # What it costs
///
/// With N limits and no waiter, a decision looks at N words and, if it is a grant, makes N
/// compare-and-swaps. It takes no lock and allocates nothing. While n requests wait, each call
/// takes the set's lock for O(N), and for O(N) more for each waiter that is due by then. A call
/// with a timeout or deadline looks ahead through the queue, for O(N·n). Leaving the middle of the
/// queue takes O(n).
///
/// # Examples
///
/// ```
/// use limitor::{LimitSet, ManualClock, Quota, RateLimiter};
/// use std::sync::Arc;
///
/// let clock = ManualClock::new();
/// let system = Arc::new(RateLimiter::with_clock(Quota::per_second(100)?, clock.clone()));
/// let user = Arc::new(RateLimiter::with_clock(Quota::per_second(10)?, clock));
/// let both = LimitSet::new([("user", user), ("system", system.clone())]);
/// assert!(both.try_acquire([10, 10]).is_ok());
/// let denied = both.try_acquire([1, 1]).unwrap_err();
/// assert_eq!(denied.limit(), "user");
/// assert_eq!(system.available(), 90); // nothing was charged
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct LimitSet<const N: usize, C: Clock = SystemClock> {
    limits: Limits<Fixed<N>, C>,
}

impl<const N: usize, C: Clock> fmt::Debug for LimitSet<N, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.limits.named()).finish()
    }
}

impl<const N: usize, C: Clock> Set for LimitSet<N, C> {
    type Shape = Fixed<N>;
    type Clock = C;

    #[inline]
    fn inner(&self) -> &Limits<Fixed<N>, C> {
        &self.limits
    }
}

impl<const N: usize, C: Clock> LimitSet<N, C> {
    /// Makes one of these limits. Each has a name, which refusals carry.
    ///
    /// Decisions look at the limits in this order. Put the limit that refuses most often first.
    /// [`builder`](Self::builder) makes a set with options, and gives an error instead of the
    /// panic.
    ///
    /// Without any limit the call does not compile.
    ///
    /// # Panics
    ///
    /// If a limit is in the set twice. Put it in once, and ask for the sum of its costs.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let requests = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let bytes = Arc::new(RateLimiter::new(Quota::per_minute(1_000_000)?));
    /// let both = LimitSet::new([("requests", requests), ("bytes", bytes)]);
    /// assert!(both.try_acquire([1, 512]).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "callers write the list where they call this")]
    pub fn new(limits: [(&'static str, Arc<RateLimiter<C>>); N]) -> Self {
        Self::assemble(&limits, Options::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn assemble(
        limits: &[(&'static str, Arc<RateLimiter<C>>); N],
        options: Options,
    ) -> Result<Self, BuildError> {
        const { assert!(N > 0, "a set has at least one limit") };
        Ok(Self { limits: Limits::new(limits, options)? })
    }
}
