//! Contenders written here: buckets in a map, as they are often written, and the work that is part
//! of every decision.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use std::hash::BuildHasher;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use dashmap::DashMap;
use moka::sync::Cache;
use quanta::{Clock, Instant};

use limitor_benches::Allowance;

use crate::contest::Contender;
use crate::keys::Key;

/// What all token buckets of a map share.
struct Law {
    clock: Clock,
    rate: f64,
    burst: f64,
}

/// The token bucket of the textbook.
#[derive(Clone, Copy)]
struct Bucket {
    /// The tokens at the last call, and the time of that call.
    tokens: f64,
    then: Instant,
}

impl Law {
    fn new(allowance: Allowance) -> Self {
        Self { clock: Clock::new(), rate: allowance.rate(), burst: allowance.burst.into() }
    }

    fn full(&self) -> Bucket {
        Bucket { tokens: self.burst, then: self.clock.now() }
    }

    /// The tokens now, and the time.
    #[inline(always)]
    fn look(&self, bucket: Bucket) -> Bucket {
        let now = self.clock.now();
        let back = now.saturating_duration_since(bucket.then).as_secs_f64() * self.rate;
        Bucket { tokens: self.burst.min(bucket.tokens + back), then: now }
    }

    #[inline(always)]
    fn take(&self, bucket: &mut Bucket, n: u32) -> bool {
        let now = self.look(*bucket);
        let granted = now.tokens >= f64::from(n);
        *bucket = Bucket { tokens: if granted { now.tokens - f64::from(n) } else { now.tokens }, ..now };
        granted
    }
}

/// Buckets in a `DashMap`, under the lock of its part.
pub(crate) struct InDashMap<K: Key> {
    buckets: DashMap<K, Bucket>,
    law: Law,
}

impl<K: Key> Contender<K> for InDashMap<K> {
    const NAME: &'static str = "DashMap";
    const SETUP: &'static str = "own code: `DashMap<K, Bucket>` 6, `get_mut(key)`, and `entry(key.to_owned())` if there is none; the bucket is the \
         textbook's, `f64` tokens and the time they were counted, by quanta's clock";

    fn new(allowance: Allowance, _: u64) -> Self {
        Self { buckets: DashMap::new(), law: Law::new(allowance) }
    }

    #[inline(always)]
    fn take(&self, key: &K, n: u32) -> bool {
        let granted = match self.buckets.get_mut(key.form()) {
            Some(mut bucket) => self.law.take(&mut bucket, n),
            None => self.law.take(&mut self.buckets.entry(key.clone()).or_insert_with(|| self.law.full()), n),
        };
        black_box(granted)
    }

    fn sweep(&self) {
        self.buckets.retain(|_, bucket| self.law.look(*bucket).tokens < self.law.burst);
    }
}

/// Buckets in a cache that evicts the least used.
pub(crate) struct InMoka<K: Key> {
    buckets: Cache<K, Arc<Mutex<Bucket>>>,
    law: Law,
}

impl<K: Key> Contender<K> for InMoka<K> {
    const NAME: &'static str = "moka";
    const SETUP: &'static str = "own code: `moka::sync::Cache<K, Arc<Mutex<Bucket>>>` 0.12, `get_with_by_ref(key, ..)`, of a capacity of twice the \
         keys so that none is evicted; the same bucket";

    fn new(allowance: Allowance, keys: u64) -> Self {
        Self { buckets: Cache::new(2 * keys), law: Law::new(allowance) }
    }

    #[inline(always)]
    fn take(&self, key: &K, n: u32) -> bool {
        let bucket = self.buckets.get_with_by_ref(key.form(), || Arc::new(Mutex::new(self.law.full())));
        let granted = self.law.take(&mut bucket.lock().expect("no holder of the lock panics"), n);
        black_box(granted)
    }

    fn sweep(&self) {
        self.buckets.invalidate_all();
        self.buckets.run_pending_tasks();
    }
}

/// The least work of a decision: a hash of the key, a reading of the clock, and a move of a word
/// that is not in the cache.
pub(crate) struct HashClockCas {
    words: Vec<AtomicU64>,
    hasher: foldhash::quality::RandomState,
    clock: Clock,
}

impl<K: Key> Contender<K> for HashClockCas {
    const NAME: &'static str = "limit: hash + clock + CAS";
    const SETUP: &'static str = "no limiter: foldhash, a reading of quanta's counter, and a compare-and-swap of one of as many words as fit the \
         bytes of limitor's table";
    const DECIDES: bool = false;

    fn new(_: Allowance, keys: u64) -> Self {
        let words = (0..3 * keys).map(|_| AtomicU64::new(0)).collect();
        Self { words, hasher: foldhash::quality::RandomState::default(), clock: Clock::new() }
    }

    #[inline(always)]
    fn take(&self, key: &K, _: u32) -> bool {
        let hash = self.hasher.hash_one(key.form());
        let word = &self.words[(((hash >> 32) * self.words.len() as u64) >> 32) as usize];
        let seen = word.load(Ordering::Relaxed);
        black_box(word.compare_exchange(seen, self.clock.raw(), Ordering::AcqRel, Ordering::Relaxed).is_ok())
    }
}

/// The choice of the key, which is part of every figure.
pub(crate) struct Choice;

impl<K: Key> Contender<K> for Choice {
    const NAME: &'static str = "key alone";
    const SETUP: &'static str =
        "the choice of the key and nothing else, which is in all figures; a `String` is written anew";
    const DECIDES: bool = false;

    fn new(_: Allowance, _: u64) -> Self {
        Self
    }

    #[inline(always)]
    fn take(&self, key: &K, _: u32) -> bool {
        black_box(key.form());
        true
    }
}
