//! The job itself: threads that take requests from one list, and wait for one limiter.

use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use limitor::{AcquireError, Clock, RateLimiter, SystemClock, Tick, Timestamp};

use crate::args::Args;
use crate::audit::Sighting;

/// Sends a request for each of `sizes`; what the threads saw of the grants, in the order they saw them.
pub(crate) fn run(args: &Args, sizes: &[u64]) -> Result<Vec<Sighting>, String> {
    let limiter = RateLimiter::new(args.rate);
    let watch = Watch::start(limiter.clock());
    let progress = Progress::new(sizes.iter().sum(), args.verbose);
    let next = AtomicUsize::new(0);

    let worker = || -> Result<Vec<Sighting>, AcquireError> {
        let mut seen = Vec::new();
        while let Some(&tokens) = sizes.get(next.fetch_add(1, Ordering::Relaxed)) {
            let before = watch.nanos();
            limiter.acquire(tokens).wait()?;
            let after = watch.nanos();
            // Here the request would be sent.
            let sighting = Sighting { tokens, before, after };
            progress.show(&sighting);
            seen.push(sighting);
        }
        Ok(seen)
    };

    let outcome = thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..args.threads {
            match thread::Builder::new().spawn_scoped(scope, worker) {
                Ok(thread) => threads.push(thread),
                Err(why) => {
                    limiter.close(); // sends those already at work home
                    return Err(format!("cannot start {} threads: {why}", args.threads));
                }
            }
        }
        let mut all = Vec::with_capacity(sizes.len());
        for thread in threads {
            let seen = thread.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
            all.extend(seen.map_err(|why| why.to_string())?);
        }
        Ok(all)
    });
    progress.bar.finish_and_clear();
    let mut sightings = outcome?;
    sightings.sort_by_key(|sighting| sighting.after);
    Ok(sightings)
}

/// Prints a line. That nobody reads it any more is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{}", line.trim_end());
}

/// The limiter's own clock, in nanoseconds since the start, rounded down.
struct Watch<'a> {
    clock: &'a SystemClock,
    tick: Tick,
    start: Timestamp,
}

impl<'a> Watch<'a> {
    fn start(clock: &'a SystemClock) -> Self {
        Self { clock, tick: clock.tick(), start: clock.now() }
    }

    fn nanos(&self) -> u64 {
        let ticks = self.clock.now().ticks().saturating_sub(self.start.ticks());
        let nanos = u128::from(ticks) * u128::from(self.tick.nanos()) / u128::from(self.tick.per());
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
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
