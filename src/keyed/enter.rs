//! Requests that may have to wait for a key: the permits, or an entry of the key's queue.

use std::sync::Arc;

use super::amount::Amount;
use super::answer::{Insertion, NotOut};
use super::closing::agree;
use super::known::Known;
use super::limiter::KeyedLimiter;
use crate::ask::Entered;
use crate::clock::{Clock, Timestamp};
use crate::error::Refused;
use crate::held::Held;
use crate::limiter::RateLimiter;
use crate::meter::Charge;
use crate::queue;
use crate::sync::yield_now;
use crate::wait::Reservation;

/// An entry of a key's queue, with the name under which the word was taken out.
pub(super) struct Waiting<'a, C: Clock> {
    pub(super) name: usize,
    pub(super) reservation: Reservation<'a, C>,
}

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Takes `n` permits, or an entry for them if it comes due by the reading `by`.
    pub(super) fn enter_queue<'a>(
        &self,
        known: &Known<K>,
        now: Timestamp,
        n: u64,
        by: Option<Timestamp>,
    ) -> Result<Entered<Charge, Waiting<'a, C>>, Refused> {
        match self.take(known, now, Amount::Exactly(n)) {
            Ok((_, charge)) => Ok(Entered::Taken(charge)),
            Err(Refused::NotYet(_)) => self.wait_for(known, now, n, by),
            Err(refused) => Err(refused),
        }
    }

    #[cold]
    fn wait_for<'a>(
        &self,
        known: &Known<K>,
        now: Timestamp,
        n: u64,
        by: Option<Timestamp>,
    ) -> Result<Entered<Charge, Waiting<'a, C>>, Refused> {
        let (name, limiter) = self.take_out(known, now)?;
        let entered = limiter.engine.enter(now, n, by, limiter.max_waiters());
        if let Ok(waiting @ queue::Entered::Waiting(_)) = entered {
            let reservation = Reservation::new(Held::Shared(limiter), n, by, waiting);
            return Ok(Entered::Waiting(Waiting { name, reservation }));
        }
        drop(limiter);
        self.release(name);
        entered.map(|entered| match entered {
            queue::Entered::Granted(charge) => Entered::Taken(charge),
            queue::Entered::Waiting(_) => unreachable!("handled above"),
        })
    }

    /// The limiter that has the word of a key, with the name of the entry or cell. If no request
    /// waited so far, the limiter is made.
    fn take_out(&self, known: &Known<K>, now: Timestamp) -> Result<(usize, Arc<RateLimiter<C>>), Refused> {
        let mut site = self.store.site(known);
        let mut swept = false;
        loop {
            let mut made = None;
            let keep = |name, owner, word| {
                let limiter = Arc::new(self.limiter_with(known, word));
                self.awaited.insert(name, owner, Arc::clone(&limiter));
                made = Some((name, limiter));
            };
            match site.take_out(keep) {
                Ok(()) => {
                    let (name, limiter) = made.expect("`keep` was given the word");
                    agree(&self.store.tiers, &limiter);
                    self.awaited.sweep(name, &self.store);
                    return Ok((name, limiter));
                }
                Err(NotOut::Awaited(name)) => match self.awaited.get(name, &site.owner()) {
                    Some(limiter) => return Ok((name, limiter)),
                    // The word is on its way, out or back.
                    None => yield_now(),
                },
                // A request that must wait has tried to take, and was counted then.
                Err(NotOut::Absent) => match self.enter_uncounted(&mut site, now, |begin, now| Ok(begin.max(now))) {
                    Insertion::Full { until: None } => return Err(Refused::QueueFull),
                    Insertion::Full { until: Some(until) } => return Err(Self::full(site.tier, now, until)),
                    Insertion::Present | Insertion::Entered { .. } | Insertion::Short { .. } | Insertion::Crowded => {}
                },
                Err(NotOut::Saturated) => return Err(Refused::Saturated),
                Err(NotOut::TooMany) if swept => return Err(Refused::QueueFull),
                Err(NotOut::TooMany) => {
                    self.release_others(&mut site);
                    swept = true;
                }
            }
        }
    }
}
