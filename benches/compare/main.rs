//! What a decision costs, here and elsewhere, beside what the hardware allows.
//!
//! `cargo bench --bench compare` measures every contender in one run, prints a table of medians and of their ratios to
//! limitor's, says whether limitor's targets hold in that run, and writes it all to `compare/compare.md` and
//! `compare/compare.svg` in the target directory. Only ratios within a run mean anything: a machine has its good days
//! and its bad ones.
//!
//! criterion takes the arguments, so a word chooses the rows with it in their name (`-- single`, `-- cached`,
//! `-- contended`, `-- refused`), `--quick` is for the impatient, and `--test` only tries everything once. Options that
//! have a value are written with `=`.

mod buckets;
mod clocks;
mod contended;
mod contenders;
mod picture;
mod results;
mod single;
mod table;
mod targets;

use std::error::Error;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use criterion::Criterion;

use crate::contended::Effort;
use crate::contenders::{Contender, Field, OnCached, OnCounter, Visitor};
use crate::results::Results;
use crate::single::Bench;
use crate::table::Legend;

/// The name of a report whose figures mean nothing.
const SMOKE: &str = "smoke";

/// What the command line asks for, as far as criterion does not see to it.
struct Options {
    effort: Effort,
    filter: Option<String>,
    list: bool,
}

impl Options {
    fn from_args() -> Self {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let effort = match () {
            // As criterion has it: without `--bench`, which `cargo bench` gives, this is a test.
            () if has("--test") || !has("--bench") => Effort::Smoke,
            () if has("--quick") => Effort::Quick,
            () => Effort::Full,
        };
        let list = has("--list");
        Self { effort, list, filter: arguments.into_iter().find(|argument| !argument.starts_with('-')) }
    }

    fn wants(&self, row: &str) -> bool {
        self.filter.as_ref().is_none_or(|word| row.contains(word.as_str()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_args();
    let mut results = Results::default();
    let mut criterion = Criterion::default()
        .sample_size(50)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();
    let smoke = options.effort == Effort::Smoke;

    let mut bench = Bench { criterion: &mut criterion, smoke, results: &mut results };
    bench.decisions::<OnCounter>();
    bench.construction::<OnCounter>();
    contend::<OnCounter>(&options, &mut results);
    // Last, because cached clocks have threads that wake up all the time, to the end of the process.
    Bench { criterion: &mut criterion, smoke, results: &mut results }.decisions::<OnCached>();
    contend::<OnCached>(&options, &mut results);
    criterion.final_summary();

    if options.list || results.is_empty() {
        return Ok(());
    }
    OnCounter::limiters(&mut Sizes(&mut results));
    report(&results, if smoke { SMOKE } else { "compare" })
}

fn contend<F: Field>(options: &Options, results: &mut Results) {
    if !options.list && options.wants(F::CONTENDED) {
        contended::measure::<F>(options.effort, results);
    }
}

struct Sizes<'a>(&'a mut Results);

impl Visitor for Sizes<'_> {
    fn visit<C: Contender>(&mut self) {
        self.0.sizes.push((C::NAME, size_of::<C>()));
    }
}

/// Prints the table and the verdicts, and writes them and the picture to the target directory.
fn report(results: &Results, name: &str) -> Result<(), Box<dyn Error>> {
    let legend = Legend::new();
    let text = format!("{}\n{}", table::markdown(results, &legend), targets::verdicts(results));
    println!("\n{text}");
    if name == SMOKE {
        println!("Everything was tried once or twice: the figures mean nothing.");
    }
    // cargo names a directory inside its target directory, wherever that is.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target directory")?;
    let directory = target.join("compare");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join(name).with_extension("md"), text)?;
    picture::draw(results, &legend, &directory.join(name).with_extension("svg"))?;
    println!("Written to compare/{name}.md and compare/{name}.svg in the target directory.");
    Ok(())
}
