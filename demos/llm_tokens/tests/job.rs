//! The main job, run as a user runs it.

use std::env::{self, consts::EXE_SUFFIX};
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The program. `cargo test` builds it before it runs this test.
fn program() -> PathBuf {
    let this = env::current_exe().expect("the path of this test");
    let profile = this.parent().and_then(|deps| deps.parent()).expect("tests are built into target/PROFILE/deps");
    let program = profile.join("examples").join(format!("llm_tokens{EXE_SUFFIX}"));
    assert!(program.is_file(), "{} is missing: run `cargo build --examples` first", program.display());
    program
}

fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    Command::new(program()).args(args).output().unwrap_or_else(|why| panic!("cannot run the job: {why}"))
}

/// A file for this test run.
fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the output is text");
    (text(&output.stdout), text(&output.stderr))
}

/// Runs the job, which must succeed, and returns its output.
fn job(picture: &str, args: &[&str]) -> String {
    let picture = scratch(picture);
    let _ = fs::remove_file(&picture);
    let output = run(args.iter().map(OsStr::new).chain([OsStr::new("--plot"), picture.as_os_str()]));
    let (printed, errors) = texts(&output);
    assert!(output.status.success(), "{args:?}: {}\n{printed}\n{errors}", output.status);
    assert_eq!(errors, "", "{args:?}: no progress bar without a terminal");

    let svg = fs::read_to_string(&picture).expect("the picture was written");
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "not an SVG: {svg}");
    assert!(printed.contains(&picture.display().to_string()), "does not say where the picture is:\n{printed}");
    printed
}

/// Runs the job, which must refuse in one line, and returns that line.
fn refusal(args: &[&str]) -> String {
    let picture = scratch("never.svg");
    let output = run(args.iter().map(OsStr::new).chain([OsStr::new("--plot"), picture.as_os_str()]));
    let (printed, errors) = texts(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {errors}");
    assert_eq!(printed, "", "{args:?}");
    assert_eq!(errors.lines().count(), 1, "{args:?}: {errors}");
    assert!(errors.starts_with("error: "), "{args:?}: {errors}");
    errors
}

/// A file of prompts.
fn prompts(name: &str, text: &str) -> String {
    let path = scratch(name);
    fs::write(&path, text).expect("a file can be written");
    path.into_os_string().into_string().expect("the path is text")
}

#[test]
fn tasks_keep_the_limit() {
    for tasks in ["1", "4", "1000"] {
        let rate = "120_000_000 per minute burst 30_000";
        let printed =
            job(&format!("tasks-{tasks}.svg"), &["--async", "--rate", rate, "--requests", "50", "--threads", tasks]);
        assert!(
            printed.contains(&format!("from {tasks} task")) && printed.contains("kept over every window"),
            "{printed}"
        );
    }
}

#[test]
fn threads_of_any_number_keep_the_limit() {
    for threads in ["1", "4", "64"] {
        for (rate, waits) in [("20000000", false), ("120_000_000 per minute burst 30_000", true)] {
            let picture = format!("{threads}-{waits}.svg");
            let printed = job(&picture, &["--rate", rate, "--requests", "50", "--threads", threads]);
            for part in ["in 50 requests", "elapsed ", "busiest 1 s ", "p50 ", "p99 ", "kept over every window"] {
                assert!(printed.contains(part), "no {part:?} in:\n{printed}");
            }
            assert_eq!(printed.contains("tokens/s allowed"), waits, "{printed}");
            assert_eq!(printed.contains("all within the burst"), !waits, "{printed}");
        }
    }
}

#[test]
fn seed_decides_the_sizes() {
    let tokens = |picture: &str, seed| {
        let printed = job(picture, &["--rate", "20000000", "--seed", seed]);
        printed.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(tokens("seed-1.svg", "7"), tokens("seed-2.svg", "7"));
    assert_ne!(tokens("seed-1.svg", "7"), tokens("seed-2.svg", "8"));
}

#[test]
fn verbose_prints_a_line_for_each_grant() {
    let args = ["--rate", "20000000", "--requests", "50", "--threads", "8"];
    let grants = |printed: &str| printed.lines().filter(|line| line.contains(" s  granted ")).count();
    assert_eq!(grants(&job("quiet.svg", &args)), 0);
    assert_eq!(grants(&job("verbose.svg", &[&args[..], &["--verbose"]].concat())), 50);
}

#[test]
fn prompts_are_read_from_a_file() {
    // 1, 3 and 2 tokens; bytes do not count, nor do empty lines.
    let file = prompts("prompts.txt", "a\n\nnine chars\r\n   \näöüß!\n");
    assert!(job("prompts.svg", &["--prompts", &file]).contains("tokens       6 in 3 requests"));
    assert!(job("prompts.svg", &["--prompts", &file, "--requests", "4"]).contains("tokens       7 in 4 requests"));
}

#[test]
fn bad_arguments_are_refused_in_one_line() {
    for (args, part) in [
        (&["--thread", "4"][..], "--thread"),
        (&["--threads", "0"], "--threads"),
        (&["--threads", "-1"], "-1"),
        (&["--threads"], "--threads"),
        (&["--requests", "0"], "--requests"),
        (&["--seed", "x"], "--seed"),
        (&["--rate", "0"], "capacity is 0"),
        (&["--rate", "many"], "many"),
        (&["--rate", "5/m"], "minutes or milliseconds"),
        (&["--rate", "1 per 2 days"], "over a day"),
        (&["--rate", "29999"], "29,999"),
        (&["--prompts", "no/such/file"], "no/such/file"),
        (&["--tpm", "0"], "capacity is 0"),
        (&["--tpm", "60000", "--rate", "5"], "cannot be used with"),
        (&["--tpm", "29999"], "choose a higher --tpm"),
        (&["--rpm", "many"], "not a whole number"),
        (&["--concurrency", "0"], "--concurrency"),
        (&["stray"], "stray"),
    ] {
        let line = refusal(args);
        assert!(line.contains(part), "{args:?}: no {part:?} in {line}");
    }
}

#[test]
fn prompts_over_the_burst_are_refused() {
    let large = prompts("large.txt", &format!("short\n\n{}\n", "x".repeat(401)));
    let line = refusal(&["--prompts", &large, "--rate", "100"]);
    assert!(line.contains("line 3") && line.contains("101 tokens") && line.contains("burst, 100"), "{line}");

    let empty = prompts("empty.txt", "\n  \n");
    assert!(refusal(&["--prompts", &empty]).contains("no prompts"));

    let binary = scratch("binary.txt");
    fs::write(&binary, [0xff, 0xfe, b'\n']).expect("a file can be written");
    assert!(refusal(&["--prompts", &binary.display().to_string()]).contains("cannot read"));
}

#[test]
fn picture_without_a_directory_is_refused_before_the_work() {
    let file = prompts("in-the-way", "");
    let output = run(["--plot", &format!("{file}/picture.svg")]);
    let (printed, errors) = texts(&output);
    assert_eq!((output.status.code(), printed.as_str(), errors.lines().count()), (Some(2), "", 1), "{errors}");
}

#[test]
fn help_exits_with_success() {
    let output = run(["--help"]);
    let (printed, errors) = texts(&output);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    assert!(printed.contains("--prompts <FILE>"), "{printed}");
}

#[test]
#[cfg(feature = "llm")]
fn calls_keep_all_their_limits() {
    let rate = "120_000_000 per minute burst 40_000";
    for args in [
        &["--rate", rate, "--rpm", "30", "--requests", "30", "--threads", "8"][..],
        &["--rate", rate, "--rpm", "1000", "--concurrency", "2", "--requests", "30", "--threads", "8"],
        &["--rate", rate, "--concurrency", "500", "--requests", "500", "--async", "--threads", "1000"],
        &["--tpm", "1_000_000", "--requests", "40"],
    ] {
        let printed = job(&format!("calls-{}-{}.svg", args.len(), args[2].trim_matches('-')), args);
        assert!(printed.contains("limit        kept over every window"), "{printed}");
        assert!(printed.contains("estimates    ") && printed.contains("under way    "), "{printed}");
        let said = |line: &str| printed.lines().any(|printed| printed.starts_with(line));
        assert_eq!(said("requests     kept over every window"), args.contains(&"--rpm"), "{printed}");
        assert_eq!(said("under way    kept"), args.contains(&"--concurrency"), "{printed}");
    }
}

#[test]
#[cfg(feature = "llm")]
fn call_estimated_over_the_burst_is_refused() {
    let line = refusal(&["--tpm", "31000"]);
    assert!(line.contains("estimated at") && line.contains("burst, 31,000"), "{line}");
}

#[test]
#[cfg(not(feature = "llm"))]
fn limits_on_calls_without_llm_name_the_feature() {
    for args in [["--tpm", "60000"], ["--rpm", "60"], ["--concurrency", "2"]] {
        let line = refusal(&args);
        assert!(line.contains("need the feature llm"), "{line}");
    }
}
