//! What a limit for each of many keys costs, here and elsewhere: decisions, memory, and keys that come and go.
//!
//! `cargo bench --bench keyed` measures every contender in one run, prints tables of medians and of their ratios to
//! limitor's, says whether limitor's targets hold in that run, and writes it all to `keyed/keyed.md`, `keyed/cost.svg` and
//! `keyed/memory.svg` in the target directory. Only ratios within a run mean anything: a machine has its good days and its
//! bad ones.
//!
//! A word chooses the rows with it in their name (`-- granted`, `-- String`, `-- resident`, `-- churn`), `--quick` is for
//! the impatient, and `--test` only tries everything once, on fewer keys. `--runs=3` does it all three times, and says in how many
//! of them each target held.

mod bench;
mod buckets;
mod case;
mod child;
mod contenders;
mod contest;
mod keys;
mod options;
mod picture;
mod results;
mod runs;
mod single;
mod table;
mod targets;
mod threads;
mod verdict;

use std::error::Error;
use std::fs;

use crate::bench::Bench;
use crate::case::What;
use crate::options::{Effort, Options};
use crate::results::Results;

fn main() -> Result<(), Box<dyn Error>> {
    if child::answer() {
        return Ok(());
    }
    let options = Options::from_args()?;
    if options.list {
        return Ok(());
    }
    if let Some(times) = options.runs {
        let summary = runs::run(times, &options.file("keyed", "json")?)?;
        println!("\n{summary}");
        fs::write(options.file("keyed", "runs.md")?, summary)?;
        return Ok(());
    }
    let mut results = Results::default();
    let many = if options.effort == Effort::Smoke { 100_000 } else { 1_000_000 };
    // First, because later this process itself has taken gigabytes.
    child::residents(&options, &mut results, many)?;
    child::churn(&options, &mut results)?;
    let mut bench = Bench { options: &options, results: &mut results };
    for keys in [1_000, many] {
        bench.decisions::<u64>(What::Granted, keys);
        bench.decisions::<String>(What::Granted, keys);
        bench.decisions::<u64>(What::Refused, keys);
        bench.decisions::<u64>(What::Newcomer, keys);
    }
    if options.effort != Effort::Smoke {
        bench.decisions::<u64>(What::Granted, 10 * many);
    }
    if results.is_empty() { Ok(()) } else { report(&results, &options) }
}

/// Prints the tables and the verdicts, and writes them and the pictures to the target directory.
fn report(results: &Results, options: &Options) -> Result<(), Box<dyn Error>> {
    let verdicts = targets::verdicts(results);
    let text = format!("{}\n{}", table::markdown(results), targets::list(&verdicts));
    let (page, cost) = (options.file("keyed", "md")?, options.file("cost", "svg")?);
    fs::write(&page, &text)?;
    picture::cost(results, &cost)?;
    picture::memory(results, &options.file("memory", "svg")?)?;
    fs::write(options.file("keyed", "json")?, serde_json::to_string(&verdicts)?)?;
    if options.effort == Effort::Smoke {
        println!("\nEverything was tried once or twice: the figures mean nothing.");
    }
    println!("\nWritten to {} and beside it.\n\n{text}", page.display());
    Ok(())
}
