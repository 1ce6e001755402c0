//! Colours, text and sheets of the pictures.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// The colour of text.
pub const INK: RGBColor = RGBColor(40, 40, 40);
/// The colour of limitor.
pub const OURS: RGBColor = RGBColor(29, 105, 178);
/// The colour of other limiters.
pub const PEER: RGBColor = RGBColor(160, 178, 196);
/// The colour of what is part of every decision.
pub const LIMIT: RGBColor = RGBColor(214, 214, 214);

/// Pixels between the edge and what is drawn.
pub const MARGIN: i32 = 24;
/// Pixels above what is drawn, for the headline.
pub const TOP: i32 = 64;

/// Pixels from the top of one bar to the top of the next.
const BAR: i32 = 20;
/// Pixels of the title of a group of bars.
const HEAD: i32 = 34;

/// What is drawn on.
pub type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Whether drawing succeeded.
pub type Drawn = Result<(), Box<dyn Error>>;

/// A white sheet of that size in pixels, to be written to the file.
///
/// # Errors
///
/// If it cannot be drawn.
pub fn blank(path: &Path, size: (i32, i32)) -> Result<Sheet<'_>, Box<dyn Error>> {
    let sheet = SVGBackend::new(path, (u32::try_from(size.0)?, u32::try_from(size.1)?)).into_drawing_area();
    sheet.fill(&WHITE)?;
    Ok(sheet)
}

/// A white sheet of that size in pixels, with a headline, to be written to the file.
///
/// # Errors
///
/// If it cannot be drawn.
pub fn sheet<'a>(path: &'a Path, size: (i32, i32), headline: &str) -> Result<Sheet<'a>, Box<dyn Error>> {
    let sheet = blank(path, size)?;
    write(&sheet, headline, (MARGIN, 32), style(24, FontStyle::Normal, HPos::Left))?;
    Ok(sheet)
}

/// Text of that size and weight. `side` is the side of the text that is at its position.
#[must_use]
pub fn style(points: i32, weight: FontStyle, side: HPos) -> TextStyle<'static> {
    ("sans-serif", points, weight).into_font().color(&INK).pos(Pos::new(side, VPos::Center))
}

/// Writes words at a position.
///
/// # Errors
///
/// If they cannot be drawn.
pub fn write(sheet: &Sheet<'_>, words: &str, at: (i32, i32), style: TextStyle<'static>) -> Drawn {
    sheet.draw(&Text::new(words.to_owned(), at, style))?;
    Ok(())
}

/// Pixels of each column of a group of bars.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// Of the names, which stand to the left of the bars.
    pub names: i32,
    /// Of the longest bar.
    pub bars: i32,
    /// Of the figures, which stand to the right of the bars.
    pub values: i32,
}

impl Columns {
    /// Pixels of all columns.
    #[must_use]
    pub fn width(self) -> i32 {
        self.names + self.bars + self.values
    }
}

/// Bars with a title, each with its name and its figure.
#[derive(Debug)]
pub struct Group {
    title: String,
    bars: Vec<(&'static str, f64)>,
}

impl Group {
    /// The bars of those names that have a figure. `None` if no name has one.
    pub fn new(
        title: String,
        names: impl Iterator<Item = &'static str>,
        figure: impl Fn(&'static str) -> Option<f64>,
    ) -> Option<Self> {
        let bars: Vec<_> = names.filter_map(|name| Some((name, figure(name)?))).collect();
        (!bars.is_empty()).then_some(Self { title, bars })
    }

    /// Pixels from the top of the group to the top of the next.
    #[must_use]
    pub fn height(&self) -> i32 {
        HEAD + BAR * i32::try_from(self.bars.len()).unwrap_or(0) + 10
    }

    /// The largest figure.
    #[must_use]
    pub fn longest(&self) -> f64 {
        self.bars.iter().map(|(_, figure)| *figure).fold(0.0, f64::max)
    }

    /// Draws the group. A bar of the figure `longest` is as long as its column is wide.
    ///
    /// # Errors
    ///
    /// If it cannot be drawn.
    pub fn draw(&self, sheet: &Sheet<'_>, (left, top): (i32, i32), columns: Columns, longest: f64) -> Drawn {
        write(sheet, &self.title, (left, top + HEAD / 2), style(18, FontStyle::Bold, HPos::Left))?;
        for (index, (name, figure)) in (0..).zip(&self.bars) {
            let (start, y) = (left + columns.names, top + HEAD + BAR * index);
            #[expect(clippy::cast_possible_truncation, reason = "pixels")]
            let end = start + (figure / longest * f64::from(columns.bars)).round().max(1.0) as i32;
            let fill = match *name {
                ours if ours.starts_with("limitor") => OURS,
                limit if limit.starts_with("limit:") => LIMIT,
                _ => PEER,
            };
            sheet.draw(&Rectangle::new([(start, y + 1), (end, y + BAR - 2)], fill.filled()))?;
            write(sheet, name, (start - 8, y + BAR / 2), style(16, FontStyle::Normal, HPos::Right))?;
            write(sheet, &crate::short(*figure), (end + 6, y + BAR / 2), style(16, FontStyle::Normal, HPos::Left))?;
        }
        Ok(())
    }
}
