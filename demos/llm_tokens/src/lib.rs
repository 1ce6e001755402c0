//! The main job: requests to a language model, 5,000 to 30,000 tokens each, from several threads at
//! once, under one limit of 100,000 tokens per second for all of them together.
//!
//! ```text
//! cargo run --release --example llm_tokens
//! cargo run --release --example llm_tokens -- --threads 64 --verbose
//! cargo run --release --example llm_tokens -- --async --threads 1000
//! cargo run --release --example llm_tokens -- --rate "6000000 per minute burst 100000" --prompts prompts.txt
//! cargo run --release --example llm_tokens --features llm -- --tpm 1500000 --rpm 90 --concurrency 8 --threads 16
//! ```
//!
//! The last form makes calls of the requests: they take a while, and what one really uses is known
//! only afterwards.
//!
//! Ends with a summary and a picture. Exits with 0 if the limit was kept over every window of time,
//! with 1 if it was not, and with 2, after one line that says why, if the job could not be done as
//! asked.

mod args;
mod audit;
#[cfg(feature = "llm")]
mod calls;
mod plain;
mod plot;
mod prompts;
mod run;
#[cfg(feature = "llm")]
mod settled;
mod summary;

use std::process::ExitCode;

use clap::Parser;

use args::Args;
use audit::Sighting;
use plain::Plain;
use summary::Summary;

/// Runs the job as the command line asks.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(refusal) if refusal.use_stderr() => {
            // What is wrong stands in the first line; usage and tips follow.
            let text = refusal.to_string();
            eprintln!("{}", text.lines().next().unwrap_or("error: bad arguments"));
            return ExitCode::from(2);
        }
        Err(help) => {
            run::say(&help.to_string());
            return ExitCode::SUCCESS;
        }
    };
    match job(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("error: the limit was broken");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::from(2)
        }
    }
}

/// Whether the limit was kept, or why the job could not be done.
fn job(args: &Args) -> Result<bool, String> {
    let sizes = prompts::sizes(args)?;
    if args.calls() {
        return calls(args, &sizes);
    }
    // A picture that cannot be written is better known now than when the work is done.
    limitor_picture::prepare(&args.plot)?;
    let (_, sightings) = run::run(args, Plain::new(args, sizes))?;
    let summary = Summary::of(args, &sightings);
    run::say(&summary.to_string());
    picture(args, &sightings)?;
    Ok(summary.kept())
}

/// The same with calls.
#[cfg(feature = "llm")]
fn calls(args: &Args, sizes: &[u64]) -> Result<bool, String> {
    let calls = calls::Calls::new(args, sizes)?;
    limitor_picture::prepare(&args.plot)?;
    let (calls, sightings) = run::run(args, calls)?;
    let (summary, settled) = (Summary::of(args, &sightings), settled::Settled::of(args, &calls, &sightings));
    run::say(&format!("{summary}\n{settled}"));
    picture(args, &sightings)?;
    Ok(summary.kept() && settled.kept())
}

#[cfg(not(feature = "llm"))]
fn calls(_: &Args, _: &[u64]) -> Result<bool, String> {
    Err("--tpm, --rpm and --concurrency need the feature llm: cargo run --release --example llm_tokens --features llm"
        .into())
}

fn picture(args: &Args, sightings: &[Sighting]) -> Result<(), String> {
    plot::write(args, sightings)?;
    run::say(&format!("picture      {}", args.plot.display()));
    Ok(())
}
