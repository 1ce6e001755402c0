//! A cell: a key and its word, and how it is looked up.

use std::borrow::Borrow;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem::ManuallyDrop;
use std::sync::Arc;

use papaya::Equivalent;

use super::NEVER;
use crate::gcra::{Gcra, MAX_TAT};
use crate::keyed::Lookup;
use crate::keyed::set::{AWAITED, Answer, SATURATED, TAKEN};
use crate::sync::{AtomicU64, Ordering};

/// Not in the index: the key is idle, or has another cell there. Like an entry of a set that is changing hands, it has no word.
pub(super) const DEAD: u64 = TAKEN;

/// A key with its word, of which `exact.rs` says what it may be.
///
/// That keys can be shared is known where the table is made, and a matter of the value, not of its type: a limiter that does
/// not store keys is shared between threads whatever they are.
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
    /// It needs no drop. The model checker takes that for an access, and does not see that the count of an `Arc` orders it after all
    /// others.
    word: ManuallyDrop<AtomicU64>,
    /// The reading it is filed under; [`NEVER`] if it is not. Only looked at under the lock of its part.
    filed: ManuallyDrop<AtomicU64>,
    pub(in crate::keyed) tier: u32,
    key: H,
}

impl<K> CellOf<K> {
    /// A cell that is in no index.
    pub(super) fn new(key: K, hash: u64, tier: u32) -> Self {
        Self {
            hash,
            word: ManuallyDrop::new(AtomicU64::new(DEAD)),
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

    /// What no other cell is called as long as this one lives: where it is, in steps that are shorter than a cell is.
    pub(in crate::keyed) fn name(&self) -> usize {
        const STEP: usize = 32;
        const { assert!(size_of::<CellOf<()>>() >= STEP) };
        std::ptr::from_ref(self).cast::<()>().addr() / STEP
    }

    #[inline]
    pub(in crate::keyed) fn look(&self) -> u64 {
        self.word.load(Ordering::Relaxed)
    }

    pub(super) fn is_dead(&self) -> bool {
        self.look() == DEAD
    }

    /// Takes `cost` at `now` from the word, which was seen to be this.
    #[inline]
    pub(in crate::keyed) fn take(&self, mut seen: u64, now: u64, gcra: &Gcra, cost: u64) -> Answer {
        loop {
            match gcra.decide(seen, now, cost) {
                Ok(tat) => match self.word.compare_exchange_weak(seen, tat, Ordering::AcqRel, Ordering::Relaxed) {
                    Ok(_) => return Answer::Granted,
                    Err(current) => seen = current,
                },
                Err(excess) => return self.meaning(seen, excess),
            }
        }
    }

    pub(super) fn meaning(&self, word: u64, excess: u64) -> Answer {
        match word {
            DEAD => Answer::Absent,
            AWAITED => Answer::Awaited(self.name()),
            SATURATED => Answer::Saturated,
            _ => Answer::Short(excess),
        }
    }

    /// Moves the word to what `next` makes of it, if it is a TAT.
    pub(in crate::keyed) fn settle(&self, next: impl Fn(u64) -> u64) -> Answer {
        self.update(|word| (word <= MAX_TAT).then(|| next(word).min(SATURATED)))
    }

    /// Makes the key as new, unless its word is elsewhere.
    pub(in crate::keyed) fn reset(&self) -> Answer {
        self.update(|word| (word <= SATURATED).then_some(0))
    }

    fn update(&self, next: impl Fn(u64) -> Option<u64>) -> Answer {
        match self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, next) {
            Ok(_) => Answer::Granted,
            Err(word) => self.meaning(word, 0),
        }
    }

    /// Takes the word out, if it is a TAT. Otherwise what it says.
    pub(super) fn take_out(&self) -> Result<u64, u64> {
        let out = |word: u64| (word <= MAX_TAT).then_some(AWAITED);
        self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, out)
    }
}

/// Only under the lock of its part.
impl<K> Cell<K> {
    /// Marks it as no longer in the index, unless its word has moved.
    pub(super) fn die(&self, seen: u64) -> bool {
        self.word.compare_exchange(seen, DEAD, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Gives it a word, dead or awaited as it is.
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

/// A cell in the index. One is equal to itself only: who puts a cell in has looked for another of its key, under the lock.
pub(super) struct Stored<K>(pub(super) Arc<Cell<K>>);

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

/// Looks a cell up by a form of its key, and its tier: a key whose quota changes begins anew.
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

/// Whether an owned key is the one of this form.
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

/// Cells have been hashed already.
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
