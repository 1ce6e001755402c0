//! Every interleaving of two or three threads, within loom's bound, with clock readings that are stale, differ between
//! threads and step back.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom`. The bound of each search is three preemptions, with
//! the C11 memory model as loom has it: all reorderings but those of relaxed loads beyond what coherence history allows.
//! Loom is a search within that bound, not a proof.
#![cfg(loom)]

use std::time::Duration;

use limitor::{AcquireError, Grant, ManualClock, Quota, RateLimiter, Reason, Timestamp};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

type Limiter = RateLimiter<ManualClock>;

fn model(test: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(test);
}

/// One permit a second, with this burst.
fn limiter(burst: u64) -> (std::sync::Arc<Limiter>, ManualClock) {
    let clock = ManualClock::new();
    let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
    (std::sync::Arc::new(RateLimiter::with_clock(quota, clock.clone())), clock)
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ticks(seconds * 1_000_000_000)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn granted(result: &Result<Grant<'_, ManualClock>, limitor::Denied>) -> u64 {
    result.as_ref().map_or(0, Grant::amount)
}

#[test]
fn two_tries_for_the_last_permit() {
    model(|| {
        let (limiter, _) = limiter(1);
        let other = limiter.clone();
        let thread = thread::spawn(move || granted(&other.try_acquire_at(at(0), 1)));
        let here = granted(&limiter.try_acquire_at(at(0), 1));
        assert_eq!(here + thread.join().unwrap(), 1, "one of them, and only one");
    });
}

/// One thread reads the clock two seconds behind the other; the grants of both stay within the bound by the readings used.
#[test]
fn tries_at_readings_that_differ() {
    model(|| {
        let (limiter, _) = limiter(2);
        limiter.try_acquire_at(at(3), 2).unwrap();
        let other = limiter.clone();
        let ahead = thread::spawn(move || (0..3).map(|_| granted(&other.try_acquire_at(at(5), 1))).sum::<u64>());
        let behind: u64 = (0..2).map(|_| granted(&limiter.try_acquire_at(at(3), 1))).sum();
        let ahead = ahead.join().unwrap();
        assert_eq!(behind, 0, "at 3 there is nothing left");
        assert_eq!(ahead, 2, "at 5 two have come back, and the late reader takes none of them");
    });
}

/// What `fetch_add` gets wrong: an adder that read TAT = 110 at 103 beside a refund at 100 that brings TAT to 100.
#[test]
fn a_try_beside_a_refund_at_an_earlier_reading() {
    model(|| {
        let (limiter, _) = limiter(10);
        limiter.try_acquire_at(at(100), 10).unwrap();
        let other = limiter.clone();
        let refund = thread::spawn(move || other.reconcile_at(at(100), 0, 10));
        let mut taken: u64 = (0..2).map(|_| granted(&limiter.try_acquire_at(at(103), 3))).sum();
        refund.join().unwrap();
        while let Ok(grant) = limiter.try_acquire_at(at(103), 1) {
            taken += grant.amount();
        }
        // The refund's reading is 3 s older than the grants beside it, and that is the most by which they exceed the burst.
        assert!((10..=13).contains(&taken), "{taken}");
    });
}

#[test]
fn refund_beside_refund_gives_back_each_once() {
    model(|| {
        let (limiter, _) = limiter(3);
        limiter.try_acquire_at(at(0), 3).unwrap();
        let other = limiter.clone();
        let thread = thread::spawn(move || other.reconcile_at(at(0), 0, 1));
        limiter.reconcile_at(at(0), 0, 1);
        thread.join().unwrap();
        assert_eq!(limiter.available_at(at(0)), 2);
    });
}

#[test]
fn debt_beside_try_is_charged_whole() {
    model(|| {
        let (limiter, _) = limiter(2);
        let other = limiter.clone();
        let thread = thread::spawn(move || other.reconcile_at(at(0), 5, 0));
        let taken = granted(&limiter.try_acquire_at(at(0), 2));
        thread.join().unwrap();
        assert_eq!(limiter.capacity_info_at(at(0), 0).needed.max(0), 0);
        let owed = i128::from(5 + taken) - 2;
        assert_eq!(limiter.capacity_info_at(at(0), 1).needed, owed + 1);
    });
}

#[test]
fn two_reservations_stand_one_behind_the_other() {
    model(|| {
        let (limiter, _) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let other = limiter.clone();
        let thread = thread::spawn(move || other.reserve(1).unwrap().keep());
        let here = limiter.reserve(1).unwrap().keep();
        let mut waits = [here, thread.join().unwrap()];
        waits.sort();
        assert_eq!(waits, [secs(1), secs(2)]);
    });
}

#[test]
fn try_beside_reserve_overtakes_nobody() {
    model(|| {
        let (limiter, _) = limiter(1);
        let other = limiter.clone();
        let thread = thread::spawn(move || granted(&other.try_acquire(1)));
        let wait = limiter.reserve(1).unwrap().keep();
        let tried = thread.join().unwrap();
        assert_eq!(tried == 1, wait == secs(1), "the try came first or not at all");
    });
}

#[test]
fn cancel_beside_reserve_moves_it_up_once() {
    model(|| {
        let (limiter, _) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let first = limiter.reserve_owned(1).unwrap();
        let thread = thread::spawn(move || first.cancel());
        let second = limiter.reserve(1).unwrap();
        thread.join().unwrap();
        assert_eq!(second.wait_time(), secs(1));
        drop(second);
        assert_eq!(limiter.reserve(1).unwrap().wait_time(), secs(1));
    });
}

/// Either the time came first, and the permit is spent, or the cancel did, and it is back: never both, never neither.
#[test]
fn cancel_beside_its_own_due_time() {
    model(|| {
        let (limiter, clock) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let place = limiter.reserve_owned(1).unwrap();
        let thread = thread::spawn(move || place.cancel());
        clock.advance(secs(1));
        let here = limiter.reserve(1).unwrap();
        let wait = here.wait_time();
        thread.join().unwrap();
        let later = here.wait_time();
        assert!(wait == secs(1) || wait == Duration::ZERO, "{wait:?}");
        assert!(later == wait || later == Duration::ZERO, "cancelled after, it moves up: {later:?}");
        drop(here);
    });
}

#[test]
fn the_clock_wakes_who_falls_asleep_beside_it() {
    model(|| {
        let (limiter, clock) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let other = limiter.clone();
        let waiter = thread::spawn(move || other.acquire(1).wait().is_ok());
        clock.advance(secs(1));
        // It may have come before or after; in the latter case it has another second to wait.
        clock.advance(secs(1));
        assert!(waiter.join().unwrap());
    });
}

/// The waiter may find the permit back, fall asleep first and be woken, or be moved while it looks: it never sleeps on.
#[test]
fn a_refund_wakes_who_falls_asleep_beside_it() {
    model(|| {
        let (limiter, _) = limiter(1);
        let grant = limiter.try_acquire(1).unwrap();
        let other = limiter.clone();
        let waiter = thread::spawn(move || other.acquire(1).wait().is_ok());
        grant.refund();
        assert!(waiter.join().unwrap());
        assert_eq!(limiter.available(), 0);
    });
}

#[test]
fn a_place_given_up_wakes_who_falls_asleep_behind_it() {
    model(|| {
        let (limiter, clock) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let ahead = limiter.reserve(1).unwrap();
        let other = limiter.clone();
        let waiter = thread::spawn(move || other.acquire(1).wait().is_ok());
        drop(ahead);
        clock.advance(secs(1));
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn close_ends_a_wait_that_begins_beside_it() {
    model(|| {
        let (limiter, _) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let other = limiter.clone();
        let waiter = thread::spawn(move || other.acquire(1).wait().map(drop));
        limiter.close();
        assert_eq!(waiter.join().unwrap(), Err(AcquireError::Closed));
        assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Closed);
    });
}

#[test]
fn breach_lets_pass_who_waits_beside_it_and_charges_nothing() {
    model(|| {
        let (limiter, _) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let other = limiter.clone();
        let waiter = thread::spawn(move || other.acquire(1).wait().map(|grant| grant.refund()));
        limiter.breach();
        assert_eq!(waiter.join().unwrap(), Ok(()));
        assert!(limiter.try_acquire(1).is_ok());
        limiter.reset();
        assert_eq!(limiter.available(), 1);
    });
}

#[test]
fn no_move_that_began_before_a_close_undoes_it() {
    model(|| {
        let (limiter, _) = limiter(2);
        let grant = limiter.try_acquire(1).unwrap();
        let other = limiter.clone();
        let closer = thread::spawn(move || other.close());
        grant.refund();
        let _ = limiter.try_acquire(1);
        limiter.charge(3);
        closer.join().unwrap();
        assert!(limiter.is_closed());
    });
}

#[test]
fn cancel_waiters_beside_a_try_gives_back_what_was_theirs() {
    model(|| {
        let (limiter, _) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let waiting = limiter.reserve(1).unwrap();
        let other = limiter.clone();
        let thread = thread::spawn(move || other.cancel_waiters());
        assert_eq!(granted(&limiter.try_acquire(1)), 0);
        thread.join().unwrap();
        assert_eq!(waiting.wait().unwrap_err(), AcquireError::Cancelled);
        assert_eq!(limiter.capacity_info(1).needed, 1);
    });
}

/// What a thread did before it gave a permit back is visible to whoever is granted it: the word's own promise, since
/// neither of them takes the lock.
#[test]
fn a_grant_sees_what_was_done_before_the_refund() {
    model(|| {
        let (limiter, _) = limiter(1);
        let data = Arc::new(UnsafeCell::new(0));
        limiter.try_acquire(1).unwrap();
        let (other, written) = (limiter.clone(), data.clone());
        let thread = thread::spawn(move || {
            written.with_mut(|data| {
                // SAFETY: nobody else touches it before the refund below.
                unsafe { *data = 42 }
            });
            other.refund(1);
        });
        if limiter.try_acquire(1).is_ok() {
            data.with(|data| {
                // SAFETY: granted, so the write happened before; loom fails the test if it did not.
                assert_eq!(unsafe { *data }, 42);
            });
        }
        thread.join().unwrap();
    });
}

/// The same along a chain: the grant replaces a value that a third party's move made.
#[test]
fn a_grant_sees_it_also_through_moves_in_between() {
    model(|| {
        let (limiter, _) = limiter(2);
        limiter.try_acquire(2).unwrap();
        let flag = Arc::new(AtomicU64::new(0));
        let (other, written) = (limiter.clone(), flag.clone());
        let first = thread::spawn(move || {
            written.store(1, Ordering::Relaxed);
            other.refund(1);
        });
        let other = limiter.clone();
        let second = thread::spawn(move || other.refund(1));
        if limiter.try_acquire(2).is_ok() {
            assert_eq!(flag.load(Ordering::Relaxed), 1);
        }
        first.join().unwrap();
        second.join().unwrap();
    });
}
