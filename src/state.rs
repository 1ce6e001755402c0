//! The packed word, and the only file that names an `Ordering` of it.
//!
//! # What the word says
//!
//! | value | meaning |
//! |---|---|
//! | 0 to [`MAX_TAT`] | the theoretical arrival time, in units of `gcra.rs` |
//! | [`SATURATED`] | a debt past counting; stands until `reset` |
//! | [`CLOSED`] | refuses everyone |
//! | [`BREACHED`] | lets everyone pass, uncharged |
//!
//! The last three lie past any TAT, so the comparison that refuses a request catches them, and the path of a grant need
//! not know of them.
//!
//! # Memory ordering
//!
//! *What the public may rely on:* all moves of one limiter's word are totally ordered, and each happens before those
//! that come after it. So whatever a thread did before its `refund` (or any other move) is visible to whoever is granted
//! by virtue of it. Refusals and queries synchronize with nothing.
//!
//! *What each operation needs:* a decision is a function of the word alone and is committed by compare-and-swap against
//! the very value it was made from, so a stale load costs a retry or an early refusal, never a wrong grant: loads are
//! `Relaxed`. (But of [`State::update`], whose callers look at the line after the word: `Acquire`, so that whoever sees a place
//! in the word sees it in the line.) A successful exchange is `AcqRel`: `Release` publishes what its thread did before, `Acquire` pairs with the
//! `Release` of the exchange whose value it replaces; as every move is a read-modify-write, the chain has no gap. What a
//! failed exchange read is a load like any other.

use crate::gcra::MAX_TAT;
use crate::sync::{AtomicU64, Ordering};

/// A debt past counting.
const SATURATED: u64 = MAX_TAT + 1;
/// Refuses everyone.
const CLOSED: u64 = MAX_TAT + 2;
/// Lets everyone pass.
const BREACHED: u64 = MAX_TAT + 3;

/// A limiter's whole state.
#[derive(Debug)]
pub(crate) struct State(AtomicU64);

/// What the word said at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot(u64);

/// The meaning of a [`Snapshot`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Counting, with this TAT.
    Open(u64),
    /// Drowned in debt.
    Saturated,
    /// Refusing everyone.
    Closed,
    /// Letting everyone pass.
    Breached,
}

impl Snapshot {
    pub(crate) const CLOSED: Self = Self(CLOSED);
    pub(crate) const BREACHED: Self = Self(BREACHED);

    /// The word with this TAT; saturated if that is past counting.
    pub(crate) fn open(tat: u64) -> Self {
        Self(tat.min(SATURATED))
    }

    /// The word after a grant, whose TAT is known to be a time.
    #[inline]
    pub(crate) fn granted(tat: u64) -> Self {
        debug_assert!(tat <= MAX_TAT, "within the depth of a reading");
        Self(tat)
    }

    /// The word as a TAT: past any clock reading by more than the depth unless [`Phase::Open`].
    #[inline]
    pub(crate) fn tat(self) -> u64 {
        self.0
    }

    /// Whether it is a TAT.
    #[inline]
    pub(crate) fn is_open(self) -> bool {
        self.0 <= MAX_TAT
    }

    pub(crate) fn phase(self) -> Phase {
        match self.0 {
            BREACHED => Phase::Breached,
            CLOSED => Phase::Closed,
            SATURATED => Phase::Saturated,
            tat => Phase::Open(tat),
        }
    }
}

impl State {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self(AtomicU64::new(snapshot.0))
    }

    #[inline]
    pub(crate) fn load(&self) -> Snapshot {
        Snapshot(self.0.load(Ordering::Relaxed))
    }

    /// Moves the word from `seen` to `next`; if it says something else by now, that. May fail spuriously.
    #[inline]
    pub(crate) fn exchange(&self, seen: Snapshot, next: Snapshot) -> Result<(), Snapshot> {
        self.0.compare_exchange_weak(seen.0, next.0, Ordering::AcqRel, Ordering::Relaxed).map(|_| ()).map_err(Snapshot)
    }

    /// Moves the word to what `next` makes of it, however often it must look again; `Err` with what it said if `next`
    /// makes nothing of that. What was done before the move that `next` looks at, it sees.
    #[inline]
    pub(crate) fn update(&self, mut next: impl FnMut(Snapshot) -> Option<Snapshot>) -> Result<Snapshot, Snapshot> {
        loop {
            let seen = Snapshot(self.0.load(Ordering::Acquire));
            let wanted = next(seen).ok_or(seen)?;
            if self.exchange(seen, wanted).is_ok() {
                return Ok(wanted);
            }
        }
    }
}
