//! The whole bench several times, and in how many runs each target held.
//!
//! Each run is a process of its own: the threads of cached clocks live until the end of their
//! process, and an allocator keeps what earlier work left in it.

use std::error::Error;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::figures::median;
use crate::verdict::{self, Verdict};

/// The option, with its `=`. The runs themselves do not get it.
pub(crate) const OPTION: &str = "--runs=";

/// Runs the bench that many times and returns a summary. Each run leaves its verdicts in that file.
pub(crate) fn run(times: NonZeroUsize, verdicts: &Path) -> Result<String, Box<dyn Error>> {
    let mut runs = Vec::new();
    for number in 1..=times.get() {
        println!("\nRun {number} of {times}\n");
        // The verdicts of an earlier run must not be taken for those of this one.
        if verdicts.exists() {
            fs::remove_file(verdicts)?;
        }
        let arguments = env::args_os().skip(1).filter(|argument| !argument.to_string_lossy().starts_with(OPTION));
        let status = Command::new(env::current_exe()?).args(arguments).status()?;
        if !status.success() || !verdicts.exists() {
            return Err(format!("run {number} left no verdicts: {status}").into());
        }
        runs.push(serde_json::from_slice(&fs::read(verdicts)?)?);
    }
    Ok(summary(&runs))
}

/// A line for each run, and one for each target.
fn summary(runs: &[Vec<Verdict>]) -> String {
    let mut text = format!("## Targets in {} runs\n\n", runs.len());
    for (number, run) in (1..).zip(runs) {
        let _ = writeln!(text, "- run {number}: {}", verdict::count(run));
    }
    text.push('\n');
    for first in runs.first().into_iter().flatten() {
        let measured = || runs.iter().flatten().filter(|it| it.what == first.what && it.figure.is_some());
        let figures: Vec<f64> = measured().filter_map(|verdict| verdict.figure).collect();
        if figures.is_empty() {
            continue;
        }
        let held = measured().filter(|verdict| verdict.holds() == Some(true)).count();
        let (least, most) = figures.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), it| (a.min(*it), b.max(*it)));
        let _ = writeln!(
            text,
            "- holds in {held} of {} runs: {}, {}; median {:.3}, from {least:.3} to {most:.3}",
            figures.len(),
            first.what,
            first.bound,
            median(figures),
        );
    }
    text
}
