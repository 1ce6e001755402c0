//! What a keyed limiter is built from, besides its clock.

use super::classes::Classes;
use super::store::Words;
use crate::pace::Strategy;
use crate::quota::Quota;

/// How many keys a limiter is for by default: they take 2.4 MB.
const MAX_KEYS: usize = 100_000;

/// What a keyed limiter is built from, besides its clock.
pub(super) struct Config<K> {
    pub(super) quota: Quota,
    pub(super) max_keys: usize,
    /// Makes the table.
    pub(super) words: fn(usize) -> Words<K>,
    pub(super) classes: Option<Classes<K>>,
    pub(super) strategy: Strategy,
    pub(super) max_waiters: usize,
}

impl<K> Config<K> {
    /// The default limiter of this quota for each key.
    pub(super) fn new(quota: Quota) -> Self {
        Self {
            quota,
            max_keys: MAX_KEYS,
            words: Words::hashed,
            classes: None,
            strategy: Strategy::default(),
            max_waiters: usize::MAX,
        }
    }
}

impl<K> Clone for Config<K> {
    fn clone(&self) -> Self {
        Self { classes: self.classes.clone(), ..*self }
    }
}
