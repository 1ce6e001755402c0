//! Control while other callers use the limiter: cancel, close, reset, of one key or of all.
//!
//! None of this costs a grant anything. `tiers.rs` and `closing.rs` say how requests learn that the
//! limiter is closed.

use std::cell::RefCell;
use std::sync::Arc;

use super::answer::{Insertion, Missed};
use super::closing::agree;
use super::key::Lookup;
use super::known::Known;
use super::limiter::KeyedLimiter;
use super::site::{Owner, Site};
use crate::clock::Clock;
use crate::limiter::RateLimiter;

/// Control of all keys.
impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Returns how many requests wait now, for all keys together.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1)?);
    /// (1..=2).for_each(|key| drop(limiter.try_acquire(&key, 1).unwrap()));
    /// let _waiting = (limiter.reserve(&1, 1).unwrap(), limiter.reserve(&2, 1).unwrap());
    /// assert_eq!(limiter.waiters(), 2);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn waiters(&self) -> usize {
        let mut waiters = 0;
        self.awaited.for_each(&self.store, |limiter| waiters += limiter.waiters());
        waiters
    }

    /// Cancels the waiters of all keys with
    /// [`AcquireError::Cancelled`](crate::AcquireError::Cancelled), held reservations too. The
    /// limiter goes on, and their entries are given back.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1)?);
    /// limiter.try_acquire(&7, 1).unwrap();
    /// let waiting = limiter.reserve(&7, 1).unwrap();
    /// limiter.cancel_waiters();
    /// assert_eq!(waiting.wait().unwrap_err(), AcquireError::Cancelled);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn cancel_waiters(&self) {
        self.awaited.for_each(&self.store, RateLimiter::cancel_waiters);
    }

    /// Refuses the waiters of all keys and every later request with
    /// [`AcquireError::Closed`](crate::AcquireError::Closed), until [`reset_all`](Self::reset_all).
    ///
    /// No refund, cancellation, debt or [`reset`](Self::reset) of a key opens the limiter again. A
    /// request that is decided in another thread at the same time may still be granted what its key
    /// had before.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, KeyedLimiter, Quota, Reason};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1)?);
    /// limiter.try_acquire(&7, 1).unwrap();
    /// let waiting = limiter.reserve(&7, 1).unwrap();
    /// limiter.close();
    /// assert_eq!(waiting.wait().unwrap_err(), AcquireError::Closed);
    /// assert_eq!(limiter.try_acquire(&8, 1).unwrap_err().reason(), Reason::Closed);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn close(&self) {
        self.store.tiers.set_closed(true);
        self.awaited.for_each(&self.store, |limiter| agree(&self.store.tiers, limiter));
    }

    /// Returns whether the limiter is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(1)?);
    /// limiter.close();
    /// assert!(limiter.is_closed());
    /// limiter.reset_all();
    /// assert!(!limiter.is_closed());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn is_closed(&self) -> bool {
        self.store.tiers.is_closed()
    }

    /// Cancels the waiters of all keys and makes every key as new, even if the limiter is closed or
    /// keys are saturated.
    ///
    /// Waiters get [`AcquireError::Cancelled`](crate::AcquireError::Cancelled). Settling an older
    /// grant afterwards never takes a key past full. The keys are reset one after the other, and
    /// requests in other threads may be decided in between. [`evictions`](Self::evictions) goes on
    /// from where it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(5)?);
    /// (1..=3).for_each(|key| limiter.charge(&key, 1_000));
    /// limiter.close();
    /// limiter.reset_all();
    /// assert!((1..=3).all(|key| limiter.available(&key) == 5));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reset_all(&self) {
        // A closed limiter stays closed until all keys are as new. Otherwise a key that is opened
        // early would be reset again, and what it was granted in between would be forgotten.
        self.reset_hashed();
        self.store.stored_sites().for_each(|mut site| self.reset_site(&mut site));
        self.store.reset_floors();
        self.store.tiers.set_closed(false);
        self.awaited.for_each(&self.store, |limiter| agree(&self.store.tiers, limiter));
    }

    /// Resets the hashed table, one set after the other.
    ///
    /// A set is reset under its lock, and the limiters that have words of its entries are held
    /// meanwhile. So no such word can go back, and from there to the floor, before its limiter is
    /// reset. Their queues call wakers, so they are reset after the lock is released.
    fn reset_hashed(&self) {
        let limiters: RefCell<Vec<(usize, Arc<RateLimiter<C>>)>> = RefCell::default();
        let hold = |name, tag| {
            let limiter = self.awaited.get(name, &Owner::hashed(tag));
            let found = limiter.is_some();
            limiters.borrow_mut().extend(limiter.map(|limiter| (name, limiter)));
            found
        };
        let reset = || {
            for (name, limiter) in limiters.take() {
                self.reset_limiter(&limiter);
                drop(limiter);
                self.release(name);
            }
        };
        self.store.reset_hashed(hold, reset);
    }
}

/// Control of one key.
impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Returns how many requests wait for a key now.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1)?);
    /// limiter.try_acquire(&7, 1).unwrap();
    /// let _waiting = limiter.reserve(&7, 1).unwrap();
    /// assert_eq!((limiter.waiters_of(&7), limiter.waiters_of(&8)), (1, 0));
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn waiters_of<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> usize {
        self.known(key).map_or(0, |known| self.waiters_of_known(&known))
    }

    pub(super) fn waiters_of_known(&self, known: &Known<K>) -> usize {
        self.ask_awaited(known, RateLimiter::waiters).unwrap_or(0)
    }

    /// Cancels the waiters of a key with
    /// [`AcquireError::Cancelled`](crate::AcquireError::Cancelled), held reservations too. The key
    /// goes on, and their entries are given back.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_hour(1)?);
    /// (7..=8).for_each(|key| drop(limiter.try_acquire(&key, 1).unwrap()));
    /// let (seven, eight) = (limiter.reserve(&7, 1).unwrap(), limiter.reserve(&8, 1).unwrap());
    /// limiter.cancel_waiters_of(&7);
    /// assert_eq!(seven.wait().unwrap_err(), AcquireError::Cancelled);
    /// assert_eq!(limiter.waiters_of(&8), 1);
    /// # drop(eight);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn cancel_waiters_of<Q: Lookup<K> + ?Sized>(&self, key: &Q) {
        if let Ok(known) = self.known(key) {
            self.cancel_waiters_of_known(&known);
        }
    }

    pub(super) fn cancel_waiters_of_known(&self, known: &Known<K>) {
        let _ = self.ask_awaited(known, RateLimiter::cancel_waiters);
    }

    /// What `ask` gets from the limiter that has the word of a key. `None` if none has it.
    fn ask_awaited<R>(&self, known: &Known<K>, ask: impl Fn(&RateLimiter<C>) -> R) -> Option<R> {
        let mut site = self.store.site(known);
        loop {
            let Err(Missed::Awaited(name)) = site.peek() else { return None };
            let answer = self.with_awaited(&site, name, &ask);
            if answer.is_some() {
                return answer;
            }
        }
    }

    /// Makes a key as new: all its permits are available, and its waiters get
    /// [`AcquireError::Cancelled`](crate::AcquireError::Cancelled). A closed limiter stays closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{KeyedLimiter, Quota};
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(5)?);
    /// limiter.charge(&7, 1_000);
    /// limiter.reset(&7);
    /// assert_eq!(limiter.available(&7), 5);
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    pub fn reset<Q: Lookup<K> + ?Sized>(&self, key: &Q) {
        if let Ok(known) = self.known(key) {
            self.reset_known(&known);
        }
    }

    pub(super) fn reset_known(&self, known: &Known<K>) {
        self.reset_site(&mut self.store.site(known));
    }

    fn reset_site(&self, site: &mut Site<'_, K>) {
        loop {
            match site.reset() {
                Err(Missed::Awaited(name)) => {
                    if self.with_awaited(site, name, |limiter| self.reset_limiter(limiter)).is_some() {
                        return;
                    }
                }
                // The key may owe what the floor does. With an entry of its own it does not.
                Err(Missed::Absent) => {
                    if self.enter(site, self.clock().now(), |_, now| Ok(now)) != Insertion::Present {
                        return;
                    }
                }
                Ok(()) | Err(Missed::Saturated) => return,
            }
        }
    }

    /// A limiter of a closed one is as new when it is opened, and stays closed until then.
    fn reset_limiter(&self, limiter: &RateLimiter<C>) {
        if !self.is_closed() {
            limiter.reset();
        }
        agree(&self.store.tiers, limiter);
    }
}
