//! Newcomers of a set: which entry such a key takes, and where it begins. All under the lock.

use super::Set;
use crate::clock::Timestamp;
use crate::keyed::answer::Insertion;
use crate::keyed::tiers::{Tag, Tier, Tiers};
use crate::sync::Ordering;
use crate::word::{MAX_TAT, SATURATED, TAKEN};

/// An entry to be taken from its key.
struct Victim {
    way: usize,
    word: u64,
    /// The floor must not be below this reading then.
    leaves: u64,
}

impl Set {
    /// Finds an entry for a key that has none, if the TAT that the key would begin with lets it do
    /// what it came for. `enter` makes the key's TAT of where it begins and of the time, or says by
    /// how many units the request is too early. `swept`: the entries that are awaited have waiters.
    pub(in crate::keyed) fn enter<K>(
        &self,
        tag: Tag,
        at: Timestamp,
        (tiers, tier): (&Tiers<K>, &Tier),
        swept: bool,
        enter: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Insertion {
        let mut lock = self.lock();
        if self.find(tag).is_some() {
            return Insertion::Present;
        }
        let now = tier.rate.units(at);
        loop {
            let idle = self.idle(at, tiers);
            if idle.is_none() && !swept && self.awaited().next().is_some() {
                return Insertion::Crowded;
            }
            let Some(Victim { way, word, leaves }) = idle.or_else(|| self.lowest(tiers)) else {
                return Insertion::Full { until: None };
            };
            let floor = lock.floor.max(leaves);
            let (begin, inherited) = Self::begin_at(floor, at, tier);
            let tat = match enter(begin, now) {
                Ok(tat) => tat.min(SATURATED),
                Err(excess) => return Insertion::Short { excess, inherited },
            };
            // If a decision was quicker, another entry is chosen.
            if self.words[way].compare_exchange(word, TAKEN, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                lock.floor = floor;
                self.tags[way].store(tag, Ordering::Release);
                self.words[way].store(tat, Ordering::Release);
                return Insertion::Entered { tat, inherited };
            }
        }
    }

    /// Puts the debt of a key that can have no entry on the floor. `owing` makes the key's TAT of
    /// where it begins. Gives `false` if the key has an entry by now.
    pub(in crate::keyed) fn owe(&self, tag: Tag, at: Timestamp, tier: &Tier, owing: impl Fn(u64) -> u64) -> bool {
        let mut lock = self.lock();
        if self.find(tag).is_some() {
            return false;
        }
        let tat = owing(Self::begin_at(lock.floor, at, tier).0);
        lock.floor = lock.floor.max(Self::reading(tat, tier));
        true
    }

    /// Where a key that has no entry would begin. `None` if some entries are awaited, perhaps
    /// without a waiter by now, and not `swept`.
    pub(in crate::keyed) fn begin<K>(
        &self,
        at: Timestamp,
        (tiers, tier): (&Tiers<K>, &Tier),
        swept: bool,
    ) -> Option<u64> {
        let lock = self.lock();
        let idle = self.idle(at, tiers);
        if idle.is_none() && !swept && self.awaited().next().is_some() {
            return None;
        }
        let victim = idle.or_else(|| self.lowest(tiers));
        Some(Self::begin_at(victim.map_or(SATURATED, |victim| lock.floor.max(victim.leaves)), at, tier).0)
    }

    /// Where a key that enters begins, in units, and whether that is a debt of others.
    fn begin_at(floor: u64, at: Timestamp, tier: &Tier) -> (u64, bool) {
        if floor == SATURATED {
            // A saturated debt was left behind: no newcomer begins with less, until a reset.
            (SATURATED, true)
        } else if floor > tier.rate.scale.within_horizon(at).ticks() {
            // Not less than any TAT of this tier that the floor was raised for, because the floor
            // is the first reading that is not before that TAT.
            (tier.rate.scale.units_beyond(Timestamp::from_ticks(floor)), true)
        } else {
            (tier.rate.units(at), false)
        }
    }

    /// An entry whose time has passed.
    fn idle<K>(&self, at: Timestamp, tiers: &Tiers<K>) -> Option<Victim> {
        self.entries().find_map(|(way, tag, word)| match word {
            // Never used, or reset.
            0 => Some(Victim { way, word, leaves: 0 }),
            _ if word <= MAX_TAT && word <= tiers.of_tag(tag).rate.units(at) => {
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
        Victim { way, word, leaves: Self::reading(word, tiers.of_tag(tag)) }
    }

    /// The first reading that is not before a TAT, as a floor.
    fn reading(tat: u64, tier: &Tier) -> u64 {
        if tat >= SATURATED { SATURATED } else { tier.rate.reading(tat).ticks().min(SATURATED) }
    }
}
