//! Keyed limiters that store their keys, compared with a limiter of its own for each key.
#![cfg(all(feature = "exact", not(loom)))]

mod hostile;
mod memory;
mod model;
mod races;
mod room;
mod settled;
mod tiers;
mod waiting;

use std::hash::{Hash, Hasher};
use std::time::Duration;

use limitor::{KeyedLimiter, ManualClock, Quota, Timestamp};

type Exact<K = u64> = KeyedLimiter<K, ManualClock>;

fn exact<K: Hash + Eq + Send + Sync + 'static>(quota: Quota, max_keys: usize, clock: &ManualClock) -> Exact<K> {
    KeyedLimiter::<K>::builder(quota).clock(clock.clone()).max_keys(max_keys).exact().build()
}

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_ticks(second * 1_000_000_000)
}

/// A key type with the same hash for all keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Alike(u64);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(7);
    }
}
