//! The results of a run as text.

use std::fmt;
use std::time::Duration;

use indicatif::{HumanCount, HumanFloatCount};
use limitor::Quota;

use crate::args::Args;
use crate::audit::{self, Sighting, Window};

const SECOND: u64 = 1_000_000_000;

/// The figures of a run.
#[derive(Debug)]
pub(crate) struct Summary {
    quota: Quota,
    workers: String,
    requests: u64,
    tokens: u64,
    /// From the start to the last grant.
    elapsed: Duration,
    busiest_second: u64,
    /// Sorted, the shortest first.
    waits: Vec<Duration>,
    /// The tokens granted in the window nearest to its bound, and that bound.
    tightest: Option<(Window, u64, u64)>,
}

impl Summary {
    pub(crate) fn of(args: &Args, sightings: &[Sighting]) -> Self {
        let quota = args.tokens();
        let mut waits: Vec<_> =
            sightings.iter().map(|seen| Duration::from_nanos(seen.after.saturating_sub(seen.before))).collect();
        waits.sort_unstable();
        let tightest = audit::tightest(quota, sightings);
        Self {
            quota,
            workers: args.workers(),
            requests: sightings.len() as u64,
            tokens: sightings.iter().map(|seen| seen.tokens).sum(),
            elapsed: Duration::from_nanos(sightings.iter().map(|seen| seen.after).max().unwrap_or(0)),
            busiest_second: audit::busiest(SECOND, sightings),
            waits,
            tightest: tightest.map(|window| (window, window.tokens(sightings), window.bound(quota))),
        }
    }

    /// Whether no window exceeded its bound.
    pub(crate) fn kept(&self) -> bool {
        self.tightest.is_none_or(|(_, tokens, bound)| tokens <= bound)
    }

    /// The smallest wait that is at least as long as `percent` of all waits.
    fn wait(&self, percent: usize) -> Duration {
        let rank = (self.waits.len() * percent).div_ceil(100);
        self.waits.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quota, workers, requests, tokens, elapsed, .. } = self;
        let requests = counted(*requests, "request");
        writeln!(f, "tokens       {} in {requests} from {workers}", HumanCount(*tokens))?;
        writeln!(f, "elapsed      {elapsed:.3?}")?;
        writeln!(f, "rate         {}", Rate(self))?;
        let second = Window { from: 0, to: SECOND };
        writeln!(
            f,
            "busiest 1 s  {} tokens of at most {}",
            HumanCount(self.busiest_second),
            HumanCount(second.bound(*quota))
        )?;
        writeln!(f, "waits        p50 {:.1?}, p99 {:.1?}", self.wait(50), self.wait(99))?;
        let Some((window, tokens, bound)) = self.tightest else { return Ok(()) };
        let verdict = if self.kept() { "kept over every window: at the nearest" } else { "BROKEN:" };
        write!(
            f,
            "limit        {verdict} {} tokens of at most {}, from {:.3?} to {:.3?}",
            HumanCount(tokens),
            HumanCount(bound),
            Duration::from_nanos(window.from),
            Duration::from_nanos(window.to),
        )
    }
}

/// A number with a noun in singular or plural.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}

/// The achieved rate against the allowed rate. The burst is available at the start, so it is
/// counted separately.
struct Rate<'a>(&'a Summary);

impl fmt::Display for Rate<'_> {
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { quota, tokens, elapsed, .. } = self.0;
        let later = tokens.saturating_sub(quota.burst());
        if later == 0 || elapsed.is_zero() {
            return write!(f, "all within the burst of {}", HumanCount(quota.burst()));
        }
        let achieved = later as f64 / elapsed.as_secs_f64();
        let limit = quota.capacity() as f64 / quota.period().as_secs_f64();
        write!(
            f,
            "{} tokens/s after the burst of {}, {:.2}% of the {} tokens/s allowed",
            HumanFloatCount((achieved * 10.0).round() / 10.0),
            HumanCount(quota.burst()),
            100.0 * achieved / limit,
            HumanFloatCount(limit),
        )
    }
}
