//! The table: sets, one of which a key's hash leads to.

use super::set::{Set, Tag, WAYS};
use super::tiers::Tiers;

/// Bytes of the table for each key that it is to hold: 10 entries of 12.8 bytes for 5.33 keys, which leaves 0.66 % of the
/// keys without an entry when all are busy at once. (Poisson, of mean 5.33: the expected excess over 10, per key.)
pub(super) const BYTES_A_KEY: usize = 24;

#[derive(Debug)]
pub(super) struct Table {
    sets: Box<[Set]>,
}

/// Where a key belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home<'a> {
    pub(super) set: &'a Set,
    pub(super) index: usize,
    pub(super) tag: Tag,
}

impl Home<'_> {
    /// Names an entry of the set among all of the table.
    pub(super) fn name(self, way: usize) -> usize {
        self.index * WAYS + way
    }
}

impl Table {
    /// A table for `max_keys` that are busy at a time.
    pub(super) fn new(max_keys: usize) -> Self {
        let sets = max_keys.saturating_mul(BYTES_A_KEY).div_ceil(size_of::<Set>());
        // The index comes of 32 bits of the hash.
        let sets = sets.clamp(1, u32::MAX as usize);
        Self { sets: (0..sets).map(|_| Set::new()).collect() }
    }

    /// A table without a set, in which no key belongs.
    #[cfg(feature = "exact")]
    pub(super) fn empty() -> Self {
        Self { sets: Box::default() }
    }

    /// What it occupies, from the start and for good.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.sets)
    }

    /// Where a key of this hash belongs; nowhere if there is no set.
    #[inline]
    pub(super) fn home<K>(&self, hash: u64, tier: u32, tiers: &Tiers<K>) -> Option<Home<'_>> {
        let index = (((hash >> 32) * self.sets.len() as u64) >> 32) as usize;
        Some(Home { set: self.sets.get(index)?, index, tag: tiers.tag(hash, tier) })
    }

    /// The set that an entry's name says, and its way there.
    pub(super) fn entry(&self, name: usize) -> (&Set, usize) {
        (&self.sets[name / WAYS], name % WAYS)
    }

    /// All entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, Tag, u64)> {
        let sets = self.sets.iter().enumerate();
        sets.flat_map(|(index, set)| set.entries().map(move |(way, tag, word)| (index * WAYS + way, tag, word)))
    }
}
