//! Tables: a row for each measurement, a column for each contender.

use std::fmt::Write as _;

/// The contenders and how each is set up, in the order of their columns.
#[derive(Debug, Default)]
pub struct Legend(Vec<(&'static str, &'static str)>);

impl Legend {
    /// Adds a contender, unless it is there.
    pub fn push(&mut self, name: &'static str, setup: &'static str) {
        if !self.0.contains(&(name, setup)) {
            self.0.push((name, setup));
        }
    }

    /// Adds the contenders of another legend that are not there.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        other.0.into_iter().for_each(|(name, setup)| self.push(name, setup));
        self
    }

    /// The names of the contenders.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// A line of Markdown for each contender.
    #[must_use]
    pub fn lines(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|(name, setup)| format!("- **{name}**: {setup}.\n")).collect();
        lines.concat()
    }
}

/// A table under construction. A cell without a figure is a dash; a row without figures is left
/// out.
#[derive(Debug)]
pub struct Table {
    names: Vec<&'static str>,
    lines: Vec<Vec<String>>,
}

impl Table {
    /// A table with a title over its first column and the contenders over the others.
    #[must_use]
    pub fn new(title: &str, legend: &Legend) -> Self {
        let names: Vec<_> = legend.names().collect();
        let head = std::iter::once(title).chain(names.iter().copied()).map(str::to_owned).collect();
        Self { names, lines: vec![head] }
    }

    /// The first contender, which the others are compared with.
    #[must_use]
    pub fn ours(&self) -> &'static str {
        self.names[0]
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.len() == 1
    }

    /// Adds a row with the cell of each contender.
    pub fn row(&mut self, title: String, cell: impl Fn(&'static str) -> Option<String>) {
        let cells: Vec<Option<String>> = self.names.iter().map(|name| cell(name)).collect();
        if cells.iter().any(Option::is_some) {
            let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".to_owned()));
            self.lines.push(std::iter::once(title).chain(cells).collect());
        }
    }

    /// The table as aligned Markdown, without columns that have no figure. An empty table is an
    /// empty text.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        if self.is_empty() {
            return text;
        }
        let used = |column: &usize| *column == 0 || self.lines[1..].iter().any(|line| line[*column] != "–");
        let columns: Vec<usize> = (0..self.lines[0].len()).filter(used).collect();
        let width = |column: &usize| self.lines.iter().map(|line| line[*column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = columns.iter().map(width).collect();
        for (number, line) in self.lines.iter().enumerate() {
            for (column, width) in columns.iter().zip(&widths) {
                let cell = &line[*column];
                let _ =
                    if *column == 0 { write!(text, "| {cell:width$} |") } else { write!(text, " {cell:>width$} |") };
            }
            text.push('\n');
            if number == 0 {
                let dashes = widths.iter().map(|width| "-".repeat(width + 1));
                let _ = writeln!(text, "|{}:|", dashes.collect::<Vec<_>>().join(":|").replacen(":|", "-|", 1));
            }
        }
        text.push('\n');
        text
    }
}
