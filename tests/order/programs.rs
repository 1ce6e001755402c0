//! The operations that are combined.

use super::world::Op::{self, *};
use super::world::{LAST, Step};

/// The set-ups: some permits left, no permits left, a waiter of the first thread, and a debt.
pub(crate) const SETUPS: [&[Step]; 4] = [
    &[Step(3, Try(1))],
    &[Step(4, Try(2))],
    &[Step(4, Try(2)), Step(4, Reserve(1))],
    &[Step(4, Try(2)), Step(4, Reserve(1)), Step(4, Charge(1)), Step(4, Reserve(2))],
];

const ALL: [Op; 16] = [
    Try(1),
    Try(2),
    Reserve(1),
    Reserve(2),
    Within(1, 2),
    Within(2, 1),
    Cancel,
    Keep,
    Refund(1),
    Refund(3),
    Charge(1),
    Charge(3),
    CancelWaiters,
    Reset,
    Bypass,
    Close,
];

/// Each of `first` with each of all operations.
pub(crate) fn pairs(first: &[Op]) -> impl Iterator<Item = (Op, Op)> {
    first.iter().flat_map(|here| ALL.into_iter().map(|there| (*here, there)))
}

/// Random numbers by SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    pub(crate) fn setup(&mut self) -> &'static [Step] {
        self.one_of(&SETUPS)
    }

    /// A reading, in no particular order.
    pub(crate) fn reading(&mut self) -> u64 {
        2 + self.below(LAST - 1)
    }

    fn steps(&mut self, length: usize, of: &[Op]) -> Vec<Step> {
        (0..length).map(|_| Step(self.reading(), self.one_of(of))).collect()
    }

    pub(crate) fn program(&mut self, length: usize) -> Vec<Step> {
        self.steps(length, &ALL)
    }

    pub(crate) fn takes(&mut self, length: usize) -> Vec<Step> {
        self.steps(length, &[Try(1), Try(2), Reserve(1), Reserve(2), Keep, Charge(1)])
    }
}
