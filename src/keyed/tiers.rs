//! The quotas of a keyed limiter: one for all keys, or one for each class of keys.
//!
//! A tier also says whether the limiter is closed. This costs a grant nothing: a decision compares
//! the permits asked for with the limit of the tier, and a closed tier has the limit 0.
//!
//! # What a stale limit can do
//!
//! The limit is loaded `Relaxed`. A decision that finds the burst where another thread has just
//! stored 0 goes on as if it had been made before the close, and that is how it counts: it is
//! granted what its key had then. A thread that knows of the close (the closing thread itself, or
//! one that has synchronized with it since) finds the 0, because the store happens before its load.
//!
//! A request that then has to wait is refused all the same: see `closing.rs`.

use std::fmt;
use std::sync::OnceLock;

use super::classes::Classes;
use super::key::Lookup;
use crate::clock::{Tick, Timestamp};
use crate::error::Refused;
use crate::quota::Quota;
use crate::rate::Rate;
use crate::sync::{AtomicU64, Lock, Ordering};

/// Bits of a key's hash, and the index of its tier; not 0.
pub(super) type Tag = u32;

/// Bits of a tag that say the tier, if there are several.
const BITS: u32 = 6;

/// How many quotas there may be besides the first.
const MORE: usize = (1 << BITS) - 1;

/// A quota, with what decisions about it need.
#[derive(Debug)]
pub(super) struct Tier {
    /// The most permits that are granted without a look at the special cases: the burst, or 0 while
    /// the limiter is closed.
    limit: AtomicU64,
    pub(super) rate: Rate,
}

impl Tier {
    fn new(rate: Rate, closed: bool) -> Self {
        Self { limit: AtomicU64::new(Self::limit(&rate, closed)), rate }
    }

    fn limit(rate: &Rate, closed: bool) -> u64 {
        if closed { 0 } else { rate.gcra.burst() }
    }

    /// Whether `n` is from 1 to the limit, in one comparison.
    #[inline]
    pub(super) fn is_ordinary(&self, n: u64) -> bool {
        n.wrapping_sub(1) < self.limit.load(Ordering::Relaxed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.limit.load(Ordering::Relaxed) == 0
    }
}

/// All quotas that keys have been found to have. A tier is named by its index.
pub(super) struct Tiers<K> {
    first: Tier,
    /// Filled from the front, under the lock.
    more: Box<[OnceLock<Tier>]>,
    /// Held while a tier is added and while limits change, so that all tiers agree whether the
    /// limiter is closed.
    changing: Lock<()>,
    classes: Option<Classes<K>>,
    tick: Tick,
    origin: Timestamp,
}

impl<K> fmt::Debug for Tiers<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().map(|tier| tier.rate.quota())).finish()
    }
}

impl<K> Tiers<K> {
    pub(super) fn new(quota: Quota, classes: Option<Classes<K>>, tick: Tick, origin: Timestamp) -> Self {
        let more = if classes.is_some() { MORE } else { 0 };
        let more = (0..more).map(|_| OnceLock::new()).collect();
        let first = Tier::new(Rate::new(quota, tick, origin), false);
        Self { first, more, changing: Lock::new(()), classes, tick, origin }
    }

    fn all(&self) -> impl Iterator<Item = &Tier> {
        std::iter::once(&self.first).chain(self.more.iter().map_while(OnceLock::get))
    }

    /// The tier of the quota that the limiter was built with.
    pub(super) fn first(&self) -> &Tier {
        &self.first
    }

    /// The tier of a key, with its index.
    #[inline]
    pub(super) fn of_key<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Result<(u32, &Tier), Refused> {
        match &self.classes {
            None => Ok((0, &self.first)),
            Some(classes) => self.of_class(classes, key),
        }
    }

    /// Out of line, so that limiters with one quota are smaller.
    #[inline(never)]
    fn of_class<Q: Lookup<K> + ?Sized>(&self, classes: &Classes<K>, key: &Q) -> Result<(u32, &Tier), Refused> {
        self.of_quota(classes.quota_of(key))
    }

    fn of_quota(&self, quota: Quota) -> Result<(u32, &Tier), Refused> {
        if quota == self.first.rate.quota() {
            return Ok((0, &self.first));
        }
        for (slot, index) in self.more.iter().zip(1..) {
            // Another thread may fill it first, and with another quota.
            let tier = slot.get().unwrap_or_else(|| self.add(slot, quota));
            if tier.rate.quota() == quota {
                return Ok((index, tier));
            }
        }
        Err(Refused::TooManyQuotas)
    }

    #[cold]
    fn add<'a>(&self, slot: &'a OnceLock<Tier>, quota: Quota) -> &'a Tier {
        let _changing = self.changing.lock();
        slot.get_or_init(|| Tier::new(Rate::new(quota, self.tick, self.origin), self.first.is_closed()))
    }

    /// The tier of this index, which must be known.
    pub(super) fn of_index(&self, index: u32) -> &Tier {
        let more = (index as usize).checked_sub(1).and_then(|index| self.more.get(index));
        more.and_then(OnceLock::get).unwrap_or(&self.first)
    }

    /// The tag of a key with this hash: as many bits of the hash as the tier leaves, and never 0.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half; the high half leads to the set")]
    pub(super) fn tag(&self, hash: u64, tier: u32) -> Tag {
        if self.more.is_empty() { (hash as u32).max(1) } else { (hash as u32 >> BITS).max(1) << BITS | tier }
    }

    /// The tier that a tag says.
    pub(super) fn of_tag(&self, tag: Tag) -> &Tier {
        if self.more.is_empty() { &self.first } else { self.of_index(tag & ((1 << BITS) - 1)) }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.first.is_closed()
    }

    /// Closes all tiers, also those that are added later, or opens them.
    pub(super) fn set_closed(&self, closed: bool) {
        let _changing = self.changing.lock();
        for tier in self.all() {
            tier.limit.store(Tier::limit(&tier.rate, closed), Ordering::Relaxed);
        }
    }
}
