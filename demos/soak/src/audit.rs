//! Checks whether a limit was kept over every window of time, in exact arithmetic, by the readings
//! that the decisions used.
//!
//! A window holds every grant with a reading that is certainly in it, less all permits that may
//! have been given back in it. That is at most the burst and what came back meanwhile, as
//! `ci/smt/bound.py` proves. Permits may be taken before the window and given back in it without a
//! grant. Then others may get more in the window. So all such permits that were under way when the
//! window began are subtracted as well.
//!
//! Only windows that begin with a grant and end with one matter. The check goes through their ends,
//! and a tree keeps the best beginning for each at its root: n log n steps for n² windows.

use limitor::{Quota, clock::Tick};

use crate::journal::{Entry, What};
use crate::tree::Tree;

/// A stretch of time, both ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The permits beyond the bound.
    pub(crate) excess: f64,
    pub(crate) kept: bool,
}

/// Permits, and the time in which they come back: both times `period · per`, so that they are
/// whole.
struct Scale {
    permit: i128,
    tick: i128,
    /// The burst, and the permits that may be unseen.
    most: i128,
    /// The limiter rounds readings to its units, by less than a nanosecond.
    nanosecond: i128,
    origin: u64,
}

impl Scale {
    fn new(quota: Quota, tick: Tick, grace: u64, origin: u64) -> Self {
        let permit = i128::try_from(quota.period().as_nanos()).expect("under 584 years") * i128::from(tick.per());
        let capacity = i128::from(quota.capacity());
        Self {
            permit,
            tick: capacity * i128::from(tick.nanos()),
            most: (i128::from(quota.burst()) + i128::from(grace)) * permit,
            nanosecond: capacity * i128::from(tick.per()),
            origin,
        }
    }

    fn time(&self, reading: u64) -> i128 {
        i128::from(reading - self.origin) * self.tick
    }
}

/// Returns the window that is closest to its bound and `grace`, or exceeds it most.
pub(crate) fn tightest(quota: Quota, tick: Tick, grace: u64, entries: &[Entry]) -> Option<Window> {
    let grants = || entries.iter().filter(|entry| entry.what == What::Granted);
    let mut begins: Vec<u64> = grants().map(|grant| grant.from).collect();
    begins.sort_unstable();
    begins.dedup();
    let scale = Scale::new(quota, tick, grace, *begins.first()?);
    // The number of windows that begin no later.
    let until = |reading: u64| begins.partition_point(|begin| *begin <= reading);

    let mut tree = Tree::new(begins.len());
    for slip in entries.iter().filter(|entry| entry.what == What::Slip) {
        let weight = i128::from(slip.n) * scale.permit;
        tree.add(until(slip.to), -weight);
        tree.add(until(slip.from), weight);
    }
    // Permits that are given back count from the beginning of their range, a grant from its end.
    let mut events: Vec<(u64, What, u64, u64)> = entries
        .iter()
        .filter_map(|entry| match entry.what {
            What::Granted => Some((entry.to, What::Granted, entry.from, entry.n)),
            What::Back => Some((entry.from, What::Back, entry.to, entry.n)),
            What::Slip => None,
        })
        .collect();
    events.sort_unstable();

    let mut begun = 0;
    let mut tightest = None;
    for (now, what, other, n) in events {
        while begins.get(begun).is_some_and(|begin| *begin <= now) {
            tree.begin(begun, scale.time(begins[begun]));
            begun += 1;
        }
        let weight = i128::from(n) * scale.permit;
        tree.add(until(other), if what == What::Granted { weight } else { -weight });
        if what == What::Granted {
            let (best, index) = tree.best();
            tightest = tightest.max(Some((best - scale.time(now) - scale.most, begins[index], now)));
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    tightest.map(|(excess, from, to)| Window {
        from,
        to,
        excess: excess as f64 / scale.permit as f64,
        kept: excess <= scale.nanosecond,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn entry(what: What, n: u64, from: u64, to: u64) -> Entry {
        Entry { what, n, from, to, got: None }
    }

    /// A permit each 10 ns, 5 at once.
    fn quota() -> Quota {
        Quota::per_second(100_000_000).and_then(|quota| quota.with_burst(5)).expect("a valid quota")
    }

    fn kept(entries: &[Entry]) -> bool {
        tightest(quota(), Tick::NANOSECOND, 0, entries).is_none_or(|window| window.kept)
    }

    #[test]
    fn all_that_is_allowed_is_allowed_and_no_more() {
        let mut entries = vec![entry(What::Granted, 5, 100, 100), entry(What::Granted, 2, 120, 120)];
        assert!(kept(&entries));
        entries.push(entry(What::Granted, 1, 125, 125));
        assert!(!kept(&entries));
        entries[2].to = 130; // maybe later
        assert!(kept(&entries));
    }

    #[test]
    fn returned_permits_count_from_their_return() {
        let mut entries =
            vec![entry(What::Granted, 5, 100, 100), entry(What::Granted, 3, 110, 110), entry(What::Back, 2, 105, 106)];
        assert!(kept(&entries));
        (entries[2].from, entries[2].to) = (111, 112);
        assert!(!kept(&entries));
        (entries[2].from, entries[2].to) = (98, 99);
        assert!(!kept(&entries));
    }

    #[test]
    fn what_was_under_way_when_the_window_began_may_have_made_room() {
        let mut entries = vec![entry(What::Granted, 7, 100, 100), entry(What::Slip, 2, 99, 101)];
        assert!(kept(&entries));
        (entries[1].from, entries[1].to) = (100, 101);
        assert!(!kept(&entries));
    }

    #[test]
    fn tree_and_search_of_all_windows_agree() {
        for seed in 0..300 {
            let mut rng = StdRng::seed_from_u64(seed);
            let entries: Vec<_> = (0..rng.random_range(1..30))
                .map(|_| {
                    let what = [What::Granted, What::Granted, What::Back, What::Slip][rng.random_range(0..4)];
                    let from = rng.random_range(0..100);
                    entry(what, rng.random_range(1..5), from, from + rng.random_range(0..20))
                })
                .collect();
            let grants = || entries.iter().filter(|entry| entry.what == What::Granted);
            let excess = |from: u64, to: u64| -> i128 {
                let sum = entries.iter().map(|entry| match entry.what {
                    What::Granted if from <= entry.from && entry.to <= to => i128::from(entry.n),
                    What::Back if entry.from <= to && from <= entry.to => -i128::from(entry.n),
                    What::Slip if entry.from < from && from <= entry.to => -i128::from(entry.n),
                    _ => 0,
                });
                sum.sum::<i128>() * 10 - i128::from(to - from) - 50
            };
            let most = grants()
                .flat_map(|begin| grants().filter(|end| begin.from <= end.to).map(|end| excess(begin.from, end.to)))
                .max();
            let found = tightest(quota(), Tick::NANOSECOND, 0, &entries).map(|window| excess(window.from, window.to));
            assert_eq!(found, most, "seed {seed}");
        }
    }
}
