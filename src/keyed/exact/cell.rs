//! A cell: a key and its word, and how it is looked up.

use std::borrow::Borrow;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem::ManuallyDrop;
use std::sync::Arc;

use papaya::Equivalent;

use crate::keyed::answer::{Answer, Missed};
use crate::keyed::key::Lookup;
use crate::sync::{AtomicU64, Ordering};
use crate::word::{AWAITED, MAX_TAT, SATURATED, TAKEN};

/// A cell, shared.
pub(in crate::keyed) type CellRef<K> = Arc<Cell<K>>;

/// A reading at which nothing happens.
pub(super) const NEVER: u64 = u64::MAX;

/// A key with its word; `exact.rs` has the values of the word.
///
/// That keys can be shared between threads is known where the table is made, and is a matter of the
/// value, not of its type. A limiter that does not store keys is shared between threads whatever
/// the keys are.
pub(in crate::keyed) type Cell<K> = CellOf<dyn Holds<K>>;

/// What a cell has as its key.
pub(in crate::keyed) trait Holds<K>: Send + Sync {
    fn held(&self) -> &K;
}

impl<K: Send + Sync> Holds<K> for K {
    #[inline]
    fn held(&self) -> &K {
        self
    }
}

pub(in crate::keyed) struct CellOf<H: ?Sized> {
    pub(super) hash: u64,
    /// It needs no drop. The model checker takes a drop for an access, and does not see that the
    /// count of an `Arc` orders it after all others.
    word: ManuallyDrop<AtomicU64>,
    /// The reading that the cell is filed under; [`NEVER`] if it is not filed. Read and written
    /// only under the lock of its part.
    filed: ManuallyDrop<AtomicU64>,
    tier: u32,
    key: H,
}

impl<K> CellOf<K> {
    /// A cell that is in no index.
    pub(super) fn new(key: K, hash: u64, tier: u32) -> Self {
        Self {
            hash,
            word: ManuallyDrop::new(AtomicU64::new(TAKEN)),
            filed: ManuallyDrop::new(AtomicU64::new(NEVER)),
            tier,
            key,
        }
    }
}

impl<K> Cell<K> {
    pub(in crate::keyed) fn key(&self) -> &K {
        self.key.held()
    }

    /// The index of the key's tier.
    #[inline]
    pub(in crate::keyed) fn tier(&self) -> u32 {
        self.tier
    }

    /// A name that no other cell has for as long as this one lives: its address, in steps that are
    /// shorter than a cell.
    pub(in crate::keyed) fn name(&self) -> usize {
        const STEP: usize = 32;
        const { assert!(size_of::<CellOf<()>>() >= STEP) };
        std::ptr::from_ref(self).cast::<()>().addr() / STEP
    }

    #[inline]
    pub(in crate::keyed) fn look(&self) -> u64 {
        self.word.load(Ordering::Relaxed)
    }

    /// Whether the cell is not in the index: its key is idle, or has another cell there.
    pub(super) fn is_dead(&self) -> bool {
        self.look() == TAKEN
    }

    /// Moves the word, which was seen to be this, to what `decide` makes of it at `now`. `decide`
    /// gives the TAT after a grant, or by how many units the request is too early.
    #[inline]
    pub(in crate::keyed) fn take(
        &self,
        mut seen: u64,
        now: u64,
        mut decide: impl FnMut(u64) -> Result<u64, u64>,
    ) -> Answer {
        loop {
            match decide(seen) {
                Ok(tat) => match self.word.compare_exchange_weak(seen, tat, Ordering::AcqRel, Ordering::Relaxed) {
                    Ok(_) => return Answer::Granted { ahead: tat - now },
                    Err(current) => seen = current,
                },
                Err(excess) => return self.refusal(seen, excess),
            }
        }
    }

    fn refusal(&self, word: u64, excess: u64) -> Answer {
        match word {
            TAKEN => Answer::Absent,
            AWAITED => Answer::Awaited(self.name()),
            SATURATED => Answer::Saturated,
            _ => Answer::Short(excess),
        }
    }

    /// The word, or where it is.
    pub(super) fn peek(&self) -> Result<u64, Missed> {
        match self.look() {
            word if word <= SATURATED => Ok(word),
            word => Err(self.missed(word)),
        }
    }

    /// Why a word that is no TAT was not moved.
    fn missed(&self, word: u64) -> Missed {
        match word {
            TAKEN => Missed::Absent,
            AWAITED => Missed::Awaited(self.name()),
            _ => Missed::Saturated,
        }
    }

    /// Moves the word to what `next` makes of it, if the word is a TAT.
    pub(super) fn settle(&self, next: impl Fn(u64) -> u64) -> Result<(), Missed> {
        self.update(|word| (word <= MAX_TAT).then(|| next(word).min(SATURATED)))
    }

    /// Makes the key as new, unless its word is elsewhere.
    pub(super) fn reset(&self) -> Result<(), Missed> {
        self.update(|word| (word <= SATURATED).then_some(0))
    }

    fn update(&self, next: impl FnMut(u64) -> Option<u64>) -> Result<(), Missed> {
        let updated = self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, next);
        updated.map(drop).map_err(|word| self.missed(word))
    }

    /// Takes the word out if it is a TAT. Otherwise the error has the word.
    pub(super) fn take_out(&self) -> Result<u64, u64> {
        let out = |word: u64| (word <= MAX_TAT).then_some(AWAITED);
        self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, out)
    }
}

/// Only under the lock of its part.
impl<K> Cell<K> {
    /// Marks the cell as no longer in the index, unless its word has moved.
    pub(super) fn die(&self, seen: u64) -> bool {
        self.word.compare_exchange(seen, TAKEN, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Gives a word to a cell that is dead or awaited.
    pub(super) fn set(&self, word: u64) {
        self.word.store(word.min(SATURATED), Ordering::Release);
    }

    pub(super) fn filed(&self) -> u64 {
        self.filed.load(Ordering::Relaxed)
    }

    pub(super) fn set_filed(&self, reading: u64) {
        self.filed.store(reading, Ordering::Relaxed);
    }
}

/// A cell in the index. A cell is equal to itself only: a thread that puts one in has looked for
/// another of its key, under the lock.
pub(super) struct Stored<K>(pub(super) CellRef<K>);

impl<K> PartialEq for Stored<K> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<K> Eq for Stored<K> {}

impl<K> Hash for Stored<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

/// Looks a cell up by a form of its key and by its tier: a key whose quota changes begins as new.
pub(super) struct ByKey<'a, Q: ?Sized> {
    pub(super) key: &'a Q,
    pub(super) hash: u64,
    pub(super) tier: u32,
}

impl<Q: ?Sized> Hash for ByKey<'_, Q> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K, Q: Lookup<K> + ?Sized> Equivalent<Stored<K>> for ByKey<'_, Q> {
    #[inline]
    fn equivalent(&self, Stored(cell): &Stored<K>) -> bool {
        cell.hash == self.hash && cell.tier == self.tier && is(cell.key(), self.key)
    }
}

/// Whether an owned key is the key of this form.
#[inline]
fn is<Q: ToOwned + Eq + ?Sized>(owned: &Q::Owned, key: &Q) -> bool {
    owned.borrow() == key
}

/// Looks a cell up by another of the same key.
pub(super) struct ByCell<'a, K> {
    pub(super) cell: &'a Cell<K>,
    pub(super) same: fn(&K, &K) -> bool,
}

impl<K> Hash for ByCell<'_, K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.cell.hash);
    }
}

impl<K> Equivalent<Stored<K>> for ByCell<'_, K> {
    fn equivalent(&self, Stored(other): &Stored<K>) -> bool {
        other.hash == self.cell.hash && other.tier == self.cell.tier && (self.same)(other.key(), self.cell.key())
    }
}

/// Passes on the hash that a cell has already.
#[derive(Default)]
pub(super) struct Passed(u64);

pub(super) type Pass = BuildHasherDefault<Passed>;

impl Hasher for Passed {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("what is hashed is a hash")
    }
}
