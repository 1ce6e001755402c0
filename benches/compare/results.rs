//! The results.

/// A row of one thread: the same requests to each contender.
#[derive(Debug, Clone)]
pub(crate) struct Single {
    pub(crate) row: String,
    pub(crate) contender: &'static str,
    /// Median of a decision.
    pub(crate) nanos: f64,
    /// Median ratio to the time of limitor just after it.
    pub(crate) ratio: f64,
}

/// A row of several threads on one limiter: medians over the batches that overlapped.
#[derive(Debug, Clone)]
pub(crate) struct Contended {
    pub(crate) row: &'static str,
    pub(crate) threads: usize,
    pub(crate) contender: &'static str,
    /// Nanoseconds that a decision costs the calling thread.
    pub(crate) cost: f64,
    /// Decisions per second, over all threads.
    pub(crate) throughput: f64,
    /// Nanoseconds of a single call: p50, p99 and p99.9.
    pub(crate) calls: [f64; 3],
    /// The ratio of the cost to limitor's in the same round.
    pub(crate) cost_ratio: Option<f64>,
    /// The ratios of the single calls to limitor's in the same round.
    pub(crate) call_ratios: [Option<f64>; 3],
    pub(crate) kept: usize,
    pub(crate) tried: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) singles: Vec<Single>,
    pub(crate) contended: Vec<Contended>,
    /// Bytes of each contender, without its allocations.
    pub(crate) sizes: Vec<(&'static str, usize)>,
}

impl Results {
    pub(crate) fn single(&self, row: &str, contender: &str) -> Option<&Single> {
        self.singles.iter().find(|single| single.row == row && single.contender == contender)
    }

    pub(crate) fn contended(&self, row: &str, threads: usize, contender: &str) -> Option<&Contended> {
        let is = |it: &&Contended| it.row == row && it.threads == threads && it.contender == contender;
        self.contended.iter().find(is)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.singles.is_empty() && self.contended.is_empty()
    }
}
