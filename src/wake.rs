//! Waking: wakers are foreign code and may panic.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::task::Waker;
use std::thread;

/// Calls all wakers, in order. If one panics, the others are called all the same, and then the
/// panic goes on.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    let mut first: Option<Box<dyn Any + Send>> = None;
    for waker in wakers {
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            first.get_or_insert(panic);
        }
    }
    // If another panic is unwinding, this one would end the process.
    if let Some(panic) = first.filter(|_| !thread::panicking()) {
        panic::resume_unwind(panic);
    }
}
