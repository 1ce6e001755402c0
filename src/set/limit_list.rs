//! Several limits as one, their number known only at run time.

use std::fmt;
use std::sync::Arc;

use super::limits::{Limits, Options};
use super::permits::Set;
use super::shape::Listed;
use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::limiter::RateLimiter;

/// Several limits as one, their number known only at run time: from a file of configuration, for
/// example.
///
/// All that is said of [`LimitSet`](super::LimitSet) holds: when a request is charged, the bound,
/// the price. The differences:
///
/// - Costs are slices, one cost for each limit in order. A request with another number of costs is
///   refused with [`Reason::CostCount`](crate::Reason::CostCount).
/// - A grant allocates its costs and charges. A refusal allocates nothing.
///
/// # Examples
///
/// ```
/// use limitor::{ManualClock, Quota, RateLimiter, set::LimitList};
/// use std::sync::Arc;
///
/// let clock = ManualClock::new();
/// let configured = [("requests", "100/s"), ("bytes", "1000000/min"), ("jobs", "5/h")];
/// let mut limits = Vec::new();
/// for (name, quota) in configured {
///     limits.push((name, Arc::new(RateLimiter::with_clock(quota.parse()?, clock.clone()))));
/// }
/// let all = LimitList::new(limits)?;
/// assert!(all.try_acquire(&[1, 512, 5]).is_ok());
/// assert_eq!(all.try_acquire(&[1, 512, 1]).unwrap_err().limit(), "jobs");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LimitList<C: Clock = SystemClock> {
    limits: Limits<Listed, C>,
}

impl<C: Clock> fmt::Debug for LimitList<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.limits.named()).finish()
    }
}

impl<C: Clock> Set for LimitList<C> {
    type Shape = Listed;
    type Clock = C;

    #[inline]
    fn inner(&self) -> &Limits<Listed, C> {
        &self.limits
    }
}

impl<C: Clock> LimitList<C> {
    /// Makes one of these limits. Each has a name, which refusals carry.
    ///
    /// Decisions look at the limits in this order. Put the limit that refuses most often first. A
    /// name that is known only at run time can be [leaked](String::leak) once for each limit.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoLimits`] without any limit, [`BuildError::LimitTwice`] if a limit is in the
    /// list twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{BuildError, Quota, RateLimiter, set::LimitList};
    /// use std::sync::Arc;
    ///
    /// let limit = Arc::new(RateLimiter::new(Quota::per_second(100)?));
    /// assert!(LimitList::new([("requests", limit.clone())]).is_ok());
    /// let twice = LimitList::new([("requests", limit.clone()), ("again", limit)]);
    /// assert!(matches!(twice, Err(BuildError::LimitTwice { name: "again", .. })));
    /// # Ok::<(), BuildError>(())
    /// ```
    pub fn new(limits: impl IntoIterator<Item = (&'static str, Arc<RateLimiter<C>>)>) -> Result<Self, BuildError> {
        Self::assemble(&Vec::from_iter(limits), Options::default())
    }

    pub(super) fn assemble(
        limits: &[(&'static str, Arc<RateLimiter<C>>)],
        options: Options,
    ) -> Result<Self, BuildError> {
        Ok(Self { limits: Limits::new(limits, options)? })
    }
}
