//! The tail: how long the slowest decisions take where many threads contend, and how late those who waited are.
//!
//! `cargo bench --bench tail` measures in rounds, in which all contenders take their turn, prints tables of percentiles, and
//! writes them and a picture to `tail/tail.md` and `tail/tail.svg` in the target directory. `-- --quick` is for the impatient;
//! without `--bench`, which `cargo bench` gives, it only tries everything once.

mod decisions;
mod picture;
mod rows;
mod waits;

use std::error::Error;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use crate::rows::table;

/// How long one turn is, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    window: Duration,
    rounds: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let has = |flag: &str| env::args().any(|argument| argument == flag);
    let effort = |millis: u64| match () {
        () if !has("--bench") => Effort { window: Duration::from_millis(20), rounds: 1 },
        () if has("--quick") => Effort { window: Duration::from_millis(millis / 2), rounds: 2 },
        () => Effort { window: Duration::from_millis(millis), rounds: 5 },
    };
    let decisions = decisions::measure(effort(800));
    let waits = waits::measure(effort(2_000));

    let text = format!(
        "Nanoseconds of a single `try_acquire`, with one reading of the clock, where all threads ask one limiter all the time\n\n{}\n\
         Microseconds from the time at which a place is due to the end of the wait for it, at {} places a second\n\n{}",
        table(&decisions, 1.0),
        waits::RATE,
        table(&waits, 1_000.0)
    );
    println!("\n{text}");
    // cargo names a directory inside its target directory, wherever that is.
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target directory")?.join("tail");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("tail.md"), &text)?;
    picture::draw(&decisions, &waits, &directory.join("tail.svg"))?;
    println!("Written to {}.", directory.join("tail.md").display());
    Ok(())
}
