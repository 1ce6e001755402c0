//! Waking whoever waits: wakers are foreign code, and may panic.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::task::Waker;
use std::thread;

/// Wakes all, in order. One that panics leaves nobody behind it asleep: its panic goes on when all have been told.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    let mut first: Option<Box<dyn Any + Send>> = None;
    for waker in wakers {
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            first.get_or_insert(panic);
        }
    }
    // While another panic unwinds this one would end the process.
    if let Some(panic) = first.filter(|_| !thread::panicking()) {
        panic::resume_unwind(panic);
    }
}
