//! Runs a provider that limits requests and tokens per minute, and a client of many tasks that
//! wants more than that. The client runs without a limiter, through
//! [`LlmLimiter`](limitor::llm::LlmLimiter), and with the provider's limits halved during the run.
//!
//! ```text
//! cargo run --release -p llm_server
//! ```
//!
//! Both run in this program and use HTTP. The server counts independently (`bucket.rs`), answers
//! with the headers of OpenAI, and refuses with 429. The client is in `client.rs`. The program ends
//! with a comparison and a plot. It exits with 0 if the claims about the limiter hold, with 1 if
//! one does not, and with 2 if it could not run.

mod args;
mod bucket;
mod client;
mod figures;
mod limits;
mod plot;
mod report;
mod run;
mod server;
mod workload;

use std::process::ExitCode;

use clap::Parser;
use indicatif::HumanCount;

use args::Args;
use limits::Limits;
use report::say;
use run::Setup;

const RETRY: Setup = Setup { name: "sent again when refused", limited: false, halved: false };
const LIMITED: Setup = Setup { name: "LlmLimiter", limited: true, halved: false };
const HALVED: Setup = Setup { name: "LlmLimiter, halved", limited: true, halved: true };

#[tokio::main]
async fn main() -> ExitCode {
    match job(&Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether all claims hold.
async fn job(args: &Args) -> Result<bool, String> {
    limitor_picture::prepare(&args.plot)?;
    let limits = Limits::new(args);
    say(&format!(
        "{} tasks at a server that allows {} requests and {} tokens per minute, {} and {} of them at once\n",
        args.tasks,
        HumanCount(limits.rpm),
        HumanCount(limits.tpm),
        HumanCount(limits.request_burst()),
        HumanCount(limits.token_burst()),
    ));
    let mut runs = Vec::new();
    for setup in [RETRY, LIMITED, HALVED] {
        runs.push(run::run(args, limits, setup).await?);
    }
    say(&report::table(&runs));
    say(
        "\nbudget   the tokens that come back at the server during a run; the burst counts neither as budget nor as used",
    );
    say(&format!("limiter  at the server's full rate, with a burst smaller by the tokens of {:?}", args.jitter()));
    say("halved   after half of the run the server halves its limits and empties its buckets");
    if let Some(share) = runs[2].share_of_half() {
        say(&format!("         of the tokens that came back after that, {} were used", report::percent(share)));
    }
    let claims = report::claims(&runs[0], &runs[1], &runs[2], args.length());
    say("");
    for (holds, claim) in &claims {
        say(&format!("{:8} {claim}", if *holds { "holds" } else { "BROKEN" }));
    }
    plot::write(&args.plot, &runs)?;
    say(&format!("plot     {}", args.plot.display()));
    Ok(claims.iter().all(|(holds, _)| *holds))
}
