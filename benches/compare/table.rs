//! The tables: a row for each measurement, a column for each contender.

use limitor_benches::{Legend, Table, short};

use crate::contended::THREADS;
use crate::contest::{Contender, Visitor};
use crate::fields::{Field, OnCached, OnCounter, OnPrepaid};
use crate::results::{Contended, Results};

/// All contenders.
pub(crate) fn legend() -> Legend {
    of::<OnPrepaid>().and(of::<OnCounter>())
}

/// The contenders of one field. The first is ours, which the others are compared with.
fn of<F: Field>() -> Legend {
    let mut columns = Columns(Legend::default());
    F::limiters(&mut columns);
    F::least_grant(&mut columns);
    F::least_refusal(&mut columns);
    columns.0
}

struct Columns(Legend);

impl Visitor for Columns {
    fn visit<C: Contender>(&mut self) {
        self.0.push(C::NAME, C::SETUP);
    }
}

/// The tables and their legend, as Markdown.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = String::from("# What a decision costs\n\n");
    let (mut shared, mut prepaid) = (Table::new("", &of::<OnCounter>()), Table::new("", &of::<OnPrepaid>()));
    add_rows::<OnCounter>(&mut shared, results);
    add_rows::<OnCached>(&mut shared, results);
    add_rows::<OnPrepaid>(&mut prepaid, results);
    for mut table in [shared, prepaid] {
        add_sizes(&mut table, results);
        text.push_str(&table.markdown());
    }
    text.push_str(
        "The figures are medians. In brackets: the median ratio to the figure in the first column, next to it in the same run.\n\n\
         - full: between two calls, more permits come back than one call takes.\n\
         - saturated: the bucket is neither full nor empty, so its level is computed.\n\
         - weighted: a call takes 1 to 16 permits, otherwise 1.\n\
         - refused: the caller looks only at whether the answer is a refusal.\n\
         - passed on: the caller consumes the whole refusal, as with `?`. In all rows of grants, it consumes the whole grant.\n\
         - cached: the clock is quanta's cached clock, updated every millisecond.\n\
         - prepaid: each thread spends permits that it took from the shared limiter many at a time.\n\
         - contended: several threads call one full limiter, in batches in which they overlapped. A call is timed by itself, with \
         one reading of the clock.\n\
         - size: the size of what a thread calls.\n\
         - –: not available, or no batch overlapped, as when a mutex puts its threads to sleep.\n\n",
    );
    text.push_str(&legend().lines());
    text
}

fn add_rows<F: Field>(table: &mut Table, results: &Results) {
    let ours = table.ours();
    let mut titles: Vec<&String> = results.singles.iter().map(|single| &single.row).collect();
    titles.dedup();
    for title in titles.into_iter().filter(|title| title.split(' ').next() == Some(F::NAME)) {
        let cell = |name: &str| results.single(title, name).map(|it| beside(ours, name, it.nanos, Some(it.ratio)));
        table.row(format!("{title}, ns"), cell);
    }
    for threads in THREADS {
        let mut line = |what: &str, cell: &dyn Fn(&Contended) -> String| {
            let title = format!("{}, {threads} thread{}: {what}", F::CONTENDED, if threads == 1 { "" } else { "s" });
            table.row(title, |name| results.contended(F::CONTENDED, threads, name).map(cell));
        };
        line("a call, ns", &|it| beside(ours, it.contender, it.cost, it.cost_ratio));
        let faster = |it: &Contended| it.cost_ratio.map(f64::recip);
        line("million calls/s", &|it| beside(ours, it.contender, it.throughput / 1e6, faster(it)));
        line("p50 / p99 / p99.9, ns", &|it| it.calls.map(|nanos| format!("{nanos:.0}")).join(" / "));
        line("batches kept of tried", &|it| format!("{} of {}", it.kept, it.tried));
    }
}

fn add_sizes(table: &mut Table, results: &Results) {
    if !table.is_empty() {
        let size = |name: &str| results.sizes.iter().find(|(contender, _)| *contender == name);
        table.row("size, bytes".to_owned(), |name| size(name).map(|(_, bytes)| bytes.to_string()));
    }
}

/// A figure, and its ratio to ours, if that is known and another's.
fn beside(ours: &str, name: &str, figure: f64, ratio: Option<f64>) -> String {
    match ratio {
        Some(ratio) if name != ours => format!("{} ({})", short(figure), short(ratio)),
        _ => short(figure),
    }
}
