//! Counts the instructions of governor's decisions by callgrind, as `cargo bench --bench
//! instructions` counts limitor's.
//!
//! `cargo bench -p limitor-benches --bench peer_instructions` compares them with `recorded.txt`
//! beside this file. Another count comes with another release of governor, so it is no error. Needs
//! valgrind.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::process::ExitCode;

use governor::{Quota, RateLimiter};
use limitor_callgrind::{Bench, measured};

const NAMES: [&str; 2] = ["governor grant", "governor refusal"];

fn main() -> ExitCode {
    let bench = Bench {
        names: &NAMES,
        work,
        recorded: concat!(env!("CARGO_MANIFEST_DIR"), "/peer_instructions/recorded.txt"),
        comparable: || Err("these are the counts of another crate"),
    };
    bench.main()
}

/// Does one kind of work so many times, and checks its results.
fn work(name: &str, rounds: u32) {
    let nonzero = |n| NonZeroU32::new(n).expect("not zero");
    let refusal = name == "governor refusal";
    let quota = if refusal { Quota::per_hour(nonzero(1)) } else { Quota::per_second(nonzero(1_000_000_000)) };
    let limiter = RateLimiter::direct(quota);
    if refusal {
        drop(limiter.check());
    }
    let granted = measured(rounds, || black_box(&limiter).check().is_ok());
    assert_eq!(granted, if refusal { 0 } else { rounds }, "{name}");
}
