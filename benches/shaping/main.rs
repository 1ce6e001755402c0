//! Measures the precision and the cost of waiting.
//!
//! `cargo bench -p limitor-benches --bench shaping` prints the tables. All contenders work on the
//! same grid, with a burst of 1, in short rounds that alternate with a pure spin on that grid. The
//! medians of the ratios are compared, so that a slow machine slows both sides of a ratio. Words on
//! the command line choose among the tables: `threads`, `lateness`, `tasks`, `queue`. With
//! `--features tokio`, tasks wait on tokio's timer.

mod round;
mod tasks;
mod threads;

use std::env;

fn main() {
    let chosen: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |name: &str| chosen.is_empty() || chosen.iter().any(|word| word == name);
    if wants("threads") {
        threads::rates();
    }
    if wants("lateness") {
        threads::lateness();
    }
    if wants("tasks") {
        tasks::rates();
    }
    if wants("queue") {
        tasks::queue();
    }
}
