//! What need not wait allocates nothing.
#![cfg(not(loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use limitor::{Quota, RateLimiter};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread allocates.
struct Counting;

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(act: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    act();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
}

#[test]
fn grants_refusals_and_settling_allocate_nothing() {
    let limiter = Arc::new(RateLimiter::new(Quota::per_hour(1_000).unwrap()));
    let count = allocations(|| {
        limiter.try_acquire(100).unwrap().reconcile(50);
        limiter.acquire(100).wait().unwrap().refund();
        limiter.acquire_owned(100).wait().unwrap().reconcile(200);
        drop(limiter.reserve(100).unwrap());
        limiter.charge(600);
        assert!(limiter.try_acquire(500).is_err());
        assert!(limiter.try_acquire(5_000).unwrap_err().retry_after().is_none());
        let _ = (limiter.available(), limiter.capacity_info(3));
    });
    assert_eq!(count, 0);
}

#[cfg(feature = "async")]
#[test]
fn nor_does_a_future_that_is_ready_at_once() {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    let limiter = RateLimiter::new(Quota::per_hour(1_000).unwrap());
    let count = allocations(|| {
        assert!(pin!(limiter.acquire(1)).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    assert_eq!(count, 0);
}
