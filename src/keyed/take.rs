//! Taking permits of a key, whatever has become of its word: the cold path of all decisions.

use std::cell::Cell;

use super::amount::Amount;
use super::answer::{Answer, Insertion};
use super::known::Known;
use super::limiter::KeyedLimiter;
use super::site::Site;
use super::tiers::Tier;
use crate::clock::{Clock, Timestamp};
use crate::error::Refused;
use crate::meter::Charge;
use crate::sync::Backoff;

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Takes `n` permits if the key has a word in the hashed table and no special case applies.
    #[inline]
    pub(super) fn take_ordinary(&self, known: &Known<K>, now: Timestamp, n: u64) -> Option<Charge> {
        let (home, tier) = (self.store.home_of(known)?, self.store.tier(known));
        if !tier.is_ordinary(n) {
            return None;
        }
        let (seen, units, gcra) = (home.set.look(home.tag)?, tier.rate.units(now), tier.rate.gcra);
        match home.set.take(home.tag, seen, units, |tat| gcra.decide(tat, units, gcra.cost(n))) {
            Answer::Granted { ahead } => Some(Charge::Counted { ahead }),
            _ => None,
        }
    }

    /// Takes permits if they are available now. Gives how many were taken.
    #[cold]
    pub(super) fn take(&self, known: &Known<K>, now: Timestamp, amount: Amount) -> Result<(u64, Charge), Refused> {
        let (tier, least) = (self.store.tier(known), amount.least());
        let gcra = &tier.rate.gcra;
        match (least > gcra.burst(), tier.is_closed()) {
            (true, true) => return Err(Refused::ExceedsBurst(0)),
            (true, false) => return Err(Refused::ExceedsBurst(gcra.available(self.ahead(known, now), 0))),
            (false, true) => return Err(Refused::Closed),
            (false, false) if least == 0 => return Ok((0, Charge::Counted { ahead: self.ahead(known, now) })),
            (false, false) => {}
        }
        let (mut site, units, taken) = (self.store.site(known), tier.rate.units(now), Cell::new(0));
        let decide = |tat| {
            let (n, tat) = amount.decide(gcra, tat, units)?;
            taken.set(n);
            Ok(tat)
        };
        let granted = |ahead| Ok((taken.get(), Charge::Counted { ahead }));
        let backoff = Backoff::new();
        loop {
            match site.take(units, decide) {
                Answer::Gone => backoff.snooze(),
                Answer::Granted { ahead } => return granted(ahead),
                Answer::Short(excess) => return Err(Refused::NotYet(excess)),
                Answer::Saturated => return Err(Refused::Saturated),
                Answer::Awaited(name) => {
                    if let Some(taken) = self.with_awaited(&site, name, |limiter| amount.take(limiter.meter(), now)) {
                        return taken;
                    }
                }
                Answer::Absent => match self.enter(&mut site, now, |begin, _| decide(begin)) {
                    Insertion::Present => {}
                    Insertion::Entered { tat, .. } => return granted(tat - units),
                    Insertion::Short { excess, .. } => return Err(Refused::NotYet(excess)),
                    // All the others are beyond their burst, so this one would be as well.
                    Insertion::Crowded | Insertion::Full { until: None } => {
                        return Err(Refused::NotYet(gcra.cost(least)));
                    }
                    Insertion::Full { until: Some(until) } => return Err(Self::full(tier, now, until)),
                },
            }
        }
    }

    /// Enters a key that has no word. Counts an eviction if the key begins with a debt of others,
    /// or finds no room.
    pub(super) fn enter(
        &self,
        site: &mut Site<'_, K>,
        now: Timestamp,
        enter: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Insertion {
        let insertion = self.enter_uncounted(site, now, enter);
        if let Insertion::Entered { inherited: true, .. }
        | Insertion::Short { inherited: true, .. }
        | Insertion::Full { .. } = insertion
        {
            self.count_eviction();
        }
        insertion
    }

    pub(super) fn enter_uncounted(
        &self,
        site: &mut Site<'_, K>,
        now: Timestamp,
        enter: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Insertion {
        let mut insertion = site.enter(now, false, &enter);
        if insertion == Insertion::Crowded {
            self.release_others(site);
            insertion = site.enter(now, true, &enter);
        }
        site.passed(|name| self.release(name));
        insertion
    }

    /// There is no room for a key of this tier until that reading.
    pub(super) fn full(tier: &Tier, now: Timestamp, until: Timestamp) -> Refused {
        Refused::NotYet(tier.rate.scale.units_beyond(until).saturating_sub(tier.rate.units(now)))
    }
}
