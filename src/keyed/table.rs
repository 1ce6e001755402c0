//! The hashed table: sets, to one of which a key's hash leads.

use super::set::{Set, WAYS};
use super::tiers::{Tag, Tiers};

/// Bytes of the table for each key that it is to hold: 10 entries of 12.8 bytes for 5.33 keys. When
/// all keys are busy at once, 0.66 % of them have no entry. (Poisson of mean 5.33: the expected
/// excess over 10, for each key.)
const BYTES_A_KEY: usize = 24;

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
    /// The name of an entry of the set, which is unique in the table.
    pub(super) fn name(self, way: usize) -> usize {
        name(self.index, way)
    }
}

fn name(index: usize, way: usize) -> usize {
    index * WAYS + way
}

impl Table {
    /// A table for `max_keys` keys that are busy at a time.
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

    /// Bytes that it occupies, from the start and for good.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.sets)
    }

    /// Where a key of this hash belongs; `None` if there is no set.
    #[inline]
    pub(super) fn home<K>(&self, hash: u64, tier: u32, tiers: &Tiers<K>) -> Option<Home<'_>> {
        let index = (((hash >> 32) * self.sets.len() as u64) >> 32) as usize;
        Some(Home { set: self.sets.get(index)?, index, tag: tiers.tag(hash, tier) })
    }

    /// The set of the entry of this name, and the way of the entry there.
    pub(super) fn entry(&self, name: usize) -> (&Set, usize) {
        (&self.sets[name / WAYS], name % WAYS)
    }

    /// Name, tag and word of each entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, Tag, u64)> {
        let sets = self.sets.iter().enumerate();
        sets.flat_map(|(index, set)| set.entries().map(move |(way, tag, word)| (name(index, way), tag, word)))
    }

    /// Makes all entries as new, one set after the other. If the word of an entry is out, `hold` is
    /// given its name and tag. `hold` returns `false` if the word has come back meanwhile. After
    /// each set `done` is called without the lock.
    pub(super) fn reset_all(&self, mut hold: impl FnMut(usize, Tag) -> bool, mut done: impl FnMut()) {
        for (index, set) in self.sets.iter().enumerate() {
            set.reset_all(|way, tag| hold(name(index, way), tag));
            done();
        }
    }
}
