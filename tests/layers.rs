//! The layers of `src/`: no import runs up the table of ARCHITECTURE.md, and no files import each
//! other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The files of `src/`, each with its text without comments, strings and unit tests.
fn sources() -> BTreeMap<String, String> {
    fn visit(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { visit(&path, found) } else { found.push(path) }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    visit(&root.join("src"), &mut found);
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        (name, code(&fs::read_to_string(path).expect("text")))
    };
    found.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs")).map(named).collect()
}

/// The code of a file: no comments, and nothing from its unit tests on.
fn code(text: &str) -> String {
    let tests = text.lines().position(|line| line.starts_with("mod tests {"));
    let end = tests.unwrap_or(usize::MAX);
    let lines = text.lines().take(end).map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths that a file imports, from `crate::` on, in use declarations and in expressions.
fn imports(file: &str, text: &str) -> BTreeSet<String> {
    let module = module_of(file);
    let mut paths = BTreeSet::new();
    for (at, _) in text.match_indices("::") {
        let before = &text[..at];
        let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |index| index + 1);
        let Some(base) = base(&before[start..], &module) else { continue };
        // A `super` or a name behind `::` belongs to a path that has been seen from its start.
        if before[..start].ends_with("::") {
            continue;
        }
        for path in expand(&text[at + 2..]) {
            paths.insert(absolute(&base, &path));
        }
    }
    paths
}

/// Where a path begins: at the root, at the file's own module or at the one above.
fn base(name: &str, module: &[String]) -> Option<Vec<String>> {
    match name {
        "crate" => Some(Vec::new()),
        "self" => Some(module.to_vec()),
        "super" => Some(module[..module.len() - 1].to_vec()),
        _ => None,
    }
}

fn absolute(base: &[String], path: &str) -> String {
    let mut parts = base.to_vec();
    for part in path.split("::") {
        match part {
            "super" => drop(parts.pop()),
            "self" | "" => {}
            part => parts.push(part.to_owned()),
        }
    }
    parts.join("::")
}

/// The paths that a use tree stands for: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim_start();
    if let Some(list) = tree.strip_prefix('{') {
        return items(list).iter().flat_map(|item| expand(item)).collect();
    }
    let end = tree.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(tree.len());
    let (name, rest) = tree.split_at(end);
    match rest.strip_prefix("::") {
        Some(rest) if !name.is_empty() && !rest.starts_with('<') => {
            expand(rest).into_iter().map(|path| format!("{name}::{path}")).collect()
        }
        _ => vec![name.to_owned()],
    }
}

/// The items of a list in braces; the opening brace has been read.
fn items(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&list[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.into_iter().filter(|item| !item.trim().is_empty()).collect()
}

/// `src/a/b.rs` is `a::b`.
fn module_of(file: &str) -> Vec<String> {
    let name = file.trim_start_matches("src/").trim_end_matches(".rs");
    if name == "lib" { Vec::new() } else { name.split('/').map(str::to_owned).collect() }
}

/// Whether a file only declares and re-exports modules: what is imported from it comes from
/// elsewhere.
fn is_index(text: &str) -> bool {
    let has = |word: &str| text.lines().any(|line| line.trim_start().trim_start_matches("pub ").starts_with(word));
    !["fn ", "struct ", "enum ", "trait ", "impl", "const ", "static ", "type ", "macro_rules!"]
        .iter()
        .any(|word| has(word))
        && !has("pub(crate) fn ")
}

/// The file that an imported path names: the longest prefix that is a file; through an index, the
/// file that the index re-exports the name from.
fn file_of(path: &str, sources: &BTreeMap<String, String>) -> Option<String> {
    let parts: Vec<&str> = path.split("::").collect();
    let (file, rest) = (1..=parts.len()).rev().find_map(|len| {
        let file = format!("src/{}.rs", parts[..len].join("/"));
        sources.contains_key(&file).then(|| (file, &parts[len..]))
    })?;
    let Some(name) = rest.first().filter(|_| is_index(&sources[&file])) else { return Some(file) };
    let through = imports(&file, &sources[&file]).into_iter().find(|import| import.ends_with(&format!("::{name}")));
    match through {
        Some(import) if import != path => file_of(&import, sources),
        _ => Some(file),
    }
}

/// Each file with the files it imports; indexes left out.
fn graph(sources: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeSet<String>> {
    let edges = |(file, text): (&String, &String)| -> BTreeSet<String> {
        let named = imports(file, text).into_iter().filter_map(|path| file_of(&path, sources));
        named.filter(|target| target != file && !is_index(&sources[target])).collect()
    };
    let real = sources.iter().filter(|(file, text)| *file != "src/lib.rs" && !is_index(text));
    real.map(|source| (source.0.as_str(), edges(source))).collect()
}

/// The rows of the table of ARCHITECTURE.md, top first: the files and folders in backticks.
fn table() -> Vec<Vec<String>> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md")).expect("text");
    let rows = text.lines().skip_while(|line| !line.starts_with("| where |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|')).map(|line| {
        let cell = line.split('|').nth(1).unwrap_or_default();
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    });
    rows.collect()
}

/// The row that a file belongs to: `src/a/` has `src/a.rs` and all below it.
fn row_of(file: &str, table: &[Vec<String>]) -> Option<usize> {
    let has = |place: &String| match place.strip_suffix('/') {
        Some(folder) => file == format!("{folder}.rs") || file.starts_with(place.as_str()),
        None => file == place,
    };
    table.iter().position(|row| row.iter().any(has))
}

#[test]
fn no_import_runs_up_the_table_of_architecture_md() {
    let (sources, table) = (sources(), table());
    assert!(table.len() > 10, "the table is not found: {table:?}");
    let mut wrong = Vec::new();
    for (file, targets) in graph(&sources) {
        let Some(row) = row_of(file, &table) else {
            wrong.push(format!("{file} is in no row"));
            continue;
        };
        for target in targets {
            if row_of(&target, &table).is_some_and(|below| below < row) {
                wrong.push(format!("{file} imports {target}, which is above it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_of_the_table_names_something() {
    let sources = sources();
    for place in table().concat().iter().filter(|place| place.starts_with("src/")) {
        assert!(sources.keys().any(|file| row_of(file, &[vec![place.clone()]]).is_some()), "{place} does not exist");
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = sources();
    let mut graph = graph(&sources);
    // Files that import none that is left, or that none that is left imports, are in no circle.
    loop {
        let left: BTreeSet<String> = graph.keys().map(|file| (*file).to_owned()).collect();
        let imported: BTreeSet<String> = graph.values().flatten().cloned().collect();
        graph.retain(|file, targets| imported.contains(*file) && targets.iter().any(|target| left.contains(target)));
        if graph.len() == left.len() {
            break;
        }
    }
    let left: BTreeSet<&str> = graph.keys().copied().collect();
    let show = |(file, targets): (&&str, &BTreeSet<String>)| {
        let targets: Vec<_> = targets.iter().filter(|target| left.contains(target.as_str())).cloned().collect();
        format!("{file} -> {}", targets.join(", "))
    };
    assert!(graph.is_empty(), "circles:\n{}", graph.iter().map(show).collect::<Vec<_>>().join("\n"));
}

#[test]
fn imports_are_read_from_use_trees_and_paths() {
    let text = "use crate::{a::B, c::{self, D}};\nuse super::e::F;\nfn f() { crate::g::h(self::i::J) }";
    let seen = imports("src/x/y.rs", text);
    let expected = ["a::B", "c", "c::D", "g::h", "x::e::F", "x::y::i::J"];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
