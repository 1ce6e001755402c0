//! The results as tables.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

/// Percentiles that are printed.
const SHOWN: [f64; 5] = [50.0, 90.0, 99.0, 99.9, 99.99];

/// One contender, with a number of threads.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) threads: usize,
    /// Nanoseconds.
    pub(crate) times: Histogram<u64>,
}

impl Row {
    /// A row without times for each contender, with each number of threads.
    pub(crate) fn all(names: &[&'static str], threads: &[usize]) -> Vec<Self> {
        let each = |threads| names.iter().map(move |name| Self { name, threads, times: times() });
        threads.iter().copied().flat_map(each).collect()
    }
}

/// A histogram of three digits, at any size.
pub(crate) fn times() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are possible")
}

/// A table of percentiles in Markdown, each divided by `unit`.
pub(crate) fn table(rows: &[Row], unit: f64) -> String {
    let mut text =
        String::from("| | p50 | p90 | p99 | p99.9 | p99.99 | most | of |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
    for Row { name, threads, times } in rows {
        let _ = write!(text, "| {name}, {threads} threads |");
        for value in SHOWN.map(|percentile| times.value_at_percentile(percentile)).into_iter().chain([times.max()]) {
            #[expect(clippy::cast_precision_loss, reason = "three digits count")]
            let value = value as f64 / unit;
            let _ = if value < 10.0 { write!(text, " {value:.1} |") } else { write!(text, " {value:.0} |") };
        }
        let _ = writeln!(text, " {} |", times.len());
    }
    text
}
