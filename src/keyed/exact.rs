//! The exact table: keys are stored, so none is taken for another, and none ever stands for another's debt.
//!
//! Each key that took something has a cell with its word: its TAT, in units of its quota. An index that is read without a
//! lock leads from keys to cells. At most [`max_keys`](crate::Builder::max_keys) cells are in it; a newcomer that finds
//! it full has keys forgotten that are idle, or is refused until one will be.
//!
//! | word | meaning |
//! |---|---|
//! | 0 to [`MAX_TAT`](crate::gcra::MAX_TAT) | the theoretical arrival time |
//! | `SATURATED` | a debt past counting |
//! | `AWAITED` | somebody waits: the word is elsewhere, see `awaited.rs` |
//! | `DEAD` | the cell is not in the index |
//!
//! # Cells live and die under a lock, and are asked without
//!
//! Keys are dealt to parts by their hash. Under the lock of a key's part, and only there, its cell comes into the index,
//! with a word, and leaves it, dead. So as long as somebody holds it: *a cell is in the index if and only if it is not dead,
//! and of each key there is at most one.* A dead cell can come back, as the cell of the same key.
//!
//! *A decision* looks the cell up and moves its word by exchange; nothing else. If that succeeds, the word it was made from
//! was that of the key's only cell at that moment. (The cell may have died and come back meanwhile: then it is the same
//! key's, and the word the same to the bit.) If it finds the cell dead, or none, the lock is taken to look again: so whether
//! a key has a cell is said under the lock only. Grants and places hold on to the cell. A debt that finds it dead looks for the
//! key's cell of then, and otherwise brings its own back to life.
//!
//! # The floor
//!
//! A cell is forgotten when its TAT has passed by the forgetter's reading. The floor of the part is raised to the reading of
//! that TAT first, and who enters with a reading from before the floor begins there. So with the TAT that a limiter of its own
//! would give each key as the measure, *a key's word, or the floor if it has none, is not lower*: a reading that is stale, or
//! a clock that steps back, finds the floor in its future. By readings that are not older than the last forgotten TAT, newcomers
//! begin as new: that much staleness is all that the keys of a part can ever feel of each other.
//!
//! # Who is idle first
//!
//! A part files each of its cells, in a heap, under a reading that is not past the one at which its TAT passes: where that was
//! when it was filed. Decisions, which move words up, need not tell. *Whatever lowers a word* (a refund, a reset, a word that is
//! put back) does so under the lock, and files the cell anew. (Two filings of a cell may be there then; the cell says which one
//! stands.) So if the first filing of no part has passed, all that are in the index are busy: a newcomer that does not get
//! in looks at as many words as there are parts. If one has passed, its cell is idle, and goes; or it was granted something since
//! and is filed anew. So all that is ever filed is at most one for each newcomer, refund and grant: that newcomers look for
//! room costs O(log n) a decision, spread over all decisions. It is one newcomer that pays: in the worst case, after long in
//! which nobody new has come and all were busy, for all cells at once.
//!
//! # Memory ordering
//!
//! *Words.* As in `state.rs`: exchanges `AcqRel`, loads `Relaxed`. A dead cell's word is only ever a reason to take the lock. What
//! is stored instead of exchanged, a word put back or one to begin with, is stored `Release`, by a thread that has
//! acquired what was before: by the lock, and by that of the line the word was in.
//!
//! *The index* publishes cells itself (papaya: `Release` to insert, `Acquire` to look up). What matters is said under the lock.
//!
//! *The floor, and the filings* are behind the lock. A copy of each part's first reading is stored beside it, under the lock, and read
//! without. One that is out of date is that of a moment ago, when the answer would have been right; and nobody is forgotten by
//! virtue of it. `Release` and `Acquire`, so that who sees that nobody is left to be forgotten sees the room that was made by it.
//!
//! *Keys are dropped*, which is foreign code, when no lock is held: what the heap lets go of is handed out with the lock, and the index
//! lets nothing go while the thread has a guard. They are compared under the lock, and nothing is changed before.
//!
//! *How many there are* is one counter, moved by exchange under the lock of some part: `Relaxed`, because nothing hangs on it but
//! itself.

mod cell;
mod part;

pub(super) use self::cell::Cell;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crossbeam_utils::CachePadded;
use papaya::HashSet;

use self::cell::{ByCell, ByKey, CellOf, DEAD, Pass, Stored};
use self::part::Part;
use super::Lookup;
use super::set::{AWAITED, Answer, Entry, Out, SATURATED};
use super::tiers::{Tier, Tiers};
use crate::clock::Timestamp;
use crate::sync::{AtomicU64, Lock, Ordering};

/// A reading at which nothing happens.
const NEVER: u64 = u64::MAX;

/// Parts of the table at most: more are looked through for longer by who finds no room.
const PARTS: usize = 64;

/// Keys for which another part is worth its while.
const KEYS_A_PART: usize = 256;

pub(super) struct Exact<K> {
    index: HashSet<Stored<K>, Pass>,
    parts: Box<[CachePadded<Lock<Part<K>>>]>,
    /// [`Part::first`] of each.
    firsts: Box<[AtomicU64]>,
    /// Cells in the index, or about to be.
    occupied: CachePadded<AtomicUsize>,
    max_keys: usize,
    make: fn(K, u64, u32) -> Arc<Cell<K>>,
    same: fn(&K, &K) -> bool,
    /// Bytes of a cell.
    cell: usize,
    /// Stands for the ordering that the index gives, into which the model checker does not see; otherwise not used.
    published: AtomicU64,
}

impl<K> Exact<K> {
    /// A table for at most `max_keys`.
    pub(super) fn new(max_keys: usize) -> Self
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

    /// Shows a key's cell to `ask`, if it is in the index.
    #[inline]
    pub(super) fn with<Q: Lookup<K> + ?Sized, R>(
        &self,
        (key, hash, tier): (&Q, u64, u32),
        ask: impl FnOnce(Option<&Arc<Cell<K>>>) -> R,
    ) -> R {
        let guard = self.index.guard();
        ask(self.index.get(&ByKey { key, hash, tier }, &guard).map(|Stored(cell)| self.found(cell)))
    }

    /// A key's cell: the one in the index, or one to come there.
    pub(super) fn cell<Q: Lookup<K> + ?Sized>(&self, key: &Q, hash: u64, tier: u32) -> Arc<Cell<K>> {
        let found = self.with((key, hash, tier), |cell| cell.map(Arc::clone));
        found.unwrap_or_else(|| (self.make)(key.to_owned(), hash, tier))
    }

    /// What is inserted can be used by whoever finds it.
    #[inline]
    fn found<'a>(&self, cell: &'a Arc<Cell<K>>) -> &'a Arc<Cell<K>> {
        if cfg!(loom) {
            self.published.fetch_add(0, Ordering::Acquire);
        }
        cell
    }

    fn insert(&self, cell: &Arc<Cell<K>>) {
        if cfg!(loom) {
            self.published.fetch_add(1, Ordering::Release);
        }
        self.index.insert(Stored(Arc::clone(cell)), &self.index.guard());
    }

    /// Goes on to the cell that the key has in the index.
    fn find(&self, cell: &mut Arc<Cell<K>>) -> bool {
        let guard = self.index.guard();
        let found = self.index.get(&ByCell { cell, same: self.same }, &guard);
        found.is_some_and(|Stored(found)| {
            *cell = Arc::clone(self.found(found));
            true
        })
    }

    /// What `ask` gets from the key's cell, whichever that is by now.
    pub(super) fn live(&self, cell: &mut Arc<Cell<K>>, ask: impl Fn(&Arc<Cell<K>>) -> Answer) -> Answer {
        loop {
            match ask(cell) {
                // One that is found dead is just leaving: the lock will tell.
                Answer::Absent if self.find(cell) && !cell.is_dead() => {}
                answer => return answer,
            }
        }
    }

    /// The word, or where it is.
    pub(super) fn peek(&self, cell: &mut Arc<Cell<K>>) -> Result<u64, Answer> {
        loop {
            match cell.look() {
                word if word <= SATURATED => return Ok(word),
                DEAD if self.find(cell) && !cell.is_dead() => {}
                word => return Err(cell.meaning(word, 0)),
            }
        }
    }

    /// Takes the word out, to be kept elsewhere as long as somebody waits.
    pub(super) fn take_out(&self, cell: &mut Arc<Cell<K>>, keep: impl FnOnce(&Arc<Cell<K>>, u64)) -> Out {
        loop {
            match cell.take_out() {
                Ok(word) => {
                    keep(cell, word);
                    return Out::Taken;
                }
                Err(AWAITED) => return Out::Awaited(cell.name()),
                Err(DEAD) if self.find(cell) && !cell.is_dead() => {}
                Err(DEAD) => return Out::Absent,
                Err(_) => return Out::Saturated,
            }
        }
    }

    /// Where a key that has no cell would begin; if there is no room for it, at a TAT that leaves it nothing. `None` if it has one by
    /// now, or if some are awaited, maybe by nobody any more, and not `swept`.
    pub(super) fn begin(
        &self,
        cell: &mut Arc<Cell<K>>,
        at: Timestamp,
        tiers: &Tiers<K>,
        (swept, awaited): (bool, &mut Vec<Arc<Cell<K>>>),
    ) -> Option<u64> {
        let tier = tiers.of_index(cell.tier);
        match self.make_room(at, tiers, awaited) {
            Ok(()) => Some(self.within(cell, |part| tier.scale.units(at.max(part.floor())))),
            Err(_) if !swept && !awaited.is_empty() || self.has_come(cell) => None,
            Err(_) => Some(tier.scale.units(at) + tier.gcra.depth()),
        }
    }

    /// All cells that are in the index now.
    pub(super) fn cells(&self) -> Vec<Arc<Cell<K>>> {
        let guard = self.index.guard();
        self.index.iter(&guard).map(|Stored(cell)| Arc::clone(self.found(cell))).collect()
    }

    /// What the keys that are in it now occupy, by the size of what they are made of.
    pub(super) fn bytes(&self) -> usize {
        // With the two counts of an `Arc`, and as many places in the index as it makes for each.
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

    /// What is let go of by the way is dropped after the lock has been given back: it is keys, whose drop is foreign.
    fn locked<R>(&self, part: usize, change: impl FnOnce(&mut Part<K>) -> R) -> R {
        // As long as there is a guard on this thread, the index drops nothing.
        let _guard = self.index.guard();
        let (result, gone) = self.locked_alone(part, change);
        drop(gone);
        result
    }

    /// Without the index, and giving back what was let go of.
    fn locked_alone<R>(&self, part: usize, change: impl FnOnce(&mut Part<K>) -> R) -> (R, Vec<Arc<Cell<K>>>) {
        let mut locked = self.parts[part].lock();
        let result = change(&mut locked);
        self.firsts[part].store(locked.first(), Ordering::Release);
        (result, locked.gone())
    }

    fn within<R>(&self, cell: &Cell<K>, change: impl FnOnce(&mut Part<K>) -> R) -> R {
        self.locked(self.part_of(cell), change)
    }

    /// Brings a cell into the index, unless its key has one there, if the TAT it would begin with lets it do what it came for.
    pub(super) fn enter(
        &self,
        cell: &mut Arc<Cell<K>>,
        at: Timestamp,
        tiers: &Tiers<K>,
        (swept, awaited): (bool, &mut Vec<Arc<Cell<K>>>),
        enter: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Entry {
        let tier = tiers.of_index(cell.tier);
        loop {
            let entry = self.locked(self.part_of(cell), |part| {
                // It may be there itself, brought back by another who holds it. (A key that is not equal to itself finds nothing.)
                if !cell.is_dead() || self.find(cell) {
                    return Some(Entry::Present);
                }
                let tat = match enter(tier.scale.units(at.max(part.floor())), tier.scale.units(at)) {
                    Ok(tat) => tat,
                    Err(excess) => return Some(Entry::Short { excess, inherited: false }),
                };
                self.occupy().then(|| {
                    cell.set(tat);
                    part.add(cell, tier, tat);
                    self.insert(cell);
                    Entry::Entered { inherited: false }
                })
            });
            match entry {
                Some(entry) => return entry,
                None => match self.make_room(at, tiers, awaited) {
                    Ok(()) => {}
                    Err(_) if !swept && !awaited.is_empty() => return Entry::Crowded,
                    // Another may have brought the same key meanwhile, into what was the last room.
                    Err(_) if self.has_come(cell) => return Entry::Present,
                    Err(until) => return Entry::Full { until },
                },
            }
        }
    }

    /// Whether the key has a cell in the index, or will have as soon as whoever is bringing it there is done.
    fn has_come(&self, cell: &mut Arc<Cell<K>>) -> bool {
        self.locked(self.part_of(cell), |_| !cell.is_dead() || self.find(cell))
    }

    /// Does to a cell what may lower its word.
    pub(super) fn lower(&self, cell: &Arc<Cell<K>>, tier: &Tier, lower: impl FnOnce(&Cell<K>) -> Answer) -> Answer {
        self.within(cell, |part| {
            let answer = lower(cell);
            if answer == Answer::Granted {
                part.file(cell, tier, cell.look());
            }
            answer
        })
    }

    /// Puts a word back that was taken out of a cell. What it gives is to be dropped when no lock is held.
    pub(super) fn put_back(&self, cell: &Arc<Cell<K>>, word: u64, tiers: &Tiers<K>) -> Vec<Arc<Cell<K>>> {
        let put_back = |part: &mut Part<K>| {
            cell.set(word);
            part.file(cell, tiers.of_index(cell.tier), word);
        };
        self.locked_alone(self.part_of(cell), put_back).1
    }

    /// The word of a cell is out still, and has come to be `word` there. What it gives is to be dropped when no lock is held.
    pub(super) fn left_out(&self, cell: &Arc<Cell<K>>, word: u64, tiers: &Tiers<K>) -> Vec<Arc<Cell<K>>> {
        self.locked_alone(self.part_of(cell), |part| part.file(cell, tiers.of_index(cell.tier), word)).1
    }

    /// Makes room for a newcomer at this reading: forgets some that are idle, if it is full. If none is, it says when the
    /// first of them will be, if it will by itself. Adds those to `awaited` that may be idle, but that somebody waited for.
    fn make_room(
        &self,
        at: Timestamp,
        tiers: &Tiers<K>,
        awaited: &mut Vec<Arc<Cell<K>>>,
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
            // None here is idle. Nor is one elsewhere, if all there come later. Unless another newcomer was quicker, and made room.
            if forgotten == 0 && first <= self.first().1 && full() {
                return Err((first < NEVER).then(|| Timestamp::from_ticks(first)));
            }
        }
        Ok(())
    }

    /// The part whose first reading is the earliest, and that.
    fn first(&self) -> (usize, u64) {
        let firsts = self.firsts.iter().map(|first| first.load(Ordering::Acquire));
        firsts.enumerate().min_by_key(|(_, first)| *first).unwrap_or((0, NEVER))
    }

    fn occupy(&self) -> bool {
        let more = |occupied: usize| (occupied < self.max_keys).then_some(occupied + 1);
        self.occupied.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn vacate(&self, places: usize) {
        self.occupied.fetch_sub(places, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Otherwise they would all wait for one lock.
    #[test]
    fn keys_are_dealt_to_all_parts() {
        let exact = Exact::<u64>::new(1_000_000);
        let part = |key: u64| exact.part_of(&(exact.make)(key, key.wrapping_mul(0x9E37_79B9_7F4A_7C15), 0));
        let mut dealt = vec![0; exact.parts.len()];
        (0..64_000).for_each(|key| dealt[part(key)] += 1);
        assert!(dealt.len() == PARTS && dealt.iter().all(|keys| (500..2_000).contains(keys)), "{dealt:?}");
    }
}
