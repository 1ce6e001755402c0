//! Prefix sums that can be changed anywhere in logarithmic time.
//!
//! Source: P. M. Fenwick, "A new data structure for cumulative frequency tables", Software:
//! Practice and Experience 24 (1994).

/// Numbers at the indices below a fixed length, all 0 at first. Sums wrap, so that what was added
/// can be subtracted.
#[derive(Debug, Default)]
pub(super) struct Fenwick {
    /// `sums[i − 1]` is the sum over the indices `i − lowbit(i)` to `i − 1`.
    sums: Vec<u64>,
}

impl Fenwick {
    pub(super) fn new(len: usize) -> Self {
        Self { sums: vec![0; len] }
    }

    pub(super) fn len(&self) -> usize {
        self.sums.len()
    }

    /// Adds `value` at `index`. If `index` is past the end, nothing changes.
    pub(super) fn add(&mut self, index: usize, value: u64) {
        let mut i = index + 1;
        while i <= self.sums.len() {
            self.sums[i - 1] = self.sums[i - 1].wrapping_add(value);
            i += i & i.wrapping_neg();
        }
    }

    /// The sum over the indices up to and including `index`.
    pub(super) fn sum(&self, index: usize) -> u64 {
        let mut i = index + 1;
        let mut sum = 0_u64;
        while i > 0 {
            sum = sum.wrapping_add(self.sums[i - 1]);
            i &= i - 1;
        }
        sum
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn fenwick_sum_is_that_of_the_plain_numbers() {
        let mut tree = Fenwick::new(13);
        let mut plain = [0_u64; 13];
        for step in 0_usize..200 {
            let (index, value) = (step * 7 % 13, (step * step) as u64);
            tree.add(index, value);
            plain[index] += value;
            for end in 0..13 {
                assert_eq!(tree.sum(end), plain[..=end].iter().sum::<u64>());
            }
        }
        tree.add(13, 1);
        assert_eq!(tree.sum(12), plain.iter().sum::<u64>());
    }
}
