//! The picture: bars of nanoseconds a decision, in groups.

use std::path::Path;

use limitor_benches::Legend;
use limitor_benches::picture::{Columns, Drawn, Group, MARGIN, TOP, sheet};

use crate::fields::{Field, OnCached, OnCounter, OnPrepaid};
use crate::results::Results;

const COLUMNS: Columns = Columns { names: 160, bars: 340, values: 60 };

/// Draws the picture into a file.
pub(crate) fn draw(results: &Results, legend: &Legend, path: &Path) -> Drawn {
    let single = |field: &str, what: &str, title: &str| {
        let row = format!("{field} {what}");
        Group::new(title.to_owned(), legend.names(), |name| results.single(&row, name).map(|it| it.nanos))
    };
    let contended = |field: &str, threads: usize, title: &str| {
        Group::new(title.to_owned(), legend.names(), |name| results.contended(field, threads, name).map(|it| it.cost))
    };
    let alone = OnCounter::NAME;
    let columns: [Vec<Group>; 2] = [
        [
            single(alone, "granted full", "granted, bucket full"),
            single(alone, "granted saturated", "granted, neither full nor empty"),
            single(alone, "granted weighted", "granted, 1 to 16 permits"),
            single(alone, "refused", "refused"),
            single(OnPrepaid::NAME, "granted full", "granted, prepaid to one thread"),
            contended(OnPrepaid::CONTENDED, 2, "granted, prepaid to each of 2 threads"),
        ]
        .into_iter()
        .flatten()
        .collect(),
        [
            single(OnCached::NAME, "granted full", "granted, on a cached clock"),
            single(OnCached::NAME, "refused", "refused, on a cached clock"),
            contended(OnCounter::CONTENDED, 2, "granted, 2 threads on one limiter"),
            contended(OnCounter::CONTENDED, 4, "granted, 4 threads on one limiter"),
            contended(OnCounter::CONTENDED, 8, "granted, 8 threads on one limiter"),
            contended(OnPrepaid::CONTENDED, 4, "granted, prepaid to each of 4 threads"),
            contended(OnPrepaid::CONTENDED, 8, "granted, prepaid to each of 8 threads"),
        ]
        .into_iter()
        .flatten()
        .collect(),
    ];
    let width = COLUMNS.width() + MARGIN;
    let height = columns.iter().map(|groups| groups.iter().map(Group::height).sum::<i32>()).max().unwrap_or(0);
    let headline = "Nanoseconds a decision: medians, each group on its own scale";
    let sheet = sheet(path, (2 * width + MARGIN, TOP + height + MARGIN), headline)?;
    for (groups, left) in columns.iter().zip([MARGIN, MARGIN + width]) {
        let mut top = TOP;
        for group in groups {
            group.draw(&sheet, (left, top), COLUMNS, group.longest())?;
            top += group.height();
        }
    }
    sheet.present()?;
    Ok(())
}
