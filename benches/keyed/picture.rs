//! The pictures: nanoseconds a decision against the number of keys, and bytes a key.

use std::path::Path;

use limitor_benches::picture::{Columns, Drawn, Group, MARGIN, OURS, Sheet, TOP, sheet, style};
use limitor_benches::{million, short};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::buckets::Choice;
use crate::case::{Access, Case, What, count};
use crate::contest::Contender;
use crate::keys::Key;
use crate::results::Results;
use crate::table::legend;

const PANEL: (i32, i32) = (560, 400);
const COLUMNS: Columns = Columns { names: 190, bars: 420, values: 70 };

/// Draws the cost of decisions.
pub(crate) fn cost(results: &Results, path: &Path) -> Drawn {
    let panel = |what, kind, access, threads| Panel::new(results, Case { what, keys: 0, kind, access, threads });
    let panels: Vec<Panel> = [
        panel(What::Granted, u64::NAME, Access::Uniform, 1),
        panel(What::Granted, u64::NAME, Access::Zipf, 1),
        panel(What::Granted, String::NAME, Access::Uniform, 1),
        panel(What::Granted, u64::NAME, Access::Uniform, 2),
    ]
    .into_iter()
    .flatten()
    .collect();
    let rows = i32::try_from(panels.len().div_ceil(2))?;
    let size = (2 * PANEL.0 + 3 * MARGIN, TOP + rows * (PANEL.1 + MARGIN));
    let sheet = sheet(path, size, "Nanoseconds a decision against the number of keys: medians")?;
    for (index, panel) in (0..).zip(&panels) {
        let (left, top) = (MARGIN + index % 2 * (PANEL.0 + MARGIN), TOP + index / 2 * (PANEL.1 + MARGIN));
        panel.draw(&sheet.clone().shrink((left, top), PANEL))?;
    }
    sheet.present()?;
    Ok(())
}

/// Lines that are compared with each other.
struct Panel {
    title: String,
    /// Numbers of keys and nanoseconds.
    lines: Vec<(&'static str, Vec<(f64, f64)>)>,
}

impl Panel {
    /// The lines of the case for all numbers of keys. `None` if there are none.
    fn new(results: &Results, like: Case) -> Option<Self> {
        let cases: Vec<Case> = results.cases().into_iter().filter(|case| Case { keys: 0, ..*case } == like).collect();
        let points = |name| {
            cases.iter().filter_map(move |case| Some((million(case.keys) * 1e6, results.cost(*case, name)?.nanos)))
        };
        let legend = legend();
        let lines = legend.names().map(|name| (name, points(name).collect::<Vec<_>>()));
        // The choice of the key is small beside the others.
        let shown = |name| name != <Choice as Contender<u64>>::NAME;
        let lines: Vec<_> = lines.filter(|(name, points)| shown(*name) && !points.is_empty()).collect();
        let access = if like.access == Access::Zipf { ", by Zipf's law" } else { "" };
        let threads = if like.threads > 1 { format!(", {} threads", like.threads) } else { String::new() };
        let title = format!("{} keys{access}{threads}", like.kind);
        (!lines.is_empty()).then_some(Self { title, lines })
    }

    fn draw(&self, area: &Sheet<'_>) -> Drawn {
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let most = points().map(|(_, nanos)| *nanos).fold(1.0, f64::max);
        let many = points().map(|(keys, _)| *keys).fold(1.0, f64::max);
        // The names are to the right of the last point.
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, style(20, FontStyle::Bold, HPos::Left))
            .x_label_area_size(28)
            .y_label_area_size(44)
            .build_cartesian_2d((700.0..many * 60.0).log_scale(), (10.0..most * 1.5).log_scale())?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers of keys")]
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .x_labels(6)
            .x_label_formatter(&|keys| if *keys <= many { count(*keys as u64) } else { String::new() })
            .y_label_formatter(&|nanos| format!("{nanos:.0}"))
            .label_style(style(14, FontStyle::Normal, HPos::Center))
            .draw()?;
        for (index, (name, points)) in self.lines.iter().enumerate() {
            let color = color(index, name);
            let width = if name.starts_with("limitor") { 3 } else { 2 };
            chart.draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(width)))?;
            chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, color.filled())))?;
        }
        let plot = chart.plotting_area();
        let ends: Vec<_> =
            self.lines.iter().map(|(_, points)| plot.map_coordinate(points.last().unwrap_or(&(1.0, 1.0)))).collect();
        for ((index, (name, points)), y) in
            self.lines.iter().enumerate().zip(apart(ends.iter().map(|(_, y)| *y).collect()))
        {
            let text = format!("{name} {}", short(points.last().map_or(0.0, |(_, nanos)| *nanos)));
            let style =
                ("sans-serif", 14).into_font().color(&color(index, name)).pos(Pos::new(HPos::Left, VPos::Center));
            let (left, top) = area.get_base_pixel();
            area.draw(&Text::new(text, (ends[index].0 + 10 - left, y - top), style))?;
        }
        Ok(())
    }
}

/// Moves labels up and down until none hides another.
fn apart(heights: Vec<i32>) -> Vec<i32> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by_key(|index| heights[*index]);
    let mut moved = heights;
    for pair in 1..order.len() {
        let least = moved[order[pair - 1]] + 15;
        moved[order[pair]] = moved[order[pair]].max(least);
    }
    moved
}

fn color(index: usize, name: &str) -> RGBColor {
    const PEERS: [RGBColor; 7] = [
        RGBColor(196, 72, 32),
        RGBColor(232, 150, 40),
        RGBColor(150, 40, 110),
        RGBColor(110, 110, 40),
        RGBColor(60, 140, 80),
        RGBColor(110, 90, 170),
        RGBColor(90, 90, 90),
    ];
    match name {
        ours if ours.starts_with("limitor") => OURS,
        limit if limit.starts_with("limit:") || limit.starts_with("key") => RGBColor(150, 150, 150),
        _ => PEERS[(index.max(1) - 1) % PEERS.len()],
    }
}

/// Draws the memory of limiters.
pub(crate) fn memory(results: &Results, path: &Path) -> Drawn {
    let mut sizes: Vec<(&str, u64)> = results.residents.iter().map(|it| (it.kind.as_str(), it.keys)).collect();
    sizes.dedup();
    let group = |(kind, keys)| {
        let bytes = |name: &str| Some(million(results.resident(kind, keys, name)?.bytes) / million(keys));
        Group::new(format!("{} {kind} keys", count(keys)), legend().names(), bytes)
    };
    let groups: Vec<Group> = sizes.into_iter().filter_map(group).collect();
    let longest = groups.iter().map(Group::longest).fold(1.0, f64::max);
    let height = TOP + groups.iter().map(Group::height).sum::<i32>() + MARGIN;
    let sheet = sheet(path, (2 * MARGIN + COLUMNS.width(), height), "Bytes of memory a key")?;
    let mut top = TOP;
    for group in groups {
        group.draw(&sheet, (MARGIN, top), COLUMNS, longest)?;
        top += group.height();
    }
    sheet.present()?;
    Ok(())
}
