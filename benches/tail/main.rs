//! Measures the tail: the slowest decisions where many threads contend, and the latest waits.
//!
//! `cargo bench -p limitor-benches --bench tail` measures in rounds, in which all contenders take
//! turns. It prints tables of percentiles, and writes them and a picture to `tail/tail.md` and
//! `tail/tail.svg` in the target directory. `-- --quick` does fewer and shorter rounds, `-- --test`
//! tries everything once.

mod decisions;
mod picture;
mod rows;
mod waits;

use std::error::Error;
use std::fs;
use std::time::Duration;

use limitor_benches::{Effort, Options};

use crate::rows::table;

/// The length of a turn, and the number of turns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turns {
    window: Duration,
    rounds: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_args("tail", env!("CARGO_TARGET_TMPDIR"))?;
    let turns = |millis: u64| match options.effort {
        Effort::Smoke => Turns { window: Duration::from_millis(20), rounds: 1 },
        Effort::Quick => Turns { window: Duration::from_millis(millis / 2), rounds: 2 },
        Effort::Full => Turns { window: Duration::from_millis(millis), rounds: 5 },
    };
    let decisions = decisions::measure(turns(800));
    let waits = waits::measure(turns(2_000));

    let text = format!(
        "Nanoseconds of a single `try_acquire`, with one reading of the clock, while all threads call one limiter\n\n{}\n\
         Microseconds from the time at which an entry is due to the end of its wait, at {} entries a second\n\n{}",
        table(&decisions, 1.0),
        waits::RATE,
        table(&waits, 1_000.0)
    );
    println!("\n{text}");
    let page = options.file("tail", "md")?;
    fs::write(&page, &text)?;
    picture::draw(&decisions, &waits, &options.file("tail", "svg")?)?;
    println!("Written to {} and beside it.", page.display());
    Ok(())
}
