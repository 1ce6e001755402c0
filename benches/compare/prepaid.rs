//! Permits prepaid to one thread, beside the words that all threads share.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use limitor::{Denied, LocalLimiter, RateLimiter, SystemClock};
use limitor_benches::Allowance;

use crate::contended::THREADS;
use crate::contenders::quota;
use crate::contest::Contender;

/// As many handles as there are ever threads.
const HANDLES: usize = THREADS[THREADS.len() - 1];

/// A batch for threads that do nothing but decide.
///
/// To take a batch costs some 0.1 µs when the word comes from another processor, and 1,024 decisions only 0.5 µs: with
/// batches of that size 2 threads did 1.74 times as much as one, with 4,096 1.93 times (Xeon of 2.6 GHz, 2 cores).
const LARGE: u64 = 8_192;

/// A batch for threads that have something to do between two decisions.
const SMALL: u64 = 1_024;

/// A limiter of which each thread has a handle of its own.
///
/// A handle is in memory, and is asked through a reference, as the others are: the permits that are left are read and
/// written at each call, not kept in a register for as long as the bench runs.
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
    // It has no divisor in common with a batch, so the call that is timed by itself comes everywhere in it.
    const CHUNK: u32 = 4_001;

    type Handle<'a> = LocalLimiter<'a, SystemClock>;
    type Answer<'a> = Result<(), Denied>;

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
