//! Measures decisions: contenders take turns with limitor.
//!
//! The ratio of a contender is the median over pairs of neighbouring turns, so that a slow machine
//! slows both sides of a ratio. limitor is also measured beside another instance of limitor, which
//! shows how much of a ratio is noise. One other contender is in memory at a time.

use std::sync::Arc;

use limitor_benches::{Options, median};

use crate::case::{Access, Case, What, count};
use crate::contenders::Keyed;
use crate::contest::{self, Contender, Visitor, filled};
use crate::keys::{Drawn, Key, NewKeys, Order, Ranks, Uniform};
use crate::results::{Cost, Results};
use crate::single::Turn;
use crate::threads::Batch;

pub(crate) struct Bench<'a> {
    pub(crate) options: &'a Options,
    pub(crate) results: &'a mut Results,
}

/// The work on a number of keys, done by each contender beside ours.
struct Group<'a, K: Key> {
    options: &'a Options,
    costs: &'a mut Vec<Cost>,
    what: What,
    keys: u64,
    ours: Keyed<K>,
    /// The order of keys if some are more frequent than others.
    ranks: Arc<Ranks>,
    /// The number of contenders so far.
    visits: usize,
}

impl Bench<'_> {
    /// Measures these decisions on that many keys.
    pub(crate) fn decisions<K: Key>(&mut self, what: What, keys: u64) {
        let Self { options, results } = self;
        let cases =
            || what.accesses().iter().flat_map(|access| what.threads().iter().map(move |threads| (access, threads)));
        let case = |(access, threads): (&Access, &usize)| Case {
            what,
            keys,
            kind: K::NAME,
            access: *access,
            threads: *threads,
        };
        if !cases().any(|it| options.wants(&case(it).to_string())) {
            return;
        }
        let ours = filled(what.allowance(), keys, what.taken());
        let ranks = Arc::new(Ranks::draw(keys));
        let mut group = Group { options, costs: &mut results.costs, what, keys, ours, ranks, visits: 0 };
        contest::limiters::<K>(&mut group);
        if what == What::Granted {
            contest::limits::<K>(&mut group);
        }
    }
}

impl<K: Key> Visitor<K> for Group<'_, K> {
    fn visit<C: Contender<K>>(&mut self) {
        println!("{} {}, {}: {}", self.what, count(self.keys), K::NAME, C::NAME);
        self.visits += 1;
        let theirs: C = filled(self.what.allowance(), self.keys, self.what.taken());
        let (keys, ranks) = (self.keys, Arc::clone(&self.ranks));
        for access in self.what.accesses() {
            match access {
                Access::Uniform => self.beside_ours(*access, &theirs, |seed| Uniform::new(keys, seed)),
                Access::Zipf => self.beside_ours(*access, &theirs, |seed| Drawn::new(&ranks, seed)),
                Access::Once => self.beside_ours(*access, &theirs, |seed| NewKeys::new(keys, seed)),
            }
        }
    }
}

impl<K: Key> Group<'_, K> {
    /// Lets a contender and ours take turns.
    fn beside_ours<C: Contender<K>, O: Order>(
        &mut self,
        access: Access,
        theirs: &C,
        order: impl Fn(usize) -> O + Sync,
    ) {
        for threads in self.what.threads() {
            let case = Case { what: self.what, keys: self.keys, kind: K::NAME, access, threads: *threads };
            if !self.options.wants(&case.to_string()) || *threads > 1 && !C::DECIDES {
                continue;
            }
            let (ours, effort) = (&self.ours, self.options.effort);
            let pairs: Vec<(f64, f64)> = if *threads == 1 {
                let (turn, rounds) = Turn::new(case, effort);
                let [mut first, mut second] = [2 * self.visits, 2 * self.visits + 1].map(&order);
                (0..rounds).map(|_| (turn.take(theirs, &mut first), turn.take(ours, &mut second))).collect()
            } else {
                let (batch, rounds) = Batch::new(*threads, effort);
                (0..rounds).map(|_| (batch.run(theirs, &order), batch.run(ours, &order))).collect()
            };
            let nanos = median(pairs.iter().map(|(theirs, _)| *theirs));
            let ratio = median(pairs.iter().map(|(theirs, ours)| theirs / ours));
            self.costs.push(Cost { case, contender: C::NAME, nanos, ratio });
        }
    }
}
