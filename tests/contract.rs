//! What the crate promises, each promise with the example that would break it.
#![cfg(not(loom))]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use limitor::{AcquireError, Clock, Denied, Grant, ManualClock, Quota, RateLimiter, Reason, Reservation, Timestamp};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One permit a second, with this burst.
fn limiter(burst: u64) -> (RateLimiter<ManualClock>, ManualClock) {
    let clock = ManualClock::new();
    let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
    (RateLimiter::with_clock(quota, clock.clone()), clock)
}

#[test]
fn shared_types_are_send_and_sync_and_tasks_can_hold_them() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<RateLimiter>();
    check::<RateLimiter<ManualClock>>();
    check::<Grant<'static, ManualClock>>();
    check::<Reservation<'static, ManualClock>>();
    check::<Denied>();
    check::<AcquireError>();
}

#[test]
fn a_new_limiter_is_full_and_grants_the_burst_at_once() {
    let (limiter, _) = limiter(10);
    assert_eq!(limiter.available(), 10);
    assert!(limiter.try_acquire(10).is_ok());
    assert!(limiter.try_acquire(1).is_err());
}

#[test]
fn initial_permits_are_all_there_is_at_first_and_after_reset() {
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
fn the_exact_boundary_is_a_grant_and_one_nanosecond_before_it_a_refusal() {
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
fn nothing_costs_nothing_on_every_path() {
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
    // A grant of nothing can still be settled at its cost.
    limiter.reset();
    limiter.try_acquire(0).unwrap().reconcile(3);
    assert_eq!(limiter.capacity_info(0).needed, 0);
    assert_eq!(limiter.capacity_info(1).needed, 3);
}

#[test]
fn up_to_n_takes_what_there_is() {
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
fn a_bypassed_limiter_gives_as_many_up_to_n_as_it_says_there_are() {
    let (limiter, _) = limiter(10);
    limiter.try_acquire(10).unwrap();
    limiter.bypass();
    assert_eq!(limiter.try_acquire_up_to(7).unwrap().amount(), 7);
    assert_eq!(limiter.try_acquire_up_to(u64::MAX).unwrap().amount(), limiter.available());
}

#[test]
fn a_closed_limiter_has_no_capacity_even_for_nothing() {
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

/// Burst 10: A takes 10 at 0, B waits for 10, due at 10; at 5, A gives 10 back.
#[test]
fn a_refund_lets_the_first_waiter_go_but_does_not_let_fifteen_go_at_once() {
    let (limiter, clock) = limiter(10);
    let a = limiter.try_acquire(10).unwrap();
    let b = limiter.reserve(10).unwrap();
    assert_eq!(b.amount(), 10);
    assert_eq!(b.wait_time(), secs(10));
    clock.advance(secs(5));
    a.refund();
    assert_eq!(b.wait_time(), Duration::ZERO);
    assert!(limiter.try_acquire(1).is_err(), "a newcomer at 5 gets nothing");
    clock.advance(secs(5));
    assert_eq!(limiter.available(), 5, "and at 10 gets 5");
}

/// A takes 10 at 0; B and C wait for 10 each; a debt of 30 is charged; at 5, 15 come back.
#[test]
fn a_refund_past_the_first_waiter_repays_debts_and_does_not_send_two_at_once() {
    let (limiter, clock) = limiter(10);
    limiter.try_acquire(10).unwrap();
    let (b, c) = (limiter.reserve(10).unwrap(), limiter.reserve(10).unwrap());
    limiter.charge(30);
    clock.advance(secs(5));
    limiter.refund(15);
    assert_eq!(b.wait_time(), Duration::ZERO, "B goes at 5");
    assert_eq!(c.wait_time(), secs(10), "C at 15");
    // The debt shrank to 20: the word ends at 45, and a place for 10 more comes due at 45.
    assert_eq!(limiter.reserve(10).unwrap().wait_time(), secs(40));
}

/// Burst 1: A at 0, K kept for 1, A refunded at 0.5.
#[test]
fn nobody_goes_before_a_kept_place_and_its_interval() {
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
fn a_cancelled_place_moves_up_those_behind_and_nobody_ahead() {
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
fn a_dropped_reservation_is_cancelled_before_its_time_and_spent_after_it() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    drop(limiter.reserve(1).unwrap());
    assert_eq!(limiter.waiters(), 0);
    let late = limiter.reserve(1).unwrap();
    clock.advance(secs(1));
    drop(late);
    assert_eq!(limiter.available(), 0, "its time had come");
}

/// A refund at a reading ahead of the others' finds a place due that by their reading still waits: it is granted.
#[test]
fn a_refund_at_a_later_reading_grants_what_it_finds_due() {
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

/// At 10 somebody finds B due and gives 10 back, and at 11 another takes 10. Who cancels B by a clock that still reads 9 comes
/// too late: a place that a refund took for granted would be given back a second time, and 20 would go at 11.
#[test]
fn a_place_is_not_to_be_cancelled_once_a_refund_has_found_it_due() {
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
fn debt_delays_newcomers_and_breaks_no_promise() {
    let (limiter, _) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let promised = limiter.reserve(1).unwrap();
    limiter.charge(100);
    assert_eq!(promised.wait_time(), secs(1));
    assert_eq!(limiter.reserve(1).unwrap().wait_time(), secs(102));
}

#[test]
fn a_deadline_refuses_at_once_consumes_nothing_and_says_how_long() {
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
    assert!(limiter.acquire(1).deadline(clock.after(secs(9))).timeout(short).wait().is_err(), "the earlier holds");
    assert!(limiter.acquire(1).deadline(Timestamp::from_ticks(1)).timeout(secs(9)).wait().is_err());
    assert_eq!(limiter.waiters(), 0);
    assert_eq!(limiter.reserve_within(1, secs(1)).unwrap().wait_time(), secs(1), "the exact wait fits");
    clock.advance(secs(1));
    assert!(limiter.try_acquire(1).is_ok(), "nothing was consumed by any of it");
}

#[test]
fn the_queue_is_bounded_when_asked() {
    let clock = ManualClock::new();
    let limiter = RateLimiter::builder(Quota::per_second(1).unwrap()).clock(clock.clone()).max_waiters(2).build();
    limiter.try_acquire(1).unwrap();
    let held = [limiter.reserve(1).unwrap(), limiter.reserve(1).unwrap()];
    assert_eq!(limiter.reserve(1).unwrap_err().reason(), Reason::QueueFull);
    assert_eq!(limiter.acquire(1).wait().unwrap_err(), AcquireError::QueueFull);
    clock.advance(secs(1));
    assert_eq!(limiter.waiters(), 1);
    assert_eq!(limiter.reserve(1).unwrap().wait_time(), secs(2), "a place is free once one has left");
    drop(held);
}

#[test]
fn absurd_amounts_saturate_until_reset_and_mint_nothing() {
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

/// None of them wraps, whatever a permit is in units of the word.
#[test]
fn no_amount_is_taken_for_a_lesser_one() {
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
            assert_eq!(limiter.available(), amount.min(10), "{amount} given back at {quota}");
        }
    }
}

#[test]
fn a_clock_that_steps_back_stands_still_or_jumps_mints_nothing() {
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

/// A century of uptime, for all but the fastest rates; after it time stands still.
#[test]
fn the_word_lasts_a_hundred_years() {
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
fn a_limiter_begins_when_it_is_built() {
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
fn settling_a_grant_is_exact_both_ways() {
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
fn a_refund_never_takes_it_past_full() {
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
fn cancel_waiters_sends_away_those_who_wait_and_goes_on() {
    let (limiter, clock) = limiter(1);
    limiter.try_acquire(1).unwrap();
    let (first, second) = (limiter.reserve(1).unwrap(), limiter.reserve(1).unwrap());
    clock.advance(secs(1));
    limiter.cancel_waiters();
    assert!(first.wait().is_ok(), "its time had come");
    assert_eq!(second.wait_time(), Duration::MAX);
    assert_eq!(second.keep(), Duration::MAX);
    assert_eq!(limiter.reserve(1).unwrap().wait_time(), secs(1));
}

#[test]
fn reset_is_as_new_and_settling_an_older_grant_changes_nothing_past_full() {
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
fn a_bypassed_limiter_lets_all_pass_and_charges_nothing() {
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
    assert!(limiter.try_acquire(1).is_ok(), "nothing but a reset ends it");
    limiter.reset();
    limiter.try_acquire(10).unwrap();
    for grant in grants {
        grant.refund();
    }
    passed.reconcile(0);
    assert_eq!(limiter.available(), 0, "settling what was not charged is nothing");
}

#[test]
fn a_closed_limiter_refuses_all_and_nothing_but_reset_opens_it() {
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

/// Somebody who reads a second later gives back what was granted before: whoever waits is due by that, and a thread that still reads the
/// earlier time lines up at what is left, not behind a place that has come due.
#[test]
fn a_refund_at_a_later_reading_is_not_lost_to_whoever_still_reads_an_earlier_one() {
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
        assert_eq!(come(&limiter), wait, "1 s after which 10 permits are as new");
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
fn an_acquire_takes_nothing_until_it_is_waited_for() {
    let (limiter, _) = limiter(1);
    let lazy = limiter.acquire(1);
    assert_eq!(limiter.available(), 1);
    let _ = lazy.wait().unwrap();
    assert_eq!(limiter.available(), 0);
}

#[test]
fn messages_say_what_was_asked_and_what_is_possible() {
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
