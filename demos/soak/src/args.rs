//! The command line.

use std::time::Duration;

use clap::{Parser, value_parser};

/// Mixes everything on a few limiters, with faults, and audits every grant afterwards.
#[derive(Debug, Parser)]
#[command(name = "soak")]
pub(crate) struct Args {
    /// How long
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,

    /// Threads
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) threads: usize,

    /// Tasks
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) tasks: usize,

    /// Milliseconds by which the machine may wake anybody late
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = millis)]
    pub(crate) patience: Duration,

    /// Seed of what is drawn; who runs when is another matter
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

fn millis(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_millis)
}
