//! Counts the instructions of a piece of work by callgrind, and compares them with recorded counts.
//!
//! A bench is a program with a list of pieces of work. It runs itself under valgrind once for each
//! of them. Needs valgrind, and fails with a message if valgrind is missing.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::{env, fs};

/// Rounds of each piece of work under callgrind.
const ROUNDS: u32 = 10_000;

/// What a bench counts.
#[derive(Debug, Clone, Copy)]
pub struct Bench {
    /// The name of each piece of work.
    pub names: &'static [&'static str],
    /// Does the piece of work of that name so many times, by [`measured`], and checks its results.
    pub work: fn(name: &str, rounds: u32),
    /// The file of recorded counts.
    pub recorded: &'static str,
    /// Whether a count above the recorded one is an error. The argument says so with a reason if it
    /// is not.
    pub comparable: fn() -> Result<(), &'static str>,
}

/// Calls `round` so many times, and returns how often it was true. callgrind counts what happens in
/// here.
#[inline(never)]
pub fn measured(rounds: u32, mut round: impl FnMut() -> bool) -> u32 {
    (0..rounds).map(|_| u32::from(black_box(round()))).sum()
}

type Counts = BTreeMap<String, f64>;

impl Bench {
    /// Runs the bench as its command line asks.
    ///
    /// Without an option, it counts and compares, and fails if a count is over the recorded one by
    /// more than 3 % and half an instruction. `--record` writes the file of recorded counts anew.
    /// `--test` runs each piece of work briefly, without valgrind.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let args: Vec<String> = env::args().skip(1).collect();
        if let [flag, name] = args.as_slice()
            && flag == "--work"
        {
            (self.work)(name, ROUNDS);
            return ExitCode::SUCCESS;
        }
        if args.iter().any(|arg| arg == "--test") {
            // `cargo test --benches` passes this.
            for name in self.names {
                (self.work)(name, 10);
            }
            return ExitCode::SUCCESS;
        }
        let done = self.count_all().and_then(|counts| {
            if args.iter().any(|arg| arg == "--record") { self.record(&counts) } else { self.compare(&counts) }
        });
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("error: {why}");
                ExitCode::FAILURE
            }
        }
    }

    fn count_all(self) -> Result<Counts, String> {
        self.names.iter().map(|name| Ok(((*name).to_owned(), count(name)?))).collect()
    }

    fn record(self, counts: &Counts) -> Result<(), String> {
        let lines: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count:.1}\n")).collect();
        let text = lines.concat();
        fs::write(self.recorded, &text).map_err(|why| format!("cannot write {}: {why}", self.recorded))?;
        print!("{text}");
        Ok(())
    }

    fn compare(self, counts: &Counts) -> Result<(), String> {
        let text = fs::read_to_string(self.recorded).unwrap_or_default();
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
            more |= !verdict.is_empty();
            let before = before.map_or_else(|| "-".to_owned(), |before| format!("{before:.1}"));
            println!("| {name} | {count:.1} | {before} | {verdict} |");
        }
        match (more, (self.comparable)()) {
            (false, _) => Ok(()),
            (true, Ok(())) => Err("some decisions take more instructions than recorded".to_owned()),
            (true, Err(why)) => {
                println!("not compared: {why}");
                Ok(())
            }
        }
    }
}

/// Instructions a round, within [`measured`] and what it calls.
fn count(name: &str) -> Result<f64, String> {
    let program = env::current_exe().map_err(|why| why.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*callgrind*measured*"])
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
