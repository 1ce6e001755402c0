//! The exact table: keys are stored. So no key is taken for another, and no key begins with another
//! key's debt.
//!
//! Each key that took something has a cell with its word: its TAT, in units of its quota. An index
//! that is read without a lock leads from keys to cells. At most
//! [`max_keys`](crate::keyed::Builder::max_keys) cells are in the index. If a newcomer finds the
//! index full, idle keys are forgotten; if no key is idle, the newcomer is refused until one will
//! be.
//!
//! | word | meaning |
//! |---|---|
//! | 0 to [`MAX_TAT`](crate::word::MAX_TAT) | TAT |
//! | [`SATURATED`](crate::word::SATURATED) | a debt exceeds the largest TAT |
//! | [`AWAITED`](crate::word::AWAITED) | requests wait: the word is elsewhere, see `awaited.rs` |
//! | [`TAKEN`](crate::word::TAKEN) | the cell is dead: it is not in the index |
//!
//! # A cell comes and goes under a lock, and is asked without one
//!
//! Keys are dealt to parts by their hash. A cell comes into the index with a word, and leaves it
//! dead, only under the lock of its key's part. So while a thread holds that lock: *a cell is in
//! the index if and only if it is not dead, and each key has at most one.* A dead cell can come
//! back as the cell of the same key.
//!
//! *A decision* looks the cell up and moves its word by compare-and-swap; it does nothing else. If
//! the compare-and-swap succeeds, the word that the decision was made from was that of the key's
//! only cell at that moment. (The cell may have died and come back meanwhile. Then it is the same
//! key's, and the word is the same to the bit.) If the decision finds the cell dead, or none, it
//! looks again under the lock. So only a thread that holds the lock says whether a key has a cell.
//! Grants and reservations hold the cell. A debt that finds it dead looks for the cell that the key
//! has then. If there is none, the debt brings its own cell back.
//!
//! # The floor
//!
//! A cell is forgotten when its TAT has passed by the clock reading of the thread that forgets it.
//! Before that, the floor of the part is raised to the reading of that TAT. A key that enters at a
//! reading from before the floor begins at the floor. Take the TAT that a limiter of its own would
//! give each key as the measure. Then *a key's word, or the floor if it has none, is not lower*: a
//! reading that is stale, or a clock that steps back, finds the floor in its future. At readings
//! that are not older than the last forgotten TAT, newcomers begin as new. That much staleness is
//! all that the keys of a part ever feel of each other.
//!
//! # Which key is idle first
//!
//! A part files each of its cells, in a heap, under a reading that is not after the one at which
//! its TAT passes: where that was when the cell was filed. Decisions move words up, so they need
//! not file. *Whatever lowers a word* (a refund, a reset, a word that is put back) does so under
//! the lock, and files the cell again. (Then two filings of a cell may be there. The cell says
//! which one stands.)
//!
//! So if the first filing of no part has passed, all keys in the index are busy. A newcomer that
//! does not get in looks at as many words as there are parts. If a first filing has passed, either
//! its cell is idle, and goes, or the cell was granted something since, and is filed again. So
//! there is at most one filing for each newcomer, refund and grant. The search for room therefore
//! costs O(log n) a decision, spread over all decisions. One newcomer pays for it. In the worst
//! case, after a long time without newcomers in which all keys were busy, that one pays for all
//! cells at once.
//!
//! # Memory ordering
//!
//! *Words.* The same as in `state.rs`: each compare-and-swap is `AcqRel`, loads are `Relaxed`. The
//! word of a dead cell is only ever a reason to take the lock. A word that is stored instead of
//! swapped (put back, or the first word) is stored `Release`, by a thread that has acquired what
//! was before: by the lock of the part, and by the lock of the queue that the word was in.
//!
//! *The index* publishes cells itself (papaya: `Release` to insert, `Acquire` to look up). What
//! matters is decided under the lock.
//!
//! *The floor and the filings* are behind the lock. A copy of each part's first reading is stored
//! beside it under the lock, and read without. If the copy is out of date, it is that of a moment
//! ago, when the answer would have been right, and no key is forgotten by virtue of it. It is
//! stored `Release` and read `Acquire`: a thread that sees that no key is left to be forgotten also
//! sees the room that was made by it.
//!
//! *Keys are dropped*, which is foreign code, while no lock is held. The cells that the heap lets
//! go of are handed out with the lock, and the index lets nothing go while the thread has a guard.
//! Keys are compared under the lock, and nothing is changed before.
//!
//! *The number of cells* is one counter, moved by compare-and-swap under the lock of some part:
//! `Relaxed`, because nothing depends on it but itself.

#[cfg(feature = "exact")]
mod cell;
#[cfg(not(feature = "exact"))]
mod none;
#[cfg(feature = "exact")]
mod part;
#[cfg(feature = "exact")]
mod site;
#[cfg(feature = "exact")]
mod table;

#[cfg(feature = "exact")]
pub(super) use self::cell::CellRef;
#[cfg(not(feature = "exact"))]
pub(super) use self::none::{CellRef, Exact, StoredSite};
#[cfg(feature = "exact")]
pub(super) use self::site::StoredSite;
#[cfg(feature = "exact")]
pub(super) use self::table::Exact;
