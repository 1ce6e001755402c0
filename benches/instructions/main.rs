//! Counts the instructions of a decision by callgrind. The counts are the same on every run.
//!
//! `cargo bench --bench instructions` compares them with `recorded.txt` beside this file, and fails
//! if a count is over the recorded one by more than 3 % and half an instruction. After a change
//! that is meant, `-- --record` writes the file anew. Needs valgrind.

mod work;

use std::process::ExitCode;

use limitor::SystemClock;
use limitor::clock::ClockSource;
use limitor_callgrind::Bench;

fn main() -> ExitCode {
    let bench = Bench {
        names: &work::NAMES,
        work: work::run,
        recorded: concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/recorded.txt"),
        comparable,
    };
    bench.main()
}

fn comparable() -> Result<(), &'static str> {
    match SystemClock::new().source() {
        ClockSource::Counter => Ok(()),
        _ => Err("the recorded clock is the processor's counter, and this machine uses another"),
    }
}
