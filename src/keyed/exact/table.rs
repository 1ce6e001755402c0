//! The table: the index of cells, the parts, and what is done under the lock of a part.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crossbeam_utils::CachePadded;
use papaya::HashSet;

use super::cell::{ByCell, ByKey, Cell, CellOf, CellRef, NEVER, Pass, Stored};
use super::part::Part;
use crate::clock::Timestamp;
use crate::keyed::answer::{Insertion, Missed};
use crate::keyed::key::Lookup;
use crate::keyed::tiers::{Tier, Tiers};
use crate::sync::{AtomicU64, Lock, Ordering};

/// The most parts of the table. A newcomer that finds no room looks at each of them.
const PARTS: usize = 64;

/// With fewer keys than this for each part, there are fewer parts.
const KEYS_A_PART: usize = 256;

pub(in crate::keyed) struct Exact<K> {
    index: HashSet<Stored<K>, Pass>,
    parts: Box<[CachePadded<Lock<Part<K>>>]>,
    /// [`Part::first`] of each.
    firsts: Box<[AtomicU64]>,
    /// Cells in the index, or about to be.
    occupied: CachePadded<AtomicUsize>,
    max_keys: usize,
    make: fn(K, u64, u32) -> CellRef<K>,
    same: fn(&K, &K) -> bool,
    /// Bytes of a cell.
    cell: usize,
    /// Stands for the ordering that the index gives, which the model checker does not see.
    /// Otherwise not used.
    published: AtomicU64,
}

impl<K> Exact<K> {
    /// A table for at most `max_keys`.
    pub(in crate::keyed) fn new(max_keys: usize) -> Self
    where
        K: Eq + Send + Sync + 'static,
    {
        let parts = (max_keys / KEYS_A_PART).clamp(1, PARTS);
        Self {
            index: HashSet::builder().hasher(Pass::default()).build(),
            parts: (0..parts).map(|_| CachePadded::new(Lock::new(Part::new()))).collect(),
            firsts: (0..parts).map(|_| AtomicU64::new(NEVER)).collect(),
            occupied: CachePadded::default(),
            max_keys: max_keys.max(1),
            make: |key, hash, tier| Arc::new(CellOf::new(key, hash, tier)),
            same: K::eq,
            cell: size_of::<CellOf<K>>(),
            published: AtomicU64::new(0),
        }
    }

    /// Calls `ask` with a key's cell, if it is in the index.
    #[inline]
    pub(in crate::keyed) fn with<Q: Lookup<K> + ?Sized, R>(
        &self,
        (key, hash, tier): (&Q, u64, u32),
        ask: impl FnOnce(Option<&CellRef<K>>) -> R,
    ) -> R {
        let guard = self.index.guard();
        ask(self.index.get(&ByKey { key, hash, tier }, &guard).map(|Stored(cell)| self.found(cell)))
    }

    /// A key's cell: the one in the index, or one that can come there.
    pub(in crate::keyed) fn cell<Q: Lookup<K> + ?Sized>(&self, key: &Q, hash: u64, tier: u32) -> CellRef<K> {
        let found = self.with((key, hash, tier), |cell| cell.map(Arc::clone));
        found.unwrap_or_else(|| (self.make)(key.to_owned(), hash, tier))
    }

    /// Orders a look-up after the insertion that it finds.
    #[inline]
    fn found<'a>(&self, cell: &'a CellRef<K>) -> &'a CellRef<K> {
        if cfg!(loom) {
            self.published.fetch_add(0, Ordering::Acquire);
        }
        cell
    }

    fn insert(&self, cell: &CellRef<K>) {
        if cfg!(loom) {
            self.published.fetch_add(1, Ordering::Release);
        }
        self.index.insert(Stored(Arc::clone(cell)), &self.index.guard());
    }

    /// Goes on to the cell that the key has in the index. Gives `false` if there is none.
    fn find(&self, cell: &mut CellRef<K>) -> bool {
        let guard = self.index.guard();
        let found = self.index.get(&ByCell { cell, same: self.same }, &guard);
        found.is_some_and(|Stored(found)| {
            *cell = Arc::clone(self.found(found));
            true
        })
    }

    /// What `ask` gets from the key's cell. An answer that the cell `is_dead` stands only if the
    /// key has no other cell.
    pub(super) fn live<R>(
        &self,
        cell: &mut CellRef<K>,
        is_dead: impl Fn(&R) -> bool,
        mut ask: impl FnMut(&CellRef<K>) -> R,
    ) -> R {
        loop {
            let answer = ask(cell);
            // If the cell that is found is dead as well, it is just leaving: the lock will tell.
            if !is_dead(&answer) || !self.find(cell) || cell.is_dead() {
                return answer;
            }
        }
    }

    /// Where a key that has no cell would begin. If there is no room for it, that is a TAT that
    /// leaves it nothing. `None` if the key has a cell by now, or if some cells are awaited,
    /// perhaps without a waiter by now, and not `swept`.
    pub(super) fn begin(
        &self,
        cell: &mut CellRef<K>,
        at: Timestamp,
        tiers: &Tiers<K>,
        (swept, awaited): (bool, &mut Vec<CellRef<K>>),
    ) -> Option<u64> {
        let tier = tiers.of_index(cell.tier());
        match self.make_room(at, tiers, awaited) {
            Ok(()) => Some(tier.rate.units(at.max(self.floor(cell)))),
            Err(_) if !swept && !awaited.is_empty() || self.has_come(cell) => None,
            Err(_) => Some(tier.rate.units(at) + tier.rate.gcra.depth()),
        }
    }

    /// The reading before which a key that enters does not begin.
    pub(super) fn floor(&self, cell: &Cell<K>) -> Timestamp {
        self.within(cell, |part| part.floor())
    }

    /// All cells that are in the index now.
    pub(in crate::keyed) fn cells(&self) -> Vec<CellRef<K>> {
        let guard = self.index.guard();
        self.index.iter(&guard).map(|Stored(cell)| Arc::clone(self.found(cell))).collect()
    }

    /// Bytes that the keys in it occupy now, by the size of their parts.
    pub(in crate::keyed) fn memory(&self) -> usize {
        // With the two counts of an `Arc`, and with the slots that the index makes for each cell.
        let cell = self.cell + 2 * size_of::<usize>();
        let filing = size_of::<u64>() + size_of::<Stored<K>>();
        let in_index = size_of::<Stored<K>>() + 2 * (size_of::<usize>() + 1);
        let parts = size_of_val(&*self.parts) + size_of_val(&*self.firsts);
        self.occupied.load(Ordering::Relaxed) * (cell + filing + in_index) + parts
    }
}

/// What is done under the lock of a part.
impl<K> Exact<K> {
    fn part_of(&self, cell: &Cell<K>) -> usize {
        (((cell.hash >> 32) * self.parts.len() as u64) >> 32) as usize
    }

    /// Cells that are let go of are dropped after the lock is released: with them go keys, whose
    /// drop is foreign code.
    fn locked<R>(&self, part: usize, change: impl FnOnce(&mut Part<K>) -> R) -> R {
        // While this thread has a guard, the index drops nothing.
        let _guard = self.index.guard();
        let (result, gone) = self.locked_alone(part, change);
        drop(gone);
        result
    }

    /// Without a guard of the index. Also gives the cells that were let go of.
    fn locked_alone<R>(&self, part: usize, change: impl FnOnce(&mut Part<K>) -> R) -> (R, Vec<CellRef<K>>) {
        let mut locked = self.parts[part].lock();
        let result = change(&mut locked);
        self.firsts[part].store(locked.first(), Ordering::Release);
        (result, locked.gone())
    }

    fn within<R>(&self, cell: &Cell<K>, change: impl FnOnce(&mut Part<K>) -> R) -> R {
        self.locked(self.part_of(cell), change)
    }

    /// Brings a cell into the index, unless its key has one there, if the TAT that the key would
    /// begin with lets it do what it came for.
    pub(super) fn enter(
        &self,
        cell: &mut CellRef<K>,
        at: Timestamp,
        tiers: &Tiers<K>,
        (swept, awaited): (bool, &mut Vec<CellRef<K>>),
        enter: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Insertion {
        let tier = tiers.of_index(cell.tier());
        loop {
            let entry = self.locked(self.part_of(cell), |part| {
                // It may be there itself, brought back by another thread that holds it. (A key that
                // is not equal to itself finds nothing.)
                if !cell.is_dead() || self.find(cell) {
                    return Some(Insertion::Present);
                }
                let tat = match enter(tier.rate.units(at.max(part.floor())), tier.rate.units(at)) {
                    Ok(tat) => tat,
                    Err(excess) => return Some(Insertion::Short { excess, inherited: false }),
                };
                self.occupy().then(|| {
                    cell.set(tat);
                    part.add(cell, tier, tat);
                    self.insert(cell);
                    Insertion::Entered { tat, inherited: false }
                })
            });
            match entry {
                Some(entry) => return entry,
                None => match self.make_room(at, tiers, awaited) {
                    Ok(()) => {}
                    Err(_) if !swept && !awaited.is_empty() => return Insertion::Crowded,
                    // Another thread may have brought the same key into the last room meanwhile.
                    Err(_) if self.has_come(cell) => return Insertion::Present,
                    Err(until) => return Insertion::Full { until },
                },
            }
        }
    }

    /// Whether the key has a cell in the index, or has one as soon as the thread that brings it
    /// there is done.
    fn has_come(&self, cell: &mut CellRef<K>) -> bool {
        self.locked(self.part_of(cell), |_| !cell.is_dead() || self.find(cell))
    }

    /// Does to a cell what may lower its word.
    pub(super) fn lower(
        &self,
        cell: &CellRef<K>,
        tier: &Tier,
        lower: impl FnOnce(&Cell<K>) -> Result<(), Missed>,
    ) -> Result<(), Missed> {
        self.within(cell, |part| {
            lower(cell)?;
            part.file(cell, tier, cell.look());
            Ok(())
        })
    }

    /// Puts a word back that was taken out of a cell. The cells that it gives are to be dropped
    /// while no lock is held.
    pub(in crate::keyed) fn put_back(&self, cell: &CellRef<K>, word: u64, tiers: &Tiers<K>) -> Vec<CellRef<K>> {
        let put_back = |part: &mut Part<K>| {
            cell.set(word);
            part.file(cell, tiers.of_index(cell.tier()), word);
        };
        self.locked_alone(self.part_of(cell), put_back).1
    }

    /// The word of a cell is still out, and is `word` there now. The cells that it gives are to be
    /// dropped while no lock is held.
    pub(in crate::keyed) fn left_out(&self, cell: &CellRef<K>, word: u64, tiers: &Tiers<K>) -> Vec<CellRef<K>> {
        self.locked_alone(self.part_of(cell), |part| part.file(cell, tiers.of_index(cell.tier()), word)).1
    }

    /// Forgets what forgotten keys took.
    pub(in crate::keyed) fn reset_floors(&self) {
        (0..self.parts.len()).for_each(|part| self.locked(part, Part::reset_floor));
    }

    /// Makes room for a newcomer at this reading: if the index is full, some idle keys are
    /// forgotten. If no key is idle, the error says when the first one will be, if one will by
    /// itself. Adds to `awaited` the cells that may be idle but whose words are out.
    fn make_room(
        &self,
        at: Timestamp,
        tiers: &Tiers<K>,
        awaited: &mut Vec<CellRef<K>>,
    ) -> Result<(), Option<Timestamp>> {
        let full = || self.occupied.load(Ordering::Relaxed) >= self.max_keys;
        while full() {
            let (part, first) = self.first();
            let forget = |part: &mut Part<K>| {
                let forget = |cell: &Arc<_>| {
                    self.index.remove(&Stored(Arc::clone(cell)), &self.index.guard());
                };
                let forgotten = part.forget_idle(at, tiers, forget, awaited);
                self.vacate(forgotten);
                (forgotten, part.first())
            };
            let (forgotten, first) = if first < NEVER { self.locked(part, forget) } else { (0, NEVER) };
            // No key of this part is idle, and none of another part if all of those come later. But
            // another newcomer may have been quicker, and made room.
            if forgotten == 0 && first <= self.first().1 && full() {
                return Err((first < NEVER).then(|| Timestamp::from_ticks(first)));
            }
        }
        Ok(())
    }

    /// The part whose first reading is the earliest, and that reading.
    fn first(&self) -> (usize, u64) {
        let firsts = self.firsts.iter().map(|first| first.load(Ordering::Acquire));
        firsts.enumerate().min_by_key(|(_, first)| *first).unwrap_or((0, NEVER))
    }

    fn occupy(&self) -> bool {
        let more = |occupied: usize| (occupied < self.max_keys).then_some(occupied + 1);
        self.occupied.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn vacate(&self, cells: usize) {
        self.occupied.fetch_sub(cells, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Otherwise all keys would wait for one lock.
    #[test]
    fn keys_are_dealt_to_all_parts() {
        let exact = Exact::<u64>::new(1_000_000);
        let part = |key: u64| exact.part_of(&(exact.make)(key, key.wrapping_mul(0x9E37_79B9_7F4A_7C15), 0));
        let mut dealt = vec![0; exact.parts.len()];
        (0..64_000).for_each(|key| dealt[part(key)] += 1);
        assert!(dealt.len() == PARTS && dealt.iter().all(|keys| (500..2_000).contains(keys)), "{dealt:?}");
    }
}
