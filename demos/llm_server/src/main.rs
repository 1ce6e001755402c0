//! A provider that limits requests and tokens per minute, and a client of many tasks that wants more than it may have: as
//! people write it, through [`LlmLimiter`](limitor::llm::LlmLimiter), and with the provider's limits halved on the way.
//!
//! ```text
//! cargo run --release --example llm_server --features http
//! ```
//!
//! Both run in this program and talk HTTP. The server counts by itself (`bucket.rs`), answers with the headers of OpenAI and
//! refuses with 429; what the client does is in `client.rs`. Ends with a comparison and a picture. Exits with 0 if what is
//! claimed of the limiter was so, with 1 if it was not, and with 2 if it could not be done.

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

/// Whether all claims are so.
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
    say("\nbudget   the tokens that come back at the server during a run; the burst counts on neither side");
    say(&format!("limiter  at the server's full rate, its burst smaller by what comes back in {:?}", args.jitter()));
    say("halved   after half of the run the server allows half as much, and nothing is left of what was");
    if let Some(share) = runs[2].share_of_half() {
        say(&format!("         of what came back from then on, {} were used", report::percent(share)));
    }
    let claims = report::claims(&runs[0], &runs[1], &runs[2], args.length());
    say("");
    for (holds, claim) in &claims {
        say(&format!("{:8} {claim}", if *holds { "holds" } else { "BROKEN" }));
    }
    plot::write(&args.plot, &runs)?;
    say(&format!("picture  {}", args.plot.display()));
    Ok(claims.iter().all(|(holds, _)| *holds))
}
