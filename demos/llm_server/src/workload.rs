//! The calls: the same in every run.

use limitor::llm::Usage;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// A reply is cut off here; most calls are estimated to use all of it.
const MAX_TOKENS: u64 = 512;

/// What is sent. No model answers, so it says itself what the answer will be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) latency_ms: u64,
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
}

/// A call, and what the client thinks of it beforehand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) estimate: Usage,
}

/// Draws one call after another.
#[derive(Debug)]
pub(crate) struct Workload(StdRng);

impl Workload {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }
}

impl Iterator for Workload {
    type Item = Call;

    fn next(&mut self) -> Option<Call> {
        let rng = &mut self.0;
        let request = Request {
            prompt_tokens: rng.random_range(100..=900),
            completion_tokens: rng.random_range(20..=400),
            latency_ms: rng.random_range(50..=300),
        };
        // A prompt is known to a tenth. Of the reply one knows the most it may be; every tenth call hopes for half of what comes.
        let prompt = request.prompt_tokens * rng.random_range(90..=110) / 100;
        let reply = if rng.random_bool(0.1) { request.completion_tokens / 2 } else { MAX_TOKENS };
        Some(Call { request, estimate: Usage::new(prompt, reply) })
    }
}
