//! The tables: a row for each measurement, a column for each contender.

use std::fmt::Write as _;

use crate::case::count;
use crate::contenders::Keyed;
use crate::contest::{self, Contender, Visitor};
use crate::keys::Key;
use crate::results::{Results, short};

/// The contenders with how they are set up, in the order of their columns.
#[derive(Default)]
pub(crate) struct Legend(Vec<(&'static str, &'static str)>);

impl Legend {
    /// All of them, that is those for strings.
    pub(crate) fn new() -> Self {
        let mut legend = Self::default();
        contest::limiters::<String>(&mut legend);
        contest::limits::<String>(&mut legend);
        legend
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }
}

impl<K: Key> Visitor<K> for Legend {
    fn visit<C: Contender<K>>(&mut self) {
        self.0.push((C::NAME, C::SETUP));
    }
}

const OURS: &str = <Keyed<u64> as Contender<u64>>::NAME;

/// Everything there is to read, as Markdown.
pub(crate) fn markdown(results: &Results) -> String {
    let legend = Legend::new();
    let mut text = String::from("# What a limit for each key costs\n\n");
    text.push_str(&aligned("nanoseconds of a decision", &legend, &costs(results, &legend)));
    text.push_str(&aligned("bytes a key", &legend, &residents(results, &legend)));
    if let Some(churn) = &results.churn {
        let _ = write!(
            text,
            "Churn: {} keys, each of which comes once and takes its whole burst, which is back in 50 ms, through a limiter for {}: \
             {:.1} million decisions a second, {} of them granted; {} found their set crowded. Resident",
            count(churn.keys),
            count(churn.max_keys),
            million(churn.keys) / churn.seconds,
            churn.granted,
            churn.crowded,
        );
        for (part, bytes) in &churn.resident {
            let _ = write!(text, "{} {:.2} MB at {part} %", if *part == 0 { "" } else { "," }, million(*bytes));
        }
        text.push_str(".\n\n");
    }
    text.push_str(
        "Medians; in brackets, the median ratio to limitor's next to it in the same run (in the first column: of another instance \
         of limitor). A contender has the caches to itself: a part of each turn on many keys that is not timed fills them. \
         \"granted\": all keys are known and busy, and have plenty. \"refused\": all are known and exhausted. \"newcomer\": no key has been \
         asked for before, beside as many others that are idle; from those who do not forget idle keys by themselves they are swept \
         out now and then, which is not timed. \"u64\", \"String\": the keys, 8 bytes and 20, any of them all the same, or by Zipf's law with \
         the exponent 0.99. \"threads\": several on one limiter; nanoseconds of a thread that runs. \"bytes a key\": by which a \
         process grows that makes such a limiter and fills it. \"–\": not to be had.\n\n",
    );
    for (name, setup) in &legend.0 {
        let _ = writeln!(text, "- **{name}**: {setup}.");
    }
    text
}

type Row = (String, Vec<Option<String>>);

fn costs(results: &Results, legend: &Legend) -> Vec<Row> {
    let cell = |case, name: &str| {
        results.cost(case, name).map(|cost| format!("{} ({})", short(cost.nanos), short(cost.ratio)))
    };
    let row = |case| (format!("{case}"), legend.names().map(|name| cell(case, name)).collect());
    results.cases().into_iter().map(row).collect()
}

fn residents(results: &Results, legend: &Legend) -> Vec<Row> {
    let mut rows: Vec<(&str, u64)> = results.residents.iter().map(|it| (it.kind.as_str(), it.keys)).collect();
    rows.dedup();
    let mut lines = Vec::new();
    for (kind, keys) in rows {
        let of = |name| results.resident(kind, keys, name);
        let ours = of(OURS).map(|ours| million(ours.bytes));
        let cell = |name: &'static str| {
            let bytes = million(of(name)?.bytes);
            Some(format!("{} ({})", short(bytes / million(keys)), short(bytes / ours?)))
        };
        lines.push((format!("resident, {} {kind}", count(keys)), legend.names().map(cell).collect()));
    }
    lines
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(crate) fn million(number: u64) -> f64 {
    number as f64 / 1e6
}

/// A Markdown table that can be read as it is; nothing if it has no rows.
fn aligned(title: &str, legend: &Legend, rows: &[Row]) -> String {
    let used: Vec<usize> =
        (0..legend.0.len()).filter(|column| rows.iter().any(|(_, it)| it[*column].is_some())).collect();
    let head = std::iter::once(title.to_owned()).chain(used.iter().map(|column| legend.0[*column].0.to_owned()));
    let mut lines: Vec<Vec<String>> = vec![head.collect()];
    for (row, cells) in rows {
        let cells = used.iter().map(|column| cells[*column].clone().unwrap_or_else(|| "–".to_owned()));
        lines.push(std::iter::once(row.clone()).chain(cells).collect());
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..=used.len()).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate().filter(|_| !rows.is_empty()) {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let _ = if column == 0 { write!(text, "| {cell:width$} |") } else { write!(text, " {cell:>width$} |") };
        }
        text.push('\n');
        if number == 0 {
            let dashes = widths.iter().map(|width| "-".repeat(width + 1));
            let _ = writeln!(text, "|{}:|", dashes.collect::<Vec<_>>().join(":|").replacen(":|", "-|", 1));
        }
    }
    if !rows.is_empty() {
        text.push('\n');
    }
    text
}
