//! Runs the examples as a user runs them.
#![cfg(not(loom))]

use std::env::{self, consts::EXE_SUFFIX};
use std::path::PathBuf;
use std::process::Command;

/// The program of an example. `cargo test` builds it before this test.
fn program(name: &str) -> PathBuf {
    let this = env::current_exe().expect("the path of this test");
    let profile = this.parent().and_then(|deps| deps.parent()).expect("tests are built into target/PROFILE/deps");
    let program = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(program.is_file(), "{} is missing: run `cargo build --examples` first", program.display());
    program
}

#[test]
fn short_examples_succeed() {
    let always = ["loop", "guard", "closure", "context", "deadline", "reserve"];
    let keyed: &[_] = if cfg!(feature = "keyed") { &["cached_work", "user_then_system"] } else { &[] };
    let decorator = cfg!(feature = "macros").then_some("decorator");
    for name in always.iter().chain(keyed).copied().chain(decorator) {
        let output = Command::new(program(name)).output().unwrap_or_else(|why| panic!("cannot run {name}: {why}"));
        let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {}\n{printed}\n{errors}", output.status);
        assert_ne!(printed, "", "{name} shows nothing");
    }
}
