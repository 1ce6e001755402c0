//! The cost of each request: estimated from real prompts, or random.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use indicatif::HumanCount;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::args::Args;

/// The tokens of a random request.
const DRAWN: RangeInclusive<u64> = 5_000..=30_000;

/// The number of requests, unless the command line or a file of prompts says otherwise.
const REQUESTS: u32 = 100;

/// Returns the tokens of each request, in the order in which they are sent.
pub(crate) fn sizes(args: &Args) -> Result<Vec<u64>, String> {
    match &args.prompts {
        Some(path) => {
            let prompts = read(path, args.tokens().burst())?;
            let requests = args.requests.map_or(prompts.len(), |requests| requests as usize);
            Ok(prompts.into_iter().cycle().take(requests).collect())
        }
        None if *DRAWN.end() > args.tokens().burst() => Err(format!(
            "a request may take {} tokens, but the burst of {} is {}: choose a higher {}",
            HumanCount(*DRAWN.end()),
            args.tokens(),
            HumanCount(args.tokens().burst()),
            if args.tpm.is_some() { "--tpm" } else { "--rate, or give it a burst" },
        )),
        None => {
            let mut rng = StdRng::seed_from_u64(args.seed);
            Ok((0..args.requests.unwrap_or(REQUESTS)).map(|_| rng.random_range(DRAWN)).collect())
        }
    }
}

/// The estimates of the prompts in a file, one per line. Empty lines are skipped.
fn read(path: &Path, burst: u64) -> Result<Vec<u64>, String> {
    let text = fs::read_to_string(path).map_err(|why| format!("cannot read {}: {why}", path.display()))?;
    let mut sizes = Vec::new();
    for (index, prompt) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let tokens = estimate(prompt);
        if tokens > burst {
            return Err(format!(
                "{} line {}: about {} tokens, but the burst is {}",
                path.display(),
                index + 1,
                HumanCount(tokens),
                HumanCount(burst),
            ));
        }
        sizes.push(tokens);
    }
    if sizes.is_empty() { Err(format!("no prompts in {}", path.display())) } else { Ok(sizes) }
}

/// English text has about 4 characters per token.
fn estimate(prompt: &str) -> u64 {
    (prompt.chars().count() as u64).div_ceil(4).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimate_counts_characters_not_bytes() {
        assert_eq!(estimate("a"), 1);
        assert_eq!(estimate("four"), 1);
        assert_eq!(estimate("fives"), 2);
        assert_eq!(estimate("äöüß"), 1);
    }
}
