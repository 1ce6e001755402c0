//! A part of the table: which of its keys is idle first, and the floor of those that were
//! forgotten.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::mem;
use std::sync::Arc;

use super::cell::{CellRef, NEVER};
use crate::clock::Timestamp;
use crate::keyed::tiers::{Tier, Tiers};
use crate::word::{AWAITED, MAX_TAT};

/// Cells that are forgotten at a time, if there are as many. So not every newcomer has to look for
/// room.
const BATCH: usize = 16;

/// Filings that are out of date are removed when there are as many of them as cells, and so many
/// more.
const WEEDS: usize = 64;

pub(super) struct Part<K> {
    /// Not before the TAT of any key that was ever forgotten here.
    floor: Timestamp,
    /// Cells by the reading that they are filed under, earliest first. A filing stands if the cell
    /// has the same reading.
    filings: BinaryHeap<Filing<K>>,
    /// How many cells of the index belong to this part.
    cells: usize,
    /// Cells that are let go of. Their keys may be dropped with them, so they are dropped after the
    /// lock is released.
    gone: Vec<CellRef<K>>,
}

struct Filing<K> {
    reading: u64,
    cell: CellRef<K>,
}

impl<K> Filing<K> {
    fn stands(&self) -> bool {
        self.cell.filed() == self.reading
    }
}

impl<K> Part<K> {
    pub(super) fn new() -> Self {
        Self { floor: Timestamp::default(), filings: BinaryHeap::new(), cells: 0, gone: Vec::new() }
    }

    pub(super) fn floor(&self) -> Timestamp {
        self.floor
    }

    /// Forgets what forgotten keys took.
    pub(super) fn reset_floor(&mut self) {
        self.floor = Timestamp::default();
    }

    /// The reading before which no key here becomes idle; [`NEVER`] if no key does by itself.
    pub(super) fn first(&self) -> u64 {
        self.filings.peek().map_or(NEVER, |filing| filing.reading)
    }

    /// Adds a cell with this word.
    pub(super) fn add(&mut self, cell: &CellRef<K>, tier: &Tier, word: u64) {
        self.cells += 1;
        self.file(cell, tier, word);
    }

    /// Files a cell that has this word now, unless it is filed as early already.
    pub(super) fn file(&mut self, cell: &CellRef<K>, tier: &Tier, word: u64) {
        let reading = reading(tier, word);
        if reading >= cell.filed() {
            return;
        }
        cell.set_filed(reading);
        self.filings.push(Filing { reading, cell: Arc::clone(cell) });
        if self.filings.len() > 2 * self.cells + WEEDS {
            self.weed();
        }
    }

    /// Removes filings that are out of date, and all but one of each cell.
    fn weed(&mut self) {
        let filings = self.filings.drain();
        let (standing, gone): (Vec<_>, Vec<_>) = filings.partition(|filing| {
            let stands = filing.stands();
            // Marks the cell, so that a second filing of the same reading does not stand.
            if stands {
                filing.cell.set_filed(NEVER);
            }
            stands
        });
        for filing in &standing {
            filing.cell.set_filed(filing.reading);
        }
        self.filings = standing.into();
        self.gone.extend(gone.into_iter().map(|filing| filing.cell));
    }

    /// The cells to drop after the lock is released.
    pub(super) fn gone(&mut self) -> Vec<CellRef<K>> {
        mem::take(&mut self.gone)
    }

    /// Forgets some cells that are idle at this reading, and calls `forget` with each. If none is
    /// idle, the first filing that is left is at the reading at which its cell's TAT passes, or is
    /// of an awaited cell. Awaited cells that are filed under a reading that has passed go to
    /// `awaited`.
    pub(super) fn forget_idle(
        &mut self,
        at: Timestamp,
        tiers: &Tiers<K>,
        forget: impl Fn(&CellRef<K>),
        awaited: &mut Vec<CellRef<K>>,
    ) -> usize {
        let mut forgotten = 0;
        while forgotten < BATCH
            && let Some(mut first) = self.filings.peek_mut()
        {
            let word = first.cell.look();
            if !first.stands() {
                self.gone.push(PeekMut::pop(first).cell);
            } else if word > MAX_TAT {
                if word == AWAITED && first.reading > at.ticks() {
                    break;
                }
                // The cell is filed again when it has a TAT again, or when its word is looked at
                // where it is.
                first.cell.set_filed(NEVER);
                let cell = PeekMut::pop(first).cell;
                if word == AWAITED {
                    awaited.push(cell);
                } else {
                    self.gone.push(cell);
                }
            } else {
                let tier = tiers.of_index(first.cell.tier());
                let reading = reading(tier, word);
                if reading != first.reading {
                    first.cell.set_filed(reading);
                    first.reading = reading;
                } else if reading > tier.rate.scale.within_horizon(at).ticks() {
                    break;
                } else if first.cell.die(word) {
                    self.floor = self.floor.max(Timestamp::from_ticks(reading));
                    self.cells -= 1;
                    first.cell.set_filed(NEVER);
                    let cell = PeekMut::pop(first).cell;
                    forget(&cell);
                    self.gone.push(cell);
                    forgotten += 1;
                }
            }
        }
        forgotten
    }
}

/// The first reading at which a key with this word is idle.
fn reading(tier: &Tier, word: u64) -> u64 {
    if word > MAX_TAT { NEVER } else { tier.rate.reading(word).ticks().min(NEVER - 1) }
}

impl<K> Ord for Filing<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.reading.cmp(&self.reading)
    }
}

impl<K> PartialOrd for Filing<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> PartialEq for Filing<K> {
    fn eq(&self, other: &Self) -> bool {
        self.reading == other.reading
    }
}

impl<K> Eq for Filing<K> {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::Tick;
    use crate::gcra::Gcra;
    use crate::keyed::exact::cell::CellOf;
    use crate::quota::Quota;

    /// A word that goes down and up again to where it was is filed twice under the same reading. If
    /// both filings stayed, such twins would fill the heap, and each later filing would look
    /// through all of them.
    #[test]
    fn weeding_leaves_each_cell_one_filing() {
        let quota: Quota = "1/s burst 100".parse().unwrap();
        let tiers = Tiers::<u64>::new(quota, None, Tick::NANOSECOND, Timestamp::default());
        let tier = tiers.of_index(0);
        let (high, low) = (Gcra::new(quota).cost(50), Gcra::new(quota).cost(20));
        let mut part = Part::new();
        let cells: Vec<CellRef<u64>> = (0..4).map(|key| Arc::new(CellOf::new(key, key, 0)) as CellRef<u64>).collect();
        for cell in &cells {
            cell.set(high);
            part.add(cell, tier, high);
        }
        let mut weeded = 0;
        for round in 0..200 {
            let cell = &cells[round % 4];
            cell.set(low);
            let before = part.filings.len();
            part.file(cell, tier, low);
            if part.filings.len() <= before {
                weeded += 1;
                assert_eq!(part.filings.len(), cells.len(), "in round {round}");
            }
            assert!(
                cells
                    .iter()
                    .all(|cell| part.filings.iter().any(|filing| Arc::ptr_eq(&filing.cell, cell) && filing.stands()))
            );
            cell.set(high);
            // Finds the cell filed too early, and files it where it was.
            assert_eq!(part.forget_idle(Timestamp::default(), &tiers, |_| {}, &mut Vec::new()), 0);
        }
        assert!((1..=4).contains(&weeded), "{weeded} times");
    }
}
