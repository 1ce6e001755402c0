//! The targets of limitor with keys.

use limitor_benches::{Bound, Verdict, million};

use crate::case::{Access, Case, What};
use crate::contenders::{Governor, Keyed};
use crate::contest::Contender;
use crate::keys::Key;
use crate::results::Results;

const OURS: &str = <Keyed<u64> as Contender<u64>>::NAME;
const GOVERNOR: &str = <Governor<u64> as Contender<u64>>::NAME;

/// Bytes for each key of `max_keys`.
const BYTES_A_KEY: f64 = 24.0;

/// The most megabytes by which a process grows beyond what the limiter states, at any size.
const BESIDES: f64 = 0.5;

/// Whether each target was reached.
pub(crate) fn verdicts(results: &Results) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (kind, keys, least) in [
        (u64::NAME, 1_000, 2.2),
        (u64::NAME, 1_000_000, 1.7),
        (u64::NAME, 10_000_000, 1.7),
        (String::NAME, 1_000_000, 3.0),
    ] {
        let case = Case { what: What::Granted, keys, kind, access: Access::Uniform, threads: 1 };
        let ratio = |name| results.cost(case, name).map(|cost| cost.ratio);
        let what = format!("{case}, governor / limitor");
        verdicts.push(Verdict { what, figure: ratio(GOVERNOR), bound: Bound::AtLeast(least), noise: ratio(OURS) });
    }
    let judge = |what, figure, most| Verdict::new(what, figure, Bound::AtMost(most));
    for (kind, keys) in [(u64::NAME, 1_000_000), (String::NAME, 1_000_000), (u64::NAME, 10_000_000)] {
        let case = format!("{} {kind}", crate::case::count(keys));
        let ours = results.resident(kind, keys, OURS);
        let stated = ours.and_then(|ours| ours.stated).map(million);
        let a_key = stated.map(|stated| stated / million(keys));
        let besides = ours.zip(stated).map(|(ours, stated)| million(ours.bytes) - stated);
        verdicts.push(judge(format!("{case}, bytes a key that max_keys states"), a_key, BYTES_A_KEY));
        verdicts.push(judge(format!("{case}, MB in memory beyond what it states"), besides, BESIDES));
    }
    let grown = results.churn.as_ref().map(|churn| {
        let most = churn.resident.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0);
        million(most) - churn.resident.first().map_or(0.0, |(_, bytes)| million(*bytes))
    });
    verdicts.push(judge("churn, MB by which the process grows".to_owned(), grown, BESIDES));
    verdicts
}
