//! The tables: a row for each measurement, a column for each contender.

use std::fmt::Write as _;

use limitor_benches::{Legend, Table, million, short};

use crate::case::count;
use crate::contenders::Keyed;
use crate::contest::{self, Contender, Visitor};
use crate::keys::Key;
use crate::results::Results;

/// All contenders: those for strings.
pub(crate) fn legend() -> Legend {
    let mut columns = Columns(Legend::default());
    contest::limiters::<String>(&mut columns);
    contest::limits::<String>(&mut columns);
    columns.0
}

struct Columns(Legend);

impl<K: Key> Visitor<K> for Columns {
    fn visit<C: Contender<K>>(&mut self) {
        self.0.push(C::NAME, C::SETUP);
    }
}

const OURS: &str = <Keyed<u64> as Contender<u64>>::NAME;

/// The tables and their legend, as Markdown.
pub(crate) fn markdown(results: &Results) -> String {
    let legend = legend();
    let mut text = String::from("# The cost of a limit for each key\n\n");
    text.push_str(&costs(results, &legend).markdown());
    text.push_str(&residents(results, &legend).markdown());
    if let Some(churn) = &results.churn {
        let _ = write!(
            text,
            "Churn: {} keys through a limiter for {}. Each key comes once and takes its whole burst, which is back in 50 ms. \
             {:.1} million decisions a second, {} of them granted; {} found their set full. Resident",
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
        "The figures are medians. In brackets: the median ratio to limitor's figure next to it in the same run. In the first column \
         it is the ratio to another instance of limitor. A contender has the caches to itself: a part of each turn on many keys \
         fills them and is not timed.\n\n\
         - granted: all keys are known and busy, and have enough permits.\n\
         - refused: all keys are known and exhausted.\n\
         - new key: no key is known; as many others are, and idle. If a limiter does not forget idle keys by itself, they are \
         swept out now and then, which is not timed.\n\
         - u64, String: keys of 8 bytes and of 20. All keys are equally frequent, or follow Zipf's law with the exponent 0.99.\n\
         - threads: several threads call one limiter; nanoseconds of a thread that runs.\n\
         - bytes a key: the growth of a process that makes such a limiter and fills it.\n\
         - –: not available.\n\n",
    );
    text.push_str(&legend.lines());
    text
}

fn costs(results: &Results, legend: &Legend) -> Table {
    let mut table = Table::new("nanoseconds of a decision", legend);
    for case in results.cases() {
        let cell =
            |name: &str| results.cost(case, name).map(|cost| format!("{} ({})", short(cost.nanos), short(cost.ratio)));
        table.row(format!("{case}"), cell);
    }
    table
}

fn residents(results: &Results, legend: &Legend) -> Table {
    let mut rows: Vec<(&str, u64)> = results.residents.iter().map(|it| (it.kind.as_str(), it.keys)).collect();
    rows.dedup();
    let mut table = Table::new("bytes a key", legend);
    for (kind, keys) in rows {
        let of = |name| results.resident(kind, keys, name);
        let ours = of(OURS).map(|ours| million(ours.bytes));
        let cell = |name| {
            let bytes = million(of(name)?.bytes);
            Some(format!("{} ({})", short(bytes / million(keys)), short(bytes / ours?)))
        };
        table.row(format!("resident, {} {kind}", count(keys)), cell);
    }
    table
}
