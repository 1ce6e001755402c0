//! A tree over the beginnings of windows, which keeps the greatest of their values at its root.

/// The value of each window that ends now, by its beginning, and the greatest of them: a tree over the beginnings.
pub(crate) struct Tree {
    leaves: usize,
    /// The root is at 1, the children of `i` at `2i` and `2i + 1`: of each the greatest value below it, and where that is, without
    /// what was added to all above.
    greatest: Vec<(i128, usize)>,
    /// What was added to all below.
    added: Vec<i128>,
}

/// Of a window that has not begun. Sums stay well above it.
const NOT_BEGUN: i128 = i128::MIN / 4;

impl Tree {
    pub(crate) fn new(len: usize) -> Self {
        let leaves = len.next_power_of_two();
        let greatest = (0..2 * leaves).map(|node| (NOT_BEGUN, node.saturating_sub(leaves))).collect();
        Self { leaves, greatest, added: vec![0; 2 * leaves] }
    }

    /// Adds to the first `count`.
    pub(crate) fn add(&mut self, count: usize, value: i128) {
        // The whole subtrees that make up the beginning, from the right: each is the left sibling of a step upwards.
        let mut end = count + self.leaves;
        if count == self.leaves {
            self.raise(1, value);
            return;
        }
        while end > 1 {
            if end % 2 == 1 {
                self.raise(end - 1, value);
            }
            end /= 2;
            self.settle(end);
        }
    }

    /// From now on a window begins at this leaf, with this value besides what was added to it.
    pub(crate) fn begin(&mut self, leaf: usize, value: i128) {
        let mut node = self.leaves + leaf;
        self.raise(node, value - NOT_BEGUN);
        while node > 1 {
            node /= 2;
            self.settle(node);
        }
    }

    fn raise(&mut self, node: usize, value: i128) {
        self.greatest[node].0 += value;
        self.added[node] += value;
    }

    fn settle(&mut self, node: usize) {
        let (value, leaf) = self.greatest[2 * node].max(self.greatest[2 * node + 1]);
        self.greatest[node] = (value + self.added[node], leaf);
    }

    pub(crate) fn best(&self) -> (i128, usize) {
        self.greatest[1]
    }
}
