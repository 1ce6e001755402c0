//! Measures memory in child processes, so that memory which one contender leaves in the allocator
//! is not counted for another.

use std::error::Error;
use std::fs;
use std::process::Command;
use std::time::Instant;
use std::{env, hint::black_box};

use serde::Serialize;
use serde::de::DeserializeOwned;

use limitor::{KeyedLimiter, Quota};
use limitor_benches::{Effort, Options};

use crate::case::{What, count};
use crate::contest::{self, Contender, Visitor, filled};
use crate::keys::Key;
use crate::results::{Churn, Resident, Results};

/// The arguments of a child: a contender, the kind of its keys and their number, separated by
/// slashes; or the number of keys that come.
const RESIDENT: &str = "--child-resident=";
const CHURN: &str = "--child-churn=";

/// The limiter of the churn: the keys that it is for, and a burst that is back in 50 ms.
const MAX_KEYS: usize = 1_000_000;
const QUOTA: &str = "20/s burst 1";

/// Answers on standard output if this process is a child. Returns whether it is.
pub(crate) fn answer() -> bool {
    let Some(argument) = env::args().nth(1) else { return false };
    if let Some(question) = argument.strip_prefix(RESIDENT) {
        let [contender, kind, keys] = question.split('/').collect::<Vec<_>>()[..] else { return false };
        let keys = keys.parse().expect("a number of keys");
        if kind == u64::NAME { look::<u64>(contender, keys) } else { look::<String>(contender, keys) }
    } else if let Some(keys) = argument.strip_prefix(CHURN) {
        tell(&come_and_go(keys.parse().expect("a number of keys")));
    } else {
        return false;
    }
    true
}

fn tell(answer: &impl Serialize) {
    println!("{}", serde_json::to_string(answer).expect("plain numbers"));
}

fn ask<A: DeserializeOwned>(question: &str) -> Result<A, Box<dyn Error>> {
    let output = Command::new(env::current_exe()?).arg(question).output()?;
    if !output.status.success() {
        return Err(format!("{question}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The resident bytes of this process, where the system reports them.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
}

/// Lets child processes measure the memory of limiters, each filled with that many keys.
pub(crate) fn residents(options: &Options, results: &mut Results, many: u64) -> Result<(), Box<dyn Error>> {
    let mut sizes = vec![(u64::NAME, many), (String::NAME, many)];
    if options.effort != Effort::Smoke {
        sizes.push((u64::NAME, 10 * many));
    }
    for (kind, keys) in sizes {
        let row = format!("resident, {} {kind}", count(keys));
        if resident().is_none() || !options.wants(&row) {
            continue;
        }
        println!("{row}");
        let mut names = Names(Vec::new());
        if kind == u64::NAME {
            contest::limiters::<u64>(&mut names);
        } else {
            contest::limiters::<String>(&mut names);
        }
        for name in names.0 {
            results.residents.push(ask(&format!("{RESIDENT}{name}/{kind}/{keys}"))?);
        }
    }
    Ok(())
}

struct Names(Vec<&'static str>);

impl<K: Key> Visitor<K> for Names {
    fn visit<C: Contender<K>>(&mut self) {
        self.0.push(C::NAME);
    }
}

/// Prints the growth of the process when the contender of that name is filled.
fn look<K: Key>(contender: &str, keys: u64) {
    contest::limiters::<K>(&mut Look { contender, keys });
}

struct Look<'a> {
    contender: &'a str,
    keys: u64,
}

impl<K: Key> Visitor<K> for Look<'_> {
    fn visit<C: Contender<K>>(&mut self) {
        if C::NAME != self.contender {
            return;
        }
        let what = What::Granted;
        // What is made once in a process exists now, such as clocks.
        drop(black_box(filled::<K, C>(what.allowance(), 10, what.taken())));
        let before = resident().expect("asked only where it is known");
        let contender: C = black_box(filled(what.allowance(), self.keys, what.taken()));
        let bytes = resident().map_or(0, |after| after.saturating_sub(before));
        let (name, kind) = (C::NAME.to_owned(), K::NAME.to_owned());
        tell(&Resident { contender: name, kind, keys: self.keys, bytes, stated: contender.stated() });
    }
}

/// Lets a child process measure a limiter that gets many more keys than it is for.
pub(crate) fn churn(options: &Options, results: &mut Results) -> Result<(), Box<dyn Error>> {
    let keys: u64 = match options.effort {
        Effort::Smoke => 1_000_000,
        Effort::Quick => 10_000_000,
        Effort::Full => 100_000_000,
    };
    let row = format!("churn, {}", count(keys));
    if options.wants(&row) {
        println!("{row}");
        results.churn = Some(ask(&format!("{CHURN}{keys}"))?);
    }
    Ok(())
}

fn come_and_go(keys: u64) -> Churn {
    let quota: Quota = QUOTA.parse().expect("a quota");
    let limiter = KeyedLimiter::<u64>::builder(quota).max_keys(MAX_KEYS).build();
    let percent = |part: u64| (part, resident().unwrap_or(0));
    let (mut seen, mut granted, mut key) = (vec![percent(0)], 0, 0);
    let start = Instant::now();
    for number in 1..=keys {
        key.become_number(number);
        granted += u64::from(black_box(&limiter.try_acquire(&key, 1)).is_ok());
        if [10, 50, 100].iter().any(|part| number * 100 == keys * part) {
            seen.push(percent(number * 100 / keys));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    Churn { keys, max_keys: MAX_KEYS as u64, resident: seen, seconds, granted, crowded: limiter.evictions() }
}
