//! Several threads on one limiter: the contenders take turns, batch by batch.
//!
//! A batch with threads that did not overlap is discarded and tried again.

use std::time::Duration;

use limitor_benches::{Effort, median};

use crate::batch::{self, Batch};
use crate::contest::{Contender, Visitor};
use crate::fields::Field;
use crate::results::{Contended, Results};

/// Threads on one limiter.
pub(crate) const THREADS: [usize; 4] = [1, 2, 4, 8];

/// Ours a second time in each round. The difference of the two shows how much of a ratio is noise.
pub(crate) const AGAIN: &str = "ours again";

/// Ours on one thread, in a round of several.
pub(crate) const ALONE: &str = "ours alone";

/// The tries of a batch in one round.
const TRIES: usize = 5;

/// The batches of one number of threads.
#[derive(Debug, Clone, Copy)]
struct Plan {
    threads: usize,
    window: Duration,
    rounds: usize,
}

impl Plan {
    fn new(threads: usize, effort: Effort) -> Self {
        // If threads take turns on a processor, their window must hold many turns.
        let (window, rounds) = if batch::running(threads) == threads { (5, 100) } else { (40, 20) };
        let window = if effort == Effort::Smoke { 2 } else { window };
        Self { threads, window: Duration::from_millis(window), rounds: effort.rounds(rounds) }
    }
}

/// Measures each number of threads.
pub(crate) fn measure<F: Field>(effort: Effort, results: &mut Results) {
    for threads in THREADS {
        println!("{}: {threads} on one limiter", F::CONTENDED);
        let plan = Plan::new(threads, effort);
        let mut round = Round { plan, clock: quanta::Clock::new(), number: 0, tallies: Vec::new() };
        for number in 0..plan.rounds {
            round.number = number;
            F::limiters(&mut round);
            F::least_grant(&mut round);
            round.take_turn::<F::Ours>(AGAIN, plan);
            if F::SCALES {
                // This is after ours again: where threads have competed for a word, processors are
                // slower by a tenth for the next few milliseconds.
                round.take_turn::<F::Ours>(ALONE, Plan::new(1, effort));
            }
        }
        let ours = round.tallies.first().map_or(Vec::new(), |ours| ours.batches.clone());
        results.contended.extend(round.tallies.iter().filter_map(|tally| tally.settle(F::CONTENDED, threads, &ours)));
    }
}

/// One batch of each contender.
struct Round {
    plan: Plan,
    clock: quanta::Clock,
    number: usize,
    tallies: Vec<Tally>,
}

/// The batches of one contender.
struct Tally {
    contender: &'static str,
    tried: usize,
    /// The batches that counted, with their rounds.
    batches: Vec<(usize, Batch)>,
}

impl Visitor for Round {
    fn visit<C: Contender>(&mut self) {
        self.take_turn::<C>(C::NAME, self.plan);
    }
}

impl Round {
    /// Tries a batch until one counts.
    fn take_turn<C: Contender>(&mut self, name: &'static str, plan: Plan) {
        let known = self.tallies.iter().position(|tally| tally.contender == name);
        let index = known.unwrap_or_else(|| {
            self.tallies.push(Tally { contender: name, tried: 0, batches: Vec::new() });
            self.tallies.len() - 1
        });
        let tally = &mut self.tallies[index];
        for _ in 0..TRIES {
            tally.tried += 1;
            if let Some(batch) = batch::run::<C>(plan.threads, plan.window, self.number, &self.clock) {
                tally.batches.push((self.number, batch));
                break;
            }
        }
    }
}

impl Tally {
    /// The result of all batches. `None` if no batch counted.
    fn settle(&self, row: &'static str, threads: usize, ours: &[(usize, Batch)]) -> Option<Contended> {
        if self.batches.is_empty() {
            return None;
        }
        let all = |figure: &dyn Fn(&Batch) -> f64| median(self.batches.iter().map(|(_, batch)| figure(batch)));
        let pairs: Vec<(&Batch, &Batch)> = self
            .batches
            .iter()
            .filter_map(|(number, batch)| Some((batch, &ours.iter().find(|(round, _)| round == number)?.1)))
            .collect();
        let beside = |figure: &dyn Fn(&Batch) -> f64| {
            (!pairs.is_empty()).then(|| median(pairs.iter().map(|(theirs, ours)| figure(theirs) / figure(ours))))
        };
        Some(Contended {
            row,
            threads,
            contender: self.contender,
            cost: all(&|batch| batch.cost),
            throughput: all(&|batch| batch.throughput),
            calls: [0, 1, 2].map(|index| all(&|batch| batch.calls[index])),
            cost_ratio: beside(&|batch| batch.cost),
            call_ratios: [0, 1, 2].map(|index| beside(&|batch| batch.calls[index])),
            kept: self.batches.len(),
            tried: self.tried,
        })
    }
}
