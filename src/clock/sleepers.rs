//! Time that a program moves, and the threads and tasks that sleep until it has come.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::reading::Timestamp;
use crate::sync::{AtomicU64, Lock, Ordering, park, thread_waker};
use crate::wake::wake_all;

/// The time of a manual clock and its clones.
#[derive(Debug)]
pub(super) struct ManualTime {
    nanos: AtomicU64,
    sleepers: Lock<Sleepers>,
}

#[derive(Debug, Default)]
struct Sleepers {
    next_id: u64,
    asleep: Vec<Sleeper>,
}

#[derive(Debug)]
struct Sleeper {
    id: u64,
    until: Timestamp,
    waker: Waker,
}

impl ManualTime {
    /// Time that begins at 0.
    pub(super) fn new() -> Self {
        Self { nanos: AtomicU64::new(0), sleepers: Lock::new(Sleepers::default()) }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_ticks(self.nanos.load(Ordering::SeqCst))
    }

    /// Moves the time forward, and wakes the sleepers that are due.
    pub(super) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        let mut nanos = self.nanos.load(Ordering::Relaxed);
        while let Err(seen) =
            self.nanos.compare_exchange_weak(nanos, nanos.saturating_add(by), Ordering::SeqCst, Ordering::Relaxed)
        {
            nanos = seen;
        }
        self.wake_due();
    }

    /// Moves the time to `at`, and wakes the sleepers that are due.
    pub(super) fn set(&self, at: Duration) {
        self.nanos.store(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
        self.wake_due();
    }

    fn wake_due(&self) {
        let now = self.now();
        let mut sleepers = self.sleepers.lock();
        let mut due: Vec<Sleeper> = sleepers.asleep.extract_if(.., |sleeper| sleeper.until <= now).collect();
        drop(sleepers);
        due.sort_by_key(|sleeper| (sleeper.until, sleeper.id));
        wake_all(due.into_iter().map(|sleeper| sleeper.waker));
    }

    fn add(&self, until: Timestamp, waker: Waker) -> u64 {
        let mut sleepers = self.sleepers.lock();
        let id = sleepers.next_id;
        sleepers.next_id += 1;
        sleepers.asleep.push(Sleeper { id, until, waker });
        id
    }

    fn remove(&self, id: u64) {
        let mut sleepers = self.sleepers.lock();
        let found = sleepers.asleep.iter().position(|sleeper| sleeper.id == id);
        let removed = found.map(|index| sleepers.asleep.swap_remove(index));
        drop(sleepers);
        // Wakers are foreign code: dropped only after the lock is released.
        drop(removed);
    }

    /// Blocks the current thread until the time `at`, or until the thread is unparked.
    pub(super) fn park_until(&self, at: Timestamp) {
        let id = self.add(at, thread_waker());
        // If another thread moves the time after this look, it finds the sleeper, and the park ends
        // at once.
        if self.now() < at {
            park();
        }
        self.remove(id);
    }
}

/// The sleep of a task.
#[derive(Debug)]
pub(super) struct ManualSleep {
    time: Arc<ManualTime>,
    until: Timestamp,
    /// Its id among the sleepers, once it is one.
    id: Option<u64>,
}

impl ManualSleep {
    pub(super) fn new(time: Arc<ManualTime>, until: Timestamp) -> Self {
        Self { time, until, id: None }
    }

    fn stop(&mut self) {
        if let Some(id) = self.id.take() {
            self.time.remove(id);
        }
    }
}

impl Future for ManualSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Added before the look at the time. If another thread moves the time after that look, it
        // finds the sleeper.
        self.stop();
        self.id = Some(self.time.add(self.until, cx.waker().clone()));
        if self.time.now() < self.until {
            return Poll::Pending;
        }
        self.stop();
        Poll::Ready(())
    }
}

impl Drop for ManualSleep {
    fn drop(&mut self) {
        self.stop();
    }
}
