//! A clock that stands still until it is moved, for tests and simulation.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use std::task::{Context, Poll};

use super::Sleep;
use super::{Clock, Timestamp};
use crate::sync::{AtomicU64, Lock, Ordering, park, thread_waker};
use crate::wake::wake_all;

/// A clock that moves only when told to. It begins at 0 and counts nanoseconds; its clones share the time.
///
/// Waiting on it is deterministic: whoever waits sleeps until [`advance`](Self::advance) brings the time.
///
/// # Examples
///
/// ```
/// use limitor::{ManualClock, Quota, RateLimiter};
/// use std::{thread, time::Duration};
///
/// let clock = ManualClock::new();
/// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, clock.clone());
/// limiter.try_acquire(1).unwrap();
///
/// thread::scope(|scope| {
///     let waiter = scope.spawn(|| limiter.acquire(1).wait());
///     while limiter.waiters() == 0 {
///         thread::yield_now();
///     }
///     clock.advance(Duration::from_secs(1));
///     assert!(waiter.join().unwrap().is_ok());
/// });
/// # Ok::<(), limitor::QuotaError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    nanos: AtomicU64,
    sleepers: Lock<Sleepers>,
}

#[derive(Debug, Default)]
struct Sleepers {
    next: u64,
    asleep: Vec<Sleeper>,
}

#[derive(Debug)]
struct Sleeper {
    id: u64,
    until: Timestamp,
    waker: Waker,
}

impl ManualClock {
    /// A clock at 0.
    pub fn new() -> Self {
        let shared = Shared { nanos: AtomicU64::new(0), sleepers: Lock::new(Sleepers::default()) };
        Self { shared: Arc::new(shared) }
    }

    /// Moves the time forward (to 584 years at the most) and wakes those, threads and tasks, whose time that brings.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        let mut nanos = self.shared.nanos.load(Ordering::Relaxed);
        while let Err(seen) = self.shared.nanos.compare_exchange_weak(
            nanos,
            nanos.saturating_add(by),
            Ordering::SeqCst,
            Ordering::Relaxed,
        ) {
            nanos = seen;
        }
        self.wake_due();
    }

    /// Sets the time to `at` after 0, be it forward or back, and wakes those whose time that brings.
    pub fn set(&self, at: Duration) {
        self.shared.nanos.store(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
        self.wake_due();
    }

    fn wake_due(&self) {
        let now = self.now();
        let mut due = self.shared.sleepers.lock();
        let mut awake: Vec<Sleeper> = due.asleep.extract_if(.., |sleeper| sleeper.until <= now).collect();
        drop(due);
        awake.sort_by_key(|sleeper| (sleeper.until, sleeper.id));
        wake_all(awake.into_iter().map(|sleeper| sleeper.waker));
    }

    fn fall_asleep(&self, until: Timestamp, waker: Waker) -> u64 {
        let mut sleepers = self.shared.sleepers.lock();
        let id = sleepers.next;
        sleepers.next += 1;
        sleepers.asleep.push(Sleeper { id, until, waker });
        id
    }

    fn get_up(&self, id: u64) {
        let mut sleepers = self.shared.sleepers.lock();
        let found = sleepers.asleep.iter().position(|sleeper| sleeper.id == id);
        let gone = found.map(|index| sleepers.asleep.swap_remove(index));
        drop(sleepers);
        // Wakers are foreign code: dropped only after the lock is.
        drop(gone);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    #[inline]
    fn now(&self) -> Timestamp {
        Timestamp(self.shared.nanos.load(Ordering::SeqCst))
    }

    fn can_spin(&self) -> bool {
        false
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        Sleep::manual(ManualSleep { clock: self.clone(), until: at, asleep: None })
    }

    fn park_until(&self, at: Timestamp) {
        let id = self.fall_asleep(at, thread_waker());
        // Whoever moves the time after this look finds the sleeper, and the park ends at once.
        if self.now() < at {
            park();
        }
        self.get_up(id);
    }
}

/// A task's sleep on a manual clock.
#[derive(Debug)]
pub(super) struct ManualSleep {
    clock: ManualClock,
    until: Timestamp,
    /// Its number among the sleepers, once it is one.
    asleep: Option<u64>,
}

impl ManualSleep {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Asleep before the look at the clock, so that whoever moves it after that look finds the sleeper.
        self.get_up();
        self.asleep = Some(self.clock.fall_asleep(self.until, cx.waker().clone()));
        if self.clock.now() < self.until {
            return Poll::Pending;
        }
        self.get_up();
        Poll::Ready(())
    }

    fn get_up(&mut self) {
        if let Some(id) = self.asleep.take() {
            self.clock.get_up(id);
        }
    }
}

impl Drop for ManualSleep {
    fn drop(&mut self) {
        self.get_up();
    }
}
