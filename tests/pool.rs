//! A limiter for each key, up to a maximum number. No limiter is reset for lack of room.
#![cfg(all(feature = "llm", not(loom)))]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use limitor::ManualClock;
use limitor::llm::{Builder, LlmLimiter, LlmPool, PoolError, Usage};

fn pool(max: usize, clock: &ManualClock) -> LlmPool<String, ManualClock> {
    let clock = clock.clone();
    LlmPool::new(max, move |_: &String| Builder::new(clock.clone()).tokens_per_minute(600).build())
}

#[test]
fn key_has_one_limiter_in_every_borrowed_form() {
    let pool = pool(2, &ManualClock::new());
    let (one, same) = (pool.limiter("ann").unwrap(), pool.limiter(&"ann".to_owned()).unwrap());
    assert!(Arc::ptr_eq(&one, &same));
    assert!(!Arc::ptr_eq(&one, &pool.limiter("bob").unwrap()));
    assert_eq!(pool.len(), 2);
}

#[test]
fn only_full_limiters_without_a_holder_are_forgotten() {
    let clock = ManualClock::new();
    let pool = pool(1, &clock);
    let full = || matches!(pool.limiter("bob"), Err(PoolError::Full { max: 1, .. }));

    let ann = pool.limiter("ann").unwrap();
    let idle_but_held = full();
    let call = ann.try_acquire_owned(60).unwrap();
    drop(ann);
    let under_way = full();
    assert!(idle_but_held && under_way);

    call.reconcile(Usage::from(60));
    assert!(full(), "60 tokens are missing for 6 s");
    clock.advance(Duration::from_nanos(5_999_999_999));
    assert!(full());
    clock.advance(Duration::from_nanos(1));
    assert!(pool.limiter("bob").is_ok());
    assert_eq!(pool.len(), 1);
}

/// Each has room for one more only if the other equals a new one.
#[test]
fn used_days_pauses_and_closes_are_not_forgotten() {
    type Change = fn(&LlmLimiter<ManualClock>, &ManualClock) -> bool;
    let changes: [Change; 5] = [
        |_, _| true,
        |limiter, _| {
            limiter.try_acquire(1).unwrap().reconcile(Usage::from(1));
            false
        },
        |limiter, _| {
            limiter.pause(Duration::from_secs(1));
            false
        },
        |limiter, clock| {
            limiter.pause(Duration::from_secs(1));
            clock.advance(Duration::from_secs(1));
            true
        },
        |limiter, _| {
            limiter.close();
            false
        },
    ];
    for (change, at_midnight) in changes.into_iter().flat_map(|change| [(change, false), (change, true)]) {
        let clock = ManualClock::new();
        let of_clock = clock.clone();
        let pool = LlmPool::new(1, move |_: &u64| {
            let builder = Builder::new(of_clock.clone()).tokens_per_day(600);
            if at_midnight { builder.days_begin_at_midnight(0) } else { builder }.build()
        });
        assert!(pool.is_empty());
        let forgotten = change(&pool.limiter(&1).unwrap(), &clock);
        assert_eq!(pool.limiter(&2).is_ok(), forgotten);
        assert_eq!((pool.len(), pool.is_empty()), (1, false));
    }
}

/// Another thread may bring the same key while its limiter is being built. Here the builder itself
/// does so.
#[test]
fn two_callers_with_the_same_key_get_the_same_limiter() {
    static POOL: OnceLock<LlmPool<u64, ManualClock>> = OnceLock::new();
    static QUICKER: OnceLock<Arc<LlmLimiter<ManualClock>>> = OnceLock::new();
    static ASKED: AtomicBool = AtomicBool::new(false);
    let pool = POOL.get_or_init(|| {
        LlmPool::new(1, |key: &u64| {
            if !ASKED.swap(true, Ordering::Relaxed) {
                QUICKER.get_or_init(|| POOL.get().unwrap().limiter(key).unwrap());
            }
            Builder::new(ManualClock::new()).tokens_per_minute(60).build()
        })
    });
    let slower = pool.limiter(&7).unwrap();
    assert!(Arc::ptr_eq(&slower, QUICKER.get().unwrap()));
}

#[test]
fn impossible_limits_are_reported_and_take_no_room() {
    let pool = LlmPool::new(1, |tokens: &u64| Builder::new(ManualClock::new()).tokens_per_minute(*tokens).build());
    assert!(matches!(pool.limiter(&0), Err(PoolError::Build(_))));
    assert!(pool.is_empty() && pool.limiter(&5).is_ok());
}
