//! One thread: the time of a decision, as if the contender had the machine to itself.

use std::time::{Duration, Instant};

use limitor_benches::Effort;

use crate::case::{Case, What};
use crate::contest::Contender;
use crate::keys::{Key, Order};

/// The largest number of keys with states that fit the cache next to the processor, for any
/// contender.
const FEW: u64 = 10_000;

/// A turn of one contender, as long as it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// Not timed: the time until the caches hold what they would hold without another contender.
    warm: Duration,
    timed: Duration,
    /// Requests between two readings of the clock.
    chunk: u32,
    /// Whether all requests are granted, or all are refused.
    granted: bool,
    /// Whether idle keys are swept out after each chunk, which is not timed.
    swept: bool,
}

impl Turn {
    /// A turn and the number of rounds.
    pub(crate) fn new(case: Case, effort: Effort) -> (Self, usize) {
        let (warm, timed, rounds) = match effort {
            Effort::Smoke => (0, 500, 1),
            _ if case.keys <= FEW => (0, 250, 400),
            // The turn of the other contender replaces the content of the caches. Loading 30 MB
            // again takes 50 ms.
            _ => (60_000, 40_000, 7),
        };
        let [warm, timed] = [warm, timed].map(Duration::from_micros);
        let swept = case.what == What::NewKey;
        // New keys are at most a tenth of all keys.
        let chunk = if swept { u32::try_from(case.keys / 10).unwrap_or(u32::MAX) } else { 1_000 };
        (Self { warm, timed, chunk, granted: case.what != What::Refused, swept }, effort.rounds(rounds))
    }

    /// Requests one permit after the other. Returns the nanoseconds of a decision.
    pub(crate) fn take<K: Key, C: Contender<K>>(self, contender: &C, order: &mut impl Order) -> f64 {
        if !self.warm.is_zero() {
            self.ask(contender, order, self.warm);
        }
        let (elapsed, asked) = self.ask(contender, order, self.timed);
        elapsed.as_secs_f64() * 1e9 / f64::from(asked)
    }

    fn ask<K: Key, C: Contender<K>>(self, contender: &C, order: &mut impl Order, least: Duration) -> (Duration, u32) {
        let (mut elapsed, mut asked) = (Duration::ZERO, 0);
        let mut key = K::default();
        while elapsed < least {
            let start = Instant::now();
            let granted = ask(contender, order, &mut key, self.chunk);
            elapsed += start.elapsed();
            asked += self.chunk;
            let expected = if self.granted { self.chunk } else { 0 };
            assert!(granted == expected || !C::DECIDES, "{} granted {granted} of {}", C::NAME, self.chunk);
            if self.swept {
                contender.sweep();
            }
        }
        (elapsed, asked)
    }
}

/// Requests one permit of each of the next keys. Returns the number of grants.
///
/// Not inlined, so that a contender runs the same code beside any other.
#[inline(never)]
pub(crate) fn ask<K: Key, C: Contender<K>>(contender: &C, order: &mut impl Order, key: &mut K, questions: u32) -> u32 {
    let mut granted = 0;
    for _ in 0..questions {
        key.become_number(order.next());
        granted += u32::from(contender.take(key, 1));
    }
    granted
}
