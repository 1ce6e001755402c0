//! Several limits as one.

mod acquire;
mod gate;

pub use self::acquire::{Acquire, Grant};
pub use crate::error::{LimitDenied, LimitError};

use std::fmt;
use std::sync::Arc;

use self::gate::{Members, Missed, Pass};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::AcquireError;
use crate::held::Held;
use crate::limiter::RateLimiter;
use crate::turnstile::Turnstile;

/// Several limits as one: a request is granted by all of them or charged to none.
///
/// Each limit has its own cost for a request: one request and 512 bytes, say. The limits are limiters like any other, which
/// may be in other sets too and be asked directly: a user's own and the system's, requests and bytes, per second and per
/// day. They must be on the same clock: the first one's is read for all.
///
/// # When a request that waits is charged
///
/// Not before all of its limits can grant it at the same moment, and then at that. Those who wait stand in one line for
/// each set, first come, first served, and nothing is held back for them: meanwhile the limits that have enough can be
/// used by others, directly or through other sets. (Charging some limits at once and others when they come due would break the
/// bound: whoever asks the former directly gets a burst while the request waits, and the request goes on top of it.)
///
/// What is forgone meanwhile:
///
/// - *What others do not ask for.* Whoever asks through the set, even if only of limits that have enough, stands behind the first
///   in line. What comes back to a limit that is full is lost, as always; so a limit that only this set uses loses what comes
///   back to it from when it is full until the first in line goes.
/// - *The promise of a time.* A limit that others drain all the time can put off a set's line for as long as they do. So let
///   what must not overtake go through the same set.
/// - *Going sooner unasked.* The first in line sleeps until the time that the limits tell. What is given back through the
///   set brings that forward; whoever gives back to a limit in another way calls [`notify`](Self::notify).
///
/// # The bound
///
/// Each limit keeps [its own](RateLimiter#the-bound), exactly, with all that is granted through sets and directly.
///
/// A decision takes from one limit after the other, and gives back what it took if somebody else was quicker at a later one.
/// In between, a limit may refuse another request, directly or through another set, that it would grant a moment later, and tell it
/// to come back when what was taken would have come back by itself; whoever looks just then as the first in another set's line
/// sleeps that long, or until that set is told to look again. Never does a limit grant too much.
///
/// # What it costs
///
/// With N limits and nobody in line, a decision is a look at N words and, if it is a grant, N exchanges; no lock, no allocation. While
/// n wait, asking, coming and going take the set's lock, for O(N) and O(N) more for each who can go by then; coming with a timeout or
/// deadline, which looks ahead through the line, O(N·n); and leaving from the middle of the line O(n).
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
    members: Members<N, C>,
    line: Turnstile<Members<N, C>>,
}

impl<const N: usize, C: Clock> fmt::Debug for LimitSet<N, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.members.iter().map(|member| (member.name, &member.limiter))).finish()
    }
}

impl<const N: usize, C: Clock> LimitSet<N, C> {
    /// These limits as one, each with a name for refusals to say.
    ///
    /// Decisions look at them in this order; put the one that refuses most often first.
    ///
    /// # Panics
    ///
    /// If a limit is in it twice: that has one cost, which is the sum. Does not compile without any limit.
    pub fn new(limits: [(&'static str, Arc<RateLimiter<C>>); N]) -> Self {
        const { assert!(N > 0, "a set has at least one limit") };
        for (index, (name, limit)) in limits.iter().enumerate() {
            let twice = limits[..index].iter().any(|(_, other)| Arc::ptr_eq(limit, other));
            assert!(!twice, "the limit {name:?} is in the set twice");
        }
        let members = Members::new(limits);
        Self { line: Turnstile::new(members.clone(), usize::MAX), members }
    }

    /// The limits, in order.
    pub fn limits(&self) -> impl Iterator<Item = (&'static str, &Arc<RateLimiter<C>>)> {
        self.members.iter().map(|member| (member.name, &member.limiter))
    }

    fn clock(&self) -> &C {
        self.members.clock()
    }

    /// Takes `costs`, one for each limit in order, if all are to be had now. Nobody who waits in the set's line is overtaken.
    ///
    /// A cost of 0 asks nothing of its limit. Allocates nothing, and takes no lock unless somebody waits.
    ///
    /// # Errors
    ///
    /// [`LimitDenied`], with nothing charged: it names the limit that would grant last, and when to retry. If somebody waits, that
    /// is not before the first in line can go.
    pub fn try_acquire(&self, costs: [u64; N]) -> Result<Grant<'_, N, C>, LimitDenied> {
        self.try_acquire_at(self.clock().now(), costs)
    }

    /// [`try_acquire`](Self::try_acquire) at a given reading of the clock.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_at(&self, now: Timestamp, costs: [u64; N]) -> Result<Grant<'_, N, C>, LimitDenied> {
        match self.take(now, costs) {
            Ok(pass) => Ok(Grant::new(Held::Borrowed(self), pass)),
            Err(first) => Err(self.members.denied(now, costs, first)),
        }
    }

    /// Takes all, unless somebody waits: then `Err` with what the first in line asks for.
    fn take(&self, now: Timestamp, costs: [u64; N]) -> Result<Pass<N>, Option<[u64; N]>> {
        // Who waits may be due and not know it yet, or have been leaked.
        if self.line.waiting() != 0
            && let Some(first) = self.line.first(self.clock())
        {
            return Err(Some(first));
        }
        self.members.take_all(now, costs).map_err(|missed| {
            if missed == Missed::GivenBack {
                // Who has come to wait meanwhile may have found less than there is.
                self.notify();
            }
            None
        })
    }

    /// Asks for `costs`, one for each limit in order, to be waited for with [`wait`](Acquire::wait) on this thread or
    /// `.await`. Nothing is taken until then.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{LimitSet, Quota, RateLimiter};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let requests = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// let bytes = Arc::new(RateLimiter::new(Quota::per_day(1_000_000)?));
    /// let both = LimitSet::new([("requests", requests), ("bytes", bytes)]);
    /// let grant = both.acquire([1, 800_000]).wait()?;
    /// let error = both.acquire([1, 800_000]).timeout(Duration::from_secs(60)).wait().unwrap_err();
    /// assert_eq!(error.limit(), Some("bytes")); // said at once
    /// grant.reconcile([1, 20_000]);
    /// both.acquire([1, 800_000]).wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn acquire(&self, costs: [u64; N]) -> Acquire<'_, N, C> {
        Acquire::new(Held::Borrowed(self), costs)
    }

    /// [`acquire`](Self::acquire) that keeps the set alive and borrows nothing.
    pub fn acquire_owned(self: &Arc<Self>, costs: [u64; N]) -> Acquire<'static, N, C> {
        Acquire::new(Held::Shared(Arc::clone(self)), costs)
    }

    /// Settles work after the fact: `estimated` was taken for it, `actual` was its cost, of each limit.
    ///
    /// As [`RateLimiter::reconcile`] of each. Prefer [`Grant::reconcile`], which cannot be called twice.
    pub fn reconcile(&self, actual: [u64; N], estimated: [u64; N]) {
        for ((member, actual), estimated) in self.members.iter().zip(actual).zip(estimated) {
            member.limiter.reconcile(actual, estimated);
        }
        self.notify();
    }

    /// Has those who wait look again: for when a limit has been refunded, reset or opened other than through the set.
    pub fn notify(&self) {
        if self.line.anybody_waits() {
            self.line.update(self.clock(), |_, _| ());
        }
    }

    /// How many threads and tasks wait in the set's line now.
    pub fn waiters(&self) -> usize {
        self.line.waiting()
    }

    /// Sends all who wait away with [`Cancelled`](crate::AcquireError::Cancelled). Nothing was charged for them.
    pub fn cancel_waiters(&self) {
        self.line.refuse_all(|| LimitError::new(None, AcquireError::Cancelled));
    }

    fn settle(&self, pass: &Pass<N>, actual: [u64; N]) {
        self.members.settle(pass, actual);
        self.notify();
    }
}
