//! A request that does not wait allocates nothing, and a request that waited leaves nothing
//! allocated.
#![cfg(not(loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use limitor::wait::{Patience, Reservation};
use limitor::{AcquireError, Admit, ManualClock, Quota, RateLimiter};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Counts the allocations of each thread, and the bytes that it holds.
struct Counting;

// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        HELD.set(HELD.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
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
fn allocations_are_counted() {
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

#[test]
fn questions_and_owned_forms_allocate_nothing() {
    let limiter = Arc::new(RateLimiter::new(Quota::per_hour(1_000).unwrap()));
    let count = allocations(|| {
        let grant = limiter.try_acquire_owned(100).unwrap();
        assert_eq!(grant.remaining(), 900);
        grant.refund();
        drop(limiter.reserve_owned(100).unwrap());
        let denied = limiter.try_acquire_owned(950).unwrap_err();
        assert_eq!((denied.remaining(), denied.reason().as_str()), (900, "not_yet"));
        let standing = limiter.standing();
        assert!(standing.wait_for(950) > Some(Duration::ZERO));
        assert!(limiter.clone().admit_blocking(100, Patience::unlimited()).is_ok());
    });
    assert_eq!(count, 0);
}

#[test]
fn future_that_is_ready_immediately_allocates_nothing() {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    let limiter = RateLimiter::new(Quota::per_hour(1_000).unwrap());
    let count = allocations(|| {
        assert!(pin!(limiter.acquire(1)).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    assert_eq!(count, 0);
}

/// After any number of waiters, and however their waits ended, the queue holds no more memory than
/// a few entries need.
#[test]
fn ended_waits_leave_no_memory_allocated() {
    const MANY: u64 = 5_000;
    const FEW: usize = 16 * 1_024;
    type End = fn(&RateLimiter<ManualClock>, &ManualClock);
    let ends: [(&str, End); 4] = [
        ("given up", |_, _| {}),
        ("granted", |_, clock| clock.advance(Duration::from_secs(MANY))),
        ("cancelled", |limiter, _| limiter.cancel_waiters()),
        ("refunded", |limiter, _| limiter.refund(1)),
    ];
    for (name, end) in ends {
        let clock = ManualClock::new();
        let limiter = RateLimiter::with_clock(Quota::per_second(1).unwrap(), clock.clone());
        let before = HELD.get();
        let held = || HELD.get() - before;
        for length in [MANY, 1] {
            for _ in 0..MANY / length {
                limiter.try_acquire(1).unwrap();
                let places: Vec<_> = (0..length).map(|_| limiter.reserve(1).unwrap()).collect();
                end(&limiter, &clock);
                match name {
                    "given up" | "refunded" => drop(places),
                    "cancelled" => {
                        let cancelled = |place: Reservation<'_, _>| place.wait().err() == Some(AcquireError::Cancelled);
                        assert!(places.into_iter().all(cancelled));
                    }
                    _ => assert!(places.into_iter().all(|place| place.wait().is_ok())),
                }
                clock.advance(Duration::from_secs(2));
            }
            assert_eq!(limiter.waiters(), 0);
            assert!(held() < FEW, "{} bytes after queues of {length}, {name}", held());
        }
    }
}
