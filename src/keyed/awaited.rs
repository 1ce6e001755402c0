//! The keys that somebody waits for.
//!
//! Such a key's word is taken out of the table and given to a [`RateLimiter`] of its own, with its line; its entry in the
//! table says so. When nobody holds on to that any more and its line is empty, the word goes back. So waiting is the same as
//! on a limiter for one, keys do not delay each other, and what it takes is only there meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use super::place::Owner;
use super::store::Store;
use crate::clock::Clock;
use crate::limiter::RateLimiter;
use crate::sync::Lock;

/// Parts of the map, each with a lock of its own.
const SHARDS: usize = if cfg!(loom) { 1 } else { 16 };

/// A part that has grown to this is searched for limiters that nobody holds on to: those of places kept or leaked.
const SWEEP_AT: usize = 32;

/// Limiters by the name of the entry whose word they have, each with whose that is: by the time that
/// somebody asks for it the word may have gone back, and the entry to another key that is waited for.
///
/// A limiter is handed out under the lock only. So one that is only here can be taken out under the lock.
pub(super) struct Awaited<K, C: Clock> {
    shards: Box<[Lock<Shard<K, C>>]>,
}

/// Whose word it is, and the limiter that has it.
type Lent<K, C> = (Owner<K>, Arc<RateLimiter<C>>);

struct Shard<K, C: Clock> {
    limiters: HashMap<usize, Lent<K, C>>,
    sweep_at: usize,
}

impl<K, C: Clock> Awaited<K, C> {
    pub(super) fn new() -> Self {
        let shard = |_| Lock::new(Shard { limiters: HashMap::new(), sweep_at: SWEEP_AT });
        Self { shards: (0..SHARDS).map(shard).collect() }
    }

    fn shard(&self, name: usize) -> &Lock<Shard<K, C>> {
        &self.shards[name % SHARDS]
    }

    /// The limiter that has the word of a key's entry, unless the word has gone back.
    pub(super) fn get(&self, name: usize, owner: &Owner<K>) -> Option<Arc<RateLimiter<C>>> {
        let shard = self.shard(name).lock();
        let (of, limiter) = shard.limiters.get(&name)?;
        of.is(owner).then(|| Arc::clone(limiter))
    }

    /// Adds a limiter that has the word of a key's entry.
    pub(super) fn insert(&self, name: usize, owner: Owner<K>, limiter: Arc<RateLimiter<C>>) {
        self.shard(name).lock().limiters.insert(name, (owner, limiter));
    }

    /// Puts the word of an entry back, if nobody holds on to its limiter and its line is empty.
    pub(super) fn release(&self, name: usize, store: &Store<K>) {
        let mut shard = self.shard(name).lock();
        let mut gone = Vec::new();
        let done = shard.retire(name, store, &mut gone);
        drop(shard);
        drop((done, gone));
    }

    /// Puts back whatever can be, in a part that has grown.
    pub(super) fn sweep(&self, name: usize, store: &Store<K>) {
        let mut shard = self.shard(name).lock();
        if shard.limiters.len() < shard.sweep_at {
            return;
        }
        let names: Vec<usize> = shard.limiters.keys().copied().collect();
        let mut gone = Vec::new();
        let done: Vec<_> = names.into_iter().filter_map(|name| shard.retire(name, store, &mut gone)).collect();
        shard.sweep_at = (2 * shard.limiters.len()).max(SWEEP_AT);
        let left = shard.sweep_at;
        shard.limiters.shrink_to(left);
        drop(shard);
        drop((done, gone));
    }

    /// How many wait, for all keys together.
    pub(super) fn count(&self, store: &Store<K>) -> usize {
        let count = |(name, limiter): (usize, Arc<RateLimiter<C>>)| {
            let waiters = limiter.waiters();
            drop(limiter);
            self.release(name, store);
            waiters
        };
        // Counted, and let go of, without the lock: a line that is looked at wakes, and drops wakers.
        self.shards.iter().flat_map(|shard| shard.lock().all()).map(count).sum()
    }
}

impl<K, C: Clock> Shard<K, C> {
    fn all(&self) -> Vec<(usize, Arc<RateLimiter<C>>)> {
        self.limiters.iter().map(|(name, (_, limiter))| (*name, Arc::clone(limiter))).collect()
    }

    /// Takes a limiter out and puts its word back, if that is all there is to it. What it gives, and adds to `gone`, is to be
    /// dropped without the lock.
    fn retire(&mut self, name: usize, store: &Store<K>, gone: &mut Vec<Owner<K>>) -> Option<Lent<K, C>> {
        let (owner, limiter) = self.limiters.get_mut(&name)?;
        let Some(word) = Arc::get_mut(limiter).and_then(|limiter| limiter.at_rest()) else {
            store.left_out(owner, limiter.meter.load().tat(), gone);
            return None;
        };
        store.put_back(name, owner, word, gone);
        let done = self.limiters.remove(&name)?;
        if self.limiters.capacity() > 4 * self.limiters.len().max(SWEEP_AT) {
            self.limiters.shrink_to(2 * self.limiters.len());
        }
        Some(done)
    }
}
