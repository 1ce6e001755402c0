//! Looking at the word of a key: what takes nothing, enters no key and counts no eviction.

use super::answer::Missed;
use super::known::Known;
use super::limiter::KeyedLimiter;
use crate::clock::{Clock, Timestamp};
use crate::limiter::RateLimiter;

impl<K, C: Clock> KeyedLimiter<K, C> {
    /// Looks at a key. `here` is given its TAT, or the TAT with which it would begin; `elsewhere`
    /// is given the limiter that has its word.
    pub(super) fn look<R>(
        &self,
        known: &Known<K>,
        now: Timestamp,
        here: impl FnOnce(u64) -> R,
        elsewhere: impl Fn(&RateLimiter<C>) -> R,
    ) -> R {
        let mut site = self.store.site(known);
        let mut swept = false;
        let answer = loop {
            match site.peek() {
                Ok(tat) => break here(tat),
                Err(Missed::Awaited(name)) => {
                    if let Some(answer) = self.with_awaited(&site, name, &elsewhere) {
                        break answer;
                    }
                }
                Err(_) => {
                    if let Some(tat) = site.begin(now, swept) {
                        break here(tat);
                    }
                    self.release_others(&mut site);
                    swept = true;
                }
            }
        };
        site.passed(|name| self.release(name));
        answer
    }

    /// The TAT of a key, or the TAT with which it would begin.
    pub(super) fn tat(&self, known: &Known<K>, now: Timestamp) -> u64 {
        self.look(known, now, |tat| tat, |limiter| limiter.meter().peek(now).0)
    }

    /// How far the TAT of a key is ahead of the clock, in units. Of a key that has no word: if
    /// there is room for it.
    pub(super) fn ahead(&self, known: &Known<K>, now: Timestamp) -> u64 {
        let mut site = self.store.site(known);
        let tat = loop {
            match site.peek() {
                Ok(tat) => break tat,
                Err(Missed::Awaited(name)) => {
                    if let Some((tat, _)) = self.with_awaited(&site, name, |limiter| limiter.meter().peek(now)) {
                        break tat;
                    }
                }
                Err(_) => break site.would_begin(now),
            }
        };
        tat.saturating_sub(site.tier.rate.units(now))
    }
}
