//! Permits of a key now or not at all: `try_acquire` and its forms.

use std::sync::Arc;

use super::amount::Amount;
use super::answer::Answer;
use super::grant::Grant;
use super::key::Lookup;
use super::known::Known;
use super::limiter::{Handle, KeyedLimiter};
use super::tiers::Tier;
use crate::clock::{Clock, Timestamp};
use crate::error::{Denied, Refused};
use crate::held::Held;
use crate::meter::Charge;

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Takes `n` permits of a key if they are available now.
    ///
    /// The request never overtakes a waiter: while another request waits for the key, this one is
    /// refused.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed. It has the wait [after which to
    /// retry](Denied::retry_after) and the [reason](Denied::reason).
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<String, _>::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// assert!(limiter.try_acquire("ann", 10).is_ok());
    /// let denied = limiter.try_acquire("ann", 1).unwrap_err();
    /// assert_eq!(denied.retry_after(), Some(Duration::from_millis(100)));
    /// assert!(limiter.try_acquire("bob", 10).is_ok());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) -> Result<Grant<'_, K, C>, Denied> {
        self.decide(key, n, || self.clock().now(), || Held::Borrowed(self))
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
    /// use limitor::{Clock, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(5)?);
    /// let now = limiter.clock().now();
    /// assert!(limiter.try_acquire_at(now, &7, 5).is_ok());
    /// assert!(limiter.try_acquire_at(now, &7, 1).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire_at<Q: Lookup<K> + ?Sized>(
        &self,
        now: Timestamp,
        key: &Q,
        n: u64,
    ) -> Result<Grant<'_, K, C>, Denied> {
        self.decide(key, n, || now, || Held::Borrowed(self))
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
    /// use limitor::{KeyedLimiter, Quota};
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let limiter = Arc::new(KeyedLimiter::<String>::new(Quota::per_day(100)?));
    /// let grant = limiter.try_acquire_owned("ann", 40).unwrap();
    /// thread::spawn(move || grant.reconcile(25)).join().unwrap();
    /// assert_eq!(limiter.available("ann"), 75);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire_owned<Q: Lookup<K> + ?Sized>(
        self: &Arc<Self>,
        key: &Q,
        n: u64,
    ) -> Result<Grant<'static, K, C>, Denied> {
        self.decide(key, n, || self.clock().now(), || self.shared())
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
    /// use limitor::{Clock, KeyedLimiter, Quota};
    /// use std::sync::Arc;
    ///
    /// let limiter = Arc::new(KeyedLimiter::<u64>::new(Quota::per_second(5)?));
    /// let now = limiter.clock().now();
    /// assert!(limiter.try_acquire_owned_at(now, &7, 5).is_ok());
    /// assert!(limiter.try_acquire_owned_at(now, &7, 1).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    #[inline]
    pub fn try_acquire_owned_at<Q: Lookup<K> + ?Sized>(
        self: &Arc<Self>,
        now: Timestamp,
        key: &Q,
        n: u64,
    ) -> Result<Grant<'static, K, C>, Denied> {
        self.decide(key, n, || now, || self.shared())
    }

    /// Takes as many permits of a key as are available now, at least 1 and at most `n`.
    /// [`Grant::amount`] has how many.
    ///
    /// # Errors
    ///
    /// The same as [`try_acquire`](Self::try_acquire) of a single permit. `n` may exceed the burst.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// assert_eq!(limiter.try_acquire_up_to(&7, 6).unwrap().amount(), 6);
    /// assert_eq!(limiter.try_acquire_up_to(&7, 6).unwrap().amount(), 4);
    /// assert!(limiter.try_acquire_up_to(&7, 6).is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire_up_to<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) -> Result<Grant<'_, K, C>, Denied> {
        self.try_acquire_up_to_at(self.clock().now(), key, n)
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
    /// use limitor::{Clock, KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(10)?, ManualClock::new());
    /// let now = limiter.clock().now();
    /// assert_eq!(limiter.try_acquire_up_to_at(now, &7, 25).unwrap().amount(), 10);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn try_acquire_up_to_at<Q: Lookup<K> + ?Sized>(
        &self,
        now: Timestamp,
        key: &Q,
        n: u64,
    ) -> Result<Grant<'_, K, C>, Denied> {
        let known = self.known(key).map_err(|refused| self.denied_unknown(n.min(1), refused))?;
        self.grant(Held::Borrowed(self), known, now, Amount::UpTo(n))
    }
}

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Decides at what `now` gives. `now` is called last: a processor reads its counter only when
    /// all instructions before are done, so what does not need the time is looked up while the
    /// decision before comes to its end. Makes the handle of the grant only for a grant.
    #[inline]
    fn decide<'a, Q: Lookup<K> + ?Sized>(
        &self,
        key: &Q,
        n: u64,
        now: impl FnOnce() -> Timestamp,
        hold: impl FnOnce() -> Handle<'a, K, C>,
    ) -> Result<Grant<'a, K, C>, Denied> {
        let hash = self.hash(key);
        let (index, tier) = match self.store.tiers.of_key(key) {
            Ok(tier) => tier,
            Err(refused) => return Err(self.denied_unknown(n, refused)),
        };
        let Some(home) = self.store.home(hash, index) else {
            return self
                .decide_exact((key, hash, index), tier, n, now)
                .map(|(known, charge)| Grant::new(hold(), known, n, charge));
        };
        let denied = |refused| Denied::new(n, tier.rate.quota(), refused);
        let seen = home.set.look(home.tag);
        let now = now();
        if tier.is_ordinary(n)
            && let Some(seen) = seen
        {
            // By value: otherwise the compiler reads it again after each compare-and-swap.
            let (gcra, units) = (tier.rate.gcra, tier.rate.units(now));
            match home.set.take(home.tag, seen, units, |tat| gcra.decide(tat, units, gcra.cost(n))) {
                Answer::Granted { ahead } => {
                    return Ok(Grant::new(hold(), Known::hashed(hash, index), n, Charge::Counted { ahead }));
                }
                Answer::Short(excess) => return Err(denied(Refused::NotYet(excess))),
                Answer::Saturated | Answer::Awaited(_) | Answer::Absent | Answer::Gone => {}
            }
        }
        // By value, so that the grant need not be in memory for it.
        match self.take_again(hash, index, now, n) {
            Ok(charge) => Ok(Grant::new(hold(), Known::hashed(hash, index), n, charge)),
            Err(refused) => Err(denied(refused)),
        }
    }

    #[cold]
    fn take_again(&self, hash: u64, tier: u32, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        self.take(&Known::hashed(hash, tier), now, Amount::Exactly(n)).map(|(_, charge)| charge)
    }

    /// [`decide`](Self::decide) where keys are stored: what a grant is made of. Not inlined, and
    /// not the grant itself, so that the other path need not make room for it.
    #[inline(never)]
    fn decide_exact<Q: Lookup<K> + ?Sized>(
        &self,
        (key, hash, index): (&Q, u64, u32),
        tier: &Tier,
        n: u64,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<(Known<K>, Charge), Denied> {
        let Some(exact) = self.store.exact() else { unreachable!("there is no other table") };
        let (now, asked) = exact.with((key, hash, index), |cell| {
            let seen = cell.map(|cell| (cell, cell.look()));
            let now = now();
            let seen = seen.filter(|_| tier.is_ordinary(n));
            let (gcra, units) = (tier.rate.gcra, tier.rate.units(now));
            let asked = seen.map(|(cell, seen)| {
                let answer = cell.take(seen, units, |tat| gcra.decide(tat, units, gcra.cost(n)));
                (answer, matches!(answer, Answer::Granted { .. }).then(|| Known::Stored(cell.clone())))
            });
            (now, asked)
        });
        let denied = |refused| Denied::new(n, tier.rate.quota(), refused);
        match asked {
            Some((Answer::Granted { ahead }, Some(known))) => Ok((known, Charge::Counted { ahead })),
            Some((Answer::Short(excess), _)) => Err(denied(Refused::NotYet(excess))),
            _ => {
                let known = self.store.known(key, hash, index);
                match self.take(&known, now, Amount::Exactly(n)) {
                    Ok((_, charge)) => Ok((known, charge)),
                    Err(refused) => Err(denied(refused)),
                }
            }
        }
    }

    /// Decides on a key that has been looked up.
    pub(super) fn grant<'a>(
        &self,
        hold: Handle<'a, K, C>,
        known: Known<K>,
        now: Timestamp,
        amount: Amount,
    ) -> Result<Grant<'a, K, C>, Denied> {
        match self.take(&known, now, amount) {
            Ok((n, charge)) => Ok(Grant::new(hold, known, n, charge)),
            Err(refused) => Err(self.denied(&known, amount.least(), refused)),
        }
    }
}
