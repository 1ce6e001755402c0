//! Runs the soak as a user runs it.

use std::process::Command;

/// The soak audits every grant itself. Its exit status is the result of the audit.
#[test]
fn soak_finds_no_violation() {
    let output = Command::new(env!("CARGO_BIN_EXE_soak")).args(["--seconds", "2"]).output().expect("the soak runs");
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{printed}\n{errors}", output.status);
    assert_eq!(printed.lines().filter(|line| line.contains("  kept: ")).count(), 6, "{printed}");
    for (feature, is_in) in [("tokio", cfg!(feature = "tokio")), ("llm", cfg!(feature = "llm"))] {
        assert_ne!(printed.contains(&format!("(feature {feature})")), is_in, "{printed}");
    }
    assert!(!printed.contains("kept: 0 "), "nothing was audited:\n{printed}");
}
