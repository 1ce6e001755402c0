//! Checks that the limit holds over every window of time, exactly and without false alarms.
//!
//! A grant counts at the clock reading that its decision used, which the limiter does not report. A
//! thread knows only that this reading lies between its own readings just before and just after the
//! wait. The second reading alone is not enough. If a thread is suspended after its grant, its
//! reading is late, and two such grants can appear closer together than they were.
//!
//! So a grant is counted in a window only if both of its readings lie in the window. Then the
//! decision was made in the window, whatever the scheduler did. No window can hold more than the
//! burst and the permits that returned in it, unless the limiter granted too much. The grants that
//! are not counted hide no error. A window that begins before the first request holds every grant
//! that is seen by its end. Under load the whole limit is used, so that window shows every early
//! grant.

use std::cmp::Reverse;

use limitor::Quota;

/// What a thread saw of one grant, in nanoseconds since the start on the limiter's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting {
    pub(crate) tokens: u64,
    /// Read just before the wait began.
    pub(crate) before: u64,
    /// Read just after the wait ended.
    pub(crate) after: u64,
}

/// An interval of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Window {
    /// The most tokens that may be granted in this window.
    pub(crate) fn bound(self, quota: Quota) -> u64 {
        // The two readings, and the reading of the limiter, are each rounded by less than a
        // nanosecond.
        let nanos = u128::from(self.to.saturating_sub(self.from)) + 2;
        let back = u128::from(quota.capacity()) * nanos / quota.period().as_nanos();
        u64::try_from(u128::from(quota.burst()) + back).unwrap_or(u64::MAX)
    }

    /// The tokens that were certainly granted in this window.
    pub(crate) fn tokens(self, sightings: &[Sighting]) -> u64 {
        sightings.iter().filter(|seen| self.from <= seen.before && seen.after <= self.to).map(|seen| seen.tokens).sum()
    }
}

/// Returns the window that is nearest to its bound, or exceeds it by most.
///
/// Only windows that begin with a request and end with a grant matter. They are visited in the
/// order of their ends; the root of a tree holds the best beginning for each end. This takes n log
/// n steps for the n² windows.
pub(crate) fn tightest(quota: Quota, sightings: &[Sighting]) -> Option<Window> {
    let period = i128::try_from(quota.period().as_nanos()).ok()?;
    let capacity = i128::from(quota.capacity());
    let mut by_beginning = sightings.to_vec();
    by_beginning.sort_by_key(|seen| seen.before);
    let mut by_end: Vec<usize> = (0..by_beginning.len()).collect();
    by_end.sort_by_key(|&index| by_beginning[index].after);

    // Tokens granted minus tokens returned, times the period so that both are whole numbers, for a
    // window from 0.
    let mut beginnings = Beginnings::new(by_beginning.len());
    let windows = by_end.into_iter().filter_map(|index| {
        let Sighting { tokens, before, after } = by_beginning[index];
        beginnings.add(index, i128::from(tokens) * period, capacity * i128::from(before));
        let (excess, beginning) = beginnings.best()?;
        let window = Window { from: by_beginning[beginning].before, to: after };
        Some((excess - capacity * i128::from(after), window))
    });
    windows.max_by_key(|(excess, _)| *excess).map(|(_, window)| window)
}

/// For windows that end now, the best beginning: a tree over the possible beginnings.
struct Beginnings {
    /// The root is at 1, the children of `i` at `2i` and `2i + 1`, and the leaves in the second
    /// half.
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Default)]
struct Node {
    /// The tokens granted to the requests with these beginnings.
    granted: i128,
    /// The most that a window from one of these beginnings to the last of them holds, plus what a
    /// later beginning saves; and which beginning that is.
    best: Option<(i128, usize)>,
}

impl Beginnings {
    fn new(len: usize) -> Self {
        Self { nodes: vec![Node::default(); 2 * len.next_power_of_two()] }
    }

    fn add(&mut self, beginning: usize, granted: i128, saved: i128) {
        let mut at = self.nodes.len() / 2 + beginning;
        self.nodes[at] = Node { granted, best: Some((granted + saved, beginning)) };
        while at > 1 {
            at /= 2;
            let (left, right) = (self.nodes[2 * at], self.nodes[2 * at + 1]);
            let from_left = left.best.map(|(value, index)| (value + right.granted, index));
            self.nodes[at] = Node { granted: left.granted + right.granted, best: from_left.max(right.best) };
        }
    }

    fn best(&self) -> Option<(i128, usize)> {
        self.nodes[1].best
    }
}

/// The most tokens that were certainly granted within `nanos` of each other.
pub(crate) fn busiest(nanos: u64, sightings: &[Sighting]) -> u64 {
    // A grant lies within a window that begins between `nanos` before its second reading and its
    // first reading.
    let mut ends: Vec<_> = sightings
        .iter()
        .filter(|seen| seen.after.saturating_sub(seen.before) <= nanos)
        .flat_map(|seen| {
            // Counted from `nanos` before the start. Of two grants at the same time, one enters
            // before the other leaves.
            let first = (seen.after, Reverse(true), seen.tokens);
            let last = (seen.before.saturating_add(nanos), Reverse(false), seen.tokens);
            [first, last]
        })
        .collect();
    ends.sort_unstable();
    let mut held = 0;
    let mut most = 0;
    for (_, Reverse(enters), tokens) in ends {
        held = if enters { held + tokens } else { held - tokens };
        most = most.max(held);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    const SECOND: u64 = 1_000_000_000;

    fn quota() -> Quota {
        Quota::per_second(100_000).expect("a valid quota")
    }

    fn kept(sightings: &[Sighting]) -> bool {
        tightest(quota(), sightings).is_none_or(|window| window.tokens(sightings) <= window.bound(quota()))
    }

    /// A bucket of 100,000 tokens at 10,000 ns per token: the times of the grants of requests that
    /// all wait from the start.
    fn under_load(sizes: impl IntoIterator<Item = u64>) -> Vec<Sighting> {
        let mut sum = 0_u64;
        let grant = |tokens| {
            sum += tokens;
            let due = sum.saturating_sub(100_000) * 10_000;
            Sighting { tokens, before: 0, after: due }
        };
        sizes.into_iter().map(grant).collect()
    }

    fn drawn(seed: u64) -> Vec<u64> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..100).map(|_| rng.random_range(5_000..=30_000)).collect()
    }

    #[test]
    fn grants_at_the_exact_bound_are_accepted() {
        let sightings = under_load(drawn(1));
        assert!(kept(&sightings));
        let total: u64 = sightings.iter().map(|seen| seen.tokens).sum();
        let whole = Window { from: 0, to: sightings[99].after };
        assert_eq!(total, whole.bound(quota()), "the load uses the whole limit");
        assert!(kept(&[]));
    }

    #[test]
    fn one_token_over_the_bound_is_found_in_any_window() {
        for index in 0..100 {
            let mut sightings = under_load(drawn(2));
            if sightings[index].after > 0 {
                sightings[index].after -= 10_000;
                assert!(!kept(&sightings), "grant {index} 10 µs early");
            }
        }
    }

    #[test]
    fn late_reading_of_a_thread_raises_no_alarm() {
        let mut rng = StdRng::seed_from_u64(3);
        let mut sightings = under_load(drawn(3));
        for seen in &mut sightings {
            seen.before = seen.after.saturating_sub(rng.random_range(0..SECOND));
            seen.after += if rng.random_bool(0.1) { rng.random_range(0..SECOND) } else { 0 };
        }
        assert!(kept(&sightings));
    }

    #[test]
    fn bucket_that_fills_past_its_burst_while_idle_is_found() {
        let at = |after, tokens| Sighting { tokens, before: after - 1_000, after };
        let mut sightings = vec![at(SECOND, 100_000), at(11 * SECOND, 50_000), at(11 * SECOND + 500, 50_000)];
        assert!(kept(&sightings));
        sightings.push(at(11 * SECOND + 900, 1));
        let window = tightest(quota(), &sightings).expect("a window");
        assert_eq!(window, Window { from: 11 * SECOND - 1_000, to: 11 * SECOND + 900 });
        assert_eq!((window.tokens(&sightings), window.bound(quota())), (100_001, 100_000));
    }

    #[test]
    fn tree_and_search_of_all_windows_agree() {
        for seed in 0..200 {
            let mut rng = StdRng::seed_from_u64(seed);
            let count = rng.random_range(1..30);
            let sighting = |rng: &mut StdRng| {
                let before = rng.random_range(0..40) * 50_000_000;
                let after = before + rng.random_range(0..10) * 50_000_000;
                Sighting { tokens: rng.random_range(1..60_000), before, after }
            };
            let sightings: Vec<_> = (0..count).map(|_| sighting(&mut rng)).collect();
            let excess = |window: Window| i128::from(window.tokens(&sightings)) - i128::from(window.bound(quota()));
            let windows = sightings.iter().flat_map(|from| {
                let ends = sightings.iter().filter(|to| to.after >= from.after);
                ends.map(|to| Window { from: from.before, to: to.after })
            });
            let most = windows.map(excess).max();
            assert_eq!(tightest(quota(), &sightings).map(excess), most, "seed {seed}");
        }
    }

    #[test]
    fn busiest_second_counts_certain_grants_only() {
        let at = |before, after, tokens| Sighting { tokens, before, after };
        let sightings = [
            at(0, 0, 1),
            at(0, SECOND, 2), // just within a second
            at(SECOND, SECOND, 4),
            at(SECOND + 1, SECOND + 1, 8),
            at(0, 3 * SECOND, 16), // the time of this grant is not known
        ];
        assert_eq!(busiest(SECOND, &sightings), 12);
        assert_eq!(busiest(SECOND - 1, &sightings), 12);
        assert_eq!(busiest(SECOND, &[]), 0);
    }
}
