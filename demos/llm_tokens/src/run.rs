//! Runs the job: threads or tasks take requests from one list and wait for one limit.

use std::io::{self, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use limitor::{Clock, SystemClock, Tick, Timestamp};

use crate::args::Args;
use crate::audit::Sighting;

/// The limit that the requests wait for, and the work that they do afterwards.
pub(crate) trait Limit: Send + Sync + 'static {
    fn clock(&self) -> &SystemClock;

    /// Cancels all waiters and refuses later callers.
    fn close(&self);

    /// The number of requests, and the tokens of all of them together.
    fn total(&self) -> (usize, u64);

    /// Waits on this thread until request `index` is granted, calls `saw` with its tokens, and does
    /// the work.
    fn block(&self, index: usize, saw: impl FnOnce(Taken)) -> Result<(), String>;

    /// The same, suspended instead of blocked.
    fn suspend(&self, index: usize, saw: impl FnOnce(Taken) + Send) -> impl Future<Output = Result<(), String>> + Send;
}

/// What a request takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) granted: u64,
    /// What counts against the limit: all of it, unless a part is refunded.
    pub(crate) tokens: u64,
}

/// Sends all requests. Returns the grants as the workers saw them, in that order.
pub(crate) fn run<L: Limit>(args: &Args, limit: L) -> Result<(L, Vec<Sighting>), String> {
    let job = Job::new(args, limit);
    let outcome = if args.tasks { job.on_tasks(args.threads) } else { job.on_threads(args.threads) };
    job.progress.bar.finish_and_clear();
    let mut sightings = outcome?;
    sightings.sort_by_key(|sighting| sighting.after);
    let job = Arc::into_inner(job).ok_or("a worker is still running")?;
    Ok((job.limit, sightings))
}

/// What all workers share.
struct Job<L> {
    limit: L,
    tick: Tick,
    start: Timestamp,
    requests: usize,
    next: AtomicUsize,
    progress: Progress,
}

impl<L: Limit> Job<L> {
    fn new(args: &Args, limit: L) -> Arc<Self> {
        let (tick, start) = (limit.clock().tick(), limit.clock().now());
        let (requests, tokens) = limit.total();
        let progress = Progress::new(tokens, args.verbose);
        Arc::new(Self { limit, tick, start, requests, next: AtomicUsize::new(0), progress })
    }

    fn on_threads(&self, threads: u16) -> Result<Vec<Sighting>, String> {
        thread::scope(|scope| {
            let mut workers = Vec::new();
            for _ in 0..threads {
                match thread::Builder::new().spawn_scoped(scope, || self.block()) {
                    Ok(worker) => workers.push(worker),
                    Err(why) => {
                        // ends the waits of the workers that are running already
                        self.limit.close();
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

    fn block(&self) -> Result<Vec<Sighting>, String> {
        let mut seen = Vec::new();
        while let Some(index) = self.next() {
            let before = self.nanos();
            self.limit.block(index, |taken| seen.push(self.saw(taken, before)))?;
        }
        Ok(seen)
    }

    async fn suspend(self: Arc<Self>) -> Result<Vec<Sighting>, String> {
        let mut seen = Vec::new();
        while let Some(index) = self.next() {
            let before = self.nanos();
            self.limit.suspend(index, |taken| seen.push(self.saw(taken, before))).await?;
        }
        Ok(seen)
    }

    /// The number of the next request.
    fn next(&self) -> Option<usize> {
        Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|index| *index < self.requests)
    }

    fn saw(&self, taken: Taken, before: u64) -> Sighting {
        let sighting = Sighting { tokens: taken.tokens, before, after: self.nanos() };
        self.progress.show(taken.granted, &sighting);
        sighting
    }

    /// The limiter's own clock, in nanoseconds since the start, rounded down.
    fn nanos(&self) -> u64 {
        let ticks = self.limit.clock().now().ticks().saturating_sub(self.start.ticks());
        let nanos = u128::from(ticks) * u128::from(self.tick.nanos()) / u128::from(self.tick.per());
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

fn collect(seen: impl Iterator<Item = Result<Vec<Sighting>, String>>) -> Result<Vec<Sighting>, String> {
    let all: Result<Vec<_>, _> = seen.collect();
    all.map(|all| all.concat())
}

/// Prints a line. If standard output is closed, the job continues.
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

    fn show(&self, granted: u64, Sighting { tokens, before, after }: &Sighting) {
        if self.verbose {
            let at = Duration::from_nanos(*after).as_secs_f64();
            let waited = Duration::from_nanos(after.saturating_sub(*before));
            let line = format!("{at:10.6} s  granted {:>6} tokens after {waited:.1?}", HumanCount(granted).to_string());
            // The bar is hidden during the output, so that the two do not mix.
            self.bar.suspend(|| say(&line));
        }
        self.bar.inc(*tokens);
    }
}
