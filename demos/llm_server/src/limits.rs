//! The limits of the provider, and the client's limiter for them.

use std::time::Duration;

use limitor::llm::LlmLimiter;
use limitor::{BuildError, Quota};

use crate::args::Args;

const REQUESTS_PER_MINUTE: u64 = 2_400;
const TOKENS_PER_MINUTE: u64 = 1_200_000;

/// At a real provider, the tokens of a minute may be used at once. Here the burst is smaller, so
/// that it ends soon and the rest of the run shows the rate.
const LONGEST_BURST: Duration = Duration::from_secs(4);

/// Limits per minute, with a burst that is a part of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) rpm: u64,
    pub(crate) tpm: u64,
    burst: Duration,
}

impl Limits {
    pub(crate) fn new(args: &Args) -> Self {
        Self { rpm: REQUESTS_PER_MINUTE, tpm: TOKENS_PER_MINUTE, burst: (args.length() / 5).min(LONGEST_BURST) }
    }

    /// Half of each limit.
    pub(crate) fn halved(self) -> Self {
        Self { rpm: self.rpm / 2, tpm: self.tpm / 2, ..self }
    }

    /// The most requests at once.
    pub(crate) fn request_burst(self) -> u64 {
        within(self.burst, self.rpm)
    }

    /// The most tokens at once.
    pub(crate) fn token_burst(self) -> u64 {
        within(self.burst, self.tpm)
    }

    /// Tokens that come back in `nanos`.
    pub(crate) fn tokens_in(self, nanos: u64) -> u64 {
        within(Duration::from_nanos(nanos), self.tpm)
    }

    /// A limiter at the provider's full rate.
    ///
    /// Requests do not arrive as evenly as they were granted: of the requests of one second, a
    /// little more may arrive within one. So for a moment the provider may have less than the
    /// client computes. The margin for that is taken from the burst, where it is lost once; from
    /// the rate it would be lost all the time.
    pub(crate) fn limiter(self, jitter: Duration) -> Result<LlmLimiter, BuildError> {
        let burst = self.burst.saturating_sub(jitter);
        LlmLimiter::builder()
            .requests(Quota::per_minute(self.rpm)?.with_burst(within(burst, self.rpm))?)
            .tokens(Quota::per_minute(self.tpm)?.with_burst(within(burst, self.tpm))?)
            .build()
    }
}

/// The amount that comes back in `time` at a rate per minute, in whole ones.
fn within(time: Duration, per_minute: u64) -> u64 {
    let back = u128::from(per_minute) * time.as_nanos() / Duration::from_secs(60).as_nanos();
    u64::try_from(back).unwrap_or(u64::MAX)
}
