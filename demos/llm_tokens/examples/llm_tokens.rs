//! The main job: see `--help`, and `src/lib.rs` of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    llm_tokens::main()
}
