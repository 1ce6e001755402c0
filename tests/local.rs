//! Permits prepaid to one thread: the bound over handles and direct callers together, and no permit
//! lost.
#![cfg(not(loom))]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use limitor::{BuildError, LocalLimiter, ManualClock, Quota, RateLimiter, Reason};
use proptest::prelude::*;

#[test]
fn handle_is_send_and_not_sync() {
    fn sent<T: Send>() {}
    sent::<LocalLimiter<'static, ManualClock>>();
}

#[test]
fn share_of_handles_is_subtracted_from_the_burst() {
    let quota = Quota::per_second(10).unwrap();
    let limiter = RateLimiter::builder(quota).local(2, 3).unwrap().clock(ManualClock::new()).build();
    assert_eq!((limiter.available(), limiter.quota().burst()), (4, 4));
    assert_eq!(limiter.try_acquire(5).unwrap_err().reason(), Reason::ExceedsBurst);
    let (first, second) = (limiter.local().unwrap(), limiter.local().unwrap());
    assert!(limiter.local().is_none(), "two handles exist");
    drop(first);
    let third = limiter.local().unwrap();
    assert!(limiter.local().is_none());
    drop((second, third));
    for (handles, batch) in [(1, 10), (5, 2), (usize::MAX, u64::MAX)] {
        let refused = RateLimiter::builder(quota).local(handles, batch).unwrap_err();
        assert!(matches!(refused, BuildError::NothingLeft { burst: 10, .. }), "{refused}");
    }
    assert!(RateLimiter::new(quota).local().is_none(), "built without handles");
}

#[test]
fn batches_shrink_to_zero_as_the_limiter_nears_its_limit() {
    let quota = Quota::per_second(100).unwrap();
    let limiter = RateLimiter::builder(quota).local(2, 10).unwrap().clock(ManualClock::new()).build();
    let local = limiter.local().unwrap();
    local.try_acquire(1).unwrap();
    assert_eq!((local.stock(), limiter.available()), (10, 69), "a full batch far from the limit");
    limiter.try_acquire(60).unwrap();
    local.flush();
    assert_eq!((local.stock(), limiter.available()), (0, 19));
    local.try_acquire(1).unwrap();
    assert_eq!((local.stock(), limiter.available()), (4, 14), "a quarter of 18");
    local.try_acquire(4).unwrap();
    limiter.try_acquire(11).unwrap();
    local.try_acquire(1).unwrap();
    assert_eq!((local.stock(), limiter.available()), (0, 2), "no more than requested");
    local.try_acquire(2).unwrap();
    let denied = local.try_acquire(1).unwrap_err();
    assert_eq!(denied.retry_after(), Some(Duration::from_millis(10)));
    // The more handles there are, the smaller is the share of each.
    let limiter = RateLimiter::builder(quota).local(3, 10).unwrap().clock(ManualClock::new()).build();
    limiter.try_acquire(33).unwrap();
    let local = Arc::new(limiter).local_owned().unwrap();
    local.try_acquire(1).unwrap();
    assert_eq!((local.stock(), local.limiter().available()), (6, 30), "a sixth of 36");
}

#[test]
fn request_larger_than_a_batch_goes_to_the_limiter() {
    let limiter =
        RateLimiter::builder(Quota::per_second(100).unwrap()).local(1, 10).unwrap().clock(ManualClock::new()).build();
    let local = limiter.local().unwrap();
    local.try_acquire(5).unwrap();
    assert_eq!(local.stock(), 10);
    local.try_acquire(30).unwrap();
    assert_eq!((local.stock(), limiter.available()), (10, 45));
    assert_eq!(local.try_acquire(91).unwrap_err().reason(), Reason::ExceedsBurst);
    // The request is not more than a batch: permits that are held already count.
    local.try_acquire(6).unwrap();
    local.try_acquire(10).unwrap();
    assert_eq!((local.stock(), limiter.available()), (10, 29));
}

#[test]
fn idle_handle_returns_only_what_others_may_need() {
    let limiter =
        RateLimiter::builder(Quota::per_second(100).unwrap()).local(1, 10).unwrap().clock(ManualClock::new()).build();
    let local = limiter.local().unwrap();
    local.try_acquire(1).unwrap();
    local.idle();
    assert_eq!(local.stock(), 10);
    limiter.try_acquire(33).unwrap();
    local.idle();
    assert_eq!((local.stock(), limiter.available()), (10, 46), "more than half");
    limiter.try_acquire(1).unwrap();
    local.idle();
    assert_eq!((local.stock(), limiter.available()), (0, 55), "half");
}

#[test]
fn bypassed_limiter_grants_handles_free_and_closed_refuses() {
    let limiter =
        RateLimiter::builder(Quota::per_second(100).unwrap()).local(1, 10).unwrap().clock(ManualClock::new()).build();
    let local = limiter.local().unwrap();
    limiter.bypass();
    assert!((0..500).all(|_| local.try_acquire(1).is_ok()));
    assert_eq!(local.stock(), 0);
    limiter.reset();
    assert_eq!(limiter.available(), 90);
    limiter.close();
    assert_eq!(local.try_acquire(1).unwrap_err().reason(), Reason::Closed);
}

/// Several handles and direct callers together take all permits of a bucket, and no more.
#[test]
fn handles_on_threads_lose_no_permit() {
    for _ in 0..20 {
        let quota = Quota::per_hour(1).unwrap().with_burst(10_000).unwrap();
        let limiter = RateLimiter::builder(quota).local(3, 50).unwrap().clock(ManualClock::new()).build();
        let granted: u64 = thread::scope(|scope| {
            let mut workers: Vec<_> = (0..3)
                .map(|seed| {
                    let local = limiter.local().unwrap();
                    scope.spawn(move || {
                        let spend = |n: u64| u64::from(local.try_acquire(n).is_ok()) * n;
                        (0..6_000).map(|i| spend(1 + (i * 7 + seed) % 3)).sum::<u64>()
                    })
                })
                .collect();
            workers.push(scope.spawn(|| (0..3_000).filter(|_| limiter.try_acquire(1).is_ok()).count() as u64));
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        // All handles are dropped and have returned their permits.
        let rest = (0..10_000).filter(|_| limiter.try_acquire(1).is_ok()).count() as u64;
        assert_eq!(granted + rest, 9_850);
    }
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Advance(u64),
    Direct(u64),
    Local(usize, u64),
    Flush(usize),
    Idle(usize),
    Renew(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let handle = 0..3_usize;
    let op = prop_oneof![
        3 => (1..9_u64).prop_map(Op::Advance),
        3 => (1..8_u64).prop_map(Op::Direct),
        8 => (handle.clone(), 1..8_u64).prop_map(|(handle, n)| Op::Local(handle, n)),
        1 => handle.clone().prop_map(Op::Flush),
        1 => handle.clone().prop_map(Op::Idle),
        1 => handle.prop_map(Op::Renew),
    ];
    proptest::collection::vec(op, 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// All grants over any window, at the time they are spent, are at most burst + elapsed/T.
    #[test]
    fn bound_holds_for_handles_and_direct_callers_together(batch in 0..6_u64, room in 1..12_u64, ops in ops()) {
        let burst = 3 * batch + room;
        // T is 1 ms.
        let quota = Quota::per_second(1_000).unwrap().with_burst(burst).unwrap();
        let clock = ManualClock::new();
        let limiter = RateLimiter::builder(quota).local(3, batch).unwrap().clock(clock.clone()).build();
        let mut handles: Vec<_> = (0..3).map(|_| limiter.local()).collect();
        let mut spent: Vec<(u64, u64)> = Vec::new();
        let mut now = 0;
        for op in ops {
            let (granted, n) = match op {
                Op::Advance(quarters) => {
                    now += quarters * 250;
                    clock.set(Duration::from_micros(now));
                    continue;
                }
                Op::Direct(n) => (limiter.try_acquire(n).is_ok(), n),
                Op::Local(handle, n) => (handles[handle].as_ref().unwrap().try_acquire(n).is_ok(), n),
                Op::Flush(handle) => {
                    handles[handle].as_ref().unwrap().flush();
                    continue;
                }
                Op::Idle(handle) => {
                    handles[handle].as_ref().unwrap().idle();
                    continue;
                }
                Op::Renew(handle) => {
                    handles[handle] = None;
                    handles[handle] = limiter.local();
                    continue;
                }
            };
            if granted {
                spent.push((now, n));
            }
            let held: u64 = handles.iter().flatten().map(LocalLimiter::stock).sum();
            prop_assert!(held <= 3 * batch, "{} held", held);
        }
        for first in 0..spent.len() {
            let mut sum = 0;
            for (at, n) in &spent[first..] {
                sum += n;
                let elapsed = at - spent[first].0;
                prop_assert!(sum * 1_000 <= burst * 1_000 + elapsed, "{} from {} to {}", sum, spent[first].0, at);
            }
        }
    }
}
