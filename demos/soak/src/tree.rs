//! A tree over the beginnings of windows, with the largest of their values at its root.

/// The value of each window that ends now, by its beginning, and the largest of them.
pub(crate) struct Tree {
    leaves: usize,
    /// The root is at 1, the children of `i` are at `2i` and `2i + 1`. Each node has the largest
    /// value below it and its leaf, without what was added to all nodes above.
    greatest: Vec<(i128, usize)>,
    /// The value that was added to all nodes below.
    added: Vec<i128>,
}

/// The value of a window that has not begun. Sums stay well above it.
const NOT_BEGUN: i128 = i128::MIN / 4;

impl Tree {
    pub(crate) fn new(len: usize) -> Self {
        let leaves = len.next_power_of_two();
        let greatest = (0..2 * leaves).map(|node| (NOT_BEGUN, node.saturating_sub(leaves))).collect();
        Self { leaves, greatest, added: vec![0; 2 * leaves] }
    }

    /// Adds to the first `count` leaves.
    pub(crate) fn add(&mut self, count: usize, value: i128) {
        // The whole subtrees of the first leaves, from the right: each is the left sibling of a
        // step upwards.
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

    /// Begins a window at this leaf, with this value besides what was added to it.
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
