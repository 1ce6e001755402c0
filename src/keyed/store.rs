//! The words of keys and their quotas: the only file that chooses between the two kinds of table.
//!
//! The verbs of a keyed limiter ask here for a key's word by a [`Known`]. They need not know
//! whether a key is known by bits of its hash (`table.rs`) or stored (`exact.rs`).

use std::marker::PhantomData;

use super::exact::{CellRef, Exact, StoredSite};
use super::key::Lookup;
use super::known::Known;
use super::site::{Owner, Site};
use super::table::{Home, Table};
use super::tiers::{Tag, Tier, Tiers};

/// Keeps the words of keys, and their quotas.
pub(super) struct Store<K> {
    words: Words<K>,
    pub(super) tiers: Tiers<K>,
}

/// The tables: one of them.
pub(super) struct Words<K> {
    /// Without a set if keys are stored. A decision finds that out by the comparison that it makes
    /// in any case.
    table: Table,
    exact: Option<Box<Exact<K>>>,
    keys: PhantomData<fn() -> K>,
}

impl<K> Words<K> {
    pub(super) fn hashed(max_keys: usize) -> Self {
        Self { table: Table::new(max_keys), exact: None, keys: PhantomData }
    }
}

#[cfg(feature = "exact")]
impl<K: Eq + Send + Sync + 'static> Words<K> {
    pub(super) fn exact(max_keys: usize) -> Self {
        Self { table: Table::empty(), exact: Some(Box::new(Exact::new(max_keys))), keys: PhantomData }
    }
}

impl<K> Store<K> {
    pub(super) fn new(words: Words<K>, tiers: Tiers<K>) -> Self {
        Self { words, tiers }
    }

    pub(super) fn tier(&self, known: &Known<K>) -> &Tier {
        self.tiers.of_index(known.tier())
    }

    /// A key as it is known from now on, whether or not it has a word.
    pub(super) fn known<Q: Lookup<K> + ?Sized>(&self, key: &Q, hash: u64, tier: u32) -> Known<K> {
        match self.exact() {
            Some(exact) => Known::Stored(exact.cell(key, hash, tier)),
            None => Known::hashed(hash, tier),
        }
    }

    /// Where a key of this hash belongs; `None` if keys are stored.
    #[inline]
    pub(super) fn home(&self, hash: u64, tier: u32) -> Option<Home<'_>> {
        self.words.table.home(hash, tier, &self.tiers)
    }

    /// Where a key belongs; `None` if keys are stored.
    #[inline]
    pub(super) fn home_of(&self, known: &Known<K>) -> Option<Home<'_>> {
        match known {
            Known::Hashed(hashed) => self.home(hashed.hash, known.tier()),
            Known::Stored(_) => None,
        }
    }

    /// The table, if keys are stored.
    pub(super) fn exact(&self) -> Option<&Exact<K>> {
        self.words.exact.as_deref()
    }

    /// Where the word of a key is, or would be.
    pub(super) fn site(&self, known: &Known<K>) -> Site<'_, K> {
        let tier = self.tier(known);
        match (known, self.home_of(known), self.exact()) {
            (Known::Hashed(_), Some(home), _) => Site::hashed(home, &self.tiers, tier),
            (Known::Stored(cell), _, Some(exact)) => self.stored(exact, cell.clone()),
            _ => unreachable!("a key of another table"),
        }
    }

    fn stored<'a>(&'a self, exact: &'a Exact<K>, cell: CellRef<K>) -> Site<'a, K> {
        let tier = self.tiers.of_index(cell.tier());
        Site::stored(StoredSite::new(exact, cell), &self.tiers, tier)
    }

    /// Puts a word back that was taken out under this name. Cells that are let go of are added to
    /// `gone`, to be dropped while no lock is held.
    pub(super) fn put_back(&self, name: usize, owner: &Owner<K>, word: u64, gone: &mut Vec<Owner<K>>) {
        if let (Owner::Stored(cell), Some(exact)) = (owner, self.exact()) {
            gone.extend(exact.put_back(cell, word, &self.tiers).into_iter().map(Owner::Stored));
        } else {
            let (set, way) = self.words.table.entry(name);
            set.put_back(way, word);
        }
    }

    /// A word that was taken out stays out, and is `word` by now.
    pub(super) fn left_out(&self, owner: &Owner<K>, word: u64, gone: &mut Vec<Owner<K>>) {
        if let (Owner::Stored(cell), Some(exact)) = (owner, self.exact()) {
            gone.extend(exact.left_out(cell, word, &self.tiers).into_iter().map(Owner::Stored));
        }
    }

    /// Name, owner, tier and word of each entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, Owner<K>, &Tier, u64)> {
        let entries = self.words.table.entries().map(|(name, tag, word)| {
            let tier = self.tiers.of_tag(tag);
            (name, Owner::hashed(tag), tier, word)
        });
        let cells = self.exact().map(Exact::cells).into_iter().flatten();
        entries.chain(cells.map(|cell| {
            let (name, tier, word) = (cell.name(), self.tiers.of_index(cell.tier()), cell.look());
            (name, Owner::Stored(cell), tier, word)
        }))
    }

    /// Makes all entries of the hashed table as new; see [`Table::reset_all`].
    pub(super) fn reset_hashed(&self, hold: impl FnMut(usize, Tag) -> bool, done: impl FnMut()) {
        self.words.table.reset_all(hold, done);
    }

    /// Where the words of all stored keys are.
    pub(super) fn stored_sites(&self) -> impl Iterator<Item = Site<'_, K>> {
        let sites = self.exact().map(|exact| exact.cells().into_iter().map(move |cell| self.stored(exact, cell)));
        sites.into_iter().flatten()
    }

    /// Forgets what stored keys took that were forgotten.
    pub(super) fn reset_floors(&self) {
        if let Some(exact) = self.exact() {
            exact.reset_floors();
        }
    }

    /// Bytes that the words occupy.
    pub(super) fn memory(&self) -> usize {
        self.exact().map_or_else(|| self.words.table.memory(), Exact::memory)
    }
}
