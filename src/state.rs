//! The atomic word of a limiter. This is the only file that names an `Ordering` of it.
//!
//! [`word`](crate::word) has the table of its values.
//!
//! # Memory ordering
//!
//! *What the public may rely on.* All moves of one limiter's word are totally ordered. Each move
//! happens before the moves that come after it. So what a thread did before its `refund` (or any
//! other move) is visible to the caller that is granted by virtue of that move. Refusals and
//! queries synchronize with nothing.
//!
//! *What each operation needs.* A decision is a function of the word alone. It is committed by a
//! compare-and-swap against the value it was made from. So a stale load costs a retry or an early
//! refusal, never a wrong grant, and loads are `Relaxed`. The exception is [`State::update`]: its
//! callers look at the queue after the word, so its load is `Acquire`. A caller that sees an entry
//! in the word then also sees that the queue is not empty.
//!
//! A successful compare-and-swap is `AcqRel`. `Release` publishes what its thread did before.
//! `Acquire` pairs with the `Release` of the compare-and-swap that wrote the value it replaces.
//! Every move is a read-modify-write, so the chain has no gap. The value that a failed
//! compare-and-swap read is a load like any other.

use crate::sync::{AtomicU64, Ordering};
use crate::word::{BYPASSED, CLOSED, MAX_TAT, SATURATED};

/// The whole state of a limiter.
#[derive(Debug)]
pub(crate) struct State(AtomicU64);

/// The value of the word at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot(u64);

/// The meaning of a [`Snapshot`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Counting, with this TAT.
    Open(u64),
    /// A debt exceeds the largest TAT; every request is refused until `reset`.
    Saturated,
    /// Every request is refused.
    Closed,
    /// Every request is granted, uncharged.
    Bypassed,
}

impl Snapshot {
    pub(crate) const CLOSED: Self = Self(CLOSED);
    pub(crate) const BYPASSED: Self = Self(BYPASSED);

    /// The word with this TAT, or the saturated word if the TAT exceeds the largest one.
    pub(crate) fn open(tat: u64) -> Self {
        Self(tat.min(SATURATED))
    }

    /// The word after a grant. Its TAT is at most [`MAX_TAT`].
    #[inline]
    pub(crate) fn granted(tat: u64) -> Self {
        debug_assert!(tat <= MAX_TAT, "within the depth of a clock reading");
        Self(tat)
    }

    /// The word as a TAT. Unless the phase is [`Phase::Open`], it exceeds every clock reading by
    /// more than the depth.
    #[inline]
    pub(crate) fn tat(self) -> u64 {
        self.0
    }

    /// Whether the word is a TAT.
    #[inline]
    pub(crate) fn is_open(self) -> bool {
        self.0 <= MAX_TAT
    }

    pub(crate) fn phase(self) -> Phase {
        match self.0 {
            BYPASSED => Phase::Bypassed,
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

    /// Moves the word from `seen` to `next`. If the word has changed since, the error has its value
    /// now. May fail spuriously.
    #[inline]
    pub(crate) fn compare_and_swap(&self, seen: Snapshot, next: Snapshot) -> Result<(), Snapshot> {
        self.0.compare_exchange_weak(seen.0, next.0, Ordering::AcqRel, Ordering::Relaxed).map(|_| ()).map_err(Snapshot)
    }

    /// Moves the word to `next(word)`, and retries for as long as other threads move it first.
    ///
    /// If `next` gives `None`, nothing moves and the error has the word. What another thread did
    /// before the move that `next` looks at is visible to `next`.
    #[inline]
    pub(crate) fn update(&self, mut next: impl FnMut(Snapshot) -> Option<Snapshot>) -> Result<Snapshot, Snapshot> {
        loop {
            let seen = Snapshot(self.0.load(Ordering::Acquire));
            let wanted = next(seen).ok_or(seen)?;
            if self.compare_and_swap(seen, wanted).is_ok() {
                return Ok(wanted);
            }
        }
    }
}
