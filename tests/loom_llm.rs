//! Every interleaving of two or three threads that make calls, within loom's bound.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --features llm --test loom_llm`. The bound
//! of each search is three preemptions. Loom is a search within that bound, not a proof. A waiter
//! that is never woken is a deadlock, which loom reports. Each race is run in both orders; see
//! `loom.rs`.
#![cfg(all(loom, feature = "llm"))]

mod beside;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use limitor::llm::{Acquire, Builder, Call, LlmLimiter};
use limitor::{AcquireError, ManualClock, Quota};
use loom::sync::Mutex;
use loom::thread;

use beside::beside;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The state that the threads of a race share: ten tokens that come back one per second, and a call
/// under way.
struct Shared {
    limiter: Arc<LlmLimiter<ManualClock>>,
    clock: ManualClock,
    call: Mutex<Option<Call<'static, ManualClock>>>,
}

impl Shared {
    fn new(slots: usize, taken: u64) -> Self {
        let clock = ManualClock::new();
        let quota = Quota::per_second(1).unwrap().with_burst(10).unwrap();
        let limiter = Builder::new(clock.clone()).tokens(quota).max_concurrent(slots).build().unwrap();
        let limiter = Arc::new(limiter);
        let call = Mutex::new(Some(limiter.try_acquire_owned(taken).unwrap()));
        Self { limiter, clock, call }
    }

    /// Two slots; the call under way has all tokens.
    fn empty() -> Self {
        Self::new(2, 10)
    }

    /// One slot, which the call under way has, with few tokens.
    fn busy() -> Self {
        Self::new(1, 1)
    }

    fn reconcile(&self, used: u64) {
        self.call.lock().unwrap().take().unwrap().reconcile(used);
    }

    /// Waits for `estimate` and uses `used` of it.
    fn work(&self, estimate: u64, used: u64) {
        self.limiter.acquire(estimate).wait().unwrap().reconcile(used);
    }

    /// Asserts that no call is left and that so many tokens are available.
    fn assert_left(&self, tokens: u64) {
        let left = (self.limiter.in_flight(), self.limiter.waiters(), self.limiter.available().tokens);
        assert_eq!(left, (0, 0, Some(tokens)));
    }
}

/// Runs `here` beside `there`, then `check` on their results, in both orders.
fn race<A: Send + 'static, B: Send + 'static>(
    setup: fn() -> Shared,
    here: fn(&Shared) -> A,
    there: fn(&Shared) -> B,
    check: fn(&Shared, A, B),
) {
    beside(Some(3), setup, here, there, check);
}

/// The future, polled once, and whether it was woken since.
struct Waits {
    future: Acquire<'static, ManualClock>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Waits {
    fn new(shared: &Shared, estimate: u64) -> Self {
        let mut waits = Self { future: shared.limiter.acquire_owned(estimate), woken: Arc::default() };
        if let Poll::Ready(call) = waits.poll() {
            // Cancelled without a trace, like a call that is granted immediately and never sent.
            call.unwrap().refund();
        }
        waits
    }

    fn poll(&mut self) -> Poll<Result<Call<'static, ManualClock>, limitor::set::LimitError>> {
        let waker = Waker::from(self.woken.clone());
        Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker))
    }
}

/// Two threads work and one refunds: all are granted, and exactly what was used is missing.
#[test]
fn all_are_granted_and_no_token_is_lost() {
    let two = |s: &Shared| {
        let limiter = s.limiter.clone();
        let third = thread::spawn(move || limiter.acquire(4).wait().unwrap().reconcile(1));
        s.work(4, 1);
        third.join().unwrap();
    };
    race(Shared::empty, two, |s| s.reconcile(4), |s, (), ()| s.assert_left(4));
}

#[test]
fn refund_wakes_the_thread_that_falls_asleep_beside_it() {
    race(Shared::empty, |s| s.work(10, 3), |s| s.reconcile(0), |s, (), ()| s.assert_left(7));
}

#[test]
fn free_slot_wakes_the_thread_that_falls_asleep_beside_it() {
    race(Shared::busy, |s| s.work(5, 5), |s| s.reconcile(1), |s, (), ()| s.assert_left(4));
}

#[test]
fn clock_wakes_the_thread_that_falls_asleep_beside_it() {
    let lost = |s: &Shared| {
        drop(s.call.lock().unwrap().take());
        s.clock.advance(secs(10));
    };
    race(Shared::empty, |s| s.work(10, 4), lost, |s, (), ()| s.assert_left(6));
}

/// A task is granted while it is dropped: either it was not granted, or all is refunded.
#[test]
fn settlement_beside_a_waiter_that_leaves() {
    let leave = |s: &Shared| drop(Waits::new(s, 5));
    race(Shared::empty, leave, |s| s.reconcile(4), |s, (), ()| s.assert_left(6));
}

/// The first waiter leaves beside the settlement that would grant it: then the next waiter is
/// granted.
#[test]
fn waiter_leaving_beside_a_settlement_grants_the_next() {
    let behind = |s: &Shared| {
        let ahead = Waits::new(s, 9);
        let mut behind = Waits::new(s, 3);
        drop(ahead);
        behind.woken.0.store(false, Ordering::SeqCst);
        (behind.poll().map(|call| call.unwrap().reconcile(3)), behind)
    };
    race(
        Shared::empty,
        behind,
        |s| s.reconcile(7),
        |s, (polled, mut behind), ()| {
            if polled.is_pending() {
                assert!(behind.woken.0.load(Ordering::SeqCst), "never woken");
                assert!(behind.poll().map(|call| call.unwrap().reconcile(3)).is_ready());
            }
            s.assert_left(0);
        },
    );
}

/// The bound: A's refund after 10 s returns nothing, whichever call is granted beside it.
#[test]
fn late_refund_grants_no_permit_twice() {
    fn setup() -> Shared {
        let shared = Shared::empty();
        shared.clock.advance(secs(5));
        shared
    }
    // 5 have come back. Whether a call is granted before the refund or after it, at most 10 are
    // used at the same time.
    let tries = |s: &Shared| {
        let first = s.limiter.try_acquire(5).map(drop).is_ok();
        let more = s.limiter.try_acquire(5).map(drop).is_ok();
        u64::from(first) * 5 + u64::from(more) * 5
    };
    race(setup, tries, |s| s.reconcile(0), |s, taken, ()| s.assert_left(10 - taken));
}

#[test]
fn pause_beside_a_wait_applies_or_comes_too_late() {
    let pause = |s: &Shared| {
        s.limiter.pause(secs(10));
        s.reconcile(10);
        s.clock.advance(secs(10));
    };
    race(Shared::empty, |s| s.work(5, 5), pause, |s, (), ()| s.assert_left(5));
}

#[test]
fn close_ends_a_wait_that_begins_beside_it() {
    race(
        Shared::empty,
        |s| s.limiter.acquire(1).wait().map(drop),
        |s| s.limiter.close(),
        |s, waited, ()| {
            assert_eq!(waited.unwrap_err().error(), AcquireError::Closed);
            s.reconcile(10);
            s.assert_left(0);
        },
    );
}

/// The call from before the reset gives nothing back, whether it ends before the reset or after it.
#[test]
fn settlement_beside_a_reset_leaves_the_limiter_full() {
    race(Shared::empty, |s| s.limiter.reset(), |s| s.reconcile(0), |s, (), ()| s.assert_left(10));
}
