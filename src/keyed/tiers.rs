//! The quotas of a keyed limiter: one for all keys, or one for each class of them.

use std::any::Any;
use std::borrow::Borrow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::Lookup;
use super::set::Tag;
use crate::clock::{Tick, Timestamp};
use crate::error::{Reason, Refused};
use crate::gcra::{Gcra, Unit};
use crate::quota::Quota;
use crate::scale::Scale;

/// Bits of a tag that say the tier, if there are several.
const BITS: u32 = 6;

/// How many quotas there may be besides the first.
const MORE: usize = (1 << BITS) - 1;

/// A quota with what decisions about it need.
#[derive(Debug)]
pub(super) struct Tier {
    pub(super) quota: Quota,
    pub(super) gcra: Gcra,
    pub(super) scale: Scale,
}

/// All quotas that keys have been found to have. A tier is named by its index.
pub(super) struct Tiers<K> {
    first: Tier,
    /// Filled from the front.
    more: Box<[OnceLock<Tier>]>,
    classes: Option<Classes<K>>,
    tick: Tick,
    origin: Timestamp,
}

impl<K> fmt::Debug for Tiers<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().map(|tier| tier.quota)).finish()
    }
}

impl<K> Tiers<K> {
    pub(super) fn new(quota: Quota, classes: Option<Classes<K>>, tick: Tick, origin: Timestamp) -> Self {
        let more = if classes.is_some() { MORE } else { 0 };
        let more = (0..more).map(|_| OnceLock::new()).collect();
        Self { first: Tier::new(quota, tick, origin), more, classes, tick, origin }
    }

    fn all(&self) -> impl Iterator<Item = &Tier> {
        std::iter::once(&self.first).chain(self.more.iter().map_while(OnceLock::get))
    }

    /// The tier of a key, with its index.
    #[inline]
    pub(super) fn of_key<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Result<(u32, &Tier), Refused> {
        match &self.classes {
            None => Ok((0, &self.first)),
            Some(classes) => self.of_class(classes, key),
        }
    }

    /// Out of line, so that it does not weigh on limiters with one quota.
    #[inline(never)]
    fn of_class<Q: Lookup<K> + ?Sized>(&self, classes: &Classes<K>, key: &Q) -> Result<(u32, &Tier), Refused> {
        self.of_quota(classes.quota_of(key))
    }

    fn of_quota(&self, quota: Quota) -> Result<(u32, &Tier), Refused> {
        if quota == self.first.quota {
            return Ok((0, &self.first));
        }
        for (tier, index) in self.more.iter().zip(1..) {
            // Whoever comes first fills it, maybe with another quota.
            let tier = tier.get_or_init(|| Tier::new(quota, self.tick, self.origin));
            if tier.quota == quota {
                return Ok((index, tier));
            }
        }
        Err(Reason::TooManyQuotas.into())
    }

    /// The tier of this index, which must be known.
    pub(super) fn of_index(&self, index: u32) -> &Tier {
        let more = (index as usize).checked_sub(1).and_then(|index| self.more.get(index));
        more.and_then(OnceLock::get).unwrap_or(&self.first)
    }

    /// The tag of a key with this hash: as many bits of it as the tier leaves, and never 0.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half; the high half leads to the set")]
    pub(super) fn tag(&self, hash: u64, tier: u32) -> Tag {
        if self.more.is_empty() { (hash as u32).max(1) } else { (hash as u32 >> BITS).max(1) << BITS | tier }
    }

    /// The tier that a tag says.
    pub(super) fn of_tag(&self, tag: Tag) -> &Tier {
        if self.more.is_empty() { &self.first } else { self.of_index(tag & ((1 << BITS) - 1)) }
    }
}

impl Tier {
    fn new(quota: Quota, tick: Tick, origin: Timestamp) -> Self {
        let gcra = Gcra::new(quota);
        Self { quota, gcra, scale: Scale::new(Unit::of(quota), gcra.depth(), tick, origin) }
    }
}

/// Which quota is for a key: a function of one form of it.
#[derive(Clone)]
pub(super) struct Classes<K> {
    of_key: Arc<dyn Fn(&K) -> Quota + Send + Sync>,
    /// An [`OfForm`] of the form that the function takes.
    of_form: Arc<dyn Any + Send + Sync>,
}

type OfForm<Q> = Arc<dyn Fn(&Q) -> Quota + Send + Sync>;

impl<K> Classes<K> {
    pub(super) fn new<Q>(quota_for: impl Fn(&Q) -> Quota + Send + Sync + 'static) -> Self
    where
        K: Borrow<Q>,
        Q: ?Sized + 'static,
    {
        let of_form: OfForm<Q> = Arc::new(quota_for);
        Self { of_form: Arc::new(Arc::clone(&of_form)), of_key: Arc::new(move |key| of_form(key.borrow())) }
    }

    fn quota_of<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Quota {
        match self.of_form.downcast_ref::<OfForm<Q>>() {
            Some(quota_for) => quota_for(key),
            None => (self.of_key)(&key.to_owned()),
        }
    }
}
