//! Audits the journals, and prints a line for each limit and for each check.

use std::sync::Arc;

use limitor::{Clock, Quota};

use crate::args::Args;
use crate::audit::{self, Window};
use crate::checks::Check;
use crate::journal::{Entry, Journal, What};
use crate::parts;
use crate::subject::Subject;
use crate::tally::Count;
use crate::world::{Keyed, World};

pub(crate) fn print(args: &Args, world: &World) {
    println!("{:<30} {:>9}  the window nearest to its bound", "limit", "grants");
    for subject in &world.subjects {
        let entries = subject.journal.entries();
        if subject.controlled {
            println!("{:<30} {:>9}  (not checked: reset sometimes)", subject.name, grants(&entries));
        } else {
            let window = tightest(&subject.journal, subject.quota, subject.grace, &entries);
            line(world, subject.name, grants(&entries), window);
        }
    }
    for keyed in &world.keyed {
        let (count, window) = all_keys(keyed);
        line(world, keyed.name, count, window);
    }
    for (name, quota, journal) in world.parts.iter().flat_map(|part| part.limits()) {
        let entries = journal.entries();
        line(world, name, grants(&entries), tightest(journal, quota, 0, &entries));
    }
    println!("\n{}\n", world.tally);
    let overtaken = overtakers(world);
    let looked_at = |check: &Check| *check != Check::UnderWay || !world.parts.is_empty();
    for check in Check::ALL.into_iter().filter(looked_at) {
        world.wrongs.verdict(check, &figures(check, args, world, &overtaken));
    }
    if let Some(parts) = parts::left_out() {
        println!("\n{parts}");
    }
}

fn figures(check: Check, args: &Args, world: &World, [served, waits]: &[usize; 2]) -> String {
    let tally = &world.tally;
    let get = Count::get;
    match check {
        Check::Bound => format!("{} grants, exact arithmetic, to 1 ns", get(&tally.grants)),
        Check::LastPermit => {
            format!("{} limits and keys had their whole burst at the end, no more", get(&tally.gathered))
        }
        Check::Order => {
            let lines = get(&tally.orders);
            format!("{served} grants beside {waits} looks at waiters, {lines} queues of one thread")
        }
        Check::Wakes => format!(
            "{} waits, and {} grants handed on, the slowest after {:.1} ms; {} ms would be too long; the machine stood still for {:.1?}",
            get(&tally.waits),
            get(&tally.relays),
            u32::try_from(get(&tally.slowest)).map_or(f64::INFINITY, f64::from) / 1e3,
            args.patience.as_millis(),
            world.board.stalls.total(),
        ),
        Check::UnderWay => {
            let parts: Vec<_> = world.parts.iter().map(|part| part.under_way()).collect();
            parts.join(", ")
        }
        Check::Ends => {
            let (threads, tasks, heirs) = (args.threads, args.tasks, get(&tally.heirs));
            format!("{threads} threads, {tasks} tasks, {heirs} replaced those that died")
        }
    }
}

/// Checks, on clocks that run, whether a grant overtook an earlier request. Returns the number of
/// grants and waits that were compared.
fn overtakers(world: &World) -> [usize; 2] {
    let ordered = |subject: &&Arc<Subject>| !subject.controlled && !subject.journal.clock().steps();
    let subjects = world.subjects.iter().filter(ordered).map(|subject| (subject.name, &subject.journal));
    let mut all = [0, 0];
    let parts = world.parts.iter().flat_map(|part| part.limits()).map(|(name, _, journal)| (name, journal));
    for (name, journal) in subjects.chain(parts) {
        let (overtakers, [served, waits]) = journal.overtakers();
        all = [all[0] + served, all[1] + waits];
        for by in overtakers {
            let what = format!("{name}: came at reading {}, was served by {}", by.came, by.got);
            world.wrong(Check::Order, format!("{what}, while an earlier request still waited"));
        }
    }
    all
}

fn tightest(journal: &Journal, quota: Quota, grace: u64, entries: &[Entry]) -> Option<Window> {
    audit::tightest(quota, journal.clock().tick(), grace, entries)
}

fn grants(entries: &[Entry]) -> usize {
    entries.iter().filter(|entry| entry.what == What::Granted).count()
}

/// Returns the number of grants to all keys, and the tightest window of all of them.
fn all_keys(keyed: &Keyed) -> (usize, Option<Window>) {
    let mut count = 0;
    let mut windows = Vec::new();
    for journal in keyed.journals.values() {
        let entries = journal.entries();
        count += grants(&entries);
        windows.extend(tightest(journal, keyed.quota, 0, &entries));
    }
    (count, windows.into_iter().max_by(|a, b| a.excess.total_cmp(&b.excess)))
}

fn line(world: &World, name: &'static str, grants: usize, window: Option<Window>) {
    let verdict = match window {
        Some(window) if window.kept => format!("{:.3} permits below", (-window.excess).max(0.0)),
        Some(window) => {
            let Window { from, to, excess, .. } = window;
            world.wrong(Check::Bound, format!("{name}: {excess:.3} permits too many from reading {from} to {to}"));
            "BROKEN".to_owned()
        }
        None => String::new(),
    };
    println!("{name:<30} {grants:>9}  {verdict}");
}
