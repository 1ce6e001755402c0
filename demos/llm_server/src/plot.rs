//! Draws the runs: the tokens served each second, the budget, and the refused requests.

use std::error::Error;
use std::path::Path;

use indicatif::HumanCount;
use limitor_picture::{Area, GRANTED as SERVED, GRID, INK, REFUSED, text};
use plotters::prelude::*;

use crate::report::percent;
use crate::run::Run;

const SIZE: (u32, u32) = (1_000, 1_000);
const BUDGET: RGBColor = RGBColor(0x20, 0x20, 0x20);

const SECOND: u64 = 1_000_000_000;

/// Nanoseconds of each bar.
const BAR: u64 = SECOND / 2;

/// Writes the plot.
pub(crate) fn write(path: &Path, runs: &[Run]) -> Result<(), String> {
    limitor_picture::write(path, SIZE, |area| {
        let panels = area.split_evenly((runs.len(), 1));
        panels.iter().zip(runs).enumerate().try_for_each(|(index, (panel, run))| draw(panel, run, index == 0))
    })
}

fn draw(area: &Area<'_>, run: &Run, legend: bool) -> Result<(), Box<dyn Error>> {
    let budget = run.limits.tokens_in(SECOND);
    // The burst exceeds the plot, so its figure is beside the bar. The strip at the top shows
    // refused requests.
    let (highest, top) = (budget * 2, budget * 2 + budget / 4);
    let end = (run.end / BAR).max(1) * BAR;
    let title = format!(
        "{}: {} refused, {} of the budget used",
        run.setup.name,
        HumanCount(run.refused()),
        percent(run.share())
    );
    let mut chart = ChartBuilder::on(area)
        .caption(title, text(20))
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(85)
        .build_cartesian_2d(0..end, 0..top)?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(text(15))
        .axis_desc_style(text(16))
        .x_desc("time since the start (s)")
        .y_desc("tokens per second")
        .y_labels(5)
        .x_label_formatter(&|at| (at / SECOND).to_string())
        .y_label_formatter(&|tokens| HumanCount(*tokens).to_string())
        .draw()?;

    let bars: Vec<_> = (0..end / BAR)
        .map(|index| (index * BAR, run.used_between(index * BAR, (index + 1) * BAR - 1) * SECOND / BAR))
        .collect();
    let over = bars.iter().filter(|(_, rate)| *rate > highest).map(|(from, rate)| {
        let words = format!("{} tokens per second", HumanCount(*rate));
        Text::new(words, (from + BAR + BAR / 5, highest), ("sans-serif", 15).into_font().color(&SERVED))
    });
    chart.draw_series(over)?;
    let bars = bars.iter().map(|(from, rate)| {
        Rectangle::new([(from + BAR / 20, 0), (from + BAR - BAR / 20, (*rate).min(highest))], SERVED.mix(0.75).filled())
    });
    chart
        .draw_series(bars)?
        .label("served")
        .legend(|(x, y)| Rectangle::new([(x + 5, y - 5), (x + 30, y + 5)], SERVED.mix(0.75).filled()));

    let line = match run.change {
        None => vec![(0, budget), (end, budget)],
        Some((at, half)) => {
            let half = half.tokens_in(SECOND);
            vec![(0, budget), (at, budget), (at, half), (end, half)]
        }
    };
    chart
        .draw_series(LineSeries::new(line, BUDGET.stroke_width(2)))?
        .label("what comes back")
        .legend(|(x, y)| PathElement::new([(x + 5, y), (x + 30, y)], BUDGET.stroke_width(2)));

    // Requests within half a pixel are one stroke.
    let close = end / u64::from(2 * SIZE.0);
    let mut refused: Vec<_> = run.arrivals.iter().filter(|one| !one.served).map(|one| one.at).collect();
    refused.dedup_by_key(|at| *at / close.max(1));
    let strokes = refused
        .into_iter()
        .map(|at| PathElement::new([(at, highest + budget / 20), (at, top - budget / 20)], REFUSED.stroke_width(2)));
    chart
        .draw_series(strokes)?
        .label("refused, with 429")
        .legend(|(x, y)| PathElement::new([(x + 17, y - 6), (x + 17, y + 6)], REFUSED.stroke_width(2)));

    if !legend {
        return Ok(());
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::Coordinate(640, 40))
        .margin(8)
        .legend_area_size(40)
        .label_font(text(15))
        .background_style(WHITE)
        .border_style(GRID)
        .draw()?;
    Ok(())
}
