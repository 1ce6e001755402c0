//! The limiters, their set-up and their calls.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use std::hash::RandomState;
use std::hint::black_box;
use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::StateStore;
use governor::state::keyed::{DashMapStateStore, HashMapStateStore};
use limitor::{KeyedLimiter, Quota};
use limitor_benches::Allowance;

use crate::contest::Contender;
use crate::keys::Key;

pub(crate) type Keyed<K> = KeyedLimiter<K>;

impl<K: Key> Contender<K> for Keyed<K> {
    const NAME: &'static str = "limitor";
    const SETUP: &'static str = "`KeyedLimiter::builder(quota).max_keys(keys)`, as full as intended; \
         `try_acquire(key, 1)`, with a `&u64` or a `&str`";

    fn new(allowance: Allowance, keys: u64) -> Self {
        let quota = Quota::new(allowance.capacity.into(), allowance.period).expect("a quota");
        let quota = quota.with_burst(allowance.burst.into()).expect("a burst");
        Self::builder(quota).max_keys(usize::try_from(keys).expect("they fit memory")).build()
    }

    #[inline(always)]
    fn take(&self, key: &K, n: u32) -> bool {
        black_box(&self.try_acquire(key.form(), n.into())).is_ok()
    }

    fn stated(&self) -> Option<u64> {
        Some(self.memory() as u64)
    }
}

pub(crate) type Governor<K, S = RandomState> = governor::RateLimiter<K, DashMapStateStore<K, S>, DefaultClock>;

type GovernorHashMap<K> = governor::RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

fn governed(allowance: Allowance) -> governor::Quota {
    let interval = allowance.period / allowance.capacity;
    governor::Quota::with_period(interval).expect("an interval").allow_burst(nonzero(allowance.burst))
}

fn nonzero(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("not 0")
}

#[inline(always)]
fn check<K: Key, S: StateStore<Key = K>>(limiter: &governor::RateLimiter<K, S, DefaultClock>, key: &K, n: u32) -> bool {
    if n == 1 {
        black_box(&limiter.check_key(key)).is_ok()
    } else {
        matches!(black_box(&limiter.check_key_n(key, nonzero(n))), Ok(Ok(())))
    }
}

impl<K: Key> Contender<K> for Governor<K> {
    const NAME: &'static str = "governor";
    const SETUP: &'static str = "0.10, `RateLimiter::keyed(quota)`, which is on a DashMap; `check_key(key)`, with a `&u64` or a `&String`, \
         which exists";

    fn new(allowance: Allowance, _: u64) -> Self {
        Self::keyed(governed(allowance))
    }

    #[inline(always)]
    fn take(&self, key: &K, n: u32) -> bool {
        check(self, key, n)
    }

    fn sweep(&self) {
        self.retain_recent();
    }
}

impl<K: Key> Contender<K> for Governor<K, foldhash::quality::RandomState> {
    const NAME: &'static str = "governor, foldhash";
    const SETUP: &'static str =
        "the same, `RateLimiter::dashmap_with_hasher(quota, ..)` with the hash that limitor uses";

    fn new(allowance: Allowance, _: u64) -> Self {
        Self::dashmap_with_hasher(governed(allowance), foldhash::quality::RandomState::default())
    }

    #[inline(always)]
    fn take(&self, key: &K, n: u32) -> bool {
        check(self, key, n)
    }

    fn sweep(&self) {
        self.retain_recent();
    }
}

impl<K: Key> Contender<K> for GovernorHashMap<K> {
    const NAME: &'static str = "governor, HashMap";
    const SETUP: &'static str = "the same, `RateLimiter::hashmap(quota)`, which is a `HashMap` behind a lock";

    fn new(allowance: Allowance, _: u64) -> Self {
        Self::hashmap(governed(allowance))
    }

    #[inline(always)]
    fn take(&self, key: &K, n: u32) -> bool {
        check(self, key, n)
    }

    fn sweep(&self) {
        self.retain_recent();
    }
}

/// governor, called with a `&str`. It takes none, so the key is allocated.
pub(crate) struct FromForm<K: Key>(Governor<K>);

impl<K: Key> Contender<K> for FromForm<K> {
    const NAME: &'static str = "governor, from &str";
    const SETUP: &'static str = "the same as governor, `check_key(&key.to_owned())`: it takes no `&str`";

    fn new(allowance: Allowance, keys: u64) -> Self {
        Self(Contender::new(allowance, keys))
    }

    #[inline(always)]
    fn take(&self, key: &K, n: u32) -> bool {
        self.0.take(&key.form().to_owned(), n)
    }

    fn sweep(&self) {
        self.0.sweep();
    }
}
