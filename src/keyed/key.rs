//! The forms in which keys are looked up.

use std::hash::Hash;

/// A form in which keys `K` can be looked up: `K` itself, and what `K` borrows as, such as `str`
/// for `String`.
///
/// Implemented for every type of which this is true.
pub trait Lookup<K>: Hash + Eq + ToOwned<Owned = K> + 'static {}

impl<K, Q: Hash + Eq + ToOwned<Owned = K> + ?Sized + 'static> Lookup<K> for Q {}
