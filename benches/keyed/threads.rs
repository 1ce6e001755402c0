//! Several threads on one limiter.

use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use limitor_benches::Effort;

use crate::contest::Contender;
use crate::keys::{Key, Order};
use crate::single::ask;

/// Requests between two readings of the clock.
const CHUNK: u32 = 64;

/// A stretch of time in which the threads call as often as they can.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    threads: usize,
    /// Not counted: until all threads run.
    warm: Duration,
    counted: Duration,
}

impl Batch {
    /// A batch and the number of rounds.
    pub(crate) fn new(threads: usize, effort: Effort) -> (Self, usize) {
        let (warm, counted, rounds) = match effort {
            Effort::Smoke => (0, 2, 1),
            // If threads take turns on a processor, a batch must hold many turns.
            _ => (20, if running(threads) == threads { 30 } else { 60 }, 3),
        };
        let [warm, counted] = [warm, counted].map(Duration::from_millis);
        (Self { threads, warm, counted }, effort.rounds(rounds))
    }

    /// Runs the threads. Returns the nanoseconds of a decision for the calling thread, while it
    /// runs.
    pub(crate) fn run<K: Key, C: Contender<K>, O: Order>(
        self,
        contender: &C,
        order: &(impl Fn(usize) -> O + Sync),
    ) -> f64 {
        let (barrier, start) = (Barrier::new(self.threads), OnceLock::new());
        let work = &|number: usize| {
            let (mut order, mut key, mut asked) = (order(number), K::default(), 0);
            barrier.wait();
            // The same for all threads, at any time at which they run.
            let from = *start.get_or_init(Instant::now) + self.warm;
            let until = from + self.counted;
            loop {
                let granted = ask(contender, &mut order, &mut key, CHUNK);
                assert!(granted == CHUNK || !C::DECIDES, "{} granted {granted} of {CHUNK}", C::NAME);
                let now = Instant::now();
                if now > until {
                    return asked;
                }
                asked += if now > from { u64::from(CHUNK) } else { 0 };
            }
        };
        let asked: u64 = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|number| scope.spawn(move || work(number))).collect();
            threads.into_iter().map(|thread| thread.join().expect("every answer was a grant")).sum()
        });
        #[expect(clippy::cast_precision_loss, reason = "a few processors, and questions of a second at most")]
        let (running, asked) = (running(self.threads) as f64, asked.max(1) as f64);
        self.counted.as_secs_f64() * 1e9 * running / asked
    }
}

/// The number of threads that can run at the same time.
fn running(threads: usize) -> usize {
    threads.min(thread::available_parallelism().map_or(1, usize::from))
}
