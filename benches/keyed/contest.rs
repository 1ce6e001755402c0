//! What a contender implements.

use limitor_benches::Allowance;

use crate::buckets::{Choice, HashClockCas, InDashMap, InMoka};
use crate::contenders::{FromForm, Governor, Keyed};
use crate::keys::Key;

/// A limit for each key that decides immediately.
pub(crate) trait Contender<K: Key>: Sized + Sync {
    const NAME: &'static str;
    /// The set-up, for the legend.
    const SETUP: &'static str;
    /// Whether the contender limits. One that does not is a limit of the hardware.
    const DECIDES: bool = true;

    /// Makes a contender for that many keys, if its API takes a number.
    fn new(allowance: Allowance, keys: u64) -> Self;

    /// Requests `n` permits of a key. Returns whether they were granted. The whole answer is
    /// consumed.
    fn take(&self, key: &K, n: u32) -> bool;

    /// Forgets idle keys, if the contender does not do so by itself.
    fn sweep(&self) {}

    /// The bytes that the contender states, if it states them.
    fn stated(&self) -> Option<u64> {
        None
    }
}

/// Makes a contender that knows that many keys, with that many permits taken of each.
pub(crate) fn filled<K: Key, C: Contender<K>>(allowance: Allowance, keys: u64, taken: u32) -> C {
    let contender = C::new(allowance, keys);
    let mut key = K::default();
    for number in 0..keys {
        key.become_number(number);
        contender.take(&key, taken);
    }
    contender
}

/// Visits contenders one by one, each with its own type, so that no call goes through a pointer.
pub(crate) trait Visitor<K: Key> {
    fn visit<C: Contender<K>>(&mut self);
}

/// Visits the limiters. The first is ours, which the others are compared with.
pub(crate) fn limiters<K: Key>(visitor: &mut impl Visitor<K>) {
    visitor.visit::<Keyed<K>>();
    visitor.visit::<Governor<K>>();
    visitor.visit::<Governor<K, foldhash::quality::RandomState>>();
    if K::ALLOCATES {
        visitor.visit::<FromForm<K>>();
    }
    visitor
        .visit::<governor::RateLimiter<K, governor::state::keyed::HashMapStateStore<K>, governor::clock::DefaultClock>>(
        );
    visitor.visit::<InMoka<K>>();
    visitor.visit::<InDashMap<K>>();
}

/// Visits the work that is part of every decision.
pub(crate) fn limits<K: Key>(visitor: &mut impl Visitor<K>) {
    visitor.visit::<HashClockCas>();
    visitor.visit::<Choice>();
}
