//! Requests that are calls of a language model: estimated first, settled afterwards, and under way
//! in between.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::HumanCount;
use limitor::SystemClock;
use limitor::llm::{LlmLimiter, Usage};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::args::Args;
use crate::run::{Limit, Taken};

/// The maximum length of a reply, at which most calls are estimated.
const MAX_TOKENS: u64 = 8_000;

/// The usual length of a reply, at which every fifth call is estimated, whether or not that is
/// right.
const USUAL: u64 = 1_000;

/// The calls, under all limits that are given.
pub(crate) struct Calls {
    limiter: LlmLimiter,
    drawn: Vec<Call>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

/// A call with the values that it will turn out to have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    estimate: Usage,
    actual: Usage,
    takes: Duration,
}

impl Call {
    /// A prompt that was counted as `size`. By the model's own count it is up to 5 % more or less;
    /// the length of the reply is random.
    fn draw(size: u64, rng: &mut StdRng) -> Self {
        let prompt = size * rng.random_range(95..=105) / 100;
        let (reply, estimate) =
            (rng.random_range(0..=2 * USUAL), if rng.random_bool(0.2) { USUAL } else { MAX_TOKENS });
        let takes = Duration::from_millis(10 + reply / 20);
        Self { estimate: Usage::new(size, estimate), actual: Usage::new(prompt, reply), takes }
    }

    pub(crate) fn estimated(&self) -> u64 {
        self.estimate.input + self.estimate.output
    }

    pub(crate) fn used(&self) -> u64 {
        self.actual.input + self.actual.output
    }

    /// What counts when the call is granted. If the estimate was too low, the difference is not
    /// known yet: it becomes a debt.
    fn taken(&self) -> Taken {
        Taken { granted: self.estimated(), tokens: self.used().min(self.estimated()) }
    }
}

impl Calls {
    /// Creates a call for each prompt.
    pub(crate) fn new(args: &Args, sizes: &[u64]) -> Result<Self, String> {
        let mut rng = StdRng::seed_from_u64(args.seed.wrapping_add(1));
        let drawn: Vec<_> = sizes.iter().map(|size| Call::draw(*size, &mut rng)).collect();
        let (most, burst) = (drawn.iter().map(Call::estimated).max().unwrap_or(0), args.tokens().burst());
        if most > burst {
            let (most, burst) = (HumanCount(most), HumanCount(burst));
            return Err(format!("a call is estimated at {most} tokens, but the burst is {burst}"));
        }
        let mut builder = LlmLimiter::builder().tokens(args.tokens());
        if let Some(quota) = args.rpm {
            builder = builder.requests(quota);
        }
        if let Some(calls) = args.concurrency {
            builder = builder.max_concurrent(calls.into());
        }
        let limiter = builder.build().map_err(|why| why.to_string())?;
        Ok(Self { limiter, drawn, under_way: AtomicUsize::new(0), most_under_way: AtomicUsize::new(0) })
    }

    pub(crate) fn drawn(&self) -> &[Call] {
        &self.drawn
    }

    /// The most calls that were certainly under way at the same time.
    pub(crate) fn most_under_way(&self) -> usize {
        self.most_under_way.load(Ordering::Relaxed)
    }

    fn begin(&self) {
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_under_way.fetch_max(under_way, Ordering::Relaxed);
    }

    fn end(&self) {
        self.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Limit for Calls {
    fn clock(&self) -> &SystemClock {
        self.limiter.clock()
    }

    fn close(&self) {
        self.limiter.close();
    }

    fn total(&self) -> (usize, u64) {
        (self.drawn.len(), self.drawn.iter().map(|call| call.taken().tokens).sum())
    }

    fn block(&self, index: usize, saw: impl FnOnce(Taken)) -> Result<(), String> {
        let call = &self.drawn[index];
        let leave = self.limiter.acquire(call.estimate).wait().map_err(|why| why.to_string())?;
        saw(call.taken());
        self.begin();
        thread::sleep(call.takes); // here the request would be sent
        self.end();
        leave.reconcile(call.actual);
        Ok(())
    }

    async fn suspend(&self, index: usize, saw: impl FnOnce(Taken) + Send) -> Result<(), String> {
        let call = &self.drawn[index];
        let leave = self.limiter.acquire(call.estimate).await.map_err(|why| why.to_string())?;
        saw(call.taken());
        self.begin();
        tokio::time::sleep(call.takes).await; // here the request would be sent
        self.end();
        leave.reconcile(call.actual);
        Ok(())
    }
}
