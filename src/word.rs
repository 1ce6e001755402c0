//! What the 64 bits of a word mean.
//!
//! A limiter keeps one word; the keyed table keeps one in each entry, and one for the floor of each
//! set. Values up to [`MAX_TAT`] are a theoretical arrival time (TAT). The values past it are
//! states:
//!
//! | value | word of a limiter | word of a key | floor of a set |
//! |---|---|---|---|
//! | 0 to [`MAX_TAT`] | TAT | TAT | a TAT as a clock reading, in ticks |
//! | [`SATURATED`] | a debt exceeds the largest TAT | the same | the same |
//! | `MAX_TAT + 2` | [`CLOSED`]: every request is refused | [`AWAITED`]: a limiter of its own has the word | |
//! | `MAX_TAT + 3` | [`BYPASSED`]: every request is granted, uncharged | [`TAKEN`]: the entry is changing keys | [`LOCKED`] |
//!
//! A state is later than every TAT, so the comparison that refuses a request also catches the
//! states. The path of a grant does not test for them.

/// The largest TAT.
pub(crate) const MAX_TAT: u64 = u64::MAX - 3;

/// A debt exceeds the largest TAT. Every request is refused until the word is reset.
pub(crate) const SATURATED: u64 = MAX_TAT + 1;

/// Of a limiter: every request is refused.
pub(crate) const CLOSED: u64 = MAX_TAT + 2;
/// Of a limiter: every request is granted and nothing is charged.
pub(crate) const BYPASSED: u64 = MAX_TAT + 3;

/// Of a key: a limiter of its own has the word while requests wait for it.
#[cfg(feature = "keyed")]
pub(crate) const AWAITED: u64 = MAX_TAT + 2;
/// Of a key: the entry is changing keys.
#[cfg(feature = "keyed")]
pub(crate) const TAKEN: u64 = MAX_TAT + 3;

/// Of a floor: a thread holds the lock of the set.
#[cfg(feature = "keyed")]
pub(crate) const LOCKED: u64 = u64::MAX;
