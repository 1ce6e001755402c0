//! Measures the cost of a decision: limitor, other limiters, and the hardware's limit.
//!
//! `cargo bench -p limitor-benches --bench compare` measures every contender in one run. It prints
//! a table of medians and of their ratios to limitor's, and whether limitor's targets hold in that
//! run. It writes `compare/compare.md` and `compare/compare.svg` to the target directory. Compare
//! only ratios within a run: the speed of a machine changes between runs.
//!
//! The arguments are criterion's. A word chooses the rows with that word in their name (`--
//! single`, `-- cached`, `-- contended`, `-- prepaid`). `--quick` does a third of the rounds,
//! `--test` tries everything once. Options that have a value are written with `=`. `--runs=3` runs
//! the bench three times, and prints in how many runs each target held.

mod batch;
mod buckets;
mod clocks;
mod contended;
mod contenders;
mod contest;
mod fields;
mod picture;
mod prepaid;
mod results;
mod single;
mod table;
mod targets;

use std::error::Error;
use std::time::Duration;

use criterion::Criterion;
use limitor_benches::{Options, list};

use crate::contest::{Contender, Visitor};
use crate::fields::{Field, OnCached, OnCounter, OnPrepaid};
use crate::results::Results;
use crate::single::Bench;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_args("compare", env!("CARGO_TARGET_TMPDIR"))?;
    if options.repeat()? {
        return Ok(());
    }
    let mut results = Results::default();
    let mut criterion = Criterion::default()
        .sample_size(50)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();
    let smoke = options.is_smoke();

    let mut bench = Bench { criterion: &mut criterion, smoke, results: &mut results };
    bench.decisions::<OnCounter>();
    bench.construction::<OnCounter>();
    bench.grants::<OnPrepaid>();
    contend::<OnCounter>(&options, &mut results);
    contend::<OnPrepaid>(&options, &mut results);
    // Last, because cached clocks have threads that wake up all the time, to the end of the
    // process.
    Bench { criterion: &mut criterion, smoke, results: &mut results }.decisions::<OnCached>();
    contend::<OnCached>(&options, &mut results);
    criterion.final_summary();

    if options.list || results.is_empty() {
        return Ok(());
    }
    OnCounter::limiters(&mut Sizes(&mut results));
    OnPrepaid::limiters(&mut Sizes(&mut results));
    report(&results, &options)
}

fn contend<F: Field>(options: &Options, results: &mut Results) {
    if !options.list && options.wants(F::CONTENDED) {
        contended::measure::<F>(options.effort, results);
    }
}

struct Sizes<'a>(&'a mut Results);

impl Visitor for Sizes<'_> {
    fn visit<C: Contender>(&mut self) {
        self.0.sizes.push((C::NAME, size_of::<C::Handle<'_>>()));
    }
}

/// Prints the tables and the verdicts, and writes them and the picture to the target directory.
fn report(results: &Results, options: &Options) -> Result<(), Box<dyn Error>> {
    let verdicts = targets::verdicts(results);
    let text = format!("{}\n{}", table::markdown(results), list(&verdicts, &targets::remarks(results)));
    picture::draw(results, &table::legend(), &options.file("compare", "svg")?)?;
    options.report(&text, &verdicts)
}
