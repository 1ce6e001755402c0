//! A set: the few entries that a key's hash leads to, on one pair of cache lines.
//!
//! An entry is a tag, which names a key by bits of its hash, and a word, its TAT. A key that is in no entry has been idle
//! for long, or its set was crowded; either way the floor of the set is at or past all that it ever took.
//!
//! | word | meaning |
//! |---|---|
//! | 0 to [`MAX_TAT`] | the theoretical arrival time, in units of the key's quota |
//! | [`SATURATED`] | a debt past counting |
//! | [`AWAITED`] | somebody waits: the word is elsewhere, see `awaited.rs` |
//! | [`TAKEN`] | the entry is changing hands |
//!
//! # The floor
//!
//! An entry is taken from a key only under the lock of the set, and first one that is idle, whose TAT has passed. If none is,
//! the one whose TAT is lowest in time is taken. Either way the floor is raised to that TAT, and whoever enters begins at the
//! floor if that is not yet passed. So with the TAT that a limiter of
//! its own would give each key as the measure, this holds always: *a key's word, or the floor if it has none, is not lower.*
//! Grants, debts and refunds keep it, because all are monotone in the TAT; so does losing an entry; and a reading that is
//! stale, or a clock that steps back, finds the floor in its future and inherits it. Hence no key is ever granted more
//! than a limiter of its own would grant.
//!
//! # Races and memory ordering
//!
//! *A decision* reads the tags, then the word, and moves the word by an exchange; then it looks at the tag again. If that
//! is still its own, the charge stands with its key: either the entry was the key's when the word was moved, or it was
//! another's and has come back since, which takes its whole TAT as the floor. If it is not, the charge may have hit whoever
//! has the entry now; it is left there, which can only refuse too early, and the decision is made again. This takes that an entry
//! changes hands between two neighbouring instructions and that the word is the same to the bit, or that it is idle again
//! by the second look.
//!
//! *Who takes an entry* first exchanges the word for [`TAKEN`], so that no decision made from the old word succeeds; then
//! stores the tag, and then the word, both `Release`. A decision that has moved a word stored so (or one made from it:
//! each is an exchange, so the chain has no gap) has acquired it, and finds the new tag. One that reads a new tag, by
//! `Acquire`, finds the word taken or newer.
//!
//! *Whatever lowers a word* (refund, reset) holds the lock, so that it cannot hit another key.
//!
//! *The lock* is the floor itself, exchanged for [`LOCKED`]: `Acquire` to lock, `Release` to unlock. Held for some tens of
//! nanoseconds; only newcomers and settlements take it.

use crate::clock::Timestamp;
use crate::gcra::{Gcra, MAX_TAT};
use crate::sync::{AtomicU32, AtomicU64, Backoff, Ordering};

use super::tiers::{Tier, Tiers};

/// Entries of a set: as many as fit 128 bytes.
pub(super) const WAYS: usize = if cfg!(loom) { 2 } else { 10 };

/// Ways of a set that may be awaited at a time: newcomers need one.
const MAX_AWAITED: usize = WAYS - 1;

pub(super) const SATURATED: u64 = MAX_TAT + 1;
pub(super) const AWAITED: u64 = MAX_TAT + 2;
pub(super) const TAKEN: u64 = MAX_TAT + 3;

/// The floor while somebody holds the lock.
const LOCKED: u64 = u64::MAX;

/// A floor past all readings.
const NEVER: u64 = LOCKED - 1;

/// Bits of a key's hash, and its tier; not 0.
pub(super) type Tag = u32;

#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct Set {
    /// Not before any TAT that was ever displaced from here, in ticks.
    floor: AtomicU64,
    tags: [AtomicU32; WAYS],
    words: [AtomicU64; WAYS],
}

/// What came of asking an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Granted,
    /// Too early by so many units.
    Short(u64),
    /// In debt past counting.
    Saturated,
    /// Somebody waits: the word is elsewhere.
    Awaited(usize),
    /// The key has no entry.
    Absent,
    /// The entry has changed hands meanwhile: look again.
    Gone,
}

/// An entry as it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    way: usize,
    word: u64,
}

/// What came of taking a word out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Out {
    /// Done.
    Taken,
    /// It is out already.
    Awaited(usize),
    /// The key is in debt past counting.
    Saturated,
    /// The key has no entry.
    Absent,
    /// Too many others are out.
    TooMany,
}

/// What came of asking for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// The key has one: ask again.
    Present,
    /// Entered; whether from a debt of others.
    Entered { inherited: bool },
    /// The debt it would have to begin with is too high by so many units, so it did not enter.
    Short { excess: u64, inherited: bool },
    /// None is idle, and some are awaited, maybe by nobody any more.
    Crowded,
    /// Somebody waits at all the others; or, where keys are stored, all are busy until then.
    Full { until: Option<Timestamp> },
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

/// An entry to be taken.
struct Victim {
    way: usize,
    word: u64,
    /// What the floor must not be below then.
    leaves: u64,
}

impl Set {
    pub(super) fn new() -> Self {
        Self {
            floor: AtomicU64::new(0),
            tags: std::array::from_fn(|_| AtomicU32::new(0)),
            words: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// The entry with this tag. Without a branch for each, because which it is cannot be foreseen; and without a search for a
    /// bit that is set, because what is loaded next waits for it.
    #[inline]
    fn find(&self, tag: Tag) -> Option<usize> {
        let mut way = 0;
        for other in 1..WAYS {
            way |= if self.is(other, tag) { other } else { 0 };
        }
        if self.tags.get(way).is_some_and(|other| other.load(Ordering::Acquire) == tag) {
            return Some(way);
        }
        // None is; or, if it has moved meanwhile, the ways of two came to that of a third.
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

    /// Takes `cost` at `now` from an entry that was seen with this tag, or nothing if that has come to be another's.
    #[inline]
    pub(super) fn take(&self, tag: Tag, seen: Seen, now: u64, gcra: &Gcra, cost: u64) -> Answer {
        let Seen { way, word: mut seen } = seen;
        let word = &self.words[way];
        loop {
            let (answer, stands) = match gcra.decide(seen, now, cost) {
                Ok(tat) => match word.compare_exchange_weak(seen, tat, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => (Answer::Granted, true),
                    Err(current) => {
                        seen = current;
                        continue;
                    }
                },
                Err(excess) => (Self::meaning(seen, excess, way), seen != TAKEN),
            };
            return if stands && self.is(way, tag) { answer } else { Answer::Gone };
        }
    }

    #[inline]
    fn meaning(word: u64, excess: u64, way: usize) -> Answer {
        match word {
            AWAITED => Answer::Awaited(way),
            SATURATED => Answer::Saturated,
            _ => Answer::Short(excess),
        }
    }

    /// The word of the entry with this tag, or where it is.
    pub(super) fn peek(&self, tag: Tag) -> Result<u64, Answer> {
        let backoff = Backoff::new();
        loop {
            let way = self.find(tag).ok_or(Answer::Absent)?;
            let seen = self.words[way].load(Ordering::Acquire);
            if seen != TAKEN && self.is(way, tag) {
                return if seen == AWAITED { Err(Answer::Awaited(way)) } else { Ok(seen) };
            }
            backoff.snooze();
        }
    }

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

    /// Finds an entry for a key that has none, if the TAT it would begin with lets it do what it came for: `enter` makes of
    /// where it begins and of the time its TAT, or says by how much it comes too early. `swept`: those that are awaited
    /// are so for a reason.
    pub(super) fn enter<K>(
        &self,
        tag: Tag,
        at: Timestamp,
        (tiers, tier): (&Tiers<K>, &Tier),
        swept: bool,
        enter: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Entry {
        let mut lock = self.lock();
        if self.find(tag).is_some() {
            return Entry::Present;
        }
        let now = tier.scale.units(at);
        loop {
            let idle = self.idle(at, tiers);
            if idle.is_none() && !swept && self.awaited().next().is_some() {
                return Entry::Crowded;
            }
            let Some(Victim { way, word, leaves }) = idle.or_else(|| self.lowest(tiers)) else {
                return Entry::Full { until: None };
            };
            let floor = lock.floor.max(leaves);
            let (begin, inherited) = Self::begin_at(floor, at, tier);
            let tat = match enter(begin, now) {
                Ok(tat) => tat.min(SATURATED),
                Err(excess) => return Entry::Short { excess, inherited },
            };
            // Unless a decision was quicker.
            if self.words[way].compare_exchange(word, TAKEN, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                lock.floor = floor;
                self.tags[way].store(tag, Ordering::Release);
                self.words[way].store(tat, Ordering::Release);
                return Entry::Entered { inherited };
            }
        }
    }

    /// Lets the floor have the debt of a key that can have no entry: `owing` makes of where it begins its TAT. `false` if it
    /// has one by now.
    pub(super) fn owe(&self, tag: Tag, at: Timestamp, tier: &Tier, owing: impl Fn(u64) -> u64) -> bool {
        let mut lock = self.lock();
        if self.find(tag).is_some() {
            return false;
        }
        let tat = owing(Self::begin_at(lock.floor, at, tier).0);
        let leaves = if tat >= SATURATED { NEVER } else { tier.scale.reading(tat).ticks().min(NEVER) };
        lock.floor = lock.floor.max(leaves);
        true
    }

    /// Where a key that has no entry would begin; `None` if some are awaited, maybe by nobody any more, and not `swept`.
    pub(super) fn begin<K>(&self, at: Timestamp, (tiers, tier): (&Tiers<K>, &Tier), swept: bool) -> Option<u64> {
        let lock = self.lock();
        let idle = self.idle(at, tiers);
        if idle.is_none() && !swept && self.awaited().next().is_some() {
            return None;
        }
        let victim = idle.or_else(|| self.lowest(tiers));
        Some(Self::begin_at(victim.map_or(NEVER, |victim| lock.floor.max(victim.leaves)), at, tier).0)
    }

    /// Where whoever enters begins, in units, and whether that is a debt of others.
    fn begin_at(floor: u64, at: Timestamp, tier: &Tier) -> (u64, bool) {
        if floor == NEVER {
            // A debt past counting was left behind: nobody has less, until it is reset.
            (SATURATED, true)
        } else if floor > tier.scale.within_horizon(at).ticks() {
            // No less than any TAT of this tier that the floor was raised for: to the first reading that is not before it.
            (tier.scale.units_beyond(Timestamp::from_ticks(floor)), true)
        } else {
            (tier.scale.units(at), false)
        }
    }

    /// An entry whose time has passed.
    fn idle<K>(&self, at: Timestamp, tiers: &Tiers<K>) -> Option<Victim> {
        self.entries().find_map(|(way, tag, word)| match word {
            // Never used, or forgotten by `reset`.
            0 => Some(Victim { way, word, leaves: 0 }),
            _ if word <= MAX_TAT && word <= tiers.of_tag(tag).scale.units(at) => {
                Some(Self::victim(way, tag, word, tiers))
            }
            _ => None,
        })
    }

    /// The entry whose time passes first.
    fn lowest<K>(&self, tiers: &Tiers<K>) -> Option<Victim> {
        let counted = self.entries().filter(|(_, _, word)| *word <= MAX_TAT);
        counted.map(|(way, tag, word)| Self::victim(way, tag, word, tiers)).min_by_key(|victim| victim.leaves)
    }

    fn victim<K>(way: usize, tag: Tag, word: u64, tiers: &Tiers<K>) -> Victim {
        Victim { way, word, leaves: tiers.of_tag(tag).scale.reading(word).ticks().min(NEVER) }
    }

    /// Way, tag and word of each.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, Tag, u64)> {
        let load = |way: usize| (way, self.tags[way].load(Ordering::Relaxed), self.words[way].load(Ordering::Acquire));
        (0..WAYS).map(load)
    }

    /// Moves the word of the entry with this tag to what `next` makes of it, unless it is saturated.
    pub(super) fn settle(&self, tag: Tag, next: impl Fn(u64) -> u64) -> Answer {
        let _lock = self.lock();
        let Some(way) = self.find(tag) else { return Answer::Absent };
        let next = |word| if word <= MAX_TAT { Some(next(word).min(SATURATED)) } else { None };
        match self.words[way].fetch_update(Ordering::AcqRel, Ordering::Acquire, next) {
            Ok(_) => Answer::Granted,
            Err(word) => Self::meaning(word, 0, way),
        }
    }

    /// Makes the entry with this tag as new, whatever its word, unless that is elsewhere.
    pub(super) fn reset(&self, tag: Tag) -> Answer {
        let _lock = self.lock();
        let Some(way) = self.find(tag) else { return Answer::Absent };
        match self.words[way].fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| (word != AWAITED).then_some(0)) {
            Ok(_) => Answer::Granted,
            Err(_) => Answer::Awaited(way),
        }
    }

    /// Takes the word out of the entry with this tag, to be kept elsewhere as long as somebody waits: `keep` is told the way and
    /// the word.
    pub(super) fn take_out(&self, tag: Tag, keep: impl FnOnce(usize, u64)) -> Out {
        let _lock = self.lock();
        let Some(way) = self.find(tag) else { return Out::Absent };
        // Of the others: its own word may come back meanwhile.
        let awaited = self.awaited().filter(|other| *other != way).count();
        let next = |word| (word <= MAX_TAT && awaited < MAX_AWAITED).then_some(AWAITED);
        match self.words[way].fetch_update(Ordering::AcqRel, Ordering::Acquire, next) {
            Ok(word) => {
                keep(way, word);
                Out::Taken
            }
            Err(AWAITED) => Out::Awaited(way),
            Err(SATURATED) => Out::Saturated,
            Err(_) => Out::TooMany,
        }
    }

    /// Puts a word back that was taken out.
    pub(super) fn put_back(&self, way: usize, word: u64) {
        self.words[way].store(word.min(SATURATED), Ordering::Release);
    }

    /// Whether some word is kept elsewhere.
    pub(super) fn awaited(&self) -> impl Iterator<Item = usize> {
        self.entries().filter(|(_, _, word)| *word == AWAITED).map(|(way, _, _)| way)
    }
}
