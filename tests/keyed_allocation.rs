//! What need not wait for a key allocates nothing, and what waiting allocates is gone afterwards.
#![cfg(all(feature = "keyed", not(loom)))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use limitor::{KeyedLimiter, ManualClock, Quota};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// Bytes allocated less bytes freed.
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread allocates and frees.
struct Counting;

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get().wrapping_sub(layout.size()));
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

fn limiter(max_keys: usize) -> Arc<KeyedLimiter<String, ManualClock>> {
    let builder = KeyedLimiter::builder(Quota::per_hour(1_000).unwrap()).max_keys(max_keys);
    Arc::new(builder.clock(ManualClock::new()).build())
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("a name that is not short: {number}")).collect()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
}

/// Newcomers, those known, and in a table for one, those who find their set full and lose their entries.
#[test]
fn grants_refusals_and_settling_allocate_nothing() {
    for max_keys in [10_000, 1] {
        let (limiter, names) = (limiter(max_keys), names(100));
        let count = allocations(|| {
            for name in &names {
                if let Ok(grant) = limiter.try_acquire(name.as_str(), 100) {
                    grant.reconcile(50);
                }
                let granted = |name: &str| limiter.try_acquire(name, 1_000).is_ok();
                assert!(!granted(name) && limiter.try_acquire(name, 5_000).is_err());
                limiter.charge(name, 10);
                limiter.refund(name, 20);
                let _ = (limiter.available(name), limiter.capacity_info(name, 3), limiter.quota(name));
                limiter.reset(name);
            }
            let _ = (limiter.len(), limiter.evictions(), limiter.memory());
        });
        assert_eq!(count, 0, "for {max_keys}");
    }
}

#[test]
fn nor_does_a_wait_that_is_none() {
    let limiter = limiter(1_000);
    let count = allocations(|| {
        limiter.acquire("ann", 100).wait().unwrap().refund();
        limiter.acquire_owned("ann", 100).wait().unwrap().reconcile(200);
        drop(limiter.reserve("ann", 100).unwrap());
        assert!(limiter.acquire("ann", 1_001).wait().is_err());
    });
    assert_eq!(count, 0);
}

/// The form that the function takes; another would be cloned for it.
#[test]
fn nor_does_asking_for_a_keys_quota() {
    let (free, paid) = (Quota::per_hour(10).unwrap(), Quota::per_hour(20).unwrap());
    let limiter = KeyedLimiter::<String>::builder(free)
        .quota_for(move |name: &str| if name.starts_with("paid") { paid } else { free })
        .clock(ManualClock::new())
        .build();
    let count = allocations(|| {
        assert!(limiter.try_acquire("paid-ann", 20).is_ok() && limiter.try_acquire("bob", 10).is_ok());
        assert!(limiter.try_acquire("paid-ann", 1).is_err() && limiter.try_acquire("bob", 1).is_err());
    });
    assert_eq!(count, 0);
}

#[test]
fn nor_does_a_future_that_is_ready_at_once() {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    let limiter = limiter(1_000);
    let count = allocations(|| {
        assert!(pin!(limiter.acquire("ann", 1)).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    assert_eq!(count, 0);
}

/// Ten thousand keys are waited for, each by three; when they have left, less than 1 % of that memory is still held, and it
/// does not grow by the next ten thousand.
#[test]
fn what_waiting_takes_is_there_only_meanwhile() {
    let (limiter, names) = (limiter(100_000), names(10_000));
    for name in &names {
        limiter.try_acquire(name.as_str(), 1_000).unwrap();
    }
    let before = BYTES.get();
    let wait = || {
        let places: Vec<_> =
            names.iter().flat_map(|name| [(); 3].map(|()| limiter.reserve(name, 1).unwrap())).collect();
        assert_eq!(limiter.waiters(), 30_000);
        let waiting = BYTES.get().wrapping_sub(before);
        drop(places);
        assert_eq!(limiter.waiters(), 0);
        (waiting, BYTES.get().wrapping_sub(before))
    };
    let (waiting, left) = wait();
    assert!(left < waiting / 100, "{left} of {waiting} bytes");
    let (_, left_then) = wait();
    assert!(left_then <= left, "{left_then} bytes, {left} before");
}

/// With what the allocator and the index have beside it, which grows by doubling.
#[cfg(feature = "exact")]
#[test]
fn stored_keys_take_about_what_it_says() {
    for keys in [1_000, 10_000, 50_000] {
        let before = BYTES.get();
        let builder = KeyedLimiter::<u64>::builder(Quota::per_hour(1_000).unwrap()).max_keys(100_000);
        let limiter = builder.exact().clock(ManualClock::new()).build();
        (0..keys).for_each(|key| drop(limiter.try_acquire(&key, 1).unwrap()));
        let (taken, said) = (BYTES.get().wrapping_sub(before), limiter.memory());
        assert!((said..said * 3 / 2).contains(&taken), "{taken} bytes for {keys}, and {said} are said");
    }
}
