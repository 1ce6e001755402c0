//! The tables: a row for each measurement, a column for each contender.

use std::fmt::Write as _;

use crate::contended::THREADS;
use crate::contest::{Contender, Visitor};
use crate::fields::{Field, OnCached, OnCounter, OnPrepaid};
use crate::results::{Contended, Results, short};

/// The contenders with how they are set up, in the order of their columns.
#[derive(Default)]
pub(crate) struct Legend(Vec<(&'static str, &'static str)>);

impl Legend {
    /// Everyone.
    pub(crate) fn new() -> Self {
        let mut legend = Self::of::<OnPrepaid>();
        Self::of::<OnCounter>().0.into_iter().for_each(|line| legend.push(line));
        legend
    }

    /// Those of one field: ours, beside whom the others are, is the first.
    fn of<F: Field>() -> Self {
        let mut legend = Self::default();
        F::limiters(&mut legend);
        F::least_grant(&mut legend);
        F::least_refusal(&mut legend);
        legend
    }

    fn push(&mut self, line: (&'static str, &'static str)) {
        if !self.0.contains(&line) {
            self.0.push(line);
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }
}

impl Visitor for Legend {
    fn visit<C: Contender>(&mut self) {
        self.push((C::NAME, C::SETUP));
    }
}

/// Everything there is to read, as Markdown.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = String::from("# What a decision costs\n\n");
    let shared = Table::new(results, &Legend::of::<OnCounter>());
    let prepaid = Table::new(results, &Legend::of::<OnPrepaid>());
    text.push_str(&shared.rows_of::<OnCounter>().rows_of::<OnCached>().sizes().aligned());
    text.push_str(&prepaid.rows_of::<OnPrepaid>().sizes().aligned());
    text.push_str(
        "Medians; in brackets, the median ratio to the figure in the first column next to it in the same run. \"full\": more \
         comes back between two calls than one takes. \"saturated\": neither full nor empty, so the bucket has to be reckoned \
         with. \"weighted\": from 1 to 16 permits a call, otherwise 1. \"refused\": whether it is a refusal is all that the \
         caller looks at; \"passed on\": the whole refusal is consumed, as with `?`; the whole grant is, in all rows. \
         \"cached\": on quanta's cached clock, brought up to date every millisecond. \"prepaid\": each thread spends permits \
         that it took from the shared limiter many at a time. \"contended\": several threads on one full limiter, in batches \
         in which they really overlapped; a call is timed by itself, one reading of the clock included. \"size\": of what a \
         thread asks. \"–\": not to be had, or no batch overlapped, as when a mutex puts its threads to sleep.\n\n",
    );
    for (name, setup) in &Legend::new().0 {
        let _ = writeln!(text, "- **{name}**: {setup}.");
    }
    text
}

struct Table<'a> {
    results: &'a Results,
    names: Vec<&'static str>,
    /// Without the head.
    rows: Vec<Vec<String>>,
}

impl<'a> Table<'a> {
    fn new(results: &'a Results, legend: &Legend) -> Self {
        Self { results, names: legend.names().collect(), rows: Vec::new() }
    }

    /// A row, if anyone has a figure for it.
    fn row(&mut self, title: String, cell: impl Fn(&str) -> Option<String>) {
        let cells: Vec<Option<String>> = self.names.iter().map(|name| cell(name)).collect();
        if cells.iter().any(Option::is_some) {
            let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".to_owned()));
            self.rows.push(std::iter::once(title).chain(cells).collect());
        }
    }

    fn rows_of<F: Field>(mut self) -> Self {
        let (results, ours) = (self.results, self.names[0]);
        let mut titles: Vec<&String> = results.singles.iter().map(|single| &single.row).collect();
        titles.dedup();
        for title in titles.into_iter().filter(|title| title.split(' ').next() == Some(F::NAME)) {
            let cell = |name: &str| results.single(title, name).map(|it| beside(ours, name, it.nanos, Some(it.ratio)));
            self.row(format!("{title}, ns"), cell);
        }
        for threads in THREADS {
            let mut line = |what: &str, cell: &dyn Fn(&Contended) -> String| {
                let title =
                    format!("{}, {threads} thread{}: {what}", F::CONTENDED, if threads == 1 { "" } else { "s" });
                self.row(title, |name| results.contended(F::CONTENDED, threads, name).map(cell));
            };
            line("a call, ns", &|it| beside(ours, it.contender, it.cost, it.cost_ratio));
            let faster = |it: &Contended| it.cost_ratio.map(f64::recip);
            line("million calls/s", &|it| beside(ours, it.contender, it.throughput / 1e6, faster(it)));
            line("p50 / p99 / p99.9, ns", &|it| it.calls.map(|nanos| format!("{nanos:.0}")).join(" / "));
            line("batches kept of tried", &|it| format!("{} of {}", it.kept, it.tried));
        }
        self
    }

    fn sizes(mut self) -> Self {
        let results = self.results;
        let size = |name: &str| results.sizes.iter().find(|(contender, _)| *contender == name);
        if !self.rows.is_empty() {
            self.row("size, bytes".to_owned(), |name| size(name).map(|(_, bytes)| bytes.to_string()));
        }
        self
    }

    /// A Markdown table that can be read as it is; nothing if it has no rows.
    fn aligned(self) -> String {
        let mut text = String::new();
        if self.rows.is_empty() {
            return text;
        }
        let head = std::iter::once(String::new()).chain(self.names.into_iter().map(str::to_owned)).collect();
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(self.rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
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
        text.push('\n');
        text
    }
}

/// A figure, and its ratio to ours, if that is known and another's.
fn beside(ours: &str, name: &str, figure: f64, ratio: Option<f64>) -> String {
    match ratio {
        Some(ratio) if name != ours => format!("{} ({})", short(figure), short(ratio)),
        _ => short(figure),
    }
}
