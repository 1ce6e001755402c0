//! The job itself: threads, or tasks, that take requests from one list and wait for one limiter.

use std::io::{self, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use limitor::{AcquireError, Clock, RateLimiter, Tick, Timestamp};

use crate::args::Args;
use crate::audit::Sighting;

/// Sends a request for each of `sizes`; what the workers saw of the grants, in the order they saw them.
pub(crate) fn run(args: &Args, sizes: Vec<u64>) -> Result<Vec<Sighting>, String> {
    let job = Job::new(args, sizes);
    let outcome = if args.tasks { job.on_tasks(args.threads) } else { job.on_threads(args.threads) };
    job.progress.bar.finish_and_clear();
    let mut sightings = outcome?;
    sightings.sort_by_key(|sighting| sighting.after);
    Ok(sightings)
}

/// What all workers share.
struct Job {
    limiter: RateLimiter,
    tick: Tick,
    start: Timestamp,
    sizes: Vec<u64>,
    next: AtomicUsize,
    progress: Progress,
}

impl Job {
    fn new(args: &Args, sizes: Vec<u64>) -> Arc<Self> {
        let limiter = RateLimiter::new(args.rate);
        let (tick, start) = (limiter.clock().tick(), limiter.clock().now());
        let progress = Progress::new(sizes.iter().sum(), args.verbose);
        Arc::new(Self { limiter, tick, start, sizes, next: AtomicUsize::new(0), progress })
    }

    fn on_threads(&self, threads: u16) -> Result<Vec<Sighting>, String> {
        thread::scope(|scope| {
            let mut workers = Vec::new();
            for _ in 0..threads {
                match thread::Builder::new().spawn_scoped(scope, || self.block()) {
                    Ok(worker) => workers.push(worker),
                    Err(why) => {
                        self.limiter.close(); // sends those already at work home
                        return Err(format!("cannot start {threads} threads: {why}"));
                    }
                }
            }
            let seen =
                workers.into_iter().map(|worker| worker.join().unwrap_or_else(|cause| panic::resume_unwind(cause)));
            collect(seen)
        })
    }

    fn on_tasks(self: &Arc<Self>, tasks: u16) -> Result<Vec<Sighting>, String> {
        let runtime = tokio::runtime::Runtime::new().map_err(|why| format!("cannot start a runtime: {why}"))?;
        let workers: Vec<_> = (0..tasks).map(|_| runtime.spawn(Arc::clone(self).suspend())).collect();
        collect(workers.into_iter().map(|worker| match runtime.block_on(worker) {
            Ok(seen) => seen,
            Err(cause) => panic::resume_unwind(cause.into_panic()),
        }))
    }

    fn block(&self) -> Result<Vec<Sighting>, AcquireError> {
        let mut seen = Vec::new();
        while let Some(tokens) = self.next() {
            let before = self.nanos();
            self.limiter.acquire(tokens).wait()?;
            // Here the request would be sent.
            seen.push(self.saw(tokens, before));
        }
        Ok(seen)
    }

    async fn suspend(self: Arc<Self>) -> Result<Vec<Sighting>, AcquireError> {
        let mut seen = Vec::new();
        while let Some(tokens) = self.next() {
            let before = self.nanos();
            self.limiter.acquire(tokens).await?;
            // Here the request would be sent.
            seen.push(self.saw(tokens, before));
        }
        Ok(seen)
    }

    /// The size of the next request.
    fn next(&self) -> Option<u64> {
        self.sizes.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }

    fn saw(&self, tokens: u64, before: u64) -> Sighting {
        let sighting = Sighting { tokens, before, after: self.nanos() };
        self.progress.show(&sighting);
        sighting
    }

    /// The limiter's own clock, in nanoseconds since the start, rounded down.
    fn nanos(&self) -> u64 {
        let ticks = self.limiter.clock().now().ticks().saturating_sub(self.start.ticks());
        let nanos = u128::from(ticks) * u128::from(self.tick.nanos()) / u128::from(self.tick.per());
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

fn collect(seen: impl Iterator<Item = Result<Vec<Sighting>, AcquireError>>) -> Result<Vec<Sighting>, String> {
    let all: Result<Vec<_>, _> = seen.collect();
    all.map(|all| all.concat()).map_err(|why| why.to_string())
}

/// Prints a line. That nobody reads it any more is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{}", line.trim_end());
}

/// The progress bar, on standard error if that is a terminal.
struct Progress {
    bar: ProgressBar,
    verbose: bool,
}

impl Progress {
    fn new(tokens: u64, verbose: bool) -> Self {
        let style = ProgressStyle::with_template("{wide_bar:.cyan/blue} {human_pos}/{human_len} tokens, {eta} to go")
            .expect("the template is valid")
            .progress_chars("━╸─");
        let bar = ProgressBar::new(tokens).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, verbose }
    }

    fn show(&self, Sighting { tokens, before, after }: &Sighting) {
        if self.verbose {
            let at = Duration::from_nanos(*after).as_secs_f64();
            let waited = Duration::from_nanos(after.saturating_sub(*before));
            let line = format!("{at:10.6} s  granted {:>6} tokens after {waited:.1?}", HumanCount(*tokens).to_string());
            // The bar steps aside meanwhile, so that neither tears the other.
            self.bar.suspend(|| say(&line));
        }
        self.bar.inc(*tokens);
    }
}
