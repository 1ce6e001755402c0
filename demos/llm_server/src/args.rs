//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, value_parser};

/// Sends the same calls to a provider with limits: without a limiter, through one, and with limits
/// halved during the run.
#[derive(Debug, Parser)]
#[command(name = "llm_server")]
pub(crate) struct Args {
    /// Length of each of the three runs, in seconds
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(5..=600))]
    seconds: u32,

    /// Tasks that send one call after another
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u16).range(32..=1_024))]
    pub(crate) tasks: u16,

    /// Milliseconds by which requests may arrive closer together than they were sent; that much of
    /// the burst is not used
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u16).range(0..=500))]
    jitter: u16,

    /// Seed of the calls
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Where to write the plot, as SVG
    #[arg(long, value_name = "FILE", default_value = "target/llm_server.svg")]
    pub(crate) plot: PathBuf,
}

impl Args {
    /// The length of a run.
    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    pub(crate) fn jitter(&self) -> Duration {
        Duration::from_millis(self.jitter.into())
    }
}
