//! A clock that never reads back.

use core::time::Duration;

use super::clock::Clock;
use super::reading::{Tick, Timestamp};
#[cfg(feature = "std")]
use super::sleep::Sleep;
use crate::sync::{AtomicU64, Ordering};

/// A clock that never reads back, whatever the clock inside does.
///
/// A reading is the latest that the clock inside has given so far. If that clock steps back,
/// readings stand still until it has caught up:
///
/// | after a step back by `d` | without the wrapper | with it |
/// |---|---|---|
/// | permits available at once | up to `d / T` fewer | as many as before |
/// | permits that come back in the next `d` | as many as always | none |
/// | once the clock has caught up | no difference | no difference |
///
/// So use the wrapper if readings differ a little between threads or processors. A thread that
/// reads an earlier time then gets no false refusal. A step back by hours stops the limiter for
/// hours either way; for that, see [`RateLimiter::reset`](crate::RateLimiter::reset).
///
/// Each reading writes to one atomic word that all users of the wrapper share. So a reading costs
/// more than one of the clock inside, most of all if several processors read at the same time.
///
/// To use the wrapper with several limiters, share it in an [`Arc`](alloc::sync::Arc), which is a
/// clock too. Pass only readings of the wrapper to methods that take a reading.
///
/// # Examples
///
/// ```
/// use limitor::clock::Monotonic;
/// use limitor::{ManualClock, Quota, RateLimiter};
/// use std::time::Duration;
///
/// let inner = ManualClock::new();
/// inner.set(Duration::from_secs(10));
/// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, Monotonic::new(inner.clone()));
/// assert!(limiter.try_acquire(1).is_ok());
///
/// inner.set(Duration::from_secs(11));
/// assert_eq!(limiter.available(), 1);
/// inner.set(Duration::from_secs(10)); // a step back: without the wrapper, 0 would be available
/// assert_eq!(limiter.available(), 1);
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[derive(Debug, Default)]
pub struct Monotonic<C> {
    inner: C,
    /// The ticks of the latest reading.
    latest: AtomicU64,
}

impl<C> Monotonic<C> {
    /// Wraps a clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::clock::Monotonic;
    /// use limitor::{Clock, SystemClock};
    ///
    /// let clock = Monotonic::new(SystemClock::new());
    /// let earlier = clock.now();
    /// assert!(clock.now() >= earlier);
    /// ```
    pub fn new(inner: C) -> Self {
        Self { inner, latest: AtomicU64::new(0) }
    }

    /// Returns the clock inside.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::clock::Monotonic;
    /// use limitor::{Clock, ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = Monotonic::new(ManualClock::new());
    /// clock.inner().advance(Duration::from_secs(1));
    /// assert_eq!(clock.now(), clock.inner().now());
    /// ```
    pub fn inner(&self) -> &C {
        &self.inner
    }
}

impl<C: Clock> Clock for Monotonic<C> {
    #[inline]
    fn now(&self) -> Timestamp {
        let ticks = self.inner.now().ticks();
        // Relaxed: the order in which one word changes is the same for all threads, and the reading
        // publishes nothing else.
        Timestamp::from_ticks(self.latest.fetch_max(ticks, Ordering::Relaxed).max(ticks))
    }

    fn tick(&self) -> Tick {
        self.inner.tick()
    }

    fn between(&self, from: Timestamp, to: Timestamp) -> Duration {
        self.inner.between(from, to)
    }

    fn can_spin(&self) -> bool {
        self.inner.can_spin()
    }

    /// If the time has come already, the clock inside may still be behind it.
    #[cfg(feature = "std")]
    fn park_until(&self, at: Timestamp) {
        if self.now() < at {
            self.inner.park_until(at);
        }
    }

    #[cfg(feature = "std")]
    fn sleep_until(&self, at: Timestamp) -> Sleep {
        if self.now() < at { self.inner.sleep_until(at) } else { Sleep::from_future(core::future::ready(())) }
    }
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::thread;

    use super::*;
    use crate::clock::{ManualClock, SystemClock};

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_ticks(nanos)
    }

    #[test]
    fn monotonic_stands_still_until_the_clock_catches_up() {
        let clock = Monotonic::new(ManualClock::new());
        for (inner, expected) in [(5, 5), (9, 9), (3, 9), (0, 9), (9, 9), (10, 10)] {
            clock.inner().set(Duration::from_nanos(inner));
            assert_eq!(clock.now(), at(expected), "the clock inside reads {inner}");
        }
    }

    #[test]
    fn monotonic_after_a_step_back_counts_from_its_own_reading() {
        let clock = Monotonic::new(ManualClock::new());
        clock.inner().set(Duration::from_nanos(9));
        clock.now();
        clock.inner().set(Duration::from_nanos(3));
        assert_eq!(clock.after(Duration::from_nanos(2)), at(11));
    }

    #[test]
    fn monotonic_parks_only_until_its_own_reading() {
        let clock = Monotonic::new(ManualClock::new());
        clock.inner().set(Duration::from_nanos(9));
        clock.now();
        clock.inner().set(Duration::from_nanos(3));
        clock.park_until(at(9)); // Returns, though nothing moves the clock inside.
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(pin!(clock.sleep_until(at(9))).poll(&mut cx), Poll::Ready(()));
        let mut sleep = pin!(clock.sleep_until(at(10)));
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
        clock.inner().set(Duration::from_nanos(10));
        assert_eq!(sleep.poll(&mut cx), Poll::Ready(()));
    }

    #[test]
    fn monotonic_forwards_what_is_not_a_reading() {
        let (system, manual) = (SystemClock::new(), ManualClock::new());
        assert_eq!(Monotonic::new(system).tick(), system.tick());
        assert!(Monotonic::new(system).can_spin() && !Monotonic::new(manual).can_spin());
    }

    #[test]
    fn monotonic_on_two_threads_never_reads_back() {
        let clock = Monotonic::new(ManualClock::new());
        thread::scope(|scope| {
            scope.spawn(|| (0..2_000).for_each(|step| clock.inner().set(Duration::from_nanos(step % 7 * step))));
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut last = clock.now();
                    for _ in 0..2_000 {
                        let now = clock.now();
                        assert!(now >= last, "{now:?} after {last:?}");
                        last = now;
                    }
                });
            }
        });
    }
}
