//! How precisely permits are handed out to those who wait, and what the waiting costs.
//!
//! `cargo bench --bench shaping` prints the tables. Every contender works off the same grid, a burst of 1, in short rounds
//! that alternate with a pure spin on that grid; medians of the ratios are compared, so that what the machine takes away
//! from all of them cancels out. Words on the command line choose among the tables: `threads`,
//! `lateness`, `tasks`, `line`.

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
    if wants("line") {
        tasks::line();
    }
}
