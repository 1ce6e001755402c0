//! The table: a row for each measurement, a column for each contender.

use std::fmt::Write as _;

use crate::contended::THREADS;
use crate::contenders::{Contender, Field, OnCached, OnCounter, Visitor};
use crate::results::{Contended, Results};

/// The contenders with how they are set up, in the order of their columns.
#[derive(Default)]
pub(crate) struct Legend(Vec<(&'static str, &'static str)>);

impl Legend {
    pub(crate) fn new() -> Self {
        let mut legend = Self::default();
        OnCounter::limiters(&mut legend);
        OnCounter::least_grant(&mut legend);
        OnCounter::least_refusal(&mut legend);
        legend
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }
}

impl Visitor for Legend {
    fn visit<C: Contender>(&mut self) {
        self.0.push((C::NAME, C::SETUP));
    }
}

/// Everything there is to read, as Markdown.
pub(crate) fn markdown(results: &Results, legend: &Legend) -> String {
    let mut text = String::from("# What a decision costs\n\n");
    text.push_str(&table(results, legend));
    text.push_str(
        "\nMedians; in brackets, the median ratio to limitor's figure next to it in the same run. \"full\": more comes back \
         between two calls than one takes. \"saturated\": neither full nor empty, so the bucket has to be reckoned with. \
         \"weighted\": from 1 to 16 permits a call, otherwise 1. \"refused\": whether it is a refusal is all that the caller \
         looks at; \"passed on\": the whole refusal is consumed, as with `?`; the whole grant is, in all rows. \"cached\": on \
         quanta's cached clock, brought up to date every millisecond. \"contended\": several threads on one full limiter, in \
         batches in which they really overlapped; a call is timed by itself, one reading of the clock included. \"–\": not to be \
         had, or no batch overlapped, as when a mutex puts its threads to sleep.\n\n",
    );
    for (name, setup) in &legend.0 {
        let _ = writeln!(text, "- **{name}**: {setup}.");
    }
    text
}

fn table(results: &Results, legend: &Legend) -> String {
    let mut rows = vec![std::iter::once(String::new()).chain(legend.names().map(str::to_owned)).collect()];
    let mut row = |title: String, cell: &dyn Fn(&str) -> Option<String>| {
        let cells: Vec<Option<String>> = legend.names().map(cell).collect();
        if cells.iter().any(Option::is_some) {
            let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".to_owned()));
            rows.push(std::iter::once(title).chain(cells).collect());
        }
    };

    let mut titles: Vec<&String> = results.singles.iter().map(|single| &single.row).collect();
    titles.dedup();
    for title in titles {
        row(format!("{title}, ns"), &|name| {
            results.single(title, name).map(|it| beside(name, it.nanos, Some(it.ratio)))
        });
    }
    row("size, bytes".to_owned(), &|name| {
        results.sizes.iter().find(|(contender, _)| *contender == name).map(|(_, bytes)| bytes.to_string())
    });
    for (field, threads) in [OnCounter::CONTENDED, OnCached::CONTENDED]
        .into_iter()
        .flat_map(|field| THREADS.map(|threads| (field, threads)))
    {
        let title = |what: &str| format!("{field}, {threads} thread{}: {what}", if threads == 1 { "" } else { "s" });
        let mut line = |what: &str, cell: &dyn Fn(&Contended) -> String| {
            row(title(what), &|name| results.contended(field, threads, name).map(cell));
        };
        line("a call, ns", &|it| beside(it.contender, it.cost, it.cost_ratio));
        line("million calls/s", &|it| beside(it.contender, it.throughput / 1e6, it.cost_ratio.map(f64::recip)));
        line("p50 / p99 / p99.9, ns", &|it| it.calls.map(|nanos| format!("{nanos:.0}")).join(" / "));
        line("batches kept of tried", &|it| format!("{} of {}", it.kept, it.tried));
    }
    aligned(&rows)
}

type Ours = <OnCounter as Field>::Ours;

/// A figure, and its ratio to limitor's, if that is known and another's.
fn beside(name: &str, figure: f64, ratio: Option<f64>) -> String {
    let figure = if figure < 100.0 { format!("{figure:.1}") } else { format!("{figure:.0}") };
    match ratio {
        Some(ratio) if name != Ours::NAME => format!("{figure} ({ratio:.2})"),
        _ => figure,
    }
}

/// The rows as a Markdown table that can be read as it is; the first one is the head.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = if column == 0 { write!(text, "| {cell:width$} |") } else { write!(text, " {cell:>width$} |") };
        }
        text.push('\n');
        if index == 0 {
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + 1);
                let _ = if column == 0 { write!(text, "|{dashes}-|") } else { write!(text, "{dashes}:|") };
            }
            text.push('\n');
        }
    }
    text
}
