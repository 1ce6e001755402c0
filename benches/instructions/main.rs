//! Instructions a decision takes, counted by callgrind: what a noisy machine cannot blur.
//!
//! `cargo bench --bench instructions` counts and compares with `recorded.txt` beside this file; it fails if a count is over
//! the recorded one by more than 3 % (and half an instruction). After a change that is meant, `-- --record` writes the file
//! anew. Needs valgrind, and says so if it is missing.

mod work;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use std::{env, fs};

use limitor::{SystemClock, clock::ClockSource};

/// Rounds of each piece of work.
const ROUNDS: u32 = 10_000;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/recorded.txt");

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [flag, name] = args.as_slice()
        && flag == "--work"
    {
        work::run(name, ROUNDS);
        return ExitCode::SUCCESS;
    }
    if args.iter().any(|arg| arg == "--test") {
        // What `cargo test --benches` asks for: that the work can be done.
        for name in work::NAMES {
            work::run(name, 10);
        }
        return ExitCode::SUCCESS;
    }
    match count_all() {
        Ok(counts) if args.iter().any(|arg| arg == "--record") => record(&counts),
        Ok(counts) => compare(&counts),
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

type Counts = BTreeMap<String, f64>;

fn count_all() -> Result<Counts, String> {
    work::NAMES.iter().map(|name| Ok(((*name).to_owned(), count(name)?))).collect()
}

/// Instructions a round, within [`work::measured`] and what it calls.
fn count(name: &str) -> Result<f64, String> {
    let program = env::current_exe().map_err(|why| why.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*work*measured*"])
        .arg(program)
        .args(["--work", name])
        .output()
        .map_err(|why| format!("cannot run valgrind, which counts the instructions: {why}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let total = log.lines().find_map(|line| line.split_once("Collected : ")).and_then(|(_, n)| n.trim().parse().ok());
    let total: f64 = total.ok_or_else(|| format!("callgrind did not count {name}:\n{log}"))?;
    if total == 0.0 {
        return Err(format!("callgrind saw nothing of {name}"));
    }
    Ok(total / f64::from(ROUNDS))
}

fn record(counts: &Counts) -> ExitCode {
    let lines: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count:.1}\n")).collect();
    let text = lines.concat();
    match fs::write(RECORDED, &text) {
        Ok(()) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: cannot write {RECORDED}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn compare(counts: &Counts) -> ExitCode {
    let text = fs::read_to_string(RECORDED).unwrap_or_default();
    let recorded: Counts = text
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(name, count)| Some((name.to_owned(), count.parse().ok()?)))
        .collect();
    println!("| instructions | now | recorded | |\n|---|---|---|---|");
    let mut more = false;
    for (name, count) in counts {
        let before = recorded.get(name).copied();
        let verdict = match before {
            None => "not recorded",
            Some(before) if *count > before * 1.03 + 0.5 => "MORE",
            Some(_) => "",
        };
        more |= !verdict.is_empty() && name.starts_with("limitor");
        let before = before.map_or_else(|| "-".to_owned(), |before| format!("{before:.1}"));
        println!("| {name} | {count:.1} | {before} | {verdict} |");
    }
    if more && SystemClock::new().source() != ClockSource::Counter {
        println!("not compared: recorded where the clock is the processor's counter, and here it is not");
    } else if more {
        eprintln!("error: some decisions take more instructions than recorded");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
