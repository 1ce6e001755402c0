//! What the benches share: their options, figures, tables, verdicts and pictures.

mod figures;
mod options;
pub mod picture;
mod runs;
mod table;
mod verdict;

pub use self::figures::{Allowance, median, million, short};
pub use self::options::{Effort, Options};
pub use self::table::{Legend, Table};
pub use self::verdict::{Bound, Verdict, list};
