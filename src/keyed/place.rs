//! A key's place in the table: what can be done with its word there.

use std::marker::PhantomData;
#[cfg(feature = "exact")]
use std::sync::Arc;

#[cfg(feature = "exact")]
use super::exact::{Cell, Exact};
use super::set::{Answer, Entry, Out, Tag};
use super::table::Home;
use super::tiers::{Tier, Tiers};
use crate::clock::Timestamp;

/// Where the word of a key is, or would be.
pub(super) struct Place<'a, K> {
    site: Site<'a, K>,
    pub(super) tier: &'a Tier,
    tiers: &'a Tiers<K>,
    /// Cells whose words are out, but could be in again.
    #[cfg(feature = "exact")]
    others: Vec<Arc<Cell<K>>>,
}

pub(super) enum Site<'a, K> {
    Hashed(Home<'a>, PhantomData<fn() -> K>),
    /// The cell of the key that was last seen; it may have been forgotten since.
    #[cfg(feature = "exact")]
    Exact(&'a Exact<K>, Arc<Cell<K>>),
}

/// Whose word it is that is kept elsewhere: a name can come to be another's.
pub(super) enum Owner<K> {
    Hashed(Tag, PhantomData<fn() -> K>),
    #[cfg(feature = "exact")]
    Exact(Arc<Cell<K>>),
}

impl<K> Owner<K> {
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Hashed(tag, _), Self::Hashed(other, _)) => tag == other,
            #[cfg(feature = "exact")]
            (Self::Exact(cell), Self::Exact(other)) => Arc::ptr_eq(cell, other),
            #[cfg(feature = "exact")]
            _ => false,
        }
    }
}

impl<'a, K> Place<'a, K> {
    #[inline]
    pub(super) fn new(site: Site<'a, K>, tiers: &'a Tiers<K>, tier: &'a Tier) -> Self {
        Self {
            site,
            tier,
            tiers,
            #[cfg(feature = "exact")]
            others: Vec::new(),
        }
    }

    /// Takes `cost` at `now`.
    pub(super) fn take(&mut self, now: u64, cost: u64) -> Answer {
        match &mut self.site {
            Site::Hashed(home, _) => {
                let take = |seen| home.set.take(home.tag, seen, now, &self.tier.gcra, cost);
                home.named(home.set.look(home.tag).map_or(Answer::Absent, take))
            }
            #[cfg(feature = "exact")]
            Site::Exact(exact, cell) => exact.live(cell, |cell| cell.take(cell.look(), now, &self.tier.gcra, cost)),
        }
    }

    /// Enters a key that has no entry, if the TAT it would begin with lets it do what it came for: `enter` makes of where
    /// it begins and of the time its TAT, or says by how much it comes too early. `swept`: those that are awaited are so for a
    /// reason.
    pub(super) fn enter(&mut self, at: Timestamp, swept: bool, enter: impl Fn(u64, u64) -> Result<u64, u64>) -> Entry {
        match &mut self.site {
            Site::Hashed(home, _) => home.set.enter(home.tag, at, (self.tiers, self.tier), swept, enter),
            #[cfg(feature = "exact")]
            Site::Exact(exact, cell) => exact.enter(cell, at, self.tiers, (swept, &mut self.others), enter),
        }
    }

    /// Lets a debt stand that has no entry: `owing` makes of where the key begins its TAT. `false` if it has one by now.
    pub(super) fn owe(&self, at: Timestamp, owing: impl Fn(u64) -> u64) -> bool {
        match &self.site {
            Site::Hashed(home, _) => home.set.owe(home.tag, at, self.tier, owing),
            // Nobody else is to have it.
            #[cfg(feature = "exact")]
            Site::Exact(..) => true,
        }
    }

    /// Moves the word to what `next` makes of it, unless it is saturated. What lowers it must say so.
    #[cfg_attr(not(feature = "exact"), expect(unused_variables, reason = "a set is locked for either"))]
    pub(super) fn settle(&mut self, lowers: bool, next: impl Fn(u64) -> u64) -> Answer {
        match &mut self.site {
            Site::Hashed(home, _) => home.named(home.set.settle(home.tag, next)),
            #[cfg(feature = "exact")]
            Site::Exact(exact, cell) if lowers => {
                exact.live(cell, |cell| exact.lower(cell, self.tier, |cell| cell.settle(&next)))
            }
            #[cfg(feature = "exact")]
            Site::Exact(exact, cell) => exact.live(cell, |cell| cell.settle(&next)),
        }
    }

    /// Makes the key as new, unless its word is elsewhere.
    pub(super) fn reset(&mut self) -> Answer {
        match &mut self.site {
            Site::Hashed(home, _) => home.named(home.set.reset(home.tag)),
            #[cfg(feature = "exact")]
            Site::Exact(exact, cell) => match exact.live(cell, |cell| exact.lower(cell, self.tier, Cell::reset)) {
                // It is as good as new.
                Answer::Absent => Answer::Granted,
                answer => answer,
            },
        }
    }

    /// The word, or where it is.
    pub(super) fn peek(&mut self) -> Result<u64, Answer> {
        match &mut self.site {
            Site::Hashed(home, _) => home.set.peek(home.tag).map_err(|answer| home.named(answer)),
            #[cfg(feature = "exact")]
            Site::Exact(exact, cell) => exact.peek(cell),
        }
    }

    /// Where a key that has no entry would begin; `None` if it is to be looked at again, after a sweep if there was none: it may have one,
    /// or some are awaited, maybe by nobody any more.
    pub(super) fn begin(&mut self, at: Timestamp, swept: bool) -> Option<u64> {
        match &mut self.site {
            Site::Hashed(home, _) => home.set.begin(at, (self.tiers, self.tier), swept),
            #[cfg(feature = "exact")]
            Site::Exact(exact, cell) => exact.begin(cell, at, self.tiers, (swept, &mut self.others)),
        }
    }

    /// Takes the word out, to be kept elsewhere as long as somebody waits: `keep` is told its name, whose it is, and the word.
    pub(super) fn take_out(&mut self, keep: impl FnOnce(usize, Owner<K>, u64)) -> Out {
        match &mut self.site {
            Site::Hashed(home, _) => {
                let owner = Owner::Hashed(home.tag, PhantomData);
                match home.set.take_out(home.tag, |way, word| keep(home.name(way), owner, word)) {
                    Out::Awaited(way) => Out::Awaited(home.name(way)),
                    out => out,
                }
            }
            #[cfg(feature = "exact")]
            Site::Exact(exact, cell) => exact.take_out(cell, |cell, word| {
                keep(cell.name(), Owner::Exact(Arc::clone(cell)), word);
            }),
        }
    }

    /// Whose the word is.
    pub(super) fn owner(&self) -> Owner<K> {
        match &self.site {
            Site::Hashed(home, _) => Owner::Hashed(home.tag, PhantomData),
            #[cfg(feature = "exact")]
            Site::Exact(_, cell) => Owner::Exact(Arc::clone(cell)),
        }
    }

    /// Names words that are out and that could make room for this one, if nobody waits for them any more.
    pub(super) fn others(&mut self, release: impl Fn(usize)) {
        match &self.site {
            Site::Hashed(home, _) => home.set.awaited().for_each(|way| release(home.name(way))),
            #[cfg(feature = "exact")]
            Site::Exact(..) => self.passed(release),
        }
    }

    /// Names words that are out and were looked at in search of room: each must be released, or it is not looked at again.
    #[cfg_attr(not(feature = "exact"), expect(clippy::unused_self, unused_variables, reason = "sets are small"))]
    pub(super) fn passed(&mut self, release: impl Fn(usize)) {
        #[cfg(feature = "exact")]
        self.others.drain(..).for_each(|cell| release(cell.name()));
    }
}

impl Home<'_> {
    /// With the name of the entry instead of its way.
    fn named(&self, answer: Answer) -> Answer {
        match answer {
            Answer::Awaited(way) => Answer::Awaited(self.name(way)),
            other => other,
        }
    }
}
