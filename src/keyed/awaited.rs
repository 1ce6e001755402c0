//! The keys that somebody waits for.
//!
//! Such a key's word is taken out of the table and given to a [`RateLimiter`] of its own, with its line; its entry in the
//! table says so. When nobody holds on to that any more and its line is empty, the word goes back. So waiting is the same as
//! on a limiter for one, keys do not delay each other, and what it takes is only there meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use super::set::Tag;
use super::table::Table;
use crate::clock::Clock;
use crate::limiter::RateLimiter;
use crate::sync::Lock;

/// Parts of the map, each with a lock of its own.
const SHARDS: usize = if cfg!(loom) { 1 } else { 16 };

/// A part that has grown to this is searched for limiters that nobody holds on to: those of places kept or leaked.
const SWEEP_AT: usize = 32;

/// Limiters by the name of the entry whose word they have, each with the tag of the key that it is for: by the time that
/// somebody asks for it the word may have gone back, and the entry to another key that is waited for.
///
/// A limiter is handed out under the lock only. So one that is only here can be taken out under the lock.
#[derive(Debug)]
pub(super) struct Awaited<C: Clock> {
    shards: Box<[Lock<Shard<C>>]>,
}

#[derive(Debug)]
struct Shard<C: Clock> {
    limiters: HashMap<usize, (Tag, Arc<RateLimiter<C>>)>,
    sweep_at: usize,
}

impl<C: Clock> Awaited<C> {
    pub(super) fn new() -> Self {
        let shard = |_| Lock::new(Shard { limiters: HashMap::new(), sweep_at: SWEEP_AT });
        Self { shards: (0..SHARDS).map(shard).collect() }
    }

    fn shard(&self, name: usize) -> &Lock<Shard<C>> {
        &self.shards[name % SHARDS]
    }

    /// The limiter that has the word of a key's entry, unless the word has gone back.
    pub(super) fn get(&self, name: usize, tag: Tag) -> Option<Arc<RateLimiter<C>>> {
        let shard = self.shard(name).lock();
        let (of, limiter) = shard.limiters.get(&name)?;
        (*of == tag).then(|| Arc::clone(limiter))
    }

    /// Adds a limiter that has the word of a key's entry.
    pub(super) fn insert(&self, name: usize, tag: Tag, limiter: Arc<RateLimiter<C>>) {
        self.shard(name).lock().limiters.insert(name, (tag, limiter));
    }

    /// Puts the word of an entry back, if nobody holds on to its limiter and its line is empty.
    pub(super) fn release(&self, name: usize, table: &Table) {
        let mut shard = self.shard(name).lock();
        let done = shard.retire(name, table);
        drop(shard);
        drop(done);
    }

    /// Puts back whatever can be, in a part that has grown.
    pub(super) fn sweep(&self, name: usize, table: &Table) {
        let mut shard = self.shard(name).lock();
        if shard.limiters.len() < shard.sweep_at {
            return;
        }
        let names: Vec<usize> = shard.limiters.keys().copied().collect();
        let done: Vec<_> = names.into_iter().filter_map(|name| shard.retire(name, table)).collect();
        shard.sweep_at = (2 * shard.limiters.len()).max(SWEEP_AT);
        let left = shard.sweep_at;
        shard.limiters.shrink_to(left);
        drop(shard);
        drop(done);
    }

    /// How many wait, for all keys together.
    pub(super) fn count(&self, table: &Table) -> usize {
        let count = |(name, limiter): (usize, Arc<RateLimiter<C>>)| {
            let waiters = limiter.waiters();
            drop(limiter);
            self.release(name, table);
            waiters
        };
        // Counted, and let go of, without the lock: a line that is looked at wakes, and drops wakers.
        self.shards.iter().flat_map(|shard| shard.lock().all()).map(count).sum()
    }
}

impl<C: Clock> Shard<C> {
    fn all(&self) -> Vec<(usize, Arc<RateLimiter<C>>)> {
        self.limiters.iter().map(|(name, (_, limiter))| (*name, Arc::clone(limiter))).collect()
    }

    /// Takes a limiter out and puts its word back, if that is all there is to it.
    fn retire(&mut self, name: usize, table: &Table) -> Option<Arc<RateLimiter<C>>> {
        let (_, limiter) = self.limiters.get_mut(&name)?;
        let word = Arc::get_mut(limiter)?.at_rest()?;
        let (set, way) = table.entry(name);
        set.put_back(way, word);
        let (_, limiter) = self.limiters.remove(&name)?;
        if self.limiters.capacity() > 4 * self.limiters.len().max(SWEEP_AT) {
            self.limiters.shrink_to(2 * self.limiters.len());
        }
        Some(limiter)
    }
}
