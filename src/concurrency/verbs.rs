//! Asking for a slot and permits.

use std::sync::Arc;

use super::acquire::Acquire;
use super::entry::SlotEntry;
use super::limiter::ConcurrentLimiter;
use super::slot::Slot;
use crate::clock::{Clock, Timestamp};
use crate::error::{Denied, Refused};
use crate::held::Held;

impl<C: Clock> ConcurrentLimiter<C> {
    /// Takes a slot and `n` permits if both are available now.
    ///
    /// The request overtakes no waiter, neither for a slot nor for permits.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed: the same as
    /// [`RateLimiter::try_acquire`](crate::RateLimiter::try_acquire), or
    /// [`Reason::Busy`](crate::Reason::Busy) if all slots are taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota, Reason};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// let _slots = [limiter.try_acquire(1).unwrap(), limiter.try_acquire(1).unwrap()];
    /// assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Busy);
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire(&self, n: u64) -> Result<Slot<'_, C>, Denied> {
        self.try_acquire_at(self.clock().now(), n)
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
    /// use limitor::{Clock, ConcurrentLimiter, ManualClock, Quota};
    ///
    /// let limiter = ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?;
    /// let now = limiter.clock().now();
    /// assert!(limiter.try_acquire_at(now, 10).is_ok());
    /// assert!(limiter.try_acquire_at(now, 1).is_err());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire_at(&self, now: Timestamp, n: u64) -> Result<Slot<'_, C>, Denied> {
        self.check_burst(n)?;
        let slot = SlotEntry::free(&Held::Borrowed(self)).ok_or_else(|| self.busy(n))?;
        self.limiter().try_acquire_at(now, n).map(|grant| Slot::new(grant, slot))
    }

    /// Does what [`try_acquire`](Self::try_acquire) does. The slot keeps the limiter alive and
    /// borrows nothing.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, ManualClock, Quota};
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let limiter = Arc::new(ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?);
    /// let slot = limiter.try_acquire_owned(4).unwrap();
    /// thread::spawn(move || slot.reconcile(1)).join().unwrap();
    /// assert_eq!((limiter.in_flight(), limiter.available()), (0, 9));
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire_owned(self: &Arc<Self>, n: u64) -> Result<Slot<'static, C>, Denied> {
        self.try_acquire_owned_at(self.clock().now(), n)
    }

    /// Does what [`try_acquire_owned`](Self::try_acquire_owned) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ConcurrentLimiter, ManualClock, Quota};
    /// use std::sync::Arc;
    ///
    /// let limiter = Arc::new(ConcurrentLimiter::with_clock(Quota::per_second(10)?, 2, ManualClock::new())?);
    /// let now = limiter.clock().now();
    /// assert!(limiter.try_acquire_owned_at(now, 10).is_ok());
    /// # Ok::<(), limitor::BuildError>(())
    /// ```
    pub fn try_acquire_owned_at(self: &Arc<Self>, now: Timestamp, n: u64) -> Result<Slot<'static, C>, Denied> {
        self.check_burst(n)?;
        let slot = SlotEntry::free(&Held::Shared(Arc::clone(self))).ok_or_else(|| self.busy(n))?;
        self.limiter().try_acquire_owned_at(now, n).map(|grant| Slot::new(grant, slot))
    }

    /// Asks for a slot and `n` permits. [`wait`](Acquire::wait) blocks this thread until both are
    /// granted, `.await` suspends the task. Nothing is taken until then.
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

    /// Does what [`acquire`](Self::acquire) does. The request keeps the limiter alive and borrows
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ConcurrentLimiter, Quota};
    /// use std::sync::Arc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limiter = Arc::new(ConcurrentLimiter::new(Quota::per_second(100)?, 8)?);
    /// let slot = tokio::spawn(limiter.acquire_owned(5)).await??;
    /// assert_eq!(slot.amount(), 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn acquire_owned(self: &Arc<Self>, n: u64) -> Acquire<'static, C> {
        Acquire::new(Held::Shared(Arc::clone(self)), n)
    }

    /// Checks that a wait for a slot can end with a grant.
    pub(super) fn check_burst(&self, n: u64) -> Result<(), Denied> {
        let limiter = self.limiter();
        if n <= limiter.quota().burst() {
            return Ok(());
        }
        Err(limiter.denied(n, Refused::ExceedsBurst(limiter.available())))
    }

    #[cold]
    fn busy(&self, n: u64) -> Denied {
        let limiter = self.limiter();
        let slots = self.max_concurrent() as u64;
        limiter.denied(n, if limiter.is_closed() { Refused::Closed } else { Refused::Busy(slots) })
    }
}
