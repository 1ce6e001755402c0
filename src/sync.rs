//! Atomics, the mutex and parking: the real ones, or those of a model checker. Loom tries every
//! interleaving of a small race; shuttle tries many interleavings of a larger one.
//!
//! No other file refers to the checkers.

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

/// Lets other threads run, because this thread cannot go on before they do.
#[cfg(all(feature = "keyed", any(loom, shuttle)))]
pub(crate) use checker::thread::yield_now;
#[cfg(all(feature = "keyed", not(any(loom, shuttle))))]
pub(crate) use std::thread::yield_now;

/// Lets other threads run, at first by spinning.
#[cfg(all(feature = "keyed", any(loom, shuttle)))]
pub(crate) struct Backoff;

#[cfg(all(feature = "keyed", any(loom, shuttle)))]
impl Backoff {
    pub(crate) fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "the same as the real one")]
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

    /// A mutex without poisoning. The data is consistent whenever foreign code runs, so a panic of
    /// that code does no harm.
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

    /// A token that outlasts a block on a mutex. Loom's own threads forget that they were unparked
    /// when they next block on one.
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

    /// A waker that unparks the current thread, so that one queue serves threads and tasks.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn thread_waker() -> Waker {
        thread_local! {
            static WAKER: Waker = Waker::from(Arc::new(Unpark::current()));
        }
        WAKER
            .try_with(Waker::clone)
            // Only if the thread's locals are gone already, because the destructor of one of them
            // waits.
            .unwrap_or_else(|_| Waker::from(Arc::new(Unpark::current())))
    }

    #[cfg(any(loom, shuttle))]
    pub(crate) fn thread_waker() -> Waker {
        Waker::from(Arc::new(Unpark::current()))
    }

    /// Parks until the thread is unparked; may return early.
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

    /// Parks until the thread is unparked or `timeout` has passed; may return early.
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
