//! The command line.

use std::time::Duration;

use clap::{Parser, value_parser};

/// Mixes every operation on a few limiters, with faults, and audits every grant afterwards.
#[derive(Debug, Parser)]
#[command(name = "soak")]
pub(crate) struct Args {
    /// Seconds of the run
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,

    /// Number of threads
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) threads: usize,

    /// Number of tasks
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) tasks: usize,

    /// Milliseconds by which the machine may wake a thread or task late
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = millis)]
    pub(crate) patience: Duration,

    /// Seed of the random choices; it does not decide the order of threads
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

fn millis(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_millis)
}
