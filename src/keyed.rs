//! A limit for each key: users, addresses, tenants.

mod acquire;
mod awaited;
mod builder;
#[cfg(feature = "exact")]
mod exact;
mod grant;
mod place;
mod reservation;
mod set;
mod states;
mod store;
mod table;
mod tiers;

pub use self::acquire::Acquire;
pub use self::builder::Builder;
pub use self::grant::Grant;
pub use self::reservation::Reservation;
pub use self::states::KeyState;

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_utils::CachePadded;
use foldhash::quality::RandomState;

use self::awaited::Awaited;
#[cfg(feature = "exact")]
use self::exact::Cell;
use self::place::Place;
use self::reservation::Seat;
use self::set::{Answer, Entry, Out};
use self::store::{Slot, Store};
use self::tiers::{Tier, Tiers};
use crate::limiter::Builder;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{Denied, Reason, Refused};
use crate::gcra::Gcra;
use crate::held::Held;
use crate::limiter::Handle;
use crate::limiter::{Capacity, RateLimiter};
use crate::meter::{Charge, Meter};
use crate::quota::Quota;
use crate::sync::{Backoff, yield_now};
use crate::pace::Strategy;
use crate::queue::Joined;
use crate::wait::Reservation as Waiting;

/// A form in which keys `K` can be looked up: `K` itself, and what it borrows as, like `str` for `String`.
///
/// Implemented for every type of which it holds.
pub trait Lookup<K>: Hash + Eq + ToOwned<Owned = K> + 'static {}

impl<K, Q: Hash + Eq + ToOwned<Owned = K> + ?Sized + 'static> Lookup<K> for Q {}

/// A limit for each of any number of keys, in bounded memory.
///
/// A key whose permits have all come back is no different from one never seen. So what has to be remembered are the keys
/// that took something within the last `burst · T`, and 8 bytes of each. The table for them is made once, does not grow,
/// and costs a decision one miss of the cache; decisions on keys that are in it take no lock, and none allocates.
///
/// | to | call |
/// |---|---|
/// | ask, and be refused if it is not to be had now | [`try_acquire(&key, n)`](Self::try_acquire) |
/// | wait for a turn | [`acquire(&key, n).wait()`](Self::acquire) or `.await` |
/// | settle the actual cost of work that was estimated | [`Grant::reconcile`] |
///
/// Those who wait for a key stand in a line of that key's, which delays no other key, and is there only while they wait.
///
/// # Exactness
///
/// Each key has the [bound](crate::RateLimiter#the-bound) of a limiter of its own, exactly. What is a matter of chance:
///
/// - *Keys taken for each other.* A key is known by a hash with a secret seed: by the set it leads to and 32 bits besides (26
///   with [`quota_for`](Builder::quota_for)). A new key is taken for one of the 10 that can be in its set with a chance of
///   less than 1 in 400 million; then the two share a limit.
/// - *Sets that are full.* If all 10 entries of a key's set are busy, it takes the entry of the one with the least debt and
///   begins with that debt, so it may be refused too early. Forgetting debts instead would be a fresh burst for whoever is
///   forgotten. With [`max_keys`](Builder::max_keys) busy at once that happens to 0.66 % of them; with half as many to
///   0.005 %, with twice as many to 15 %. [`crowded`](Self::crowded) counts it.
///
/// # Size
///
/// 24 bytes a key that it is for, rounded up to 128. Choose [`max_keys`](Builder::max_keys) as the number of keys that
/// ask within `burst · T`, the time that an exhausted key needs to have its burst again: for 100 requests a minute, those of a
/// minute.
///
/// # Two tables
///
/// What is above is of the table that a limiter has unless it is told otherwise. With the feature `exact`, one that is built with
/// `Builder::exact` stores its keys instead, and leaves nothing to chance:
///
/// | | by hash | `exact` |
/// |---|---|---|
/// | keys taken for each other | 1 newcomer in 400 million | never |
/// | a newcomer when `max_keys` are busy | begins with the least debt of its set | is refused until the first of them is idle |
/// | memory | 24 bytes a key that it is for, from the start | for each key that it has: 142 bytes for a `u64`, 202 for a `String` of 20 bytes |
/// | a decision | a miss of the cache | two or three, and about 140 instructions more |
/// | a newcomer | allocates nothing, one set's lock | the key is cloned, the lock of one part in up to 64 |
/// | which keys are busy | is not known | `for_each_key` |
///
/// Memory is what a million keys add to what the process has resident, divided by a million; in both tables it has a bound, that of
/// `max_keys`. Both are exact otherwise: a debt is never forgotten, and nobody is granted more than a limiter of its own would
/// grant. Take the table by hash unless a wrong answer in hundreds of millions, or a refusal too early under a flood, is one too many.
///
/// With `exact`, a flood of fresh keys can keep others out as long as those are busy that it came with: newcomers are refused then,
/// and the keys that are known are not touched.
///
/// # An attacker with many keys
///
/// who sends a fresh one each time can neither make the table grow nor reset anybody's debts: it is the keys with the
/// least debt that lose their entries, and nobody enters with less than that. What it can do, with more busy keys than the
/// table is for, is to make newcomers begin with a debt, as small as the least there is. If keys can be made up freely, limit
/// the making of them too: by address, or all together.
///
/// # Examples
///
/// ```
/// use limitor::{KeyedLimiter, Quota};
///
/// let limiter = KeyedLimiter::<String>::builder(Quota::per_minute(100)?).max_keys(1_000_000).build();
/// assert!(limiter.try_acquire("ann", 100).is_ok());
/// assert!(limiter.try_acquire("ann", 1).is_err());
/// assert!(limiter.try_acquire("bob", 1).is_ok());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub struct KeyedLimiter<K, C: Clock = SystemClock> {
    store: Store<K>,
    hasher: RandomState,
    clock: C,
    awaited: Awaited<K, C>,
    crowded: CachePadded<AtomicU64>,
    strategy: Strategy,
    max_waiters: usize,
}

impl<K> KeyedLimiter<K> {
    /// A limiter on the system's clock, with this quota for each of 100,000 keys.
    pub fn new(quota: Quota) -> Self {
        Self::builder(quota).build()
    }

    /// A limiter built to order.
    pub fn builder(quota: Quota) -> Builder<K> {
        Builder::new(quota, SystemClock::new())
    }
}

impl<K, C: Clock + Clone + 'static> KeyedLimiter<K, C> {
    /// A limiter on another clock, with this quota for each of 100,000 keys.
    pub fn with_clock(quota: Quota, clock: C) -> Self {
        Builder::new(quota, clock).build()
    }

    fn assemble(built: Builder<K, C>) -> Self {
        let tiers = Tiers::new(built.quota, built.classes, built.clock.tick(), built.clock.now());
        Self {
            store: Store::new((built.words)(built.max_keys), tiers),
            hasher: RandomState::default(),
            clock: built.clock,
            awaited: Awaited::new(),
            crowded: CachePadded::default(),
            strategy: built.strategy,
            max_waiters: built.max_waiters,
        }
    }

    /// Its clock.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// The quota of a key.
    pub fn quota<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Quota {
        self.store.tiers.of_key(key).map_or(self.store.tiers.of_index(0).quota, |(_, tier)| tier.quota)
    }

    /// Takes `n` permits of a key's if they are to be had now.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed. It says when to [retry](Denied::retry_after), and [why](Denied::reason).
    #[inline]
    pub fn try_acquire<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) -> Result<Grant<'_, K, C>, Denied> {
        self.decide(key, n, || self.clock.now())
    }

    /// [`try_acquire`](Self::try_acquire) at a given reading of the clock.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_acquire_at<Q: Lookup<K> + ?Sized>(
        &self,
        now: Timestamp,
        key: &Q,
        n: u64,
    ) -> Result<Grant<'_, K, C>, Denied> {
        self.decide(key, n, || now)
    }

    /// Decides at what `now` says, which is asked last: to read a processor's counter takes until all before it is done, so
    /// what does not need the time is looked up meanwhile the decision before comes to its end.
    #[inline]
    fn decide<Q: Lookup<K> + ?Sized>(
        &self,
        key: &Q,
        n: u64,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<Grant<'_, K, C>, Denied> {
        let hash = self.hasher.hash_one(key);
        let (index, tier) = match self.store.tiers.of_key(key) {
            Ok(tier) => tier,
            Err(refused) => return Err(self.denied(None, n, refused)),
        };
        let Some(home) = self.store.home(hash, index) else {
            #[cfg(feature = "exact")]
            return match self.decide_exact((key, hash, index), tier, n, now) {
                Ok((slot, charge)) => Ok(Grant::new(Held::Borrowed(self), slot, n, charge)),
                Err(denied) => Err(denied),
            };
            #[cfg(not(feature = "exact"))]
            unreachable!("there is no other table");
        };
        let seen = home.set.look(home.tag);
        let now = now();
        if n.wrapping_sub(1) < tier.gcra.burst()
            && let Some(seen) = seen
        {
            match home.set.take(home.tag, seen, tier.scale.units(now), &tier.gcra, tier.gcra.cost(n)) {
                Answer::Granted => {
                    let slot = Slot::hashed(hash, index);
                    return Ok(Grant::new(Held::Borrowed(self), slot, n, Charge::Counted));
                }
                Answer::Short(excess) => {
                    let slot = Slot::hashed(hash, index);
                    return Err(self.denied(Some(&slot), n, Refused { reason: Reason::NotYet, excess }));
                }
                Answer::Saturated | Answer::Awaited(_) | Answer::Absent | Answer::Gone => {}
            }
        }
        // By value, so that the grant need not be in memory for it.
        match self.take_again(hash, index, now, n) {
            Ok(charge) => Ok(Grant::new(Held::Borrowed(self), Slot::hashed(hash, index), n, charge)),
            Err(refused) => Err(self.denied(Some(&Slot::hashed(hash, index)), n, refused)),
        }
    }

    #[cold]
    fn take_again(&self, hash: u64, tier: u32, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        self.take(&Slot::hashed(hash, tier), now, n)
    }

    /// [`decide`](Self::decide) where keys are stored: what a grant is made of. Not inlined, and not the grant itself, so that the
    /// other need not make room for it.
    #[cfg(feature = "exact")]
    #[inline(never)]
    fn decide_exact<Q: Lookup<K> + ?Sized>(
        &self,
        (key, hash, index): (&Q, u64, u32),
        tier: &Tier,
        n: u64,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<(Slot<K>, Charge), Denied> {
        let Some(exact) = self.store.exact() else { unreachable!("there is no other table") };
        let (now, asked) = exact.with((key, hash, index), |cell| {
            let seen = cell.map(|cell| (cell, cell.look()));
            let now = now();
            let seen = seen.filter(|_| n.wrapping_sub(1) < tier.gcra.burst());
            let take = |(cell, seen): (&Arc<_>, _)| {
                let answer = Cell::take(cell, seen, tier.scale.units(now), &tier.gcra, tier.gcra.cost(n));
                (answer, (answer == Answer::Granted).then(|| Slot::exact(Arc::clone(cell))))
            };
            (now, seen.map(take))
        });
        match asked {
            Some((_, Some(slot))) => Ok((slot, Charge::Counted)),
            Some((Answer::Short(excess), None)) => {
                Err(Denied::new(n, tier.quota, Refused { reason: Reason::NotYet, excess }))
            }
            _ => {
                let slot = self.store.slot(key, hash, index);
                match self.take(&slot, now, n) {
                    Ok(charge) => Ok((slot, charge)),
                    Err(refused) => Err(self.denied(Some(&slot), n, refused)),
                }
            }
        }
    }

    /// Asks for `n` permits of a key's, to be waited for with [`wait`](Acquire::wait) on this thread, or `.await`.
    /// Nothing is taken until then.
    ///
    /// Turns are first come, first served among those who wait for the same key.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{AcquireError, KeyedLimiter, Quota};
    /// use std::time::Duration;
    ///
    /// let limiter = KeyedLimiter::<u64>::new(Quota::per_second(1_000)?.with_burst(1)?);
    /// for _ in 0..3 {
    ///     limiter.acquire(&7, 1).timeout(Duration::from_secs(1)).wait()?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn acquire<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) -> Acquire<'_, K, C> {
        Acquire::new(Held::Borrowed(self), self.slot(key), n)
    }

    /// [`acquire`](Self::acquire) that keeps the limiter alive and borrows nothing.
    pub fn acquire_owned<Q: Lookup<K> + ?Sized>(self: &Arc<Self>, key: &Q, n: u64) -> Acquire<'static, K, C> {
        Acquire::new(Held::Shared(Arc::clone(self)), self.slot(key), n)
    }

    /// Takes a place for `n` permits of a key's at once, however long it has to wait.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed, if `n` is over the burst, the key's queue is full, or the key saturated.
    pub fn reserve<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) -> Result<Reservation<'_, K, C>, Denied> {
        self.reserve_by(key, n, None)
    }

    /// Takes a place for `n` permits of a key's if it comes due within `max_wait`.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed: as for [`reserve`](Self::reserve), or if the wait would be longer. Then
    /// [`Denied::retry_after`] is the wait it would have been.
    pub fn reserve_within<Q: Lookup<K> + ?Sized>(
        &self,
        key: &Q,
        n: u64,
        max_wait: Duration,
    ) -> Result<Reservation<'_, K, C>, Denied> {
        self.reserve_by(key, n, Some(max_wait))
    }

    fn reserve_by<Q: Lookup<K> + ?Sized>(
        &self,
        key: &Q,
        n: u64,
        max_wait: Option<Duration>,
    ) -> Result<Reservation<'_, K, C>, Denied> {
        let now = self.clock.now();
        let by = max_wait.map(|wait| self.clock.tick().later(now, wait));
        let slot = self.slot(key).map_err(|refused| self.denied(None, n, refused))?;
        self.reserve_slot(Held::Borrowed(self), &slot, now, n, by)
            .map_err(|refused| self.denied(Some(&slot), n, refused))
    }

    /// Settles work after the fact: `estimated` permits of the key's were taken for it, `actual` was its cost.
    ///
    /// As [`RateLimiter::reconcile`]. Prefer [`Grant::reconcile`], which cannot be called twice.
    pub fn reconcile<Q: Lookup<K> + ?Sized>(&self, key: &Q, actual: u64, estimated: u64) {
        if let Ok(slot) = self.slot(key) {
            self.settle(&slot, None, actual, estimated);
        }
    }

    /// [`reconcile`](Self::reconcile) at a given reading of the clock.
    pub fn reconcile_at<Q: Lookup<K> + ?Sized>(&self, now: Timestamp, key: &Q, actual: u64, estimated: u64) {
        if let Ok(slot) = self.slot(key) {
            self.settle(&slot, Some(now), actual, estimated);
        }
    }

    /// Gives `n` permits of a key's back: `reconcile(key, 0, n)`.
    pub fn refund<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) {
        self.reconcile(key, 0, n);
    }

    /// Takes `n` permits of a key's after the fact, as a debt if need be: `reconcile(key, n, 0)`.
    pub fn charge<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) {
        self.reconcile(key, n, 0);
    }

    /// Whole permits of a key's to be had now.
    pub fn available<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> u64 {
        self.available_at(self.clock.now(), key)
    }

    /// [`available`](Self::available) at a given reading of the clock.
    pub fn available_at<Q: Lookup<K> + ?Sized>(&self, now: Timestamp, key: &Q) -> u64 {
        self.look(now, key).map_or(0, |(gcra, tat, now)| gcra.available(tat, now))
    }

    /// Whether `n` permits of a key's are to be had now, and how many are missing. Takes nothing.
    pub fn capacity_info<Q: Lookup<K> + ?Sized>(&self, key: &Q, n: u64) -> Capacity {
        let needed =
            self.look(self.clock.now(), key).map_or(i128::from(n), |(gcra, tat, now)| gcra.needed(tat, now, n));
        // Nothing is always to be had, also of one in debt.
        let needed = if n == 0 { needed.min(0) } else { needed };
        Capacity { has_capacity: needed <= 0, needed }
    }

    /// Makes a key as new: all its permits are to be had, and who waits for them is sent away with
    /// [`Cancelled`](crate::AcquireError::Cancelled).
    pub fn reset<Q: Lookup<K> + ?Sized>(&self, key: &Q) {
        let Ok(slot) = self.slot(key) else { return };
        let mut place = self.store.place(&slot);
        loop {
            match place.reset() {
                Answer::Awaited(name) => {
                    if self.with_awaited(&place, name, RateLimiter::reset).is_some() {
                        return;
                    }
                }
                // It may owe what the floor does; with an entry it does not.
                Answer::Absent => {
                    if self.enter(&mut place, self.clock.now(), |_, now| Ok(now)) != Entry::Present {
                        return;
                    }
                }
                Answer::Granted | Answer::Short(_) | Answer::Saturated | Answer::Gone => return,
            }
        }
    }
}

/// What the verbs are made of.
impl<K, C: Clock + Clone + 'static> KeyedLimiter<K, C> {
    fn slot<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Result<Slot<K>, Refused> {
        let (tier, _) = self.store.tiers.of_key(key)?;
        Ok(self.store.slot(key, self.hasher.hash_one(key), tier))
    }

    #[inline]
    fn denied(&self, slot: Option<&Slot<K>>, n: u64, refused: Refused) -> Denied {
        Denied::new(n, self.store.tiers.of_index(slot.map_or(0, Slot::tier)).quota, refused)
    }

    /// Takes `n` permits if they are to be had now, whatever has become of the key's entry.
    #[cold]
    fn take(&self, slot: &Slot<K>, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        let tier = self.store.tier(slot);
        if n == 0 {
            return Ok(Charge::Counted);
        } else if n > tier.gcra.burst() {
            return Err(Reason::ExceedsBurst.into());
        }
        let (mut place, units, cost) = (self.store.place(slot), tier.scale.units(now), tier.gcra.cost(n));
        let backoff = Backoff::new();
        loop {
            match place.take(units, cost) {
                Answer::Gone => backoff.snooze(),
                Answer::Granted => return Ok(Charge::Counted),
                Answer::Short(excess) => return Err(Refused { reason: Reason::NotYet, excess }),
                Answer::Saturated => return Err(Reason::Saturated.into()),
                Answer::Awaited(name) => {
                    if let Some(taken) = self.with_awaited(&place, name, |limiter| limiter.meter.take(now, n)) {
                        return taken;
                    }
                }
                Answer::Absent => match self.enter(&mut place, now, |begin, now| tier.gcra.decide(begin, now, cost)) {
                    Entry::Present => {}
                    Entry::Entered { .. } => return Ok(Charge::Counted),
                    Entry::Short { excess, .. } => return Err(Refused { reason: Reason::NotYet, excess }),
                    // All the others are beyond their burst: so would this one be.
                    Entry::Crowded | Entry::Full { until: None } => {
                        return Err(Refused { reason: Reason::NotYet, excess: cost });
                    }
                    Entry::Full { until: Some(until) } => return Err(Self::full(tier, now, until)),
                },
            }
        }
    }

    /// Enters a key that has no entry, and counts it if it was crowded.
    fn enter(&self, place: &mut Place<'_, K>, now: Timestamp, enter: impl Fn(u64, u64) -> Result<u64, u64>) -> Entry {
        let entry = self.enter_uncounted(place, now, enter);
        if let Entry::Entered { inherited: true } | Entry::Short { inherited: true, .. } | Entry::Full { .. } = entry {
            self.crowded.fetch_add(1, Ordering::Relaxed);
        }
        entry
    }

    fn enter_uncounted(
        &self,
        place: &mut Place<'_, K>,
        now: Timestamp,
        enter: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Entry {
        let mut entry = place.enter(now, false, &enter);
        if entry == Entry::Crowded {
            self.release_all(place);
            entry = place.enter(now, true, &enter);
        }
        place.passed(|name| self.release(name));
        entry
    }

    /// There is no room for a key of this tier until that reading.
    fn full(tier: &Tier, now: Timestamp, until: Timestamp) -> Refused {
        let excess = tier.scale.units_beyond(until).saturating_sub(tier.scale.units(now));
        Refused { reason: Reason::NotYet, excess }
    }

    /// What `ask` gets from the limiter that has the key's word; `None` if the word has gone back.
    fn with_awaited<R>(&self, place: &Place<'_, K>, name: usize, ask: impl FnOnce(&RateLimiter<C>) -> R) -> Option<R> {
        let Some(limiter) = self.awaited.get(name, &place.owner()) else {
            // On its way, there or back.
            yield_now();
            return None;
        };
        let answer = ask(&limiter);
        drop(limiter);
        self.release(name);
        Some(answer)
    }

    /// Somebody has let go of the limiter that has the word of an entry.
    fn release(&self, name: usize) {
        self.awaited.release(name, &self.store);
    }

    /// Puts back whatever word nobody waits for any more, of those that could make room.
    fn release_all(&self, place: &mut Place<'_, K>) {
        place.others(|name| self.release(name));
    }

    /// Takes `n` permits or a place for them, if it comes due by the reading `by`.
    fn reserve_slot<'a>(
        &self,
        held: Held<'a, Self>,
        slot: &Slot<K>,
        now: Timestamp,
        n: u64,
        by: Option<Timestamp>,
    ) -> Result<Reservation<'a, K, C>, Refused> {
        let seat = match self.take(slot, now, n) {
            Ok(charge) => Seat::Granted(charge),
            Err(refused) if refused.reason != Reason::NotYet => return Err(refused),
            Err(_) => self.line_up(slot, now, n, by)?,
        };
        Ok(Reservation::new(held, slot.clone(), n, seat))
    }

    #[cold]
    fn line_up(&self, slot: &Slot<K>, now: Timestamp, n: u64, by: Option<Timestamp>) -> Result<Seat<C>, Refused> {
        let (name, limiter) = self.take_out(slot, now)?;
        match limiter.join(now, n, by) {
            Ok(Joined::Waiting(turn)) => {
                Ok(Seat::Waiting(name, Reservation::new(Handle::Shared(limiter), n, by, Joined::Waiting(turn))))
            }
            other => {
                drop(limiter);
                self.release(name);
                other.map(|joined| match joined {
                    Joined::Granted(charge) => Seat::Granted(charge),
                    Joined::Waiting(_) => unreachable!("handled above"),
                })
            }
        }
    }

    /// The limiter that has the word of the key's entry, with the name of that: one made for it if nobody waited so far.
    fn take_out(&self, slot: &Slot<K>, now: Timestamp) -> Result<(usize, Arc<RateLimiter<C>>), Refused> {
        let mut place = self.store.place(slot);
        let mut swept = false;
        loop {
            let mut made = None;
            let keep = |name, owner, word| {
                let limiter = Arc::new(self.limiter_with(slot, word));
                self.awaited.insert(name, owner, Arc::clone(&limiter));
                made = Some((name, limiter));
            };
            match place.take_out(keep) {
                Out::Taken => {
                    let made = made.expect("told of the word");
                    self.awaited.sweep(made.0, &self.store);
                    return Ok(made);
                }
                Out::Awaited(name) => match self.awaited.get(name, &place.owner()) {
                    Some(limiter) => return Ok((name, limiter)),
                    // On its way, there or back.
                    None => yield_now(),
                },
                // Whoever must wait has tried to take, and was counted then.
                Out::Absent => match self.enter_uncounted(&mut place, now, |begin, now| Ok(begin.max(now))) {
                    Entry::Full { until: None } => return Err(Reason::QueueFull.into()),
                    Entry::Full { until: Some(until) } => return Err(Self::full(place.tier, now, until)),
                    Entry::Present | Entry::Entered { .. } | Entry::Short { .. } | Entry::Crowded => {}
                },
                Out::Saturated => return Err(Reason::Saturated.into()),
                Out::TooMany if swept => return Err(Reason::QueueFull.into()),
                Out::TooMany => {
                    self.release_all(&mut place);
                    swept = true;
                }
            }
        }
    }

    fn limiter_with(&self, slot: &Slot<K>, word: u64) -> RateLimiter<C> {
        let tier = self.store.tier(slot);
        let meter = Meter::resume(tier.quota, tier.gcra, tier.scale, word);
        let built = Builder::new(tier.quota, self.clock.clone()).strategy(self.strategy).max_waiters(self.max_waiters);
        RateLimiter::around(meter, tier.quota.burst(), built)
    }

    fn settle(&self, slot: &Slot<K>, now: Option<Timestamp>, actual: u64, estimated: u64) {
        let tier = self.store.tier(slot);
        let at = now.unwrap_or_else(|| self.clock.now());
        let now = tier.scale.units(at);
        let debt = tier.gcra.amount(actual.saturating_sub(estimated));
        let back = tier.gcra.amount(estimated.saturating_sub(actual));
        let owing = |tat: u64| tat.max(now).saturating_add(debt);
        let settled = |tat| if debt > 0 { owing(tat) } else { Gcra::refund(tat, now, back) };
        // Most are done with this.
        if let Some(home) = self.store.home_of(slot)
            && home.set.settle(home.tag, settled) == Answer::Granted
        {
            return;
        }
        let mut place = self.store.place(slot);
        loop {
            match place.settle(debt == 0, settled) {
                Answer::Awaited(name) => {
                    let settle = |limiter: &RateLimiter<C>| limiter.reconcile_at(at, actual, estimated);
                    if self.with_awaited(&place, name, settle).is_some() {
                        return;
                    }
                }
                // A debt needs an entry. A refund has nothing to come off: the key is idle, or its debt is the floor's now.
                Answer::Absent if debt > 0 => match self.enter(&mut place, at, |begin, _| Ok(owing(begin))) {
                    Entry::Present => {}
                    Entry::Entered { .. } | Entry::Short { .. } => return,
                    Entry::Crowded | Entry::Full { .. } => {
                        if place.owe(at, owing) {
                            return;
                        }
                    }
                },
                Answer::Granted | Answer::Short(_) | Answer::Saturated | Answer::Absent | Answer::Gone => return,
            }
        }
    }

    /// A key's constants, its TAT and the time in units; none if it can have no quota.
    fn look<Q: Lookup<K> + ?Sized>(&self, now: Timestamp, key: &Q) -> Option<(Gcra, u64, u64)> {
        let slot = self.slot(key).ok()?;
        let (mut place, tier) = (self.store.place(&slot), self.store.tier(&slot));
        let units = tier.scale.units(now);
        let mut swept = false;
        let tat = loop {
            match place.peek() {
                Ok(tat) => break tat,
                Err(Answer::Awaited(name)) => {
                    if let Some((tat, _)) = self.with_awaited(&place, name, |limiter| limiter.peek(now)) {
                        break tat;
                    }
                }
                Err(_) => {
                    if let Some(tat) = place.begin(now, swept) {
                        break tat;
                    }
                    self.release_all(&mut place);
                    swept = true;
                }
            }
        };
        place.passed(|name| self.release(name));
        Some((tier.gcra, tat, units))
    }
}
