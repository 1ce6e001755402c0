//! Where the word of a stored key is, or would be: what can be done with it there.

use super::cell::{Cell, CellRef};
use super::table::Exact;
use crate::clock::Timestamp;
use crate::keyed::answer::{Answer, Insertion, Missed, NotOut};
use crate::keyed::tiers::{Tier, Tiers};
use crate::word::{AWAITED, TAKEN};

/// The cell of a key as it was last seen; it may have been forgotten since.
pub(in crate::keyed) struct StoredSite<'a, K> {
    exact: &'a Exact<K>,
    cell: CellRef<K>,
    /// Cells whose words are out, but could be in again.
    others: Vec<CellRef<K>>,
}

impl<'a, K> StoredSite<'a, K> {
    pub(in crate::keyed) fn new(exact: &'a Exact<K>, cell: CellRef<K>) -> Self {
        Self { exact, cell, others: Vec::new() }
    }

    pub(in crate::keyed) fn cell(&self) -> &CellRef<K> {
        &self.cell
    }

    /// Asks the word, without the lock.
    pub(in crate::keyed) fn take(&mut self, now: u64, mut decide: impl FnMut(u64) -> Result<u64, u64>) -> Answer {
        let dead = |answer: &Answer| *answer == Answer::Absent;
        self.exact.live(&mut self.cell, dead, |cell| cell.take(cell.look(), now, &mut decide))
    }

    /// Brings the key into the index.
    pub(in crate::keyed) fn enter(
        &mut self,
        at: Timestamp,
        tiers: &Tiers<K>,
        swept: bool,
        enter: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Insertion {
        self.exact.enter(&mut self.cell, at, tiers, (swept, &mut self.others), enter)
    }

    /// Moves the word to what `next` makes of it. If that may be lower, the cell is filed again.
    pub(in crate::keyed) fn settle(
        &mut self,
        tier: &Tier,
        lowers: bool,
        next: impl Fn(u64) -> u64,
    ) -> Result<(), Missed> {
        let lower = |cell: &CellRef<K>| self.exact.lower(cell, tier, |cell| cell.settle(&next));
        let settle = |cell: &CellRef<K>| if lowers { lower(cell) } else { cell.settle(&next) };
        self.exact.live(&mut self.cell, dead, settle)
    }

    /// Makes the key as new. A key without a cell is as good as new.
    pub(in crate::keyed) fn reset(&mut self, tier: &Tier) -> Result<(), Missed> {
        match self.exact.live(&mut self.cell, dead, |cell| self.exact.lower(cell, tier, Cell::reset)) {
            Err(Missed::Absent) => Ok(()),
            outcome => outcome,
        }
    }

    /// The word, or where it is.
    pub(in crate::keyed) fn peek(&mut self) -> Result<u64, Missed> {
        self.exact.live(&mut self.cell, dead, |cell| cell.peek())
    }

    /// Where a key that has no cell would begin.
    pub(in crate::keyed) fn begin(&mut self, at: Timestamp, tiers: &Tiers<K>, swept: bool) -> Option<u64> {
        self.exact.begin(&mut self.cell, at, tiers, (swept, &mut self.others))
    }

    /// The reading before which the key would not begin.
    pub(in crate::keyed) fn floor(&self) -> Timestamp {
        self.exact.floor(&self.cell)
    }

    /// Takes the word out, to be kept elsewhere for as long as a request waits. `keep` is given the
    /// cell and the word.
    pub(in crate::keyed) fn take_out(&mut self, keep: impl FnOnce(&CellRef<K>, u64)) -> Result<(), NotOut> {
        match self.exact.live(&mut self.cell, |out| *out == Err(TAKEN), |cell| cell.take_out()) {
            Ok(word) => {
                keep(&self.cell, word);
                Ok(())
            }
            Err(AWAITED) => Err(NotOut::Awaited(self.cell.name())),
            Err(TAKEN) => Err(NotOut::Absent),
            Err(_) => Err(NotOut::Saturated),
        }
    }

    /// Cells that were looked at in search of room and whose words are out.
    pub(in crate::keyed) fn others(&mut self) -> Vec<CellRef<K>> {
        std::mem::take(&mut self.others)
    }
}

fn dead<R>(outcome: &Result<R, Missed>) -> bool {
    matches!(outcome, Err(Missed::Absent))
}
