//! A token bucket as a provider may have it, written independently of limitor: it fills
//! continuously, in exact integers.

use std::time::Duration;

/// The amount that comes back in a nanosecond is a whole number of these parts.
const PARTS: u128 = 60_000_000_000;

#[derive(Debug)]
pub(crate) struct Bucket {
    per_minute: u64,
    /// In parts, as all fields below.
    most: u128,
    left: u128,
    /// The time of that level, in nanoseconds since the start.
    at: u64,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(per_minute: u64, burst: u64) -> Self {
        let most = u128::from(burst) * PARTS;
        Self { per_minute, most, left: most, at: 0 }
    }

    /// Fills the bucket up to `now`.
    pub(crate) fn fill(&mut self, now: u64) {
        let back = u128::from(now.saturating_sub(self.at)) * u128::from(self.per_minute);
        self.left = self.most.min(self.left + back);
        self.at = self.at.max(now);
    }

    /// Gives the bucket another size, and empties it.
    pub(crate) fn replace(&mut self, per_minute: u64, burst: u64) {
        *self = Self { per_minute, most: u128::from(burst) * PARTS, left: 0, at: self.at };
    }

    /// The time until `n` are available, if no other request comes; zero if they are.
    pub(crate) fn wait(&self, n: u64) -> Duration {
        self.until(u128::from(n) * PARTS)
    }

    /// The time until the bucket is full.
    pub(crate) fn reset(&self) -> Duration {
        self.until(self.most)
    }

    /// Takes `n`, which must be available.
    pub(crate) fn take(&mut self, n: u64) {
        self.left -= u128::from(n) * PARTS;
    }

    pub(crate) fn per_minute(&self) -> u64 {
        self.per_minute
    }

    /// The level, rounded down to whole ones.
    pub(crate) fn left(&self) -> u64 {
        u64::try_from(self.left / PARTS).unwrap_or(u64::MAX)
    }

    fn until(&self, level: u128) -> Duration {
        let nanos = level.saturating_sub(self.left).div_ceil(u128::from(self.per_minute));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn it_fills_to_the_nanosecond_and_no_further() {
        let mut bucket = Bucket::new(7, 7);
        bucket.take(7);
        assert_eq!(bucket.wait(1), Duration::from_nanos((60 * SECOND).div_ceil(7)));
        bucket.fill(60 * SECOND - 1);
        assert_eq!((bucket.left(), bucket.wait(7)), (6, Duration::from_nanos(1)));
        bucket.fill(60 * SECOND);
        assert_eq!((bucket.left(), bucket.reset()), (7, Duration::ZERO));
        bucket.fill(600 * SECOND);
        assert_eq!(bucket.left(), 7);
    }

    #[test]
    fn another_begins_empty_where_the_first_ends() {
        let mut bucket = Bucket::new(60, 60);
        bucket.fill(30 * SECOND);
        bucket.replace(30, 40);
        bucket.fill(30 * SECOND);
        assert_eq!((bucket.left(), bucket.reset()), (0, Duration::from_secs(80)));
        bucket.fill(34 * SECOND);
        assert_eq!(bucket.left(), 2);
    }
}
