//! A key once it has been looked up: enough to settle with it later.

use std::marker::PhantomData;

use super::exact::CellRef;

/// A key once it has been looked up.
pub(super) enum Known<K> {
    Hashed(Hashed<K>),
    Stored(CellRef<K>),
}

/// All that is known of a key that is not stored.
pub(super) struct Hashed<K> {
    pub(super) hash: u64,
    tier: u32,
    keys: PhantomData<fn() -> K>,
}

impl<K> Clone for Hashed<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Hashed<K> {}

impl<K> Clone for Known<K> {
    fn clone(&self) -> Self {
        match self {
            Self::Hashed(hashed) => Self::Hashed(*hashed),
            Self::Stored(cell) => Self::Stored(cell.clone()),
        }
    }
}

impl<K> Known<K> {
    #[inline]
    pub(super) fn hashed(hash: u64, tier: u32) -> Self {
        Self::Hashed(Hashed { hash, tier, keys: PhantomData })
    }

    /// The index of its tier.
    #[inline]
    pub(super) fn tier(&self) -> u32 {
        match self {
            Self::Hashed(hashed) => hashed.tier,
            Self::Stored(cell) => cell.tier(),
        }
    }
}
