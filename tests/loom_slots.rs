//! Every interleaving of two or three threads at the slots of a concurrent limiter, within loom's
//! bound.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom_slots`. The bound of each
//! search is three preemptions. Loom is a search within that bound, not a proof. A waiter that is
//! never woken is a deadlock, which loom reports.
#![cfg(loom)]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use limitor::{AcquireError, ConcurrentLimiter, ManualClock, Quota};
use loom::cell::UnsafeCell;
use loom::thread;

struct Shared {
    limiter: ConcurrentLimiter<ManualClock>,
    clock: ManualClock,
    /// Written only by threads that hold a slot.
    work: UnsafeCell<u32>,
}

impl Shared {
    #[expect(clippy::arc_with_non_send_sync, reason = "the threads are loom's, which checks every access to the cell")]
    fn new(slots: usize) -> Arc<Self> {
        let clock = ManualClock::new();
        let limiter = ConcurrentLimiter::with_clock(Quota::default(), slots, clock.clone()).unwrap();
        Arc::new(Self { limiter, clock, work: UnsafeCell::new(0) })
    }

    /// Needs no permits, so that only the slots are searched.
    fn work(&self) {
        let _slot = self.limiter.acquire(0).wait().unwrap();
        self.work.with_mut(|work| {
            // SAFETY: loom checks that no other thread does so at the same time, which is the
            // subject of the test.
            unsafe { *work += 1 }
        });
    }

    fn assert_idle(&self) {
        assert_eq!((self.limiter.in_flight(), self.limiter.waiters()), (0, 0));
    }
}

fn search(scenario: fn()) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(scenario);
}

#[test]
fn one_slot_admits_one_at_a_time_and_all_in_the_end() {
    search(|| {
        let shared = Shared::new(1);
        let threads = [(); 2].map(|()| {
            let shared = shared.clone();
            thread::spawn(move || shared.work())
        });
        shared.work();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(shared.work.with(|work| unsafe { *work }), 3);
        shared.assert_idle();
    });
}

#[test]
fn two_slots_released_together_admit_two() {
    search(|| {
        let shared = Shared::new(2);
        let held = (shared.limiter.try_acquire(0).unwrap(), shared.limiter.try_acquire(0).unwrap());
        let threads = [(); 2].map(|()| {
            let shared = shared.clone();
            thread::spawn(move || std::mem::forget(shared.limiter.acquire(0).wait().unwrap()))
        });
        drop(held);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((shared.limiter.in_flight(), shared.limiter.waiters()), (2, 0));
    });
}

#[test]
fn waiter_leaving_during_the_hand_over_loses_no_slot() {
    search(|| {
        let shared = Shared::new(1);
        let slot = shared.limiter.try_acquire(0).unwrap();
        let other = shared.clone();
        let thread = thread::spawn(move || {
            let mut waiting = other.limiter.acquire(0);
            let outcome = Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop()));
            if let Poll::Ready(slot) = outcome {
                drop(slot.unwrap());
            }
        });
        drop(slot);
        thread.join().unwrap();
        shared.assert_idle();
    });
}

#[test]
fn timeout_during_the_hand_over_loses_no_slot() {
    search(|| {
        let shared = Shared::new(1);
        let slot = shared.limiter.try_acquire(0).unwrap();
        let other = shared.clone();
        let thread = thread::spawn(move || {
            let outcome = other.limiter.acquire(0).timeout(Duration::from_secs(1)).wait();
            assert!(matches!(outcome, Ok(_) | Err(AcquireError::Busy { .. })));
        });
        shared.clock.advance(Duration::from_secs(1));
        drop(slot);
        thread.join().unwrap();
        shared.assert_idle();
    });
}

#[test]
fn close_ends_every_wait() {
    search(|| {
        let shared = Shared::new(1);
        let slot = shared.limiter.try_acquire(0).unwrap();
        let other = shared.clone();
        let thread = thread::spawn(move || {
            assert!(matches!(other.limiter.acquire(0).wait(), Err(AcquireError::Closed)));
        });
        shared.limiter.close();
        thread.join().unwrap();
        drop(slot);
        shared.assert_idle();
    });
}

#[test]
fn wait_beside_a_cancel_ends_with_it_or_gets_the_slot() {
    search(|| {
        let shared = Shared::new(1);
        let slot = shared.limiter.try_acquire(0).unwrap();
        let other = shared.clone();
        let thread = thread::spawn(move || {
            assert!(matches!(other.limiter.acquire(0).wait(), Ok(_) | Err(AcquireError::Cancelled)));
        });
        shared.limiter.cancel_waiters();
        drop(slot);
        thread.join().unwrap();
        shared.assert_idle();
    });
}

/// The slot is handed to the waiter, or comes free because the wait was ended: not both.
#[test]
fn cancel_beside_the_hand_over_loses_no_slot() {
    search(|| {
        let shared = Shared::new(1);
        let slot = shared.limiter.try_acquire(0).unwrap();
        let mut waiting = shared.limiter.acquire(0);
        assert!(Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let other = shared.clone();
        let thread = thread::spawn(move || other.limiter.cancel_waiters());
        drop(slot);
        thread.join().unwrap();
        match Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(slot)) => assert_eq!((slot.amount(), shared.limiter.in_flight()), (0, 1)),
            Poll::Ready(Err(error)) => assert_eq!((error, shared.limiter.in_flight()), (AcquireError::Cancelled, 0)),
            Poll::Pending => panic!("the wait goes on"),
        }
        drop(waiting);
        shared.assert_idle();
    });
}
