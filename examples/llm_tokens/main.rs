//! The main job: requests to a language model, 5,000 to 30,000 tokens each, from several threads at once, under one limit
//! of 100,000 tokens per second for all of them together.
//!
//! ```text
//! cargo run --release --example llm_tokens
//! cargo run --release --example llm_tokens -- --threads 64 --verbose
//! cargo run --release --example llm_tokens -- --async --threads 1000
//! cargo run --release --example llm_tokens -- --rate "6000000 per minute burst 100000" --prompts prompts.txt
//! ```
//!
//! Ends with a summary and a picture. Exits with 0 if the limit was kept over every window of time, with 1 if it was not,
//! and with 2, after one line that says why, if the job could not be done as asked.

mod args;
mod audit;
mod plot;
mod prompts;
mod run;
mod summary;

use std::process::ExitCode;

use clap::Parser;

use args::Args;
use summary::Summary;

fn main() -> ExitCode {
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
    // A picture that cannot be written is better known now than when the work is done.
    plot::prepare(&args.plot)?;
    let sightings = run::run(args, sizes)?;

    let summary = Summary::of(args, &sightings);
    run::say(&summary.to_string());
    plot::write(&args.plot, args, &sightings)?;
    run::say(&format!("picture      {}", args.plot.display()));
    Ok(summary.kept())
}
