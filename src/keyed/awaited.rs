//! The keys that requests wait for.
//!
//! Such a key's word is taken out of the table and given to a [`RateLimiter`] of its own, with its
//! queue; the key's entry in the table says so. When no thread holds that limiter any more and its
//! queue is empty, the word goes back. So a wait for a key is the same as a wait for a limiter,
//! keys do not delay each other, and what a wait needs is there only meanwhile.
//!
//! If such a limiter is closed, its word has no TAT that could go back. So a closed limiter stays
//! here until it is reset.

use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use super::site::Owner;
use super::store::Store;
use crate::clock::Clock;
use crate::limiter::RateLimiter;
use crate::sync::Lock;
use crate::word::CLOSED;

/// Parts of the map, each with a lock of its own.
const SHARDS: usize = if cfg!(loom) { 1 } else { 16 };

/// When a part has grown to this size, it is searched for limiters that no thread holds: those of
/// reservations that were kept or leaked.
const SWEEP_AT: usize = 32;

/// Limiters by the name of the entry whose word they have, each with the owner of the word. By the
/// time that a request asks for a limiter, the word may have gone back, and the entry may belong to
/// another key that is waited for.
///
/// A limiter is handed out only under the lock. So a limiter that is held nowhere else can be taken
/// out under the lock.
pub(super) struct Awaited<K, C: Clock> {
    shards: Box<[Lock<Shard<K, C>>]>,
}

/// The owner of a word, and the limiter that has the word.
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

    /// Puts the word of an entry back, if no thread holds its limiter and its queue is empty.
    pub(super) fn release(&self, name: usize, store: &Store<K>) {
        let mut shard = self.shard(name).lock();
        let mut gone = Vec::new();
        let done = shard.retire(name, store, &mut gone);
        drop(shard);
        drop((done, gone));
    }

    /// Puts back all words that can go back, in a part that has grown.
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

    /// Calls `each` with every limiter, one part after the other, without the lock: a queue that is
    /// looked at calls wakers, and drops wakers. If a waker panics, the other limiters still get
    /// their call; then the panic goes on.
    pub(super) fn for_each(&self, store: &Store<K>, mut each: impl FnMut(&RateLimiter<C>)) {
        let mut first = None;
        for shard in &self.shards {
            let limiters = shard.lock().all();
            for (name, limiter) in limiters {
                let outcome = panic::catch_unwind(AssertUnwindSafe(|| each(&limiter)));
                drop(limiter);
                self.release(name, store);
                first = first.or(outcome.err());
            }
        }
        if let Some(panic) = first {
            panic::resume_unwind(panic);
        }
    }
}

impl<K, C: Clock> Shard<K, C> {
    fn all(&self) -> Vec<(usize, Arc<RateLimiter<C>>)> {
        self.limiters.iter().map(|(name, (_, limiter))| (*name, Arc::clone(limiter))).collect()
    }

    /// Takes a limiter out and puts its word back, if the word is the limiter's whole state. What
    /// it gives, and what it adds to `gone`, is to be dropped without the lock.
    fn retire(&mut self, name: usize, store: &Store<K>, gone: &mut Vec<Owner<K>>) -> Option<Lent<K, C>> {
        let (owner, limiter) = self.limiters.get_mut(&name)?;
        let alone = Arc::get_mut(limiter).map(|limiter| &*limiter);
        let word = alone.and_then(|limiter| limiter.engine.at_rest(|| limiter.clock().now()));
        let Some(word) = word.filter(|word| *word != CLOSED) else {
            store.left_out(owner, limiter.meter().load().tat(), gone);
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
