//! Atomics, the mutex and parking: the real ones, or those of a model checker: loom, which tries every interleaving of a small
//! race, or shuttle, which tries many of a larger one.
//!
//! The only file that knows of them.

#[cfg(loom)]
use loom as checker;
#[cfg(shuttle)]
use shuttle as checker;

#[cfg(all(feature = "keyed", any(loom, shuttle)))]
pub(crate) use checker::sync::atomic::AtomicU32;
#[cfg(any(loom, shuttle))]
pub(crate) use checker::sync::atomic::{AtomicU64, Ordering};
#[cfg(all(feature = "keyed", not(any(loom, shuttle))))]
pub(crate) use portable_atomic::AtomicU32;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use portable_atomic::{AtomicU64, Ordering};

#[cfg(all(feature = "keyed", not(any(loom, shuttle))))]
pub(crate) use crossbeam_utils::Backoff;

/// Lets others go on that must, before this thread can.
#[cfg(all(feature = "keyed", any(loom, shuttle)))]
pub(crate) use checker::thread::yield_now;
#[cfg(all(feature = "keyed", not(any(loom, shuttle))))]
pub(crate) use std::thread::yield_now;

/// Lets others go on, at first by spinning.
#[cfg(all(feature = "keyed", any(loom, shuttle)))]
pub(crate) struct Backoff;

#[cfg(all(feature = "keyed", any(loom, shuttle)))]
impl Backoff {
    pub(crate) fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "as the real one")]
    pub(crate) fn snooze(&self) {
        yield_now();
    }
}

#[cfg(feature = "std")]
pub(crate) use blocking::{Lock, Locked, park, park_timeout, thread_waker};

#[cfg(feature = "std")]
mod blocking {
    use std::sync::{Arc, PoisonError};
    use std::task::{Wake, Waker};
    use std::time::Duration;

    #[cfg(any(loom, shuttle))]
    use super::checker::{self, sync as imp};
    #[cfg(not(any(loom, shuttle)))]
    use std::{sync as imp, thread};

    /// A mutex that a panic elsewhere does not spoil: what it guards is left consistent before any foreign code runs.
    #[derive(Debug)]
    pub(crate) struct Lock<T>(imp::Mutex<T>);

    pub(crate) type Locked<'a, T> = imp::MutexGuard<'a, T>;

    impl<T> Lock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(imp::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> Locked<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    #[cfg(not(any(loom, shuttle)))]
    struct Unpark(thread::Thread);

    #[cfg(not(any(loom, shuttle)))]
    impl Unpark {
        fn current() -> Self {
            Self(thread::current())
        }

        fn unpark(&self) {
            self.0.unpark();
        }
    }

    /// Loom's own threads forget that they were unparked when they next block on a mutex; this token stays.
    #[cfg(any(loom, shuttle))]
    struct Unpark(Arc<(imp::Mutex<bool>, imp::Condvar)>);

    #[cfg(any(loom, shuttle))]
    checker::thread_local! {
        static TOKEN: Arc<(imp::Mutex<bool>, imp::Condvar)> = Arc::default();
    }

    #[cfg(any(loom, shuttle))]
    impl Unpark {
        fn current() -> Self {
            Self(TOKEN.with(Arc::clone))
        }

        fn unpark(&self) {
            *self.0.0.lock().unwrap() = true;
            self.0.1.notify_one();
        }
    }

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.unpark();
        }

        fn wake_by_ref(self: &Arc<Self>) {
            self.unpark();
        }
    }

    /// A waker that unparks the current thread, so that threads and tasks can stand in one queue.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn thread_waker() -> Waker {
        thread_local! {
            static WAKER: Waker = Waker::from(Arc::new(Unpark::current()));
        }
        WAKER
            .try_with(Waker::clone)
            // Only in a thread whose locals are already gone, as when a destructor of one of them waits.
            .unwrap_or_else(|_| Waker::from(Arc::new(Unpark::current())))
    }

    #[cfg(any(loom, shuttle))]
    pub(crate) fn thread_waker() -> Waker {
        Waker::from(Arc::new(Unpark::current()))
    }

    /// Parks until unparked; may return early.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn park() {
        thread::park();
    }

    #[cfg(any(loom, shuttle))]
    pub(crate) fn park() {
        let token = Unpark::current().0;
        let mut unparked = token.0.lock().unwrap();
        while !*unparked {
            unparked = token.1.wait(unparked).unwrap();
        }
        *unparked = false;
    }

    /// Parks until unparked or until `timeout` has passed; may return early.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn park_timeout(timeout: Duration) {
        thread::park_timeout(timeout);
    }

    /// Checkers have no time: a timed park may end at once.
    #[cfg(any(loom, shuttle))]
    pub(crate) fn park_timeout(_timeout: Duration) {
        checker::thread::yield_now();
    }
}
