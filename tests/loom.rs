//! Every interleaving of two or three threads, with clock readings that are stale, differ between
//! threads and step back.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom`. With two threads the search
//! has no bound on preemptions, with three the bound is two. It is also bounded by the scenarios,
//! which have a few operations each, and by loom's model of memory. Loom overlooks some races of a
//! load in one thread with a compare-and-swap in another. It does so if the other thread has loaded
//! before, unless the first thread runs second. So each race is run in both orders.
#![cfg(loom)]

mod beside;

use std::sync::Arc;
use std::time::Duration;

use limitor::{AcquireError, Grant, ManualClock, Quota, RateLimiter, Reason, Reservation, Timestamp};
use loom::cell::UnsafeCell;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use beside::beside;

type Limiter = RateLimiter<ManualClock>;

/// The state that the threads of a race share.
struct Shared {
    limiter: Arc<Limiter>,
    clock: ManualClock,
    place: Mutex<Option<Reservation<'static, ManualClock>>>,
    data: UnsafeCell<u64>,
    flag: AtomicU64,
}

impl Shared {
    /// One permit per second, with this burst.
    fn new(burst: u64) -> Self {
        let clock = ManualClock::new();
        let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
        let limiter = Arc::new(RateLimiter::with_clock(quota, clock.clone()));
        Self { limiter, clock, place: Mutex::new(None), data: UnsafeCell::new(0), flag: AtomicU64::new(0) }
    }

    /// With no permits left.
    fn empty(burst: u64) -> Self {
        let shared = Self::new(burst);
        shared.limiter.try_acquire(burst).unwrap();
        shared
    }

    /// With no permits left and one waiter.
    fn waiting(burst: u64) -> Self {
        let shared = Self::empty(burst);
        *shared.place.lock().unwrap() = Some(shared.limiter.reserve_owned(1).unwrap());
        shared
    }

    fn place(&self) -> Reservation<'static, ManualClock> {
        self.place.lock().unwrap().take().unwrap()
    }
}

/// Runs `here` beside `there`, then `check` on their results, in all interleavings and in both
/// orders.
fn race<A: Send + 'static, B: Send + 'static>(
    setup: fn() -> Shared,
    here: fn(&Shared) -> A,
    there: fn(&Shared) -> B,
    check: fn(&Shared, A, B),
) {
    bounded_race(None, setup, here, there, check);
}

/// The same with at most this many preemptions, for three threads.
fn bounded_race<A: Send + 'static, B: Send + 'static>(
    preemptions: Option<usize>,
    setup: fn() -> Shared,
    here: fn(&Shared) -> A,
    there: fn(&Shared) -> B,
    check: fn(&Shared, A, B),
) {
    beside(preemptions, setup, here, there, check);
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ticks(seconds * 1_000_000_000)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn try_at(shared: &Shared, seconds: u64, n: u64) -> u64 {
    shared.limiter.try_acquire_at(at(seconds), n).as_ref().map_or(0, Grant::amount)
}

fn wait(shared: &Shared) -> Result<(), AcquireError> {
    shared.limiter.acquire(1).wait().map(drop)
}

#[test]
fn two_tries_for_the_last_permit() {
    race(
        || Shared::new(1),
        |s| try_at(s, 0, 1),
        |s| try_at(s, 0, 1),
        |_, here, there| {
            assert_eq!(here + there, 1, "one of them, and only one");
        },
    );
}

/// One thread reads the clock two seconds behind the other. The grants of both stay within the
/// bound by the readings used.
#[test]
fn tries_at_different_readings_keep_the_bound() {
    fn setup() -> Shared {
        let shared = Shared::new(2);
        assert_eq!(try_at(&shared, 3, 2), 2);
        shared
    }
    let ahead = |s: &Shared| (0..3).map(|_| try_at(s, 5, 1)).sum::<u64>();
    let behind = |s: &Shared| (0..2).map(|_| try_at(s, 3, 1)).sum::<u64>();
    race(setup, ahead, behind, |_, ahead, behind| {
        assert_eq!(behind, 0, "nothing is left at 3");
        assert_eq!(ahead, 2, "at 5 two have come back, and the stale reading takes none of them");
    });
}

/// If the reading of a refund is 3 s older than concurrent grants, these may exceed the burst by
/// those 3 s and no more.
#[test]
fn try_beside_a_refund_at_an_earlier_reading() {
    fn setup() -> Shared {
        let shared = Shared::new(10);
        assert_eq!(try_at(&shared, 100, 10), 10);
        shared
    }
    let tries = |s: &Shared| (0..2).map(|_| try_at(s, 103, 3)).sum::<u64>();
    race(
        setup,
        tries,
        |s| s.limiter.reconcile_at(at(100), 0, 10),
        |s, mut taken, ()| {
            while try_at(s, 103, 1) == 1 {
                taken += 1;
            }
            assert!((10..=13).contains(&taken), "{taken}");
        },
    );
}

/// Two permits come back with time and one by a refund, beside two tries: exactly three are granted
/// in the end.
#[test]
fn refund_beside_two_tries_loses_and_creates_nothing() {
    let tries = |s: &Shared| try_at(s, 2, 1) + try_at(s, 2, 1);
    race(
        || Shared::empty(3),
        tries,
        |s| s.limiter.reconcile_at(at(2), 0, 1),
        |s, mut taken, ()| {
            while try_at(s, 2, 1) == 1 {
                taken += 1;
            }
            assert_eq!(taken, 3);
        },
    );
}

#[test]
fn refund_beside_refund_returns_each_once() {
    let refund = |s: &Shared| s.limiter.reconcile_at(at(0), 0, 1);
    race(|| Shared::empty(3), refund, refund, |s, (), ()| assert_eq!(s.limiter.available(), 2));
}

#[test]
fn debt_beside_try_is_charged_in_full() {
    race(
        || Shared::new(2),
        |s| try_at(s, 0, 2),
        |s| s.limiter.charge(5),
        |s, taken, ()| {
            assert_eq!(s.limiter.capacity_info(1).needed, i128::from(5 + taken) - 1);
        },
    );
}

#[test]
fn two_reservations_are_due_one_after_the_other() {
    let reserve = |s: &Shared| s.limiter.reserve(1).unwrap().keep();
    race(
        || Shared::empty(1),
        reserve,
        reserve,
        |_, here, there| {
            assert_eq!((here.min(there), here.max(there)), (secs(1), secs(2)));
        },
    );
}

#[test]
fn try_beside_reserve_overtakes_no_waiter() {
    race(
        || Shared::new(1),
        |s| s.limiter.reserve(1).unwrap().keep(),
        |s| try_at(s, 0, 1),
        |_, wait, tried| {
            assert_eq!(tried == 1, wait == secs(1), "the try came first or not at all");
        },
    );
}

#[test]
fn cancel_beside_reserve_moves_it_forward_once() {
    let reserve = |s: &Shared| s.limiter.reserve_owned(1).unwrap();
    race(
        || Shared::waiting(1),
        |s| s.place().cancel(),
        reserve,
        |s, (), second| {
            assert_eq!(second.wait_time(), secs(1));
            drop(second);
            assert_eq!(s.limiter.reserve(1).unwrap().wait_time(), secs(1));
        },
    );
}

#[test]
fn two_cancels_return_two_entries() {
    fn setup() -> Shared {
        let shared = Shared::waiting(1);
        std::mem::forget(shared.limiter.reserve(1).unwrap());
        shared
    }
    let late_caller = |s: &Shared| drop(s.limiter.reserve(1).unwrap());
    race(
        setup,
        |s| s.place().cancel(),
        late_caller,
        |s, (), ()| {
            assert_eq!(s.limiter.reserve(1).unwrap().wait_time(), secs(2), "behind the waiter that stayed");
        },
    );
}

/// Either the time came first, and the permit is spent, or the cancel came first, and the permit is
/// back: exactly one of the two.
#[test]
fn cancel_beside_its_own_due_time() {
    let late_caller = |s: &Shared| {
        s.clock.advance(secs(1));
        s.limiter.reserve_owned(1).unwrap()
    };
    race(
        || Shared::waiting(1),
        |s| s.place().cancel(),
        late_caller,
        |s, (), late_caller| {
            let first = late_caller.wait_time();
            drop(late_caller);
            let taken = if first == Duration::ZERO { 1 } else { 0 };
            assert!(first == Duration::ZERO || first == secs(1), "{first:?}");
            assert_eq!(s.limiter.reserve(1).unwrap().wait_time(), if taken == 1 { secs(1) } else { first });
        },
    );
}

/// A refund during a wait goes to the waiter, in full and once. If the waiter left before, it goes
/// to the new caller.
#[test]
fn refund_beside_cancel() {
    race(
        || Shared::waiting(1),
        |s| s.limiter.refund(1),
        |s| s.place().cancel(),
        |s, (), ()| {
            // If the refund comes first, the waiter is due and its cancel returns nothing.
            let available = s.limiter.available();
            assert!(available <= 1);
            let next = s.limiter.reserve(1).unwrap().wait_time();
            assert_eq!(next, if available == 1 { Duration::ZERO } else { secs(1) });
        },
    );
}

/// The entry is due at the reading of the refund, and not yet due at the reading of the cancel:
/// exactly one of the two returns its permits.
#[test]
fn cancel_beside_a_refund_that_finds_the_entry_due() {
    race(
        || Shared::waiting(1),
        |s| {
            s.limiter.reconcile_at(at(1), 0, 1);
            try_at(s, 2, 1)
        },
        |s| s.place().cancel(),
        |s, granted, ()| {
            assert_eq!(granted + try_at(s, 2, 1), 1);
        },
    );
}

#[test]
fn keep_beside_refund_is_due_at_the_time_it_returned() {
    race(
        || Shared::waiting(1),
        |s| s.place().keep(),
        |s| s.limiter.refund(1),
        |s, kept, ()| {
            let next = s.limiter.reserve(1).unwrap().wait_time();
            assert!(
                kept == secs(1) && next == secs(2) || kept == Duration::ZERO && next == secs(1),
                "{kept:?} {next:?}"
            );
        },
    );
}

#[test]
fn clock_wakes_the_thread_that_falls_asleep_beside_it() {
    race(|| Shared::empty(1), wait, |s| s.clock.advance(secs(1)), |_, waited, ()| assert_eq!(waited, Ok(())));
}

/// The waiter may find the permit, fall asleep first and be woken, or be moved while it looks: it
/// never sleeps on.
#[test]
fn refund_wakes_the_thread_that_falls_asleep_beside_it() {
    race(
        || Shared::empty(1),
        wait,
        |s| s.limiter.refund(1),
        |s, waited, ()| {
            assert_eq!(waited, Ok(()));
            assert_eq!(s.limiter.available(), 0);
        },
    );
}

#[test]
fn cancelled_entry_wakes_the_thread_that_falls_asleep() {
    let leave = |s: &Shared| {
        s.place().cancel();
        s.clock.advance(secs(1));
    };
    race(|| Shared::waiting(1), wait, leave, |_, waited, ()| assert_eq!(waited, Ok(())));
}

/// A task that is polled by hand; `woken` says whether its waker was called.
mod task {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::*;

    #[derive(Default)]
    pub(super) struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    pub(super) type Acquire = limitor::Acquire<'static, ManualClock>;

    /// Polls once. Returns `None` if the future was ready.
    pub(super) fn poll_once(shared: &Shared) -> Option<(Acquire, Arc<Woken>)> {
        let (mut acquire, woken) = (shared.limiter.acquire_owned(1), Arc::new(Woken::default()));
        poll(&mut acquire, &woken).is_pending().then_some((acquire, woken))
    }

    fn poll(acquire: &mut Acquire, woken: &Arc<Woken>) -> Poll<bool> {
        let waker = Waker::from(woken.clone());
        pin!(acquire).poll(&mut Context::from_waker(&waker)).map(|granted| granted.is_ok())
    }

    /// Polls again only if it was woken, as an executor does.
    pub(super) fn finish(pending: Option<(Acquire, Arc<Woken>)>) {
        if let Some((mut acquire, woken)) = pending {
            assert!(woken.0.load(Ordering::SeqCst), "never woken");
            assert_eq!(poll(&mut acquire, &woken), Poll::Ready(true));
        }
    }
}

/// Three threads: one waits behind an entry that another cancels while a third refunds.
#[test]
fn wait_beside_a_cancel_beside_a_refund() {
    let others = |s: &Shared| {
        let limiter = s.limiter.clone();
        let refund = thread::spawn(move || limiter.refund(1));
        s.place().cancel();
        refund.join().unwrap();
        s.clock.advance(secs(1));
    };
    bounded_race(
        Some(2),
        || Shared::waiting(1),
        wait,
        others,
        |s, waited, ()| {
            assert_eq!(waited, Ok(()));
            assert_eq!(s.limiter.waiters(), 0);
        },
    );
}

#[test]
fn refund_wakes_the_task_that_is_polled_beside_it() {
    race(|| Shared::empty(1), task::poll_once, |s| s.limiter.refund(1), |_, pending, ()| task::finish(pending));
}

#[test]
fn clock_wakes_the_task_that_is_polled_beside_it() {
    race(|| Shared::empty(1), task::poll_once, |s| s.clock.advance(secs(1)), |_, pending, ()| task::finish(pending));
}

#[test]
fn dropped_future_beside_another_moves_it_forward() {
    let leave = |s: &Shared| {
        s.place().cancel();
        s.clock.advance(secs(1));
    };
    race(|| Shared::waiting(1), task::poll_once, leave, |_, pending, ()| task::finish(pending));
}

#[test]
fn close_ends_a_wait_that_begins_beside_it() {
    race(
        || Shared::empty(1),
        wait,
        |s| s.limiter.close(),
        |s, waited, ()| {
            assert_eq!(waited, Err(AcquireError::Closed));
            assert_eq!(s.limiter.try_acquire(1).unwrap_err().reason(), Reason::Closed);
        },
    );
}

#[test]
fn bypass_grants_a_wait_beside_it_and_charges_nothing() {
    let waiter = |s: &Shared| s.limiter.acquire(1).wait().map(Grant::refund);
    race(
        || Shared::empty(1),
        waiter,
        |s| s.limiter.bypass(),
        |s, waited, ()| {
            assert_eq!(waited, Ok(()));
            assert_eq!(try_at(s, 0, 1), 1);
            s.limiter.reset();
            assert_eq!(s.limiter.available(), 1);
        },
    );
}

#[test]
fn no_move_that_began_before_a_close_undoes_it() {
    let moves = |s: &Shared| {
        s.limiter.refund(1);
        try_at(s, 0, 1);
        s.limiter.charge(3);
    };
    race(|| Shared::empty(2), moves, |s| s.limiter.close(), |s, (), ()| assert!(s.limiter.is_closed()));
}

#[test]
fn reset_beside_a_try_is_full_or_full_minus_one() {
    race(
        || Shared::new(2),
        |s| try_at(s, 0, 1),
        |s| s.limiter.reset(),
        |s, taken, ()| {
            let available = s.limiter.available();
            assert!(taken == 1 && (1..=2).contains(&available), "{available}");
        },
    );
}

#[test]
fn cancel_waiters_beside_a_try_returns_their_permits() {
    race(
        || Shared::waiting(1),
        |s| s.limiter.cancel_waiters(),
        |s| try_at(s, 0, 1),
        |s, (), tried| {
            assert_eq!(tried, 0);
            assert_eq!(s.place().wait().unwrap_err(), AcquireError::Cancelled);
            assert_eq!(s.limiter.capacity_info(1).needed, 1);
        },
    );
}

/// What a thread did before its refund is visible to a thread that is granted the permit. The word
/// itself guarantees this, because neither thread takes the lock.
#[test]
fn grant_sees_what_was_done_before_the_refund() {
    let write = |s: &Shared| {
        // SAFETY: no other thread accesses it before the refund below.
        s.data.with_mut(|data| unsafe { *data = 42 });
        s.limiter.refund(1);
    };
    let read = |s: &Shared| {
        if try_at(s, 0, 1) == 1 {
            // SAFETY: granted, so the write happened before; otherwise loom fails the test.
            s.data.with(|data| assert_eq!(unsafe { *data }, 42));
        }
    };
    race(|| Shared::empty(1), write, read, |_, (), ()| {});
}

/// The same along a chain: the grant replaces a value that the move of a third thread made.
#[test]
fn grant_sees_it_through_moves_in_between() {
    let two_refunds = |s: &Shared| {
        let (limiter, other) = (s.limiter.clone(), s.limiter.clone());
        s.flag.store(1, Ordering::Relaxed);
        limiter.refund(1);
        thread::spawn(move || other.refund(1)).join().unwrap();
    };
    let read = |s: &Shared| {
        if try_at(s, 0, 2) == 2 {
            assert_eq!(s.flag.load(Ordering::Relaxed), 1);
        }
    };
    race(|| Shared::empty(2), two_refunds, read, |_, (), ()| {});
}

/// Two handles take batches, spend, and return their rest, at the same time: all permits are
/// granted, and no more.
#[test]
fn handles_refill_and_flush_beside_each_other() {
    fn setup() -> Shared {
        let clock = ManualClock::new();
        let quota = Quota::per_second(1).unwrap().with_burst(12).unwrap();
        let limiter = RateLimiter::builder(quota).local(2, 2).unwrap().clock(clock.clone()).build();
        Shared { limiter: Arc::new(limiter), clock, ..Shared::new(1) }
    }
    let spend = |s: &Shared| {
        let local = s.limiter.local().unwrap();
        (0..3).filter(|_| local.try_acquire(1).is_ok()).count()
    };
    race(setup, spend, spend, |s, here, there| {
        let rest = std::iter::repeat_with(|| try_at(s, 0, 1)).take_while(|n| *n == 1).count();
        assert_eq!(here + there + rest, 8);
    });
}
