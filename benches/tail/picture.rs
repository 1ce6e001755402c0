//! The picture: percentiles on an axis that stretches towards the last, a panel for each number of
//! threads.

use std::path::Path;

use limitor_benches::picture::{Drawn, INK, MARGIN, Sheet, blank};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::rows::Row;

const PANEL: (i32, i32) = (430, 320);
const TOP: i32 = 56;

const COLORS: [RGBColor; 3] = [RGBColor(29, 105, 178), RGBColor(196, 72, 32), RGBColor(120, 120, 120)];

/// The last percentile: one in so many is above.
const LAST: f64 = 20_000.0;

pub(crate) fn draw(decisions: &[Row], waits: &[Row], path: &Path) -> Drawn {
    let (width, height) = (3 * PANEL.0 + 4 * MARGIN, 2 * (PANEL.1 + TOP) + MARGIN);
    let sheet = blank(path, (width, height))?;
    let titles = [
        "Nanoseconds of a decision under contention",
        "Nanoseconds from the time an entry is due to the end of its wait",
    ];
    for ((index, title), rows) in (0..).zip(titles).zip([decisions, waits]) {
        let top = index * (PANEL.1 + TOP);
        sheet.draw(&Text::new(
            title,
            (MARGIN, top + 20),
            ("sans-serif", 20).into_font().style(FontStyle::Bold).color(&INK),
        ))?;
        let most = rows.iter().map(|row| at(row, LAST)).fold(1.0, f64::max);
        for (index, rows) in (0..).zip(rows.chunk_by(|one, other| one.threads == other.threads)) {
            let left = MARGIN + index * (PANEL.0 + MARGIN);
            panel(&sheet.clone().shrink((left, top + TOP - MARGIN), PANEL), rows, most)?;
        }
    }
    sheet.present()?;
    Ok(())
}

/// The time that one in so many exceeds.
#[expect(clippy::cast_precision_loss, reason = "for display")]
fn at(row: &Row, one_in: f64) -> f64 {
    (row.times.value_at_quantile(1.0 - 1.0 / one_in) as f64).max(1.0)
}

fn panel(area: &Sheet<'_>, rows: &[Row], most: f64) -> Drawn {
    let least = rows.iter().map(|row| at(row, 2.0)).fold(f64::MAX, f64::min).min(10.0);
    let mut chart = ChartBuilder::on(area)
        .caption(
            format!("{} threads", rows.first().map_or(0, |row| row.threads)),
            ("sans-serif", 16).into_font().color(&INK),
        )
        .x_label_area_size(28)
        .y_label_area_size(64)
        .build_cartesian_2d((2.0..LAST).log_scale(), (least..most * 1.5).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_labels(5)
        .x_label_formatter(&|one_in| match *one_in {
            10.0 => "p90".into(),
            100.0 => "p99".into(),
            1_000.0 => "p99.9".into(),
            10_000.0 => "p99.99".into(),
            _ => String::new(),
        })
        .y_label_formatter(&|nanos| format!("{nanos:.0}"))
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .draw()?;
    for ((index, row), color) in (0..).zip(rows).zip(COLORS) {
        let steps = (0..=400).map(|step| 2.0 * (LAST / 2.0).powf(f64::from(step) / 400.0));
        chart.draw_series(LineSeries::new(steps.map(|one_in| (one_in, at(row, one_in))), color.stroke_width(2)))?;
        let style = ("sans-serif", 14).into_font().color(&color).pos(Pos::new(HPos::Left, VPos::Top));
        area.draw(&Text::new(row.name.replace('`', ""), (80, 34 + 17 * index), style))?;
    }
    Ok(())
}
