//! Control of slots and rate, the bound of the queue, strategies, and limits without a rate.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, BuildError, Clock, ConcurrentLimiter, ManualClock, Quota, RateLimiter, Reason, Strategy};

use super::{Inside, Task, limiter, poll, ready, secs, wait_until};

#[test]
fn cancel_ends_the_waits_for_slots_and_for_permits() {
    let (limiter, _) = limiter(1, 2);
    let slot = limiter.try_acquire(1).unwrap();
    let (rate, first) = (Task::default(), Task::default());
    let mut for_permits = limiter.acquire(1);
    let mut for_slot = limiter.acquire(1);
    assert!(rate.poll(&mut for_permits).is_pending() && first.poll(&mut for_slot).is_pending());
    thread::scope(|scope| {
        let thread = scope.spawn(|| limiter.acquire(1).wait().map(drop));
        wait_until(|| limiter.waiters() == 2);
        limiter.cancel_waiters();
        assert_eq!(thread.join().unwrap().unwrap_err(), AcquireError::Cancelled);
    });
    assert_eq!((limiter.waiters(), limiter.standing().waiters), (0, 0));
    assert!(rate.woken() > 0 && first.woken() > 0);
    assert_eq!(ready(rate.poll(&mut for_permits)).unwrap_err(), AcquireError::Cancelled);
    assert_eq!(ready(first.poll(&mut for_slot)).unwrap_err(), AcquireError::Cancelled);
    assert_eq!(limiter.in_flight(), 1, "the slot of the request for permits came free");
    drop(slot);
    assert_eq!(limiter.in_flight(), 0);
}

/// A cancelled waiter is handed no slot, also if it has not looked since.
#[test]
fn slot_that_comes_free_after_a_cancel_goes_to_a_newcomer() {
    let (limiter, _) = limiter(10, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let mut cancelled = limiter.acquire(1);
    assert!(poll(&mut cancelled).is_pending());
    limiter.cancel_waiters();
    let (task, mut newcomer) = (Task::default(), limiter.acquire(1));
    assert!(task.poll(&mut newcomer).is_pending());
    drop(slot);
    assert_eq!(task.woken(), 1);
    assert!(ready(task.poll(&mut newcomer)).is_ok());
    drop(cancelled);
    assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 0), "the cancelled waiter had no slot to give back");
}

#[test]
fn reset_opens_the_limiter_and_restores_the_rate() {
    let (limiter, _) = limiter(5, 1);
    let slot = limiter.try_acquire(1).unwrap();
    let (task, mut waiting) = (Task::default(), limiter.acquire(1));
    assert!(task.poll(&mut waiting).is_pending());
    limiter.charge(1_000);
    limiter.reset();
    assert_eq!(ready(task.poll(&mut waiting)).unwrap_err(), AcquireError::Cancelled);
    assert_eq!((limiter.available(), limiter.in_flight()), (5, 1), "the work goes on");
    limiter.close();
    assert!(limiter.is_closed());
    limiter.reset();
    assert!(!limiter.is_closed());
    drop(slot);
    assert!(limiter.try_acquire(5).is_ok());
}

#[test]
fn bypass_lifts_the_rate_and_not_the_slots() {
    let (limiter, _) = limiter(1, 2);
    drop(limiter.try_acquire(1).unwrap());
    let mut waiting = limiter.acquire(1);
    assert!(poll(&mut waiting).is_pending());
    limiter.bypass();
    let _first = ready(poll(&mut waiting)).unwrap();
    let second = limiter.try_acquire(1).unwrap();
    assert_eq!(second.remaining(), 1);
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Busy);
}

#[test]
fn full_queue_refuses_the_next_waiter() {
    let limiter = ConcurrentLimiter::builder(1).max_waiters(1).build().unwrap();
    let slot = limiter.acquire(1).wait().unwrap();
    let (task, mut waiting) = (Task::default(), limiter.acquire(1));
    assert!(task.poll(&mut waiting).is_pending());
    assert_eq!(ready(poll(&mut limiter.acquire(1))).unwrap_err(), AcquireError::QueueFull);
    assert_eq!(limiter.acquire(1).wait().unwrap_err(), AcquireError::QueueFull);
    assert_eq!(limiter.waiters(), 1);
    drop(slot);
    let slot = ready(task.poll(&mut waiting)).unwrap();
    let mut next = limiter.acquire(1);
    assert!(poll(&mut next).is_pending(), "there is room again");
    limiter.close();
    assert_eq!(limiter.acquire(1).wait().unwrap_err(), AcquireError::Closed);
    drop(slot);
}

#[test]
fn limiter_without_a_rate_grants_any_number_of_permits() {
    let limiter = ConcurrentLimiter::builder(2).clock(ManualClock::new()).build().unwrap();
    assert_eq!(limiter.quota(), None);
    let first = limiter.try_acquire(1_000_000_000_000).unwrap();
    let second = limiter.acquire(u64::MAX / 4).wait().unwrap();
    assert_eq!((second.amount(), limiter.in_flight()), (u64::MAX / 4, 2));
    let denied = limiter.try_acquire(1).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after()), (Reason::Busy, None));
    first.reconcile(u64::MAX);
    second.refund();
    limiter.charge(u64::MAX);
    limiter.reconcile(u64::MAX, 0);
    assert!(limiter.try_acquire(1).is_ok(), "no debt stands");
    assert_eq!(limiter.standing().full_in, Duration::ZERO);
}

#[test]
fn limiter_without_a_rate_closes_and_opens() {
    let limiter = ConcurrentLimiter::slots(1).unwrap();
    let slot = limiter.try_acquire(1).unwrap();
    thread::scope(|scope| {
        let thread = scope.spawn(|| limiter.acquire(1).wait().map(drop));
        wait_until(|| limiter.waiters() == 1);
        limiter.close();
        assert_eq!(thread.join().unwrap().unwrap_err(), AcquireError::Closed);
    });
    assert!(limiter.is_closed());
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Closed);
    drop(slot);
    assert_eq!(limiter.acquire(1).wait().unwrap_err(), AcquireError::Closed);
    limiter.reset();
    for _ in 0..3 {
        limiter.try_acquire(u64::MAX / 4).unwrap().reconcile(u64::MAX);
    }
    assert_eq!(ConcurrentLimiter::slots(0).unwrap_err(), BuildError::ZeroConcurrency);
    assert_eq!(ConcurrentLimiter::builder(0).build().unwrap_err(), BuildError::ZeroConcurrency);
}

#[test]
fn builder_takes_a_rate_or_a_shared_limiter() {
    let clock = ManualClock::new();
    let quota = Quota::per_second(4).unwrap();
    let own = ConcurrentLimiter::builder(1).rate(quota).clock(clock.clone()).build().unwrap();
    assert_eq!((own.quota(), own.available()), (Some(quota), 4));
    let rate = Arc::new(RateLimiter::with_clock(quota, clock));
    let shared = ConcurrentLimiter::builder(1).limiter(rate.clone()).build().unwrap();
    drop(shared.try_acquire(3).unwrap());
    assert_eq!((rate.available(), shared.available()), (1, 1));
    let zero = ConcurrentLimiter::builder(0).limiter(rate).build();
    assert_eq!(zero.unwrap_err(), BuildError::ZeroConcurrency);
}

#[test]
fn every_strategy_hands_slots_over_to_threads() {
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let limiter = ConcurrentLimiter::builder(1).strategy(strategy).build().unwrap();
        let inside = Inside::default();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let slot = limiter.acquire(1).wait().unwrap();
                        inside.enter();
                        inside.leave();
                        drop(slot);
                    }
                });
            }
        });
        assert_eq!(inside.most.into_inner(), 1, "{strategy:?}");
    }
}

#[test]
fn every_strategy_learns_of_a_slot_that_comes_free() {
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let limiter = ConcurrentLimiter::builder(1).strategy(strategy).build().unwrap();
        let slot = limiter.try_acquire(1).unwrap();
        let start = Instant::now();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| limiter.acquire(1).timeout(secs(20)).wait().map(drop));
            wait_until(|| limiter.waiters() == 1);
            thread::sleep(Duration::from_millis(5));
            drop(slot);
            assert!(waiter.join().unwrap().is_ok(), "{strategy:?}");
        });
        assert!(start.elapsed() < secs(10), "{strategy:?}");
    }
}

#[test]
fn every_strategy_ends_the_wait_for_a_slot_at_the_timeout() {
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let limiter = ConcurrentLimiter::builder(1).strategy(strategy).build().unwrap();
        let _slot = limiter.try_acquire(1).unwrap();
        let (start, timeout) = (Instant::now(), Duration::from_millis(10));
        assert!(matches!(limiter.acquire(1).timeout(timeout).wait(), Err(AcquireError::Busy { .. })));
        assert!(start.elapsed() >= timeout, "{strategy:?}");
    }
}

#[test]
fn every_strategy_learns_of_a_cancel() {
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let limiter = ConcurrentLimiter::builder(1).strategy(strategy).build().unwrap();
        let _slot = limiter.try_acquire(1).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| limiter.acquire(1).timeout(secs(20)).wait().map(drop));
            wait_until(|| limiter.waiters() == 1);
            thread::sleep(Duration::from_millis(5));
            limiter.cancel_waiters();
            assert_eq!(waiter.join().unwrap(), Err(AcquireError::Cancelled), "{strategy:?}");
        });
    }
}

#[test]
fn settlement_and_queries_are_those_of_the_rate() {
    let (limiter, clock) = limiter(10, 2);
    limiter.charge(4);
    limiter.refund(1);
    limiter.reconcile(3, 1);
    assert_eq!((limiter.available(), limiter.limiter().available()), (5, 5));
    assert_eq!((limiter.capacity_info(6).needed, limiter.standing().full_in), (1, secs(5)));
    let later = clock.after(secs(2));
    limiter.charge_at(later, 7);
    limiter.refund_at(later, 2);
    limiter.reconcile_at(later, 1, 0);
    assert_eq!((limiter.available_at(later), limiter.standing_at(later).available), (1, 1));
    assert_eq!(limiter.capacity_info_at(later, 2).needed, 1);
}

#[test]
fn owned_slot_keeps_the_limiter_alive() {
    let (limiter, clock) = limiter(10, 1);
    let weak = Arc::downgrade(&limiter);
    let slot = limiter.try_acquire_owned(3).unwrap();
    assert_eq!(slot.remaining(), 7);
    assert_eq!(limiter.try_acquire_owned_at(clock.now(), 3).unwrap_err().reason(), Reason::Busy);
    drop(limiter);
    assert!(weak.upgrade().is_some());
    thread::spawn(move || slot.reconcile(1)).join().unwrap();
    assert!(weak.upgrade().is_none());
}

#[test]
fn remaining_is_what_the_rate_had_after_the_grant() {
    let (limiter, clock) = limiter(10, 2);
    assert_eq!(limiter.try_acquire(4).unwrap().remaining(), 6);
    let mut waiting = limiter.acquire(8);
    assert!(poll(&mut waiting).is_pending());
    clock.advance(secs(2));
    assert_eq!(ready(poll(&mut waiting)).unwrap().remaining(), 0);
}
