//! The run as a picture: what was granted by when, under what may be.

use std::error::Error;
use std::time::Duration;

use indicatif::HumanCount;
use limitor::Quota;
use limitor_picture::{Area, GRANTED, GRID, INK, REFUSED as BOUND, text};
use plotters::prelude::*;

use crate::args::Args;
use crate::audit::{Sighting, Window};
use crate::summary::counted;

const SIZE: (u32, u32) = (1_000, 600);

/// Writes the picture. The grants are in the order they were seen.
pub(crate) fn write(args: &Args, sightings: &[Sighting]) -> Result<(), String> {
    limitor_picture::write(&args.plot, SIZE, |area| draw(area, args, sightings))
}

fn draw(area: &Area<'_>, args: &Args, sightings: &[Sighting]) -> Result<(), Box<dyn Error>> {
    let elapsed = sightings.last().map_or(0, |seen| seen.after).max(1);
    let end = elapsed.saturating_add(elapsed / 50).max(10);
    let bound = |at| Window { from: 0, to: at }.bound(args.tokens());
    let mut total = 0;
    let mut steps = vec![(0, 0)];
    // What comes within half a pixel is one step.
    let close = (end / u64::from(2 * SIZE.0)).max(1);
    for together in sightings.chunk_by(|one, next| one.after / close == next.after / close) {
        let at = together.last().map_or(0, |seen| seen.after);
        steps.push((at, total));
        total += together.iter().map(|seen| seen.tokens).sum::<u64>();
        steps.push((at, total));
    }
    let highest = bound(end).max(total);
    let top = highest.saturating_add(highest / 20);
    // Below the line, unless that runs there.
    let legend = if total > top / 3 { SeriesLabelPosition::LowerRight } else { SeriesLabelPosition::MiddleRight };

    let taken = if args.calls() { "used" } else { "granted" };
    let (time, tokens) = (Unit::of_time(elapsed), Unit::of_tokens(top));
    let requests = counted(sightings.len() as u64, "request");
    let workers = args.workers();
    let title = format!("{requests} from {workers}, {}", limit(args.tokens()));
    let mut chart = ChartBuilder::on(area)
        .caption(title, text(22))
        .margin(20)
        .x_label_area_size(55)
        .y_label_area_size(110)
        .build_cartesian_2d(0..end, 0..top)?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(text(15))
        .axis_desc_style(text(17))
        .x_desc(format!("time since the start ({})", time.name))
        .y_desc(format!("{} {taken} so far", tokens.name))
        .x_label_formatter(&|at| time.show(*at))
        .y_label_formatter(&|granted| tokens.show(*granted))
        .draw()?;

    let too_much = Polygon::new([(0, bound(0)), (end, bound(end)), (end, top), (0, top)], BOUND.mix(0.08));
    chart.draw_series([too_much])?;
    chart.draw_series(LineSeries::new(steps, GRANTED.stroke_width(2)))?.label(taken).legend(|at| key(at, GRANTED));
    chart
        .draw_series(LineSeries::new([(0, bound(0)), (end, bound(end))], BOUND.stroke_width(2)))?
        .label("bound: burst + rate × time")
        .legend(|at| key(at, BOUND));
    chart
        .configure_series_labels()
        .position(legend)
        .margin(20)
        .legend_area_size(40)
        .label_font(text(16))
        .background_style(WHITE)
        .border_style(GRID)
        .draw()?;
    Ok(())
}

/// The limit in words.
fn limit(quota: Quota) -> String {
    let (capacity, burst) = (HumanCount(quota.capacity()), HumanCount(quota.burst()));
    if quota.period() == Duration::from_secs(1) {
        format!("at most {capacity} tokens per second (burst {burst})")
    } else {
        format!("at most {capacity} tokens per {:?} (burst {burst})", quota.period())
    }
}

/// The stroke beside a name in the legend.
fn key((x, y): (i32, i32), color: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([(x + 5, y), (x + 30, y)], color.stroke_width(2))
}

/// What the numbers on an axis are shown in.
struct Unit {
    name: &'static str,
    size: u64,
}

impl Unit {
    /// The largest unit of time of which there is at least one.
    fn of_time(elapsed: u64) -> Self {
        let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)].map(|(name, size)| Self { name, size });
        units.into_iter().find(|unit| elapsed >= unit.size).unwrap_or(Self { name: "ns", size: 1 })
    }

    /// Plain tokens as long as the labels stay short.
    fn of_tokens(top: u64) -> Self {
        if top < 100_000_000 {
            Self { name: "tokens", size: 1 }
        } else {
            Self { name: "million tokens", size: 1_000_000 }
        }
    }

    fn show(&self, value: u64) -> String {
        let (whole, part) = (value / self.size, value % self.size);
        let digits = self.size.ilog10() as usize;
        let text = format!("{}.{part:0digits$}", HumanCount(whole));
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}
