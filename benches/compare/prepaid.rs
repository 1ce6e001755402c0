//! Permits prepaid to one thread, beside the words that all threads share.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use limitor::{Denied, Grant, LocalLimiter, RateLimiter, SystemClock};
use limitor_benches::Allowance;

use crate::contended::THREADS;
use crate::contenders::quota;
use crate::contest::Contender;

/// A handle for each thread, at the largest number of threads.
const HANDLES: usize = THREADS[THREADS.len() - 1];

/// A batch for threads that only decide.
///
/// Taking a batch costs about 0.1 µs if the word comes from another processor, and 1,024 decisions
/// take only 0.5 µs. With batches of that size 2 threads did 1.74 times the work of one, with
/// batches of 4,096 1.93 times (Xeon of 2.6 GHz, 2 cores).
const LARGE: u64 = 8_192;

/// A batch for threads that have other work between two decisions.
const SMALL: u64 = 1_024;

/// A limiter with a handle for each thread.
///
/// A handle is in memory, and is called through a reference, as the other contenders are. So the
/// remaining permits are read and written at each call, and not kept in a register while the bench
/// runs.
pub(crate) struct Batches<const BATCH: u64>(RateLimiter);

pub(crate) type Prepaid = Batches<LARGE>;
pub(crate) type PrepaidSmall = Batches<SMALL>;

impl<const BATCH: u64> Contender for Batches<BATCH> {
    const NAME: &'static str = if BATCH == LARGE { "limitor, prepaid" } else { "limitor, batch 1,024" };
    const SETUP: &'static str = if BATCH == LARGE {
        "`RateLimiter::builder(quota).local(8, 8_192)`, a `LocalLimiter` for each thread, which takes 8,192 permits at a time; \
         `try_acquire(n)`"
    } else {
        "the same, `local(8, 1_024)`"
    };
    const DECIDES: bool = true;
    // The number has no divisor in common with a batch, so the call that is timed by itself is at
    // each position of a batch in turn.
    const CHUNK: u32 = 4_001;

    type Handle<'a> = LocalLimiter<'a, SystemClock>;
    type Answer<'a> = Result<Grant<'a, SystemClock>, Denied>;

    fn new(allowance: Allowance) -> Self {
        Self(RateLimiter::builder(quota(allowance)).local(HANDLES, BATCH).expect("a larger burst").build())
    }

    fn lend<R>(&self, work: impl FnOnce(&Self::Handle<'_>) -> R) -> R {
        work(&self.0.local().expect("a handle for each thread"))
    }

    #[inline(always)]
    fn ask<'a>(handle: &'a Self::Handle<'_>, n: u32) -> Self::Answer<'a> {
        handle.try_acquire(n.into())
    }

    #[inline]
    fn granted(answer: &Self::Answer<'_>) -> bool {
        answer.is_ok()
    }
}
