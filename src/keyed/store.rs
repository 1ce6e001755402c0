//! Where the words of keys are: the one place that knows both kinds of table.
//!
//! What the verbs of a keyed limiter are made of asks for a key's word here, by a [`Slot`], and need not know whether the
//! key is known by bits of its hash (`table.rs`) or stored (`exact.rs`).

use std::marker::PhantomData;
#[cfg(feature = "exact")]
use std::sync::Arc;

use super::Lookup;
#[cfg(feature = "exact")]
use super::exact::{Cell, Exact};
use super::place::{Owner, Place, Site};
use super::table::{Home, Table};
use super::tiers::{Tier, Tiers};

/// Keeps the words of keys, and their quotas.
pub(super) struct Store<K> {
    words: Words<K>,
    pub(super) tiers: Tiers<K>,
}

/// The tables: one of them.
pub(super) struct Words<K> {
    /// Without a set if keys are stored: so a decision finds that out by the comparison that it makes in any case.
    table: Table,
    #[cfg(feature = "exact")]
    exact: Option<Box<Exact<K>>>,
    keys: PhantomData<fn() -> K>,
}

impl<K> Words<K> {
    pub(super) fn hashed(max_keys: usize) -> Self {
        Self {
            table: Table::new(max_keys),
            #[cfg(feature = "exact")]
            exact: None,
            keys: PhantomData,
        }
    }
}

#[cfg(feature = "exact")]
impl<K: Eq + Send + Sync + 'static> Words<K> {
    pub(super) fn exact(max_keys: usize) -> Self {
        Self { table: Table::empty(), exact: Some(Box::new(Exact::new(max_keys))), keys: PhantomData }
    }
}

/// What is known of a key once it has been looked at: enough to settle with it later.
pub(super) enum Slot<K> {
    Hashed(Known<K>),
    #[cfg(feature = "exact")]
    Exact(Arc<Cell<K>>),
}

/// All that is known of a key that is not stored.
pub(super) struct Known<K> {
    hash: u64,
    tier: u32,
    keys: PhantomData<fn() -> K>,
}

impl<K> Clone for Known<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Known<K> {}

impl<K> Clone for Slot<K> {
    fn clone(&self) -> Self {
        match self {
            Self::Hashed(known) => Self::Hashed(*known),
            #[cfg(feature = "exact")]
            Self::Exact(cell) => Self::Exact(Arc::clone(cell)),
        }
    }
}

impl<K> Slot<K> {
    #[inline]
    pub(super) fn hashed(hash: u64, tier: u32) -> Self {
        Self::Hashed(Known { hash, tier, keys: PhantomData })
    }

    #[cfg(feature = "exact")]
    #[inline]
    pub(super) fn exact(cell: Arc<Cell<K>>) -> Self {
        Self::Exact(cell)
    }

    /// The index of its tier.
    #[inline]
    pub(super) fn tier(&self) -> u32 {
        match self {
            Self::Hashed(known) => known.tier,
            #[cfg(feature = "exact")]
            Self::Exact(cell) => cell.tier,
        }
    }
}

impl<K> Store<K> {
    pub(super) fn new(words: Words<K>, tiers: Tiers<K>) -> Self {
        Self { words, tiers }
    }

    pub(super) fn tier(&self, slot: &Slot<K>) -> &Tier {
        self.tiers.of_index(slot.tier())
    }

    /// The slot of a key, whether or not it has a word here.
    #[cfg_attr(
        not(feature = "exact"),
        expect(clippy::unused_self, unused_variables, reason = "only stored keys are looked at")
    )]
    pub(super) fn slot<Q: Lookup<K> + ?Sized>(&self, key: &Q, hash: u64, tier: u32) -> Slot<K> {
        #[cfg(feature = "exact")]
        if let Some(exact) = self.exact() {
            return Slot::exact(exact.cell(key, hash, tier));
        }
        Slot::hashed(hash, tier)
    }

    /// Where a key of this hash belongs; `None` if keys are stored.
    #[inline]
    pub(super) fn home(&self, hash: u64, tier: u32) -> Option<Home<'_>> {
        self.words.table.home(hash, tier, &self.tiers)
    }

    /// Where the key of a slot belongs; `None` if keys are stored.
    #[inline]
    pub(super) fn home_of(&self, slot: &Slot<K>) -> Option<Home<'_>> {
        match slot {
            Slot::Hashed(known) => self.home(known.hash, known.tier),
            #[cfg(feature = "exact")]
            Slot::Exact(_) => None,
        }
    }

    /// The table, if keys are stored.
    #[cfg(feature = "exact")]
    pub(super) fn exact(&self) -> Option<&Exact<K>> {
        self.words.exact.as_deref()
    }

    /// Where the word of a key is, or would be.
    pub(super) fn place(&self, slot: &Slot<K>) -> Place<'_, K> {
        let site = match slot {
            Slot::Hashed(known) => match self.home(known.hash, known.tier) {
                Some(home) => Site::Hashed(home, PhantomData),
                None => unreachable!("a slot of another table"),
            },
            #[cfg(feature = "exact")]
            Slot::Exact(cell) => match self.exact() {
                Some(exact) => Site::Exact(exact, Arc::clone(cell)),
                None => unreachable!("a slot of another table"),
            },
        };
        Place::new(site, &self.tiers, self.tier(slot))
    }

    /// Puts a word back that was taken out under this name. What is let go of by the way goes to `gone`, for when no lock is held.
    #[cfg_attr(
        not(feature = "exact"),
        expect(unused_variables, clippy::ptr_arg, reason = "only stored keys are let go of")
    )]
    pub(super) fn put_back(&self, name: usize, owner: &Owner<K>, word: u64, gone: &mut Vec<Owner<K>>) {
        match owner {
            Owner::Hashed(..) => {
                let (set, way) = self.words.table.entry(name);
                set.put_back(way, word);
            }
            #[cfg(feature = "exact")]
            Owner::Exact(cell) => {
                if let Some(exact) = self.exact() {
                    gone.extend(exact.put_back(cell, word, &self.tiers).into_iter().map(Owner::Exact));
                }
            }
        }
    }

    /// A word that was taken out is not to be put back yet; by now it is `word`.
    #[cfg_attr(
        not(feature = "exact"),
        expect(clippy::unused_self, clippy::ptr_arg, unused_variables, reason = "sets are small")
    )]
    pub(super) fn left_out(&self, owner: &Owner<K>, word: u64, gone: &mut Vec<Owner<K>>) {
        #[cfg(feature = "exact")]
        if let (Some(exact), Owner::Exact(cell)) = (self.exact(), owner) {
            gone.extend(exact.left_out(cell, word, &self.tiers).into_iter().map(Owner::Exact));
        }
    }

    /// Name, owner, tier and word of each entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, Owner<K>, &Tier, u64)> {
        let entries = self.words.table.entries().map(|(name, tag, word)| {
            let owner = Owner::Hashed(tag, PhantomData);
            (name, owner, self.tiers.of_tag(tag), word)
        });
        #[cfg(feature = "exact")]
        let entries = {
            let cells = self.exact().map(Exact::cells).into_iter().flatten();
            entries.chain(cells.map(|cell| {
                let (name, tier, word) = (cell.name(), self.tiers.of_index(cell.tier), cell.look());
                (name, Owner::Exact(cell), tier, word)
            }))
        };
        entries
    }

    /// Bytes that it occupies.
    pub(super) fn bytes(&self) -> usize {
        #[cfg(feature = "exact")]
        if let Some(exact) = self.exact() {
            return exact.bytes();
        }
        self.words.table.bytes()
    }
}
