//! A request that does not wait for a key allocates nothing. Memory that a wait allocates is freed
//! afterwards.
#![cfg(all(feature = "keyed", not(loom)))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use limitor::wait::Patience;
use limitor::{Admit, KeyedLimiter, ManualClock, Quota};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// Bytes allocated minus bytes freed.
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread allocates and frees.
struct Counting;

// SAFETY: every call is passed to the system's allocator unchanged.
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
    (0..count).map(|number| format!("a long name: {number}")).collect()
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
}

/// New keys, known keys, and, in a table for one key, keys that find their set full and lose their
/// entries.
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

/// A key that is in the table, and one that is not.
#[test]
fn questions_and_owned_forms_allocate_nothing() {
    let limiter = limiter(1_000);
    let count = allocations(|| {
        let grant = limiter.try_acquire_owned("ann", 100).unwrap();
        assert_eq!(grant.remaining(), 900);
        grant.refund();
        drop(limiter.reserve_owned("ann", 100).unwrap());
        let denied = limiter.try_acquire_owned("ann", 950).unwrap_err();
        assert_eq!((denied.remaining(), denied.reason().as_str()), (900, "not_yet"));
        for name in ["ann", "bob"] {
            let standing = limiter.standing(name);
            assert!(standing.wait_for(1_000).is_some());
            let key = limiter.key(name);
            assert_eq!(key.standing(), standing);
            key.try_acquire(1).unwrap().refund();
            assert!(limiter.key_owned(name).admit_blocking(1, Patience::unlimited()).is_ok());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn reservation_without_a_wait_allocates_nothing() {
    let limiter = limiter(1_000);
    let count = allocations(|| {
        limiter.acquire("ann", 100).wait().unwrap().refund();
        limiter.acquire_owned("ann", 100).wait().unwrap().reconcile(200);
        drop(limiter.reserve("ann", 100).unwrap());
        assert!(limiter.acquire("ann", 1_001).wait().is_err());
    });
    assert_eq!(count, 0);
}

/// The form that the function takes; another form would be cloned.
#[test]
fn query_of_a_keys_quota_allocates_nothing() {
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
fn future_that_is_ready_immediately_allocates_nothing() {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    let limiter = limiter(1_000);
    let count = allocations(|| {
        assert!(pin!(limiter.acquire("ann", 1)).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    assert_eq!(count, 0);
}

/// Ten thousand keys have three waiters each. After these have left, less than 1 % of that memory
/// is still held, and the next ten thousand keys do not increase it.
#[test]
fn memory_of_waiting_is_freed_afterwards() {
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

/// Including the overhead of the allocator and of the index, which grows by doubling.
#[cfg(feature = "exact")]
#[test]
fn stored_keys_take_about_the_reported_memory() {
    for keys in [1_000, 10_000, 50_000] {
        let before = BYTES.get();
        let builder = KeyedLimiter::<u64>::builder(Quota::per_hour(1_000).unwrap()).max_keys(100_000);
        let limiter = builder.exact().clock(ManualClock::new()).build();
        (0..keys).for_each(|key| drop(limiter.try_acquire(&key, 1).unwrap()));
        let (taken, said) = (BYTES.get().wrapping_sub(before), limiter.memory());
        assert!((said..said * 3 / 2).contains(&taken), "{taken} bytes for {keys}, but {said} are reported");
    }
}
