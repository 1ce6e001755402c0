//! Runs the demo as a user runs it.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The provider refuses no call that the limiter granted, and few when limits change: the exit
/// status shows it. A shorter run cannot show how much of the budget is used.
#[test]
fn provider_refuses_no_call_of_the_limiter() {
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("server.svg");
    let _ = fs::remove_file(&picture);
    let output = Command::new(env!("CARGO_BIN_EXE_llm_server"))
        .args(["--seconds", "5", "--plot"])
        .arg(&picture)
        .output()
        .expect("the demo runs");
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{printed}\n{errors}", output.status);
    assert_eq!(errors, "");
    assert!(printed.contains("through the limiter, none is refused: 0 were"), "{printed}");
    assert!(!printed.contains("BROKEN"), "{printed}");

    let svg = fs::read_to_string(&picture).expect("the plot was written");
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "not an SVG: {svg}");
    assert!(printed.contains(&picture.display().to_string()), "does not print the path of the plot:\n{printed}");
}
