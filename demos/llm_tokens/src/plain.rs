//! Requests with a known cost: they are complete as soon as they are granted.

use limitor::{RateLimiter, SystemClock};

use crate::args::Args;
use crate::run::{Limit, Taken};

/// Requests of these sizes, under a limit on tokens.
pub(crate) struct Plain {
    limiter: RateLimiter,
    sizes: Vec<u64>,
}

impl Plain {
    pub(crate) fn new(args: &Args, sizes: Vec<u64>) -> Self {
        Self { limiter: RateLimiter::new(args.tokens()), sizes }
    }
}

impl Limit for Plain {
    fn clock(&self) -> &SystemClock {
        self.limiter.clock()
    }

    fn close(&self) {
        self.limiter.close();
    }

    fn total(&self) -> (usize, u64) {
        (self.sizes.len(), self.sizes.iter().sum())
    }

    fn block(&self, index: usize, saw: impl FnOnce(Taken)) -> Result<(), String> {
        let tokens = self.sizes[index];
        self.limiter.acquire(tokens).wait().map_err(|why| why.to_string())?;
        // Here the request would be sent.
        saw(Taken { granted: tokens, tokens });
        Ok(())
    }

    async fn suspend(&self, index: usize, saw: impl FnOnce(Taken) + Send) -> Result<(), String> {
        let tokens = self.sizes[index];
        self.limiter.acquire(tokens).await.map_err(|why| why.to_string())?;
        // Here the request would be sent.
        saw(Taken { granted: tokens, tokens });
        Ok(())
    }
}
