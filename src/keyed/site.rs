//! Where the word of a key is, or would be: what can be done with it there, in both kinds of table.

use std::marker::PhantomData;

use super::answer::{Answer, Insertion, Missed, NotOut};
use super::exact::{CellRef, StoredSite};
use super::table::Home;
use super::tiers::{Tag, Tier, Tiers};
use crate::clock::Timestamp;

/// Where the word of a key is, or would be.
pub(super) struct Site<'a, K> {
    within: Within<'a, K>,
    pub(super) tier: &'a Tier,
    tiers: &'a Tiers<K>,
}

enum Within<'a, K> {
    Hashed(Home<'a>),
    Stored(StoredSite<'a, K>),
}

/// Which key's word is kept elsewhere: a name can come to be another key's.
pub(super) enum Owner<K> {
    Hashed(Tag, PhantomData<fn() -> K>),
    Stored(CellRef<K>),
}

impl<K> Owner<K> {
    pub(super) fn hashed(tag: Tag) -> Self {
        Self::Hashed(tag, PhantomData)
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Hashed(tag, _), Self::Hashed(other, _)) => tag == other,
            // Both live, so that no other cell has their name.
            (Self::Stored(cell), Self::Stored(other)) => cell.name() == other.name(),
            _ => false,
        }
    }
}

impl<'a, K> Site<'a, K> {
    pub(super) fn hashed(home: Home<'a>, tiers: &'a Tiers<K>, tier: &'a Tier) -> Self {
        Self { within: Within::Hashed(home), tier, tiers }
    }

    pub(super) fn stored(site: StoredSite<'a, K>, tiers: &'a Tiers<K>, tier: &'a Tier) -> Self {
        Self { within: Within::Stored(site), tier, tiers }
    }

    /// Moves the word to what `decide` makes of it at `now`. `decide` gives the TAT after a grant,
    /// or by how many units the request is too early.
    pub(super) fn take(&mut self, now: u64, decide: impl FnMut(u64) -> Result<u64, u64>) -> Answer {
        match &mut self.within {
            Within::Hashed(home) => match home.set.look(home.tag) {
                None => Answer::Absent,
                Some(seen) => match home.set.take(home.tag, seen, now, decide) {
                    Answer::Awaited(way) => Answer::Awaited(home.name(way)),
                    answer => answer,
                },
            },
            Within::Stored(site) => site.take(now, decide),
        }
    }

    /// Enters a key that has no word, if the TAT that the key would begin with lets it do what it
    /// came for. `enter` makes the key's TAT of where it begins and of the time, or says by how
    /// many units the request is too early. `swept`: the words that are out have waiters.
    pub(super) fn enter(
        &mut self,
        at: Timestamp,
        swept: bool,
        enter: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Insertion {
        match &mut self.within {
            Within::Hashed(home) => home.set.enter(home.tag, at, (self.tiers, self.tier), swept, enter),
            Within::Stored(site) => site.enter(at, self.tiers, swept, enter),
        }
    }

    /// Keeps a debt of a key that can have no word. `owing` makes the key's TAT of where it begins.
    /// Gives `false` if the key has a word by now.
    pub(super) fn owe(&self, at: Timestamp, owing: impl Fn(u64) -> u64) -> bool {
        match &self.within {
            Within::Hashed(home) => home.set.owe(home.tag, at, self.tier, owing),
            // It is lost: no other key is to begin with it.
            Within::Stored(_) => true,
        }
    }

    /// Moves the word to what `next` makes of it, if the word is a TAT. `lowers`: that may be
    /// lower.
    pub(super) fn settle(&mut self, lowers: bool, next: impl Fn(u64) -> u64) -> Result<(), Missed> {
        match &mut self.within {
            // The set is locked for either.
            Within::Hashed(home) => home.set.settle(home.tag, next).map_err(|missed| home.named(missed)),
            Within::Stored(site) => site.settle(self.tier, lowers, next),
        }
    }

    /// Makes the key as new, unless its word is elsewhere.
    pub(super) fn reset(&mut self) -> Result<(), Missed> {
        match &mut self.within {
            Within::Hashed(home) => home.set.reset(home.tag).map_err(|missed| home.named(missed)),
            Within::Stored(site) => site.reset(self.tier),
        }
    }

    /// The word, or where it is.
    pub(super) fn peek(&mut self) -> Result<u64, Missed> {
        match &mut self.within {
            Within::Hashed(home) => home.set.peek(home.tag).map_err(|missed| home.named(missed)),
            Within::Stored(site) => site.peek(),
        }
    }

    /// Where a key that has no word would begin. `None` if it has one by now, or if some words are
    /// out, perhaps without a waiter by now, and not `swept`: then the caller looks again.
    pub(super) fn begin(&mut self, at: Timestamp, swept: bool) -> Option<u64> {
        match &mut self.within {
            Within::Hashed(home) => home.set.begin(at, (self.tiers, self.tier), swept),
            Within::Stored(site) => site.begin(at, self.tiers, swept),
        }
    }

    /// Where a key that has no word would begin, if there is room for it. Makes no room.
    pub(super) fn would_begin(&self, at: Timestamp) -> u64 {
        match &self.within {
            // Of a set that was swept there is always an answer.
            Within::Hashed(home) => home.set.begin(at, (self.tiers, self.tier), true).unwrap_or_default(),
            Within::Stored(site) => self.tier.rate.units(at.max(site.floor())),
        }
    }

    /// Takes the word out, to be kept elsewhere for as long as a request waits. `keep` is given the
    /// name of the entry or cell, the word's owner, and the word.
    pub(super) fn take_out(&mut self, keep: impl FnOnce(usize, Owner<K>, u64)) -> Result<(), NotOut> {
        match &mut self.within {
            Within::Hashed(home) => {
                let keep = |way, word| keep(home.name(way), Owner::hashed(home.tag), word);
                home.set.take_out(home.tag, keep).map_err(|not_out| match not_out {
                    NotOut::Awaited(way) => NotOut::Awaited(home.name(way)),
                    not_out => not_out,
                })
            }
            Within::Stored(site) => site.take_out(|cell, word| keep(cell.name(), Owner::Stored(cell.clone()), word)),
        }
    }

    /// The owner of the word.
    pub(super) fn owner(&self) -> Owner<K> {
        match &self.within {
            Within::Hashed(home) => Owner::hashed(home.tag),
            Within::Stored(site) => Owner::Stored(site.cell().clone()),
        }
    }

    /// Calls `release` with the names of words that are out and that could make room for this one,
    /// if no request waits for them.
    pub(super) fn others(&mut self, release: impl Fn(usize)) {
        match &self.within {
            Within::Hashed(home) => home.set.awaited().for_each(|way| release(home.name(way))),
            Within::Stored(_) => self.passed(release),
        }
    }

    /// Calls `release` with the names of words that are out and were looked at in search of room.
    /// Each must be released, or it is not looked at again. In a set there are few, and all are
    /// looked at.
    pub(super) fn passed(&mut self, release: impl Fn(usize)) {
        if let Within::Stored(site) = &mut self.within {
            site.others().iter().for_each(|cell| release(cell.name()));
        }
    }
}

impl Home<'_> {
    /// With the name of the entry instead of its way.
    fn named(&self, missed: Missed) -> Missed {
        match missed {
            Missed::Awaited(way) => Missed::Awaited(self.name(way)),
            missed => missed,
        }
    }
}
