//! What the command line asks for.

use std::error::Error;
use std::num::{NonZeroUsize, ParseIntError};
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::runs;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Enough to see that it works.
    Smoke,
    Quick,
    Full,
}

impl Effort {
    /// Of as many rounds as a full run has.
    pub(crate) fn rounds(self, full: usize) -> usize {
        match self {
            Self::Smoke => 1,
            Self::Quick => full.div_ceil(3),
            Self::Full => full,
        }
    }
}

pub(crate) struct Options {
    pub(crate) effort: Effort,
    filter: Option<String>,
    /// Whether only to say what tests there are, as test runners ask: none of theirs.
    pub(crate) list: bool,
    /// How often it is all to be done, if not once.
    pub(crate) runs: Option<NonZeroUsize>,
}

impl Options {
    pub(crate) fn from_args() -> Result<Self, ParseIntError> {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let effort = match () {
            // Without `--bench`, which `cargo bench` gives, this is a test.
            () if has("--test") || !has("--bench") => Effort::Smoke,
            () if has("--quick") => Effort::Quick,
            () => Effort::Full,
        };
        let list = has("--list");
        let runs = arguments.iter().find_map(|argument| argument.strip_prefix(runs::OPTION));
        let runs = runs.map(str::parse).transpose()?;
        Ok(Self { effort, list, runs, filter: arguments.into_iter().find(|argument| !argument.starts_with('-')) })
    }

    pub(crate) fn wants(&self, row: &str) -> bool {
        self.filter.as_ref().is_none_or(|word| row.contains(word.as_str()))
    }

    /// The file of that name and extension in the target directory.
    pub(crate) fn file(&self, name: &str, extension: &str) -> Result<PathBuf, Box<dyn Error>> {
        // cargo names a directory inside its target directory, wherever that is.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target directory")?;
        // Figures that mean nothing do not take the place of those that do.
        let directory = target.join("keyed").join(if self.effort == Effort::Smoke { "smoke" } else { "" });
        fs::create_dir_all(&directory)?;
        Ok(directory.join(name).with_extension(extension))
    }
}
