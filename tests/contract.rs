//! The promises of the crate, each with the example that would break it.
#![cfg(not(loom))]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use limitor::{AcquireError, Clock, Denied, Grant, ManualClock, Quota, RateLimiter, Reason, Reservation, Timestamp};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One permit per second, with this burst.
fn limiter(burst: u64) -> (RateLimiter<ManualClock>, ManualClock) {
    let clock = ManualClock::new();
    let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
    (RateLimiter::with_clock(quota, clock.clone()), clock)
}

#[test]
fn shared_types_are_send_and_sync_and_held_by_tasks() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<RateLimiter>();
    check::<RateLimiter<ManualClock>>();
    check::<Grant<'static, ManualClock>>();
    check::<Reservation<'static, ManualClock>>();
    check::<Denied>();
    check::<AcquireError>();
}

#[test]
fn new_limiter_is_full_and_grants_the_burst() {
    let (limiter, _) = limiter(10);
    assert_eq!(limiter.available(), 10);
    assert!(limiter.try_acquire(10).is_ok());
    assert!(limiter.try_acquire(1).is_err());
}

#[test]
fn initial_permits_apply_at_start_and_after_reset() {
    let clock = ManualClock::new();
    clock.advance(secs(77));
    let limiter = RateLimiter::builder(Quota::per_second(5).unwrap()).initial(2).clock(clock.clone()).build();
    assert_eq!(limiter.available(), 2);
    clock.advance(secs(1));
    assert_eq!(limiter.available(), 5);
    limiter.reset();
    assert_eq!(limiter.available(), 2);
    let none = RateLimiter::builder(Quota::per_second(5).unwrap()).initial(0).clock(clock.clone()).build();
    assert_eq!(none.try_acquire(1).unwrap_err().retry_after(), Some(Duration::from_millis(200)));
    let all = RateLimiter::builder(Quota::per_second(5).unwrap()).initial(u64::MAX).clock(clock).build();
    assert_eq!(all.available(), 5);
}

#[test]
fn exact_boundary_is_granted_and_one_ns_earlier_refused() {
    for per_second in [1, 3, 7, 99_991, 70_000, 100_000_007, 500_000_001, 1_000_000_000] {
        let clock = ManualClock::new();
        let quota = Quota::per_second(per_second).unwrap();
        let limiter = RateLimiter::with_clock(quota, clock.clone());
        clock.advance(Duration::from_nanos(1_234_567_891));
        limiter.try_acquire(per_second).unwrap();
        let denied = limiter.try_acquire(per_second).unwrap_err();
        assert_eq!(denied.retry_after(), Some(secs(1)));
        clock.advance(Duration::from_nanos(999_999_999));
        assert_eq!(limiter.try_acquire(per_second).unwrap_err().retry_after(), Some(Duration::from_nanos(1)));
        clock.advance(Duration::from_nanos(1));
        assert!(limiter.try_acquire(per_second).is_ok(), "{per_second}");
    }
}

#[test]
fn zero_permits_cost_nothing_on_every_path() {
    let (limiter, _) = limiter(1);
    limiter.charge(1_000);
    let before = limiter.capacity_info(1);
    assert_eq!(limiter.try_acquire(0).unwrap().amount(), 0);
    assert!(limiter.acquire(0).timeout(Duration::ZERO).wait().is_ok());
    assert_eq!(limiter.reserve(0).unwrap().keep(), Duration::ZERO);
    assert!(limiter.reserve_within(0, Duration::ZERO).is_ok());
    limiter.refund(0);
    limiter.charge(0);
    assert_eq!(limiter.capacity_info(1), before);
    assert!(limiter.capacity_info(0).has_capacity);
    // A grant of zero permits can still be settled at its actual cost.
    limiter.reset();
    limiter.try_acquire(0).unwrap().reconcile(3);
    assert_eq!(limiter.capacity_info(0).needed, 0);
    assert_eq!(limiter.capacity_info(1).needed, 3);
}

#[test]
fn up_to_n_takes_what_is_available() {
    let (limiter, clock) = limiter(10);
    assert_eq!(limiter.try_acquire_up_to(8).unwrap().amount(), 8);
    clock.advance(Duration::from_millis(1_500));
    assert_eq!(limiter.try_acquire_up_to(u64::MAX).unwrap().amount(), 3);
    assert_eq!(limiter.try_acquire_up_to(5).unwrap_err().retry_after(), Some(Duration::from_millis(500)));
    clock.advance(secs(2));
    assert_eq!(limiter.try_acquire_up_to(1).unwrap().amount(), 1);
    assert_eq!(limiter.try_acquire_up_to(0).unwrap().amount(), 0);
    limiter.bypass();
    limiter.try_acquire_up_to(7).unwrap().refund();
    limiter.reset();
    assert_eq!(limiter.available(), 10);
    limiter.close();
    assert_eq!(limiter.try_acquire_up_to(7).unwrap_err().reason(), Reason::Closed);
}

#[test]
fn bypassed_limiter_grants_up_to_n_as_it_reports() {
    let (limiter, _) = limiter(10);
    limiter.try_acquire(10).unwrap();
    limiter.bypass();
    assert_eq!(limiter.try_acquire_up_to(7).unwrap().amount(), 7);
    assert_eq!(limiter.try_acquire_up_to(u64::MAX).unwrap().amount(), limiter.available());
}

#[test]
fn closed_limiter_has_no_capacity_for_zero_permits() {
    let (limiter, _) = limiter(10);
    limiter.close();
    assert_eq!(limiter.try_acquire(0).unwrap_err().reason(), Reason::Closed);
    let info = limiter.capacity_info(0);
    assert!(!info.has_capacity && info.needed > 0, "{info:?}");
}

#[test]
fn more_than_the_burst_is_an_error_on_every_path() {
    let (limiter, _) = limiter(10);
    for n in [11, u64::MAX] {
        let denied = limiter.try_acquire(n).unwrap_err();
        assert_eq!((denied.reason(), denied.retry_after()), (Reason::ExceedsBurst, None));
        assert_eq!((denied.requested(), denied.burst()), (n, 10));
        assert_eq!(limiter.reserve(n).unwrap_err().reason(), Reason::ExceedsBurst);
        assert_eq!(limiter.reserve_within(n, Duration::MAX).unwrap_err().reason(), Reason::ExceedsBurst);
        let error = limiter.acquire(n).wait().unwrap_err();
        assert!(matches!(error, AcquireError::ExceedsBurst { requested, burst: 10, .. } if requested == n));
    }
    assert_eq!(limiter.available(), 10);
}

/// Burst 10: A takes 10 at 0, B waits for 10, due at 10; at 5, A refunds 10.
#[test]
fn refund_grants_the_first_waiter_and_not_fifteen_permits() {
    let (limiter, clock) = limiter(10);
    let a = limiter.try_acquire(10).unwrap();
    let b = limiter.reserve(10).unwrap();
    assert_eq!(b.amount(), 10);
    assert_eq!(b.wait_time(), secs(10));
    clock.advance(secs(5));
    a.refund();
    assert_eq!(b.wait_time(), Duration::ZERO);
    assert!(limiter.try_acquire(1).is_err(), "a new request at 5 gets nothing");
    clock.advance(secs(5));
    assert_eq!(limiter.available(), 5, "and gets 5 at 10");
}

/// A takes 10 at 0; B and C wait for 10 each; a debt of 30 is charged; at 5, 15 are refunded.
#[test]
fn refund_beyond_the_first_waiter_repays_debts() {
    let (limiter, clock) = limiter(10);
    limiter.try_acquire(10).unwrap();
    let (b, c) = (limiter.reserve(10).unwrap(), limiter.reserve(10).unwrap());
    limiter.charge(30);
    clock.advance(secs(5));
    limiter.refund(15);
    assert_eq!(b.wait_time(), Duration::ZERO, "B goes at 5");
    assert_eq!(c.wait_time(), secs(10), "C at 15");
    // The debt shrank to 20: the word ends at 45, and an entry for 10 more comes due at 45.
    assert_eq!(limiter.reserve(10).unwrap().wait_time(), secs(40));
}

/// Burst 1: A at 0, K kept for 1, A refunded at 0.5.
#[test]
fn no_request_passes_a_kept_reservation() {
    let (limiter, clock) = limiter(1);
    let a = limiter.try_acquire(1).unwrap();
    assert_eq!(limiter.reserve(1).unwrap().keep(), secs(1));
    clock.advance(Duration::from_millis(500));
    a.refund();
    assert_eq!(limiter.try_acquire(1).unwrap_err().retry_after(), Some(Duration::from_millis(1_500)));
    clock.advance(Duration::from_millis(1_499));
    assert!(limiter.try_acquire(1).is_err());
    clock.advance(Duration::from_millis(1));
    assert!(limiter.try_acquire(1).is_ok());
}

#[test]
fn cancelled_entry_moves_later_entries_forward_only() {
    for cancelled in 0..3 {
        let (limiter, _) = limiter(1);
        limiter.try_acquire(1).unwrap();
        let mut places: Vec<_> = (0..3).map(|_| Some(limiter.reserve(1).unwrap())).collect();
        places[cancelled].take().unwrap().cancel();
        let waits: Vec<_> = places.iter().flatten().map(Reservation::wait_time).collect();
        assert_eq!(waits, [secs(1), secs(2)], "number {cancelled} of 3 left");
        assert_eq!(limiter.reserve(1).unwrap().wait_time(), secs(3));
    }
}

#[test]
fn dropped_reservation_is_cancelled_if_not_due_else_charged() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    drop(limiter.reserve(1).unwrap());
    assert_eq!(limiter.waiters(), 0);
    let late = limiter.reserve(1).unwrap();
    clock.advance(secs(1));
    drop(late);
    assert_eq!(limiter.available(), 0, "it was due");
}

/// A refund at a later reading finds an entry due that still waits by the earlier reading of
/// another caller: it is granted.
#[test]
fn refund_at_a_later_reading_grants_entries_it_finds_due() {
    let (limiter, clock) = limiter(10);
    limiter.try_acquire(10).unwrap();
    let first = limiter.reserve(5).unwrap();
    limiter.reconcile_at(Timestamp::from_ticks(8_000_000_000), 0, 100);
    let second = limiter.reserve(5).unwrap();
    // The word was lowered to 8, the reading of the refund.
    assert_eq!((first.wait_time(), second.wait_time()), (secs(0), secs(3)));
    first.cancel();
    assert_eq!(second.wait_time(), secs(3), "nothing is left to be cancelled");
    clock.advance(secs(3));
    assert!(second.wait().is_ok());
}

/// At 10 a caller finds B due and refunds 10, and at 11 another takes 10. A cancel of B at the
/// earlier reading 9 comes too late: the refund took the entry for granted. Otherwise the entry
/// would be refunded a second time, and 20 permits would be granted at 11.
#[test]
fn entry_found_due_by_a_refund_cannot_be_cancelled() {
    let at = |seconds: u64| Timestamp::from_ticks(seconds * 1_000_000_000);
    let (limiter, clock) = limiter(10);
    limiter.try_acquire(10).unwrap();
    let b = limiter.reserve(10).unwrap();
    clock.set(secs(9));
    limiter.reconcile_at(at(10), 0, 10);
    limiter.try_acquire_at(at(11), 10).unwrap();
    assert_eq!(b.wait_time(), Duration::ZERO);
    b.cancel();
    assert_eq!(limiter.try_acquire_at(at(11), 10).unwrap_err().retry_after(), Some(secs(10)));
}

#[test]
fn debt_delays_later_requests_and_no_reservation() {
    let (limiter, _) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let promised = limiter.reserve(1).unwrap();
    limiter.charge(100);
    assert_eq!(promised.wait_time(), secs(1));
    assert_eq!(limiter.reserve(1).unwrap().wait_time(), secs(102));
}

#[test]
fn deadline_refusal_is_immediate_takes_nothing_and_has_wait() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let short = Duration::from_nanos(999_999_999);
    match limiter.acquire(1).timeout(short).wait() {
        Err(AcquireError::TooLong { requested: 1, wait, .. }) => assert_eq!(wait, secs(1)),
        other => panic!("{other:?}"),
    }
    let denied = limiter.reserve_within(1, short).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after()), (Reason::TooLong, Some(secs(1))));
    assert!(limiter.acquire(1).timeout(Duration::ZERO).wait().is_err());
    assert!(limiter.acquire(1).deadline(Timestamp::from_ticks(999_999_999)).wait().is_err());
    assert!(
        limiter.acquire(1).deadline(clock.after(secs(9))).timeout(short).wait().is_err(),
        "the earlier one applies"
    );
    assert!(limiter.acquire(1).deadline(Timestamp::from_ticks(1)).timeout(secs(9)).wait().is_err());
    assert_eq!(limiter.waiters(), 0);
    assert_eq!(limiter.reserve_within(1, secs(1)).unwrap().wait_time(), secs(1), "the exact wait fits");
    clock.advance(secs(1));
    assert!(limiter.try_acquire(1).is_ok(), "none of these consumed a permit");
}

#[test]
fn max_waiters_bounds_the_queue() {
    let clock = ManualClock::new();
    let limiter = RateLimiter::builder(Quota::per_second(1).unwrap()).clock(clock.clone()).max_waiters(2).build();
    limiter.try_acquire(1).unwrap();
    let held = [limiter.reserve(1).unwrap(), limiter.reserve(1).unwrap()];
    assert_eq!(limiter.reserve(1).unwrap_err().reason(), Reason::QueueFull);
    assert_eq!(limiter.acquire(1).wait().unwrap_err(), AcquireError::QueueFull);
    clock.advance(secs(1));
    assert_eq!(limiter.waiters(), 1);
    assert_eq!(limiter.reserve(1).unwrap().wait_time(), secs(2), "a waiter that leaves makes room in the queue");
    drop(held);
}

#[test]
fn absurd_amounts_saturate_until_reset_and_grant_nothing() {
    let (limiter, clock) = limiter(10);
    limiter.charge(u64::MAX);
    limiter.charge(u64::MAX);
    assert_eq!(limiter.available(), 0);
    let denied = limiter.try_acquire(1).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after()), (Reason::Saturated, None));
    limiter.refund(u64::MAX);
    clock.advance(Duration::MAX);
    assert!(limiter.try_acquire(1).is_err());
    assert_eq!(limiter.acquire(1).wait().unwrap_err(), AcquireError::Saturated);
    assert_eq!(limiter.reserve(1).unwrap_err().reason(), Reason::Saturated);
    limiter.reset();
    assert_eq!(limiter.available(), 10);
    limiter.refund(u64::MAX);
    assert_eq!(limiter.available(), 10);
}

/// No amount wraps, whatever the size of a permit in units of the word.
#[test]
fn no_amount_wraps_to_a_smaller_one() {
    for quota in ["10/s", "10/365d", "10/h", "10000000000/s burst 10"] {
        let limiter =
            RateLimiter::with_clock(quota.parse::<Quota>().unwrap().with_burst(10).unwrap(), ManualClock::new());
        for amount in (0..64).map(|bits| 1_u64 << bits) {
            limiter.reset();
            limiter.charge(amount);
            assert_eq!(limiter.available(), 10_u64.saturating_sub(amount), "{amount} charged at {quota}");
            limiter.reset();
            limiter.try_acquire(10).unwrap();
            limiter.refund(amount);
            assert_eq!(limiter.available(), amount.min(10), "{amount} refunded at {quota}");
        }
    }
}

#[test]
fn clock_that_steps_back_or_jumps_creates_no_permits() {
    let (limiter, clock) = limiter(10);
    clock.set(secs(100));
    limiter.try_acquire(10).unwrap();
    clock.set(secs(50));
    assert_eq!(limiter.available(), 0);
    assert_eq!(limiter.try_acquire(1).unwrap_err().retry_after(), Some(secs(51)));
    clock.set(secs(101));
    assert!(limiter.try_acquire(1).is_ok());
    assert!(limiter.try_acquire(1).is_err());
    clock.set(Duration::from_secs(40 * 31_557_600));
    assert_eq!(limiter.available(), 10, "a jump of decades fills one burst, no more");
    clock.set(Duration::MAX);
    limiter.try_acquire(10).unwrap();
    assert!(limiter.try_acquire(1).is_err(), "past the horizon time stands still");
}

/// A century of uptime, for all except the fastest rates. After that, time stands still.
#[test]
fn word_lasts_a_hundred_years() {
    let century = Duration::from_secs(100 * 31_557_600);
    for quota in ["3/s", "1/365d burst 2", "70000/min", "1000000007/s", "1/d burst 9131", "10/s burst 7889400000"] {
        let quota: Quota = quota.parse().unwrap();
        let clock = ManualClock::new();
        let limiter = RateLimiter::with_clock(quota, clock.clone());
        clock.set(century);
        let burst = quota.burst();
        limiter.try_acquire(burst).unwrap();
        let wait = limiter.try_acquire(1).unwrap_err().retry_after().unwrap();
        clock.advance(wait.checked_sub(Duration::from_nanos(1)).unwrap());
        assert!(limiter.try_acquire(1).is_err(), "{quota}");
        clock.advance(Duration::from_nanos(1));
        assert!(limiter.try_acquire(1).is_ok(), "{quota}");
    }
}

#[test]
fn limiter_time_begins_when_it_is_built() {
    let clock = ManualClock::new();
    clock.set(Duration::from_nanos(u64::MAX - 5));
    let limiter =
        RateLimiter::with_clock(Quota::per_second(1_000_000_000).unwrap().with_burst(5).unwrap(), clock.clone());
    limiter.try_acquire(5).unwrap();
    assert!(limiter.try_acquire(1).is_err());
    clock.advance(Duration::from_nanos(3));
    assert_eq!(limiter.available(), 3);
    clock.set(Duration::ZERO);
    assert_eq!(limiter.available(), 0);
}

#[test]
fn settling_a_grant_is_exact_in_both_directions() {
    let (limiter, _) = limiter(100);
    limiter.try_acquire(15).unwrap().reconcile(10);
    assert_eq!(limiter.available(), 90);
    limiter.try_acquire(15).unwrap().reconcile(30);
    assert_eq!(limiter.available(), 60);
    limiter.try_acquire(60).unwrap().refund();
    assert_eq!(limiter.available(), 60);
    limiter.try_acquire(10).unwrap().reconcile(200);
    assert_eq!(limiter.available(), 0);
    assert_eq!(limiter.capacity_info(1).needed, 141);
    let later = limiter.clock().after(secs(200));
    limiter.reconcile_at(later, 0, 50);
    limiter.reconcile_at(later, 30, 30);
    assert_eq!((limiter.available_at(later), limiter.capacity_info(1).needed), (100, 101));
    limiter.reconcile_at(later, 70, 0);
    assert_eq!(limiter.available_at(later), 30);
}

#[test]
fn refund_never_exceeds_the_burst() {
    let (limiter, clock) = limiter(10);
    limiter.try_acquire(2).unwrap();
    limiter.refund(9);
    assert_eq!(limiter.available(), 10);
    clock.advance(secs(3));
    limiter.refund(9);
    assert_eq!(limiter.try_acquire(10).map(|grant| grant.amount()), Ok(10));
    assert!(limiter.try_acquire(1).is_err());
}

#[test]
fn cancel_waiters_ends_all_waits_and_the_limiter_goes_on() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let (first, second) = (limiter.reserve(1).unwrap(), limiter.reserve(1).unwrap());
    clock.advance(secs(1));
    limiter.cancel_waiters();
    assert!(first.wait().is_ok(), "it was due");
    assert_eq!(second.wait_time(), Duration::MAX);
    assert_eq!(second.keep(), Duration::MAX);
    assert_eq!(limiter.reserve(1).unwrap().wait_time(), secs(1));
}

#[test]
fn older_grant_settled_after_reset_never_exceeds_full() {
    let (limiter, _) = limiter(10);
    let grant = limiter.try_acquire(10).unwrap();
    let waiting = limiter.reserve(5).unwrap();
    limiter.charge(50);
    limiter.reset();
    assert_eq!(limiter.available(), 10);
    assert_eq!(waiting.wait().unwrap_err(), AcquireError::Cancelled);
    grant.refund();
    assert_eq!(limiter.available(), 10);
    limiter.try_acquire(10).unwrap();
    assert!(limiter.try_acquire(1).is_err());
}

#[test]
fn bypassed_limiter_grants_all_and_charges_nothing() {
    let (limiter, _) = limiter(10);
    limiter.try_acquire(10).unwrap();
    let waiting = limiter.reserve(10).unwrap();
    limiter.bypass();
    let passed = waiting.wait().unwrap();
    let grants: Vec<_> = (0..5).map(|_| limiter.try_acquire(10).unwrap()).collect();
    assert!(limiter.acquire(10).wait().is_ok());
    assert_eq!(limiter.reserve(10).unwrap().keep(), Duration::ZERO);
    assert_eq!(limiter.available(), 10);
    assert!(limiter.capacity_info(10).has_capacity);
    assert_eq!(limiter.try_acquire(11).unwrap_err().reason(), Reason::ExceedsBurst);
    limiter.charge(1_000);
    limiter.refund(1_000);
    limiter.cancel_waiters();
    assert!(limiter.try_acquire(1).is_ok(), "only a reset ends it");
    limiter.reset();
    limiter.try_acquire(10).unwrap();
    for grant in grants {
        grant.refund();
    }
    passed.reconcile(0);
    assert_eq!(limiter.available(), 0, "settling an uncharged grant has no effect");
}

#[test]
fn closed_limiter_refuses_all_until_reset() {
    let (limiter, clock) = limiter(10);
    let grant = limiter.try_acquire(10).unwrap();
    let waiting = limiter.reserve(1).unwrap();
    limiter.close();
    assert!(limiter.is_closed());
    assert_eq!(waiting.wait().unwrap_err(), AcquireError::Closed);
    grant.refund();
    limiter.charge(5);
    limiter.refund(u64::MAX);
    limiter.cancel_waiters();
    limiter.bypass();
    clock.advance(secs(1_000));
    assert!(limiter.is_closed());
    assert_eq!(limiter.try_acquire(1).unwrap_err().reason(), Reason::Closed);
    assert_eq!(limiter.try_acquire(0).unwrap_err().reason(), Reason::Closed);
    assert_eq!(limiter.reserve(1).unwrap_err().reason(), Reason::Closed);
    assert_eq!(limiter.acquire(1).wait().unwrap_err(), AcquireError::Closed);
    assert_eq!(limiter.available(), 0);
    limiter.reset();
    assert!(!limiter.is_closed());
    assert_eq!(limiter.available(), 10);
}

/// A caller with a reading one second later refunds an earlier grant, and the waiter is due at that
/// reading. A thread that still uses the earlier reading enters the queue after what is left, and
/// not after the due entry.
#[test]
fn refund_at_a_later_reading_counts_at_earlier_readings() {
    let (place, debt) = (
        |limiter: &RateLimiter<ManualClock>| limiter.reserve(10).unwrap().keep(),
        |limiter: &RateLimiter<ManualClock>| {
            limiter.charge(10);
            limiter.reserve(1).unwrap().keep()
        },
    );
    for (come, wait) in [(place as fn(&RateLimiter<ManualClock>) -> Duration, secs(1)), (debt, secs(2))] {
        let (limiter, _) = limiter(10);
        limiter.try_acquire(10).unwrap();
        let due_at_1 = limiter.reserve(1).unwrap();
        limiter.reconcile_at(Timestamp::from_ticks(1_000_000_000), 0, 10);
        assert_eq!(come(&limiter), wait, "full 1 s later, with 10 permits");
        drop(due_at_1);
    }
}

#[test]
fn owned_forms_borrow_nothing() {
    let (limiter, clock) = limiter(1);
    let limiter = Arc::new(limiter);
    let acquire = limiter.acquire_owned(1);
    let reservation = limiter.reserve_owned(1).unwrap();
    let worker = thread::spawn(move || {
        let first = reservation.wait().unwrap();
        let second = acquire.wait().unwrap();
        second.refund();
        first.amount()
    });
    while limiter.waiters() == 0 {
        thread::yield_now();
    }
    clock.advance(secs(1));
    assert_eq!(worker.join().unwrap(), 1);
    assert_eq!(limiter.available(), 1);
}

#[test]
fn acquire_takes_nothing_until_it_is_waited_for() {
    let (limiter, _) = limiter(1);
    let lazy = limiter.acquire(1);
    assert_eq!(limiter.available(), 1);
    let _ = lazy.wait().unwrap();
    assert_eq!(limiter.available(), 0);
}

#[test]
fn messages_have_what_was_asked_and_what_is_possible() {
    let (limiter, _) = limiter(2);
    limiter.try_acquire(2).unwrap();
    let texts = [
        limiter.try_acquire(3).unwrap_err().to_string(),
        limiter.try_acquire(2).unwrap_err().to_string(),
        limiter.acquire(1).timeout(secs(0)).wait().unwrap_err().to_string(),
    ];
    assert_eq!(
        texts,
        [
            "3 permits requested, but the burst is 2; no wait helps",
            "2 permits requested, not yet available; retry after 2s",
            "1 permit requested, not available before the deadline; the wait would be 1s",
        ]
    );
}
