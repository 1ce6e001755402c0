//! Several limits as one: all or nothing, in the order of arrival, and each limit's own bound over
//! every window.
//!
//! The races are in `loom_set.rs`.
#![cfg(not(loom))]

mod allocation;
mod control;
mod deadlines;
mod leaks;
mod line;
mod list;
mod model;
mod refusals;
mod tasks;
mod threads;
mod timeline;
mod together;

use std::sync::Arc;
use std::time::Duration;

use limitor::{Clock, LimitSet, ManualClock, Quota, RateLimiter};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One permit per second, with this burst.
fn one_a_second<C: Clock>(burst: u64, clock: C) -> Arc<RateLimiter<C>> {
    Arc::new(RateLimiter::with_clock(Quota::per_second(1).unwrap().with_burst(burst).unwrap(), clock))
}

/// Two limits of one permit per second, with these bursts, and the set of both.
struct Pair {
    clock: ManualClock,
    a: Arc<RateLimiter<ManualClock>>,
    b: Arc<RateLimiter<ManualClock>>,
    set: Arc<LimitSet<2, ManualClock>>,
}

impl Pair {
    fn new(burst_a: u64, burst_b: u64) -> Self {
        let clock = ManualClock::new();
        let (a, b) = (one_a_second(burst_a, clock.clone()), one_a_second(burst_b, clock.clone()));
        let set = Arc::new(LimitSet::new([("a", a.clone()), ("b", b.clone())]));
        Self { clock, a, b, set }
    }

    /// The same with nothing left in either.
    fn empty(burst_a: u64, burst_b: u64) -> Self {
        let pair = Self::new(burst_a, burst_b);
        drop(pair.set.try_acquire([burst_a, burst_b]).unwrap());
        pair
    }

    fn available(&self) -> [u64; 2] {
        [self.a.available(), self.b.available()]
    }
}

/// Futures that are polled by hand.
mod task {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(crate) struct Task {
        count: Arc<Count>,
        waker: Waker,
    }

    impl Task {
        pub(crate) fn new() -> Self {
            let count = Arc::new(Count::default());
            Self { waker: Waker::from(count.clone()), count }
        }

        pub(crate) fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
            pin!(future).poll(&mut Context::from_waker(&self.waker))
        }

        /// How often it was woken since the last call.
        pub(crate) fn woken(&self) -> usize {
            self.count.0.swap(0, Ordering::SeqCst)
        }

        /// Polls as long as it is woken, as an executor does.
        pub(crate) fn run<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
            while self.woken() > 0 {
                if let Poll::Ready(output) = self.poll(future) {
                    return Poll::Ready(output);
                }
            }
            Poll::Pending
        }
    }
}
