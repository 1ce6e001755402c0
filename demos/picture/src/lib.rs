//! The pictures of the demos: their files, their colours and their text.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

/// The colour of text and axes.
pub const INK: RGBColor = RGBColor(0x30, 0x30, 0x30);
/// The colour of grids and borders.
pub const GRID: RGBColor = RGBColor(0xe2, 0xe2, 0xe2);
/// The colour of work that was let through.
pub const GRANTED: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
/// The colour of limits, and of work that was refused.
pub const REFUSED: RGBColor = RGBColor(0xc8, 0x3c, 0x28);

/// What is drawn on.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Checks that the picture can be written. A file that is there stays as it is.
///
/// # Errors
///
/// If it cannot be written.
pub fn prepare(path: &Path) -> Result<(), String> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| OpenOptions::new().append(true).create(true).open(path))
        .map(drop)
        .map_err(|why| format!("cannot write {}: {why}", path.display()))
}

/// Draws a picture of that size in pixels on white, and writes it as SVG.
///
/// # Errors
///
/// If it cannot be drawn or written.
pub fn write(
    path: &Path,
    size: (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn Error>>,
) -> Result<(), String> {
    let mut svg = String::new();
    drawn(&mut svg, size, draw).map_err(|why| format!("cannot draw: {why}"))?;
    fs::write(path, svg).map_err(|why| format!("cannot write {}: {why}", path.display()))
}

fn drawn(
    svg: &mut String,
    size: (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    area.fill(&WHITE)?;
    draw(&area)?;
    area.present()?;
    Ok(())
}

/// Text of that size.
#[must_use]
pub fn text(points: u32) -> TextStyle<'static> {
    ("sans-serif", points).into_font().color(&INK)
}
