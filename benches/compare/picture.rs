//! The picture: bars of nanoseconds a decision, in groups.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::fields::{Field, OnCached, OnCounter, OnPrepaid};
use crate::results::{Results, short};
use crate::table::Legend;

const BAR: i32 = 20;
const HEAD: i32 = 34;
const MARGIN: i32 = 24;
const NAMES: i32 = 160;
const BARS: i32 = 340;
const VALUES: i32 = 60;
const COLUMN: i32 = NAMES + BARS + VALUES + MARGIN;
const TOP: i32 = 64;

const INK: RGBColor = RGBColor(40, 40, 40);
const OURS: RGBColor = RGBColor(29, 105, 178);
const PEER: RGBColor = RGBColor(160, 178, 196);
const LIMIT: RGBColor = RGBColor(214, 214, 214);

/// Bars that are compared with each other.
struct Group {
    title: String,
    bars: Vec<(&'static str, f64)>,
}

impl Group {
    fn new(title: String, legend: &Legend, nanos: impl Fn(&str) -> Option<f64>) -> Option<Self> {
        let bars: Vec<_> = legend.names().filter_map(|name| nanos(name).map(|nanos| (name, nanos))).collect();
        (!bars.is_empty()).then_some(Self { title, bars })
    }

    fn height(&self) -> i32 {
        HEAD + BAR * i32::try_from(self.bars.len()).unwrap_or(0) + 10
    }

    fn draw(&self, sheet: &Sheet, left: i32, top: i32) -> Drawn {
        write(sheet, &self.title, (left, top + HEAD / 2), style(18, FontStyle::Bold, HPos::Left))?;
        let longest = self.bars.iter().map(|(_, nanos)| *nanos).fold(0.0, f64::max);
        for (index, (name, nanos)) in (0..).zip(&self.bars) {
            let (start, y) = (left + NAMES, top + HEAD + BAR * index);
            #[expect(clippy::cast_possible_truncation, reason = "pixels")]
            let end = start + (nanos / longest * f64::from(BARS)).round().max(1.0) as i32;
            let fill = match *name {
                ours if ours.starts_with("limitor") => OURS,
                limit if limit.starts_with("limit:") => LIMIT,
                _ => PEER,
            };
            sheet.draw(&Rectangle::new([(start, y + 1), (end, y + BAR - 2)], fill.filled()))?;
            write(sheet, name, (start - 8, y + BAR / 2), style(16, FontStyle::Normal, HPos::Right))?;
            write(sheet, &short(*nanos), (end + 6, y + BAR / 2), style(16, FontStyle::Normal, HPos::Left))?;
        }
        Ok(())
    }
}

/// Draws the picture into a file.
pub(crate) fn draw(results: &Results, legend: &Legend, path: &Path) -> Drawn {
    let single = |field: &str, what: &str, title: &str| {
        let row = format!("{field} {what}");
        Group::new(title.to_owned(), legend, |name| results.single(&row, name).map(|it| it.nanos))
    };
    let contended = |field: &str, threads: usize, title: &str| {
        Group::new(title.to_owned(), legend, |name| results.contended(field, threads, name).map(|it| it.cost))
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
    let height = columns.iter().map(|groups| groups.iter().map(Group::height).sum::<i32>()).max().unwrap_or(0);
    let size = (2 * COLUMN + MARGIN, TOP + height + MARGIN);
    let sheet = SVGBackend::new(path, (size.0.unsigned_abs(), size.1.unsigned_abs())).into_drawing_area();
    sheet.fill(&WHITE)?;
    let headline = "Nanoseconds a decision: medians, each group on its own scale";
    write(&sheet, headline, (MARGIN, 32), style(24, FontStyle::Normal, HPos::Left))?;
    for (groups, left) in columns.iter().zip([MARGIN, MARGIN + COLUMN]) {
        let mut top = TOP;
        for group in groups {
            group.draw(&sheet, left, top)?;
            top += group.height();
        }
    }
    sheet.present()?;
    Ok(())
}

type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

fn style(points: i32, weight: FontStyle, side: HPos) -> TextStyle<'static> {
    ("sans-serif", points, weight).into_font().color(&INK).pos(Pos::new(side, VPos::Center))
}

fn write(sheet: &Sheet, words: &str, at: (i32, i32), style: TextStyle<'static>) -> Drawn {
    sheet.draw(&Text::new(words.to_owned(), at, style))?;
    Ok(())
}
