//! The public verbs as a matrix: each type of limiter has each verb, or a reason why it has not.
//!
//! The first part reads `src/`, so a verb that is added to one type only is noticed. The second part
//! compiles calls, so a result that differs between types is noticed.
#![cfg(all(feature = "std", feature = "keyed", feature = "llm", not(loom)))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The columns, with the folders that have their `impl` blocks.
const TYPES: [(&str, &str); 8] = [
    ("RateLimiter", "limiter wait"),
    ("LocalLimiter", "limiter"),
    ("ConcurrentLimiter", "concurrency"),
    ("KeyedLimiter", "keyed"),
    ("Key", "keyed"),
    ("LimitSet", "set"),
    ("LimitList", "set"),
    ("LlmLimiter", "llm"),
];

/// Each verb with a mark for each column: `x` if the type has it, `-` if not. A row that is not full
/// has its reason in [`HOLES`].
const MATRIX: &str = "
";

/// The public functions of a type, by name.
fn functions(name: &str, folders: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for folder in folders.split(' ') {
        let mut files = vec![root.join(format!("{folder}.rs"))];
        files.extend(fs::read_dir(root.join(folder)).expect("a folder").map(|entry| entry.expect("an entry").path()));
        for file in files.into_iter().filter(|file| file.is_file()) {
            let text = fs::read_to_string(&file).expect("text");
            let mut inside = false;
            for line in text.lines() {
                if line.starts_with("impl") {
                    inside = is_impl_of(line, name);
                } else if line == "}" {
                    inside = false;
                } else if inside && let Some(function) = line.trim_start().strip_prefix("pub fn ") {
                    found.insert(function.split(['(', '<']).next().unwrap_or_default().to_owned());
                }
            }
        }
    }
    found
}

/// Whether a line begins an inherent `impl` block of a type.
fn is_impl_of(line: &str, name: &str) -> bool {
    let target = line.trim_end_matches('{').trim();
    let after_generics = if let Some(rest) = target.strip_prefix("impl<") {
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth == 0
        });
        end.map_or("", |end| &rest[end + 1..])
    } else {
        target.trim_start_matches("impl")
    };
    !target.contains(" for ") && after_generics.trim().split('<').next() == Some(name)
}

#[test]
fn every_public_verb_has_a_row_in_the_matrix() {
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    for (column, (name, folders)) in TYPES.iter().enumerate() {
        for function in functions(name, folders) {
            let row = rows.entry(function).or_insert_with(|| "-".repeat(TYPES.len()));
            row.replace_range(column..=column, "x");
        }
    }
    let seen: Vec<String> = rows.iter().map(|(verb, row)| format!("{verb} {row}")).collect();
    println!("{}", seen.join("\n"));
}
