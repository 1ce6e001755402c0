//! Settlement after the fact: reconcile, refund, charge.

use super::answer::{Insertion, Missed};
use super::key::Lookup;
use super::known::Known;
use super::limiter::KeyedLimiter;
use crate::clock::{Clock, Timestamp};
use crate::gcra::Gcra;

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Settles work after the fact: `estimated` permits of a key were taken for it, and it cost
    /// `actual`.
    ///
    /// If `actual < estimated`, the difference is refunded and waiters of the key move forward. If
    /// `actual > estimated`, the difference becomes a debt behind the waiters: it delays later
    /// requests only. Never waits and never fails. Prefer
    /// [`Grant::reconcile`](crate::keyed::Grant::reconcile), which cannot be called twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.try_acquire(&7, 15).unwrap();
    /// limiter.reconcile(&7, 10, 15);
    /// assert_eq!(limiter.available(&7), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile<Q: Lookup<K> + ?Sized>(&self, key: &Q, actual: u64, estimated: u64) {
        self.reconcile_at(self.clock().now(), key, actual, estimated);
    }

    /// Does what [`reconcile`](Self::reconcile) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.reconcile_at(limiter.clock().now(), &7, 30, 0);
    /// assert_eq!(limiter.available(&7), 70);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reconcile_at<Q: Lookup<K> + ?Sized>(&self, now: Timestamp, key: &Q, actual: u64, estimated: u64) {
        if let Ok(known) = self.known(key) {
            self.settle(&known, now, actual, estimated);
        }
    }

    /// Refunds `n` permits of a key: `reconcile(key, 0, n)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.try_acquire(&7, 15).unwrap();
    /// limiter.refund(&7, 5);
    /// assert_eq!(limiter.available(&7), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) {
        self.reconcile(key, 0, n);
    }

    /// Does what [`refund`](Self::refund) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.try_acquire(&7, 15).unwrap();
    /// limiter.refund_at(limiter.clock().now(), &7, 5);
    /// assert_eq!(limiter.available(&7), 90);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn refund_at<Q: Lookup<K> + ?Sized>(&self, now: Timestamp, key: &Q, n: u64) {
        self.reconcile_at(now, key, 0, n);
    }

    /// Takes `n` permits of a key after the fact, as a debt if need be: `reconcile(key, n, 0)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, ManualClock, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.charge(&7, 150); // 50 more than the burst
    /// let denied = limiter.try_acquire(&7, 1).unwrap_err();
    /// assert_eq!(denied.retry_after(), Some(Duration::from_millis(510)));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn charge<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) {
        self.reconcile(key, n, 0);
    }

    /// Does what [`charge`](Self::charge) does, at a given clock reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, KeyedLimiter, ManualClock, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64, _>::with_clock(Quota::per_second(100)?, ManualClock::new());
    /// limiter.charge_at(limiter.clock().now(), &7, 40);
    /// assert_eq!(limiter.available(&7), 60);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn charge_at<Q: Lookup<K> + ?Sized>(&self, now: Timestamp, key: &Q, n: u64) {
        self.reconcile_at(now, key, n, 0);
    }

    /// Settles a key that has been looked up.
    pub(super) fn settle(&self, known: &Known<K>, at: Timestamp, actual: u64, estimated: u64) {
        let rate = &self.store.tier(known).rate;
        let now = rate.units(at);
        let debt = rate.gcra.amount(actual.saturating_sub(estimated));
        let back = rate.gcra.amount(estimated.saturating_sub(actual));
        let owing = |tat: u64| tat.max(now).saturating_add(debt);
        let settled = |tat| if debt > 0 { owing(tat) } else { Gcra::refund(tat, now, back) };
        // Most settlements end here.
        if let Some(home) = self.store.home_of(known)
            && home.set.settle(home.tag, settled).is_ok()
        {
            return;
        }
        let mut site = self.store.site(known);
        loop {
            match site.settle(debt == 0, settled) {
                Ok(()) | Err(Missed::Saturated) => return,
                Err(Missed::Awaited(name)) => {
                    let reconciled = self.with_awaited(&site, name, |limiter| {
                        limiter.reconcile_at(at, actual, estimated);
                    });
                    if reconciled.is_some() {
                        return;
                    }
                }
                // There is nothing that a refund could come off: the key is idle, or its debt is
                // the floor's.
                Err(Missed::Absent) if debt == 0 => return,
                // A debt needs a word.
                Err(Missed::Absent) => match self.enter(&mut site, at, |begin, _| Ok(owing(begin))) {
                    Insertion::Present => {}
                    Insertion::Entered { .. } | Insertion::Short { .. } => return,
                    Insertion::Crowded | Insertion::Full { .. } => {
                        if site.owe(at, owing) {
                            return;
                        }
                    }
                },
            }
        }
    }
}
