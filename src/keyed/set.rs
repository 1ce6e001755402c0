//! A set: the few entries that a key's hash leads to, on one pair of cache lines.
//!
//! An entry is a tag, which names a key by bits of its hash, and a word, the key's TAT.
//! [`word`](crate::word) has the table of its values. If a key has no entry, either it has been
//! idle for long or its set was crowded. In both cases the floor of the set is at or past all that
//! the key ever took.
//!
//! # The floor
//!
//! A key loses its entry only under the lock of the set. The first choice is an entry that is idle:
//! its TAT has passed. If none is idle, the choice is the entry whose TAT passes first. In both
//! cases the floor is raised to that TAT. A key that enters begins at the floor if the floor has
//! not passed.
//!
//! Take the TAT that a limiter of its own would give each key as the measure. Then this always
//! holds: *a key's word, or the floor if it has none, is not lower.* Grants, debts and refunds keep
//! it, because all of them are monotone in the TAT. The loss of an entry keeps it. A clock reading
//! that is stale, or a clock that steps back, finds the floor in its future, and the key inherits
//! the floor. So no key is ever granted more than a limiter of its own would grant.
//!
//! # Races and memory ordering
//!
//! *A decision* reads the tags, then the word, and moves the word by compare-and-swap. Then it
//! looks at the tag again. If the tag is still that of its key, the charge stands with the key:
//! either the entry was the key's when the word moved, or the entry was another key's and has come
//! back since, and then the key took the whole TAT over as the floor. If the tag is another key's,
//! the charge may have hit that key. The charge stays there, which can only refuse that key too
//! early, and the decision is made again. For this to happen, an entry must change keys between two
//! neighbouring instructions, and the word must be the same to the bit or be idle again by the
//! second look.
//!
//! *A thread that takes an entry* first swaps the word for [`TAKEN`], so that no decision made from
//! the old word succeeds. Then it stores the tag, and then the word, both `Release`. A decision
//! that has moved a word stored so has acquired it, and finds the new tag. The same is true of a
//! word made from that one: each move is a compare-and-swap, so the chain has no gap. A decision
//! that reads a new tag, by `Acquire`, finds the word `TAKEN` or newer.
//!
//! *Whatever lowers a word* (refund, reset) holds the lock, so that it cannot hit another key.
//!
//! *The lock* is the floor itself, swapped for [`LOCKED`]: `Acquire` to lock, `Release` to unlock.
//! A thread holds it for some tens of nanoseconds. Only newcomers, settlements and resets take it.

mod newcomers;

use super::answer::{Answer, Missed, NotOut};
use super::tiers::Tag;
use crate::sync::{AtomicU32, AtomicU64, Backoff, Ordering};
use crate::word::{AWAITED, LOCKED, MAX_TAT, SATURATED, TAKEN};

/// Entries of a set: as many as fit 128 bytes.
pub(super) const WAYS: usize = if cfg!(loom) { 2 } else { 10 };

/// Entries of a set that may be awaited at a time: newcomers need one.
const MAX_AWAITED: usize = WAYS - 1;

#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct Set {
    /// Not before any TAT that ever lost its entry here, as a clock reading in ticks; [`SATURATED`]
    /// is past all readings.
    floor: AtomicU64,
    tags: [AtomicU32; WAYS],
    words: [AtomicU64; WAYS],
}

/// An entry as a decision found it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    way: usize,
    word: u64,
}

/// The lock of a set.
struct Lock<'a> {
    set: &'a Set,
    floor: u64,
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        self.set.floor.store(self.floor, Ordering::Release);
    }
}

impl Set {
    pub(super) fn new() -> Self {
        Self {
            floor: AtomicU64::new(0),
            tags: std::array::from_fn(|_| AtomicU32::new(0)),
            words: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// The entry with this tag. There is no branch for each entry, because which one matches cannot
    /// be predicted. There is no search for a set bit either, because the next load waits for the
    /// result.
    #[inline]
    fn find(&self, tag: Tag) -> Option<usize> {
        let mut way = 0;
        for other in 1..WAYS {
            way |= if self.is(other, tag) { other } else { 0 };
        }
        if self.tags.get(way).is_some_and(|other| other.load(Ordering::Acquire) == tag) {
            return Some(way);
        }
        // No entry matches. Or the entry has moved meanwhile, and two ways made a third.
        if way == 0 { None } else { self.find_again(tag) }
    }

    #[cold]
    fn find_again(&self, tag: Tag) -> Option<usize> {
        self.tags.iter().position(|other| other.load(Ordering::Acquire) == tag)
    }

    #[inline]
    fn is(&self, way: usize, tag: Tag) -> bool {
        self.tags[way].load(Ordering::Relaxed) == tag
    }

    /// The entry with this tag, and its word.
    #[inline]
    pub(super) fn look(&self, tag: Tag) -> Option<Seen> {
        let way = self.find(tag)?;
        Some(Seen { way, word: self.words[way].load(Ordering::Acquire) })
    }

    /// Moves the word of an entry that was seen with this tag to what `decide` makes of it at
    /// `now`, or moves nothing if the entry is another key's by now. `decide` gives the TAT after a
    /// grant, or by how many units the request is too early.
    #[inline]
    pub(super) fn take(
        &self,
        tag: Tag,
        seen: Seen,
        now: u64,
        mut decide: impl FnMut(u64) -> Result<u64, u64>,
    ) -> Answer {
        let Seen { way, word: mut seen } = seen;
        let word = &self.words[way];
        loop {
            let (answer, stands) = match decide(seen) {
                Ok(tat) => match word.compare_exchange_weak(seen, tat, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => (Answer::Granted { ahead: tat - now }, true),
                    Err(current) => {
                        seen = current;
                        continue;
                    }
                },
                Err(excess) => (Self::refusal(seen, excess, way), seen != TAKEN),
            };
            return if stands && self.is(way, tag) { answer } else { Answer::Gone };
        }
    }

    #[inline]
    fn refusal(word: u64, excess: u64, way: usize) -> Answer {
        match word {
            AWAITED => Answer::Awaited(way),
            SATURATED => Answer::Saturated,
            _ => Answer::Short(excess),
        }
    }

    /// The word of the entry with this tag, or where it is.
    pub(super) fn peek(&self, tag: Tag) -> Result<u64, Missed> {
        let backoff = Backoff::new();
        loop {
            let way = self.find(tag).ok_or(Missed::Absent)?;
            let seen = self.words[way].load(Ordering::Acquire);
            if seen != TAKEN && self.is(way, tag) {
                return if seen == AWAITED { Err(Missed::Awaited(way)) } else { Ok(seen) };
            }
            backoff.snooze();
        }
    }

    /// Way, tag and word of each entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, Tag, u64)> {
        let load = |way: usize| (way, self.tags[way].load(Ordering::Relaxed), self.words[way].load(Ordering::Acquire));
        (0..WAYS).map(load)
    }

    /// The entries whose words are out.
    pub(super) fn awaited(&self) -> impl Iterator<Item = usize> {
        self.entries().filter(|(_, _, word)| *word == AWAITED).map(|(way, _, _)| way)
    }

    /// Puts a word back that was taken out.
    pub(super) fn put_back(&self, way: usize, word: u64) {
        self.words[way].store(word.min(SATURATED), Ordering::Release);
    }
}

/// What is done under the lock to entries that are there.
impl Set {
    fn lock(&self) -> Lock<'_> {
        let backoff = Backoff::new();
        loop {
            let floor = self.floor.load(Ordering::Relaxed);
            let locked =
                |floor| self.floor.compare_exchange_weak(floor, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok();
            if floor != LOCKED && locked(floor) {
                return Lock { set: self, floor };
            }
            backoff.snooze();
        }
    }

    /// Moves the word of the entry with this tag to what `next` makes of it, if the word is a TAT.
    pub(super) fn settle(&self, tag: Tag, next: impl Fn(u64) -> u64) -> Result<(), Missed> {
        self.update(tag, |word| (word <= MAX_TAT).then(|| next(word).min(SATURATED)))
    }

    /// Makes the entry with this tag as new, unless its word is out.
    pub(super) fn reset(&self, tag: Tag) -> Result<(), Missed> {
        self.update(tag, |word| (word != AWAITED).then_some(0))
    }

    fn update(&self, tag: Tag, next: impl FnMut(u64) -> Option<u64>) -> Result<(), Missed> {
        let _lock = self.lock();
        let way = self.find(tag).ok_or(Missed::Absent)?;
        match self.words[way].fetch_update(Ordering::AcqRel, Ordering::Acquire, next) {
            Ok(_) => Ok(()),
            Err(AWAITED) => Err(Missed::Awaited(way)),
            Err(_) => Err(Missed::Saturated),
        }
    }

    /// Makes all entries as new, and the floor. If the word of an entry is out, `hold` is given its
    /// way and tag. `hold` returns `false` if the word has come back meanwhile.
    ///
    /// All of it is one step for newcomers. So no debt of before passes from one key to another by
    /// the floor while the set is reset.
    pub(super) fn reset_all(&self, mut hold: impl FnMut(usize, Tag) -> bool) {
        let mut lock = self.lock();
        lock.floor = 0;
        for (way, tag, _) in self.entries() {
            let reset = |word: u64| (word != AWAITED).then_some(0);
            while self.words[way].fetch_update(Ordering::AcqRel, Ordering::Acquire, reset).is_err() && !hold(way, tag) {
            }
        }
    }

    /// Takes the word out of the entry with this tag, to be kept elsewhere for as long as a request
    /// waits. `keep` is given the way and the word.
    pub(super) fn take_out(&self, tag: Tag, keep: impl FnOnce(usize, u64)) -> Result<(), NotOut> {
        let _lock = self.lock();
        let way = self.find(tag).ok_or(NotOut::Absent)?;
        // Of the others: the word of this entry may come back meanwhile.
        let awaited = self.awaited().filter(|other| *other != way).count();
        let next = |word| (word <= MAX_TAT && awaited < MAX_AWAITED).then_some(AWAITED);
        match self.words[way].fetch_update(Ordering::AcqRel, Ordering::Acquire, next) {
            Ok(word) => {
                keep(way, word);
                Ok(())
            }
            Err(AWAITED) => Err(NotOut::Awaited(way)),
            Err(SATURATED) => Err(NotOut::Saturated),
            Err(_) => Err(NotOut::TooMany),
        }
    }
}
