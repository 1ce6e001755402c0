//! Keys, and their order.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::Hash;
use std::mem;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Zipf};

/// A key, made from its number at little cost, in the memory of another key.
pub(crate) trait Key: Borrow<Self::Form> + Clone + Debug + Default + Eq + Hash + Send + Sync + 'static {
    const NAME: &'static str;
    /// Whether a caller that has only the lookup form must allocate to make a key.
    const ALLOCATES: bool;
    /// The form in which a key is looked up without a key.
    type Form: Hash + Eq + ToOwned<Owned = Self> + ?Sized + 'static;

    /// Becomes the key of that number.
    fn become_number(&mut self, number: u64);

    fn form(&self) -> &Self::Form {
        self.borrow()
    }
}

/// Spreads consecutive numbers over all keys. Odd, so that different numbers give different keys.
const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Key for u64 {
    const NAME: &'static str = "u64";
    const ALLOCATES: bool = false;
    type Form = Self;

    #[inline]
    fn become_number(&mut self, number: u64) {
        *self = number.wrapping_mul(SCATTER);
    }
}

/// The beginning of all `String` keys, which are 20 bytes long.
const PREFIX: &str = "tenant-user-";

impl Key for String {
    const NAME: &'static str = "String";
    const ALLOCATES: bool = true;
    type Form = str;

    #[inline]
    fn become_number(&mut self, number: u64) {
        // Moved out, so that its length is in a register meanwhile.
        let mut text = mem::take(self);
        if text.is_empty() {
            text.push_str(PREFIX);
        }
        text.truncate(PREFIX.len());
        for digit in 0..8 {
            text.push((b'a' + (number >> (4 * digit) & 15) as u8) as char);
        }
        *self = text;
    }
}

/// The number of the next key.
pub(crate) trait Order {
    fn next(&mut self) -> u64;
}

/// All keys equally often, by xorshift.
pub(crate) struct Uniform {
    state: u64,
    keys: u64,
}

impl Uniform {
    pub(crate) fn new(keys: u64, seed: usize) -> Self {
        Self { state: (seed as u64 + 1).wrapping_mul(SCATTER), keys }
    }
}

impl Order for Uniform {
    #[inline]
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        ((self.state >> 32) * self.keys) >> 32
    }
}

/// Numbers drawn in advance, the n-th in proportion to `n^-0.99`.
pub(crate) struct Ranks(Vec<u32>);

impl Ranks {
    /// The draws before the first repetition.
    const DRAWN: usize = 1 << 22;

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, from 1 to the number of keys")]
    pub(crate) fn draw(keys: u64) -> Self {
        let law = Zipf::new(keys as f64, 0.99).expect("at least one key");
        let mut random = StdRng::seed_from_u64(keys);
        // Few keys need fewer draws, so that the draws leave the cache to the keys.
        let drawn = Self::DRAWN.min(64 * keys as usize);
        Self((0..drawn).map(|_| law.sample(&mut random) as u32 - 1).collect())
    }
}

pub(crate) struct Drawn<'a> {
    ranks: &'a Ranks,
    at: usize,
}

impl<'a> Drawn<'a> {
    /// Different seeds begin at different draws.
    pub(crate) fn new(ranks: &'a Ranks, seed: usize) -> Self {
        Self { ranks, at: seed * 500_009 % ranks.0.len() }
    }
}

impl Order for Drawn<'_> {
    #[inline]
    fn next(&mut self) -> u64 {
        let rank = self.ranks.0[self.at];
        self.at = if self.at + 1 == self.ranks.0.len() { 0 } else { self.at + 1 };
        rank.into()
    }
}

/// Each key once, and different keys for each seed.
pub(crate) struct NewKeys(u64);

impl NewKeys {
    pub(crate) fn new(known: u64, seed: usize) -> Self {
        Self(known + ((seed as u64) << 40))
    }
}

impl Order for NewKeys {
    #[inline]
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}
