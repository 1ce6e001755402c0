//! One run: a fresh server, a client of many tasks, and the clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::args::Args;
use crate::client::{Client, Outcome};
use crate::limits::Limits;
use crate::server::{Arrival, Server};
use crate::workload::Workload;

/// The differences between runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    pub(crate) limited: bool,
    /// Whether the server halves its limits in the middle of the run.
    pub(crate) halved: bool,
}

/// The observations of a run. Times are in nanoseconds since the start of the server.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) setup: Setup,
    pub(crate) limits: Limits,
    /// The requests in the order in which the server saw them.
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) outcome: Outcome,
    /// The time at which the server halved its limits, and the halved limits.
    pub(crate) change: Option<(u64, Limits)>,
    /// The time of the last request.
    pub(crate) end: u64,
}

/// Runs the server and the client.
pub(crate) async fn run(args: &Args, limits: Limits, setup: Setup) -> Result<Run, String> {
    let limiter = setup.limited.then(|| limits.limiter(args.jitter())).transpose().map_err(|why| why.to_string())?;
    let server = Server::start(limits).await?;
    let start = Instant::now();
    let end = start + args.length();
    let client = Arc::new(Client::new(server.address, Workload::new(args.seed), limiter, end)?);
    let work = |client: Arc<Client>| tokio::spawn(async move { client.work().await });
    let tasks: Vec<_> = (0..args.tasks).map(|_| work(Arc::clone(&client))).collect();

    let progress = Progress::new(setup.name, args.length());
    progress.until(start + args.length() / 2, &server).await;
    let change = setup.halved.then(|| (server.allow(limits.halved()), limits.halved()));
    progress.until(end, &server).await;
    let end = server.now();
    client.close();

    let mut outcome = Outcome::default();
    for task in tasks {
        outcome.add(task.await.map_err(|why| why.to_string())??);
    }
    progress.0.finish_and_clear();
    Ok(Run { setup, limits, arrivals: server.stop(), outcome, change, end })
}

/// The progress bar, on standard error if that is a terminal.
struct Progress(ProgressBar);

impl Progress {
    fn new(name: &'static str, length: Duration) -> Self {
        let style = ProgressStyle::with_template("{prefix:22} {wide_bar:.cyan/blue} {msg}, {eta} to go")
            .expect("the template is valid")
            .progress_chars("━╸─");
        let length = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self(ProgressBar::new(length).with_style(style).with_prefix(name))
    }

    /// Shows the progress until `end`.
    async fn until(&self, end: Instant, server: &Server) {
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            tokio::time::sleep(left.min(Duration::from_millis(100))).await;
            let (refused, all) = server.counts();
            self.0.set_position(server.now() / 1_000_000);
            self.0.set_message(format!("{} requests, {} refused", HumanCount(all as u64), HumanCount(refused as u64)));
        }
    }
}
