//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, value_parser};
use limitor::Quota;

/// Sends requests of many tokens from several threads through one rate limiter, and checks that it
/// kept the limit.
#[derive(Debug, Parser)]
#[command(name = "llm_tokens")]
pub(crate) struct Args {
    /// The limit: tokens per second, or a quota such as "6000000 per minute burst 100000"
    #[arg(long, value_name = "QUOTA", default_value = "100000", value_parser = quota)]
    pub(crate) rate: Quota,

    /// The limit in tokens per minute, instead of --rate; each call is estimated first and settled
    /// with its actual use
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = per_minute)]
    pub(crate) tpm: Option<Quota>,

    /// Also limit requests per minute
    #[arg(long, value_name = "N", value_parser = per_minute)]
    pub(crate) rpm: Option<Quota>,

    /// Also limit the number of calls under way at the same time
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub(crate) concurrency: Option<u16>,

    /// Number of threads that send requests; with --async, number of tasks
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=1_024))]
    pub(crate) threads: u16,

    /// Number of requests to send [default: 100, or one for each prompt]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) requests: Option<u32>,

    /// Read the requests from a file with one prompt per line, estimated at 4 characters per token
    #[arg(long, value_name = "FILE")]
    pub(crate) prompts: Option<PathBuf>,

    /// Seed for the random request sizes, if there is no file of prompts
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Where to write the plot, as SVG
    #[arg(long, value_name = "FILE", default_value = "target/llm_tokens.svg")]
    pub(crate) plot: PathBuf,

    /// Send the requests from tasks on a tokio runtime instead of threads
    #[arg(long = "async")]
    pub(crate) tasks: bool,

    /// Print the time and size of each grant
    #[arg(long)]
    pub(crate) verbose: bool,
}

impl Args {
    /// The limit on tokens.
    pub(crate) fn tokens(&self) -> Quota {
        self.tpm.unwrap_or(self.rate)
    }

    /// Whether the requests are calls, which have a duration and a cost that is known afterwards.
    /// True if a limit on calls is given.
    pub(crate) fn calls(&self) -> bool {
        self.tpm.is_some() || self.rpm.is_some() || self.concurrency.is_some()
    }

    /// The number and kind of the workers that send requests, as text.
    pub(crate) fn workers(&self) -> String {
        let kind = if self.tasks { "task" } else { "thread" };
        format!("{} {kind}{}", self.threads, if self.threads == 1 { "" } else { "s" })
    }
}

/// A quota of this many permits per minute.
fn per_minute(text: &str) -> Result<Quota, String> {
    let number: u64 = text.replace('_', "").parse().map_err(|_| "not a whole number".to_owned())?;
    Quota::per_minute(number).map_err(|why| why.to_string())
}

/// The longest period of a limit. This bound also keeps the exact sums of the audit (tokens times
/// nanoseconds) within 127 bits.
const LONGEST_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

/// A plain number is a rate per second; other text is a complete quota.
fn quota(text: &str) -> Result<Quota, String> {
    let plain = text.trim();
    let is_plain =
        plain.starts_with(|c: char| c.is_ascii_digit()) && plain.chars().all(|c| c.is_ascii_digit() || c == '_');
    let quota: Result<Quota, _> = if is_plain { format!("{plain}/s").parse() } else { plain.parse() };
    match quota {
        Ok(quota) if quota.period() > LONGEST_PERIOD => Err("the period is longer than a day".into()),
        Ok(quota) => Ok(quota),
        Err(why) => Err(why.to_string()),
    }
}
