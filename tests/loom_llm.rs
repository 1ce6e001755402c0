//! Every interleaving of two or three threads that make calls, within loom's bound.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --features llm --test loom_llm`. The bound of each search is three
//! preemptions. Loom is a search within that bound, not a proof. A waiter that nobody wakes is a deadlock to it, which it
//! reports. Each race is run both ways round; `loom.rs` says why.
#![cfg(all(loom, feature = "llm"))]

mod beside;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use limitor::llm::{Acquire, Call, Builder, LlmLimiter};
use limitor::{AcquireError, ManualClock, Quota};
use loom::sync::Mutex;
use loom::thread;

use beside::beside;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What the threads of a race share: ten tokens that come back one a second, and a call under way.
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

    /// Two slots, and all tokens are with the call under way.
    fn empty() -> Self {
        Self::new(2, 10)
    }

    /// One slot, and the call under way has it, but few tokens.
    fn busy() -> Self {
        Self::new(1, 1)
    }

    fn settle(&self, used: u64) {
        self.call.lock().unwrap().take().unwrap().settle(used);
    }

    /// Waits for `estimate` and uses `used` of it.
    fn work(&self, estimate: u64, used: u64) {
        self.limiter.acquire(estimate).wait().unwrap().settle(used);
    }

    /// Nobody is left over, and so many tokens.
    fn assert_left(&self, tokens: u64) {
        let left = (self.limiter.in_flight(), self.limiter.waiters(), self.limiter.available().tokens);
        assert_eq!(left, (0, 0, Some(tokens)));
    }
}

/// Runs `here` beside `there`, then `check` on what they gave, both ways round.
fn race<A: Send + 'static, B: Send + 'static>(
    setup: fn() -> Shared,
    here: fn(&Shared) -> A,
    there: fn(&Shared) -> B,
    check: fn(&Shared, A, B),
) {
    beside(Some(3), setup, here, there, check);
}

/// The future, polled once; whether it was woken since.
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
            // Not even a place: as one that is let go at once and never sent.
            call.unwrap().cancel();
        }
        waits
    }

    fn poll(&mut self) -> Poll<Result<Call<'static, ManualClock>, limitor::set::LimitError>> {
        let waker = Waker::from(self.woken.clone());
        Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker))
    }
}

/// Two that work and one that gives back: all get through, and what was used is gone and nothing else.
#[test]
fn all_get_through_and_nothing_is_lost() {
    let two = |s: &Shared| {
        let limiter = s.limiter.clone();
        let third = thread::spawn(move || limiter.acquire(4).wait().unwrap().settle(1));
        s.work(4, 1);
        third.join().unwrap();
    };
    race(Shared::empty, two, |s| s.settle(4), |s, (), ()| s.assert_left(4));
}

#[test]
fn what_is_given_back_wakes_who_falls_asleep_beside_it() {
    race(Shared::empty, |s| s.work(10, 3), |s| s.settle(0), |s, (), ()| s.assert_left(7));
}

#[test]
fn a_slot_that_comes_free_wakes_who_falls_asleep_beside_it() {
    race(Shared::busy, |s| s.work(5, 5), |s| s.settle(1), |s, (), ()| s.assert_left(4));
}

#[test]
fn the_clock_wakes_who_falls_asleep_beside_it() {
    let lost = |s: &Shared| {
        drop(s.call.lock().unwrap().take());
        s.clock.advance(secs(10));
    };
    race(Shared::empty, |s| s.work(10, 4), lost, |s, (), ()| s.assert_left(6));
}

/// A task is let go beside its leaving: it never was, or all is given back.
#[test]
fn a_settlement_beside_one_who_leaves() {
    let leave = |s: &Shared| drop(Waits::new(s, 5));
    race(Shared::empty, leave, |s| s.settle(4), |s, (), ()| s.assert_left(6));
}

/// The one ahead leaves beside the settlement that would let it go: then the one behind goes.
#[test]
fn one_who_leaves_beside_a_settlement_lets_the_next_go() {
    let behind = |s: &Shared| {
        let ahead = Waits::new(s, 9);
        let mut behind = Waits::new(s, 3);
        drop(ahead);
        behind.woken.0.store(false, Ordering::SeqCst);
        (behind.poll().map(|call| call.unwrap().settle(3)), behind)
    };
    race(
        Shared::empty,
        behind,
        |s| s.settle(7),
        |s, (polled, mut behind), ()| {
            if polled.is_pending() {
                assert!(behind.woken.0.load(Ordering::SeqCst), "never woken");
                assert!(behind.poll().map(|call| call.unwrap().settle(3)).is_ready());
            }
            s.assert_left(0);
        },
    );
}

/// The bound: A's refund after 10 s gives back nothing, whoever is let go beside it.
#[test]
fn a_refund_that_comes_late_lets_nobody_go_twice() {
    fn setup() -> Shared {
        let shared = Shared::empty();
        shared.clock.advance(secs(5));
        shared
    }
    // 5 have come back. Let go before the refund or after it, no more than 10 are used at once.
    let tries = |s: &Shared| {
        let first = s.limiter.try_acquire(5).map(drop).is_ok();
        let more = s.limiter.try_acquire(5).map(drop).is_ok();
        u64::from(first) * 5 + u64::from(more) * 5
    };
    race(setup, tries, |s| s.settle(0), |s, taken, ()| s.assert_left(10 - taken));
}

#[test]
fn a_pause_beside_a_wait_holds_or_comes_too_late() {
    let pause = |s: &Shared| {
        s.limiter.pause(secs(10));
        s.settle(10);
        s.clock.advance(secs(10));
    };
    race(Shared::empty, |s| s.work(5, 5), pause, |s, (), ()| s.assert_left(5));
}

#[test]
fn closing_ends_a_wait_that_begins_beside_it() {
    race(
        Shared::empty,
        |s| s.limiter.acquire(1).wait().map(drop),
        |s| s.limiter.close(),
        |s, waited, ()| {
            assert_eq!(waited.unwrap_err().error(), AcquireError::Closed);
            s.settle(10);
            s.assert_left(0);
        },
    );
}
