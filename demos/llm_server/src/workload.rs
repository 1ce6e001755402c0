//! The calls: the same in every run.

use limitor::llm::Usage;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// The longest reply; most calls are estimated at this.
const MAX_TOKENS: u64 = 512;

/// The request. No model answers, so the request carries the size of its answer.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) latency_ms: u64,
}

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
}

/// A call, and the client's estimate of it.
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
        // The tokens of a prompt are known to a tenth. Of a reply, only the largest size is known;
        // every tenth call estimates half of the reply.
        let prompt = request.prompt_tokens * rng.random_range(90..=110) / 100;
        let reply = if rng.random_bool(0.1) { request.completion_tokens / 2 } else { MAX_TOKENS };
        Some(Call { request, estimate: Usage::new(prompt, reply) })
    }
}
