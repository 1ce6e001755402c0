//! Permits now or not at all: `try_acquire` and its forms.

use alloc::sync::Arc;

use super::grant::Grant;
use super::limiter::{Handle, RateLimiter};
use crate::clock::{Clock, Timestamp};
use crate::error::{Denied, Refused};
use crate::held::Held;
use crate::meter::Charge;

impl<C: Clock> RateLimiter<C> {
    /// Takes `n` permits if they are available now.
    ///
    /// The request never overtakes a waiter: while another request waits, this one is refused.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed. It has the wait [after which to
    /// retry](Denied::retry_after) and the [reason](Denied::reason).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// assert!(limiter.try_acquire(10).is_ok());
    /// let denied = limiter.try_acquire(1).unwrap_err();
    /// assert_eq!(denied.retry_after(), Some(Duration::from_millis(100)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self, n: u64) -> Result<Grant<'_, C>, Denied> {
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
        self.decide(now, n, || Held::Borrowed(self))
    }

    /// Does what [`try_acquire`](Self::try_acquire) does. The grant keeps the limiter alive and
    /// borrows nothing.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Quota, RateLimiter};
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let limiter = Arc::new(RateLimiter::new(Quota::per_day(100)?));
    /// let grant = limiter.try_acquire_owned(40).unwrap();
    /// thread::spawn(move || grant.reconcile(25)).join().unwrap();
    /// assert_eq!(limiter.available(), 75);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire_owned(self: &Arc<Self>, n: u64) -> Result<Grant<'static, C>, Denied> {
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
    /// use limitor::{Clock, Quota, RateLimiter};
    /// use std::sync::Arc;
    ///
    /// let limiter = Arc::new(RateLimiter::new(Quota::per_second(5)?));
    /// let now = limiter.clock().now();
    /// assert!(limiter.try_acquire_owned_at(now, 5).is_ok());
    /// assert!(limiter.try_acquire_owned_at(now, 1).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire_owned_at(self: &Arc<Self>, now: Timestamp, n: u64) -> Result<Grant<'static, C>, Denied> {
        self.decide(now, n, || self.shared())
    }

    /// Decides on `n` permits. Makes the handle of the grant only for a grant.
    #[inline]
    fn decide<'a>(&self, now: Timestamp, n: u64, hold: impl FnOnce() -> Handle<'a, C>) -> Result<Grant<'a, C>, Denied> {
        let meter = self.meter();
        let taken = if meter.is_ordinary(n) {
            match meter.grant(meter.rate.units(now), n) {
                Ok(ahead) => return Ok(Grant::new(hold(), n, Charge::Counted { ahead })),
                Err(short) => short.meaning(),
            }
        } else {
            self.take_odd(now, n)
        };
        // The refusal is made here, where it is inlined: one that the caller does not look at is
        // never written to memory.
        match taken {
            Ok(charge) => Ok(Grant::new(hold(), n, charge)),
            Err(refused) => Err(self.denied(n, refused)),
        }
    }

    /// Takes 0 permits, refuses more than the burst, or asks a strict queue.
    #[cold]
    fn take_odd(&self, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        let taken = self.meter().take(now, n);
        #[cfg(feature = "std")]
        if let Err(Refused::NotYet(_)) = taken {
            return self.engine.try_strict(now, n);
        }
        taken
    }

    /// The refusal of a request for `n` permits.
    #[inline]
    pub(crate) fn denied(&self, n: u64, refused: Refused) -> Denied {
        Denied::new(n, self.quota(), refused)
    }

    /// Takes as many permits as are available now, at least 1 and at most `n`.
    /// [`Grant::amount`] has how many.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire) of a single permit. `n` may exceed the burst.
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
        self.try_acquire_up_to_at(self.clock().now(), n)
    }

    /// Does what [`try_acquire_up_to`](Self::try_acquire_up_to) does, at a given clock reading.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire_up_to`](Self::try_acquire_up_to).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    ///
    /// let limiter = RateLimiter::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// let now = limiter.clock().now();
    /// assert_eq!(limiter.try_acquire_up_to_at(now, 25).unwrap().amount(), 10);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire_up_to_at(&self, now: Timestamp, n: u64) -> Result<Grant<'_, C>, Denied> {
        if n <= 1 {
            return self.try_acquire_at(now, n);
        }
        let meter = self.meter();
        match meter.take_with_extra(now, 1, |available| available.min(n - 1)) {
            // A bypassed limiter grants what it grants at most.
            Ok((_, Charge::Free)) => Ok(Grant::new(Held::Borrowed(self), n.min(meter.rate.gcra.burst()), Charge::Free)),
            Ok((taken, charge)) => Ok(Grant::new(Held::Borrowed(self), taken, charge)),
            // A strict limiter grants one at most. Any other says why it grants none.
            Err(_) => self.try_acquire_at(now, 1),
        }
    }
}
