//! Draws the run: the tokens granted over time, below the line of what is allowed.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::Duration;

use indicatif::HumanCount;
use limitor::Quota;
use plotters::prelude::*;

use crate::args::Args;
use crate::audit::{Sighting, Window};
use crate::summary::counted;

const SIZE: (u32, u32) = (1_000, 600);
const GRANTED: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const BOUND: RGBColor = RGBColor(0xc8, 0x3c, 0x28);
const INK: RGBColor = RGBColor(0x30, 0x30, 0x30);
const GRID: RGBColor = RGBColor(0xe2, 0xe2, 0xe2);

/// Makes sure that the plot can be written. A file that exists already is not changed.
pub(crate) fn prepare(path: &Path) -> Result<(), String> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| OpenOptions::new().append(true).create(true).open(path))
        .map(drop)
        .map_err(|why| format!("cannot write {}: {why}", path.display()))
}

/// Writes the plot. The grants are in the order in which they were seen.
pub(crate) fn write(path: &Path, args: &Args, sightings: &[Sighting]) -> Result<(), String> {
    let mut svg = String::new();
    draw(&mut svg, args, sightings).map_err(|why| format!("cannot draw: {why}"))?;
    fs::write(path, svg).map_err(|why| format!("cannot write {}: {why}", path.display()))
}

fn draw(svg: &mut String, args: &Args, sightings: &[Sighting]) -> Result<(), Box<dyn Error>> {
    let elapsed = sightings.last().map_or(0, |seen| seen.after).max(1);
    let end = elapsed.saturating_add(elapsed / 50).max(10);
    let bound = |at| Window { from: 0, to: at }.bound(args.tokens());
    let mut total = 0;
    let mut steps = vec![(0, 0)];
    // Grants within half a pixel are drawn as one step.
    let close = (end / u64::from(2 * SIZE.0)).max(1);
    for together in sightings.chunk_by(|one, next| one.after / close == next.after / close) {
        let at = together.last().map_or(0, |seen| seen.after);
        steps.push((at, total));
        total += together.iter().map(|seen| seen.tokens).sum::<u64>();
        steps.push((at, total));
    }
    let highest = bound(end).max(total);
    let top = highest.saturating_add(highest / 20);
    // Below the curve, unless the curve is there.
    let legend = if total > top / 3 { SeriesLabelPosition::LowerRight } else { SeriesLabelPosition::MiddleRight };

    let taken = if args.calls() { "used" } else { "granted" };
    let (time, tokens) = (Unit::of_time(elapsed), Unit::of_tokens(top));
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let requests = counted(sightings.len() as u64, "request");
    let workers = args.workers();
    let title = format!("{requests} from {workers}, {}", limit(args.tokens()));
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 22).into_font().color(&INK))
        .margin(20)
        .x_label_area_size(55)
        .y_label_area_size(110)
        .build_cartesian_2d(0..end, 0..top)?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(("sans-serif", 15).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 17).into_font().color(&INK))
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
        .label_font(("sans-serif", 16).into_font().color(&INK))
        .background_style(WHITE)
        .border_style(GRID)
        .draw()?;
    root.present()?;
    Ok(())
}

/// The limit as text.
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

/// The unit of the numbers on an axis.
struct Unit {
    name: &'static str,
    size: u64,
}

impl Unit {
    /// The largest unit of time that fits at least once.
    fn of_time(elapsed: u64) -> Self {
        let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)].map(|(name, size)| Self { name, size });
        units.into_iter().find(|unit| elapsed >= unit.size).unwrap_or(Self { name: "ns", size: 1 })
    }

    /// Plain tokens as long as the labels are short.
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
