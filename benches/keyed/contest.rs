//! What it takes to take part.

use limitor_benches::Allowance;

use crate::buckets::{Choice, HashClockCas, InDashMap, InMoka};
use crate::contenders::{FromForm, Governor, Keyed};
use crate::keys::Key;

/// A limit for each key, that decides at once.
pub(crate) trait Contender<K: Key>: Sized + Sync {
    const NAME: &'static str;
    /// How it is set up, for the legend.
    const SETUP: &'static str;
    /// Whether it limits anything; what does not is a limit itself.
    const DECIDES: bool = true;

    /// Made for so many keys, as far as it is to be told.
    fn new(allowance: Allowance, keys: u64) -> Self;

    /// Asks for `n` permits of a key's: whether they were granted. The whole answer is consumed.
    fn take(&self, key: &K, n: u32) -> bool;

    /// Forgets idle keys, if it does not by itself.
    fn sweep(&self) {}

    /// Bytes that it says it occupies, if it says so.
    fn stated(&self) -> Option<u64> {
        None
    }
}

/// Makes a contender that knows these keys, of which so many permits each have been taken.
pub(crate) fn filled<K: Key, C: Contender<K>>(allowance: Allowance, keys: u64, taken: u32) -> C {
    let contender = C::new(allowance, keys);
    let mut key = K::default();
    for number in 0..keys {
        key.become_number(number);
        contender.take(&key, taken);
    }
    contender
}

/// Visits contenders one by one, each with its own type: nothing is called through a pointer.
pub(crate) trait Visitor<K: Key> {
    fn visit<C: Contender<K>>(&mut self);
}

/// Visits the limiters; ours, beside whom the others are, is the first.
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

/// Visits what is part of every decision.
pub(crate) fn limits<K: Key>(visitor: &mut impl Visitor<K>) {
    visitor.visit::<HashClockCas>();
    visitor.visit::<Choice>();
}
