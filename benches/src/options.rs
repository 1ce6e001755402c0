//! The command line of a bench, and the files it writes.

use std::error::Error;
use std::num::{NonZeroUsize, ParseIntError};
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::runs;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Everything once: enough to see that the bench works.
    Smoke,
    /// A third of the rounds: `--quick`.
    Quick,
    /// All rounds.
    Full,
}

impl Effort {
    /// The number of rounds, where a full run has `full`.
    #[must_use]
    pub fn rounds(self, full: usize) -> usize {
        match self {
            Self::Smoke => 1,
            Self::Quick => full.div_ceil(3),
            Self::Full => full,
        }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub struct Options {
    bench: &'static str,
    tmpdir: &'static str,
    /// How much is measured.
    pub effort: Effort,
    filter: Option<String>,
    /// Whether only the names of tests are asked for, as test runners do. A bench has none.
    pub list: bool,
    runs: Option<NonZeroUsize>,
}

impl Options {
    /// Reads the command line of the bench of that name. `tmpdir` is cargo's `CARGO_TARGET_TMPDIR`.
    ///
    /// # Errors
    ///
    /// If `--runs` has no number above 0.
    pub fn from_args(bench: &'static str, tmpdir: &'static str) -> Result<Self, ParseIntError> {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let effort = match () {
            // As in criterion: without `--bench`, which `cargo bench` passes, this is a test.
            () if has("--test") || !has("--bench") => Effort::Smoke,
            () if has("--quick") => Effort::Quick,
            () => Effort::Full,
        };
        let list = has("--list");
        let runs = arguments.iter().find_map(|argument| argument.strip_prefix(runs::OPTION));
        let runs = runs.map(str::parse).transpose()?;
        let filter = arguments.into_iter().find(|argument| !argument.starts_with('-'));
        Ok(Self { bench, tmpdir, effort, filter, list, runs })
    }

    /// Whether the row of that name is asked for.
    #[must_use]
    pub fn wants(&self, row: &str) -> bool {
        self.filter.as_ref().is_none_or(|word| row.contains(word.as_str()))
    }

    /// Whether this run only tries everything once, so that its figures have no meaning.
    #[must_use]
    pub fn is_smoke(&self) -> bool {
        self.effort == Effort::Smoke
    }

    /// The file of that name and extension in the bench's directory, which is in the target
    /// directory.
    ///
    /// # Errors
    ///
    /// If the directory cannot be made.
    pub fn file(&self, name: &str, extension: &str) -> Result<PathBuf, Box<dyn Error>> {
        // cargo names a directory inside its target directory, wherever that is.
        let target = Path::new(self.tmpdir).parent().ok_or("no target directory")?;
        // Figures without a meaning do not replace those that have one.
        let directory = target.join(self.bench).join(if self.is_smoke() { "smoke" } else { "" });
        fs::create_dir_all(&directory)?;
        Ok(directory.join(name).with_extension(extension))
    }

    /// Runs the whole bench as often as `--runs` says, and prints and writes the number of runs in
    /// which each target held. Returns whether it did: without `--runs` it does nothing.
    ///
    /// # Errors
    ///
    /// If a run fails, or a file cannot be read or written.
    pub fn repeat(&self) -> Result<bool, Box<dyn Error>> {
        let Some(times) = self.runs else { return Ok(false) };
        let summary = runs::run(times, &self.verdicts()?)?;
        println!("\n{summary}");
        fs::write(self.file(self.bench, "runs.md")?, summary)?;
        Ok(true)
    }

    /// Prints the report of a run, and writes it and its verdicts.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn report(&self, text: &str, verdicts: &[crate::Verdict]) -> Result<(), Box<dyn Error>> {
        let page = self.file(self.bench, "md")?;
        fs::write(&page, text)?;
        fs::write(self.verdicts()?, serde_json::to_string(verdicts)?)?;
        if self.is_smoke() {
            println!("\nEverything was tried once or twice: the figures have no meaning.");
        }
        println!("\nWritten to {} and beside it.\n\n{text}", page.display());
        Ok(())
    }

    /// Where a run leaves its verdicts for [`repeat`](Self::repeat).
    fn verdicts(&self) -> Result<PathBuf, Box<dyn Error>> {
        self.file(self.bench, "json")
    }
}
