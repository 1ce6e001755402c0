//! A request that does not wait allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use limitor::{LimitSet, Quota, RateLimiter};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// Counts the allocations of each thread.
struct Counting;

// SAFETY: every call is passed to the system's allocator unchanged.
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

fn count<const N: usize>() -> usize {
    let limits = std::array::from_fn(|_| ("a name", Arc::new(RateLimiter::new(Quota::per_hour(1_000).unwrap()))));
    let set = Arc::new(LimitSet::<N>::new(limits));
    allocations(|| {
        set.try_acquire([100; N]).unwrap().reconcile([50; N]);
        set.acquire([100; N]).wait().unwrap().refund();
        set.acquire_owned([100; N]).wait().unwrap().reconcile([200; N]);
        set.reconcile([0; N], [20; N]);
        let denied = set.try_acquire([900; N]).unwrap_err();
        assert!(denied.retry_after().is_some());
        assert!(set.try_acquire([5_000; N]).unwrap_err().retry_after().is_none());
        set.notify();
        {
            use std::future::Future;
            use std::pin::pin;
            use std::task::{Context, Waker};
            assert!(pin!(set.acquire([1; N])).poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    })
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
}

#[test]
fn grants_refusals_and_settling_allocate_nothing() {
    assert_eq!([count::<1>(), count::<2>(), count::<3>(), count::<5>(), count::<8>()], [0; 5]);
}
