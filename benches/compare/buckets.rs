//! Contenders written here: two token buckets as they are often written, and the two limits that
//! the hardware sets.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crossbeam_utils::CachePadded;
use limitor_benches::Allowance;

use crate::clocks::Time;
use crate::contest::Shared;

/// The token bucket of the textbook, behind a lock.
pub(crate) struct Locked {
    /// The tokens at the last call, and the time of that call.
    bucket: Mutex<(f64, Instant)>,
    rate: f64,
    burst: f64,
}

impl Shared for Locked {
    const NAME: &'static str = "mutex";
    const SETUP: &'static str =
        "own code: a textbook token bucket, `f64` tokens and an `Instant` in a `std::sync::Mutex`";

    type Answer<'a> = bool;

    fn new(allowance: Allowance) -> Self {
        let (rate, burst) = (allowance.rate(), f64::from(allowance.burst));
        Self { bucket: Mutex::new((burst, Instant::now())), rate, burst }
    }

    #[inline(always)]
    fn ask(&self, n: u32) -> bool {
        let mut bucket = self.bucket.lock().expect("no holder of the lock panics");
        let (tokens, then) = *bucket;
        let now = Instant::now();
        let tokens = self.burst.min(tokens + now.saturating_duration_since(then).as_secs_f64() * self.rate);
        let granted = tokens >= f64::from(n);
        *bucket = (if granted { tokens - f64::from(n) } else { tokens }, now);
        granted
    }

    #[inline]
    fn granted(answer: &bool) -> bool {
        *answer
    }
}

/// A token bucket in one atomic double: the time in seconds at which the bucket was empty, as in
/// folly's `TokenBucket`.
pub(crate) struct Double<T> {
    empty_at: CachePadded<AtomicU64>,
    rate: f64,
    burst: f64,
    time: T,
}

impl<T: Time> Shared for Double<T> {
    const NAME: &'static str = "atomic double";
    const SETUP: &'static str = "own code after folly's `TokenBucket`: the time in seconds at which the bucket was empty, an `f64` \
         in an `AtomicU64` on a cache line of its own, moved by compare-and-swap; quanta's counter";

    type Answer<'a> = bool;

    fn new(allowance: Allowance) -> Self {
        let (rate, burst) = (allowance.rate(), f64::from(allowance.burst));
        let empty_at = CachePadded::new(AtomicU64::new((-burst / rate).to_bits()));
        Self { empty_at, rate, burst, time: T::start() }
    }

    #[inline(always)]
    fn ask(&self, n: u32) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "that is what it does: 2 ns of error after four months")]
        let now = self.time.nanos() as f64 * 1e-9;
        let mut seen = self.empty_at.load(Ordering::Relaxed);
        loop {
            let tokens = self.burst.min((now - f64::from_bits(seen)) * self.rate) - f64::from(n);
            if tokens < 0.0 {
                return false;
            }
            let next = (now - tokens / self.rate).to_bits();
            match self.empty_at.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(current) => seen = current,
            }
        }
    }

    #[inline]
    fn granted(answer: &bool) -> bool {
        *answer
    }
}

/// The least work of a decision: a reading of the clock.
pub(crate) struct ClockRead<T>(T);

impl<T: Time> Shared for ClockRead<T> {
    const NAME: &'static str = "limit: clock";
    const SETUP: &'static str =
        "no limiter: one reading of quanta's counter (`Clock::raw`) or of its cached clock (`recent`)";
    const DECIDES: bool = false;
    /// What the clock, or the word, said.
    type Answer<'a> = u64;

    fn new(_: Allowance) -> Self {
        Self(T::start())
    }

    #[inline(always)]
    fn ask(&self, _: u32) -> u64 {
        self.0.read()
    }

    #[inline]
    fn granted(_: &u64) -> bool {
        true
    }
}

/// The least work of a grant: a reading of the clock and a move of a shared word.
pub(crate) struct ClockAndCas<T> {
    word: CachePadded<AtomicU64>,
    time: T,
}

impl<T: Time> Shared for ClockAndCas<T> {
    const NAME: &'static str = "limit: clock + CAS";
    const SETUP: &'static str =
        "no limiter: the same reading put into a shared word by one compare-and-swap (until it succeeds)";
    const DECIDES: bool = false;
    /// What the clock, or the word, said.
    type Answer<'a> = u64;

    fn new(_: Allowance) -> Self {
        Self { word: CachePadded::default(), time: T::start() }
    }

    #[inline(always)]
    fn ask(&self, _: u32) -> u64 {
        let now = self.time.read();
        let mut seen = self.word.load(Ordering::Relaxed);
        while let Err(current) = self.word.compare_exchange_weak(seen, now, Ordering::AcqRel, Ordering::Relaxed) {
            seen = current;
        }
        seen
    }

    #[inline]
    fn granted(_: &u64) -> bool {
        true
    }
}
