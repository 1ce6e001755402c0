//! Measures the cost of a limit for each of many keys: decisions, memory, and keys that come and
//! go.
//!
//! `cargo bench -p limitor-benches --bench keyed` measures every contender in one run. It prints
//! tables of medians and of their ratios to limitor's, and whether limitor's targets hold in that
//! run. It writes `keyed/keyed.md`, `keyed/cost.svg` and `keyed/memory.svg` to the target
//! directory. Compare only ratios within a run: the speed of a machine changes between runs.
//!
//! A word chooses the rows with that word in their name (`-- granted`, `-- String`, `-- resident`,
//! `-- churn`). `--quick` does a third of the rounds, `--test` tries everything once, on fewer
//! keys. `--runs=3` runs the bench three times, and prints in how many runs each target held.

mod bench;
mod buckets;
mod case;
mod child;
mod contenders;
mod contest;
mod keys;
mod picture;
mod results;
mod single;
mod table;
mod targets;
mod threads;

use std::error::Error;

use limitor_benches::{Options, list};

use crate::bench::Bench;
use crate::case::What;
use crate::results::Results;

fn main() -> Result<(), Box<dyn Error>> {
    if child::answer() {
        return Ok(());
    }
    let options = Options::from_args("keyed", env!("CARGO_TARGET_TMPDIR"))?;
    if options.list || options.repeat()? {
        return Ok(());
    }
    let mut results = Results::default();
    let many = if options.is_smoke() { 100_000 } else { 1_000_000 };
    // Memory comes first, because later this process itself takes gigabytes.
    child::residents(&options, &mut results, many)?;
    child::churn(&options, &mut results)?;
    let mut bench = Bench { options: &options, results: &mut results };
    for keys in [1_000, many] {
        bench.decisions::<u64>(What::Granted, keys);
        bench.decisions::<String>(What::Granted, keys);
        bench.decisions::<u64>(What::Refused, keys);
        bench.decisions::<u64>(What::NewKey, keys);
    }
    if !options.is_smoke() {
        bench.decisions::<u64>(What::Granted, 10 * many);
    }
    if results.is_empty() { Ok(()) } else { report(&results, &options) }
}

/// Prints the tables and the verdicts, and writes them and the pictures to the target directory.
fn report(results: &Results, options: &Options) -> Result<(), Box<dyn Error>> {
    let verdicts = targets::verdicts(results);
    let text = format!("{}\n{}", table::markdown(results), list(&verdicts, &[]));
    picture::cost(results, &options.file("cost", "svg")?)?;
    picture::memory(results, &options.file("memory", "svg")?)?;
    options.report(&text, &verdicts)
}
