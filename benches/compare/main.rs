//! What a decision costs, here and elsewhere, beside what the hardware allows.
//!
//! `cargo bench --bench compare` measures every contender in one run, prints a table of medians and of their ratios to
//! limitor's, says whether limitor's targets hold in that run, and writes it all to `compare/compare.md` and
//! `compare/compare.svg` in the target directory. Only ratios within a run mean anything: a machine has its good days
//! and its bad ones.
//!
//! criterion takes the arguments, so a word chooses the rows with it in their name (`-- single`, `-- cached`,
//! `-- contended`, `-- prepaid`), `--quick` is for the impatient, and `--test` only tries everything once. Options that
//! have a value are written with `=`. `--runs=3` does it all three times, and says in how many of them each target held.

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
mod runs;
mod single;
mod table;
mod targets;
mod verdict;

use std::error::Error;
use std::num::{NonZeroUsize, ParseIntError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use criterion::Criterion;

use crate::contended::Effort;
use crate::contest::{Contender, Visitor};
use crate::fields::{Field, OnCached, OnCounter, OnPrepaid};
use crate::results::Results;
use crate::single::Bench;
use crate::table::Legend;

/// What the command line asks for, as far as criterion does not see to it.
struct Options {
    effort: Effort,
    filter: Option<String>,
    list: bool,
    /// How often it is all to be done, if not once.
    runs: Option<NonZeroUsize>,
}

impl Options {
    fn from_args() -> Result<Self, ParseIntError> {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let effort = match () {
            // As criterion has it: without `--bench`, which `cargo bench` gives, this is a test.
            () if has("--test") || !has("--bench") => Effort::Smoke,
            () if has("--quick") => Effort::Quick,
            () => Effort::Full,
        };
        let list = has("--list");
        let runs = arguments.iter().find_map(|argument| argument.strip_prefix(runs::OPTION));
        let runs = runs.map(str::parse).transpose()?;
        Ok(Self { effort, list, runs, filter: arguments.into_iter().find(|argument| !argument.starts_with('-')) })
    }

    fn wants(&self, row: &str) -> bool {
        self.filter.as_ref().is_none_or(|word| row.contains(word.as_str()))
    }

    /// The file of that extension in the target directory.
    fn file(&self, extension: &str) -> Result<PathBuf, Box<dyn Error>> {
        // cargo names a directory inside its target directory, wherever that is.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target directory")?;
        let directory = target.join("compare");
        fs::create_dir_all(&directory)?;
        // Figures that mean nothing do not take the place of those that do.
        let name = if self.effort == Effort::Smoke { "smoke" } else { "compare" };
        Ok(directory.join(name).with_extension(extension))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_args()?;
    if let Some(times) = options.runs {
        let summary = runs::run(times, &options.file("json")?)?;
        println!("\n{summary}");
        fs::write(options.file("runs.md")?, summary)?;
        return Ok(());
    }
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
    bench.grants::<OnPrepaid>();
    contend::<OnCounter>(&options, &mut results);
    contend::<OnPrepaid>(&options, &mut results);
    // Last, because cached clocks have threads that wake up all the time, to the end of the process.
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
    let text = format!("{}\n{}", table::markdown(results), targets::list(results, &verdicts));
    let (page, picture, data) = (options.file("md")?, options.file("svg")?, options.file("json")?);
    fs::write(&page, &text)?;
    picture::draw(results, &Legend::new(), &picture)?;
    fs::write(data, serde_json::to_string(&verdicts)?)?;
    if options.effort == Effort::Smoke {
        println!("\nEverything was tried once or twice: the figures mean nothing.");
    }
    println!("\nWritten to {} and {}.\n\n{text}", page.display(), picture.display());
    Ok(())
}
