//! Calls under way at the same time, the queue, and what ends a wait.

use std::time::{Duration, Instant};

use limitor::llm::Usage;
use limitor::set::LimitError;
use limitor::{AcquireError, Clock, ManualClock};

use crate::support::{Limiter, Waits, built, one_a_second, refusal, secs, tokens};

/// So many slots, and ten tokens that come back one per second.
fn slots(count: usize) -> (Limiter, ManualClock) {
    built(|builder| builder.tokens(one_a_second(10)).max_concurrent(count))
}

fn is_busy(error: AcquireError, slots: usize) -> bool {
    matches!(error, AcquireError::Busy { max_concurrent, .. } if max_concurrent == slots)
}

fn too_long(error: AcquireError) -> Option<(u64, Duration)> {
    match error {
        AcquireError::TooLong { requested, wait, .. } => Some((requested, wait)),
        _ => None,
    }
}

#[test]
fn waiting_for_a_slot_charges_nothing() {
    let (limiter, clock) = slots(1);
    let call = limiter.try_acquire(4).unwrap();
    let mut waits = Waits::new(limiter.acquire_owned(5));
    clock.advance(secs(1));
    assert!(waits.still_waits());
    assert_eq!((limiter.available().tokens, limiter.in_flight(), limiter.waiters()), (Some(7), 1, 1));
    call.reconcile(4);
    let next = waits.goes();
    assert_eq!((limiter.available().tokens, limiter.in_flight(), limiter.waiters()), (Some(2), 1, 0));
    next.reconcile(5);
}

/// A call that waits for tokens holds no slot yet. But no later call passes it.
#[test]
fn waiter_for_tokens_holds_no_slot() {
    let (limiter, clock) = slots(1);
    limiter.try_acquire(10).unwrap().reconcile(10);
    let mut waits = Waits::new(limiter.acquire_owned(3));
    assert_eq!(limiter.in_flight(), 0);
    clock.advance(secs(1));
    assert!(limiter.try_acquire(1).is_err(), "one is available, but a waiter is first");
    clock.advance(secs(2));
    drop(waits.goes());
}

#[test]
fn slot_is_held_until_the_call_ends_in_any_way() {
    type End = fn(limitor::llm::Call<'_, ManualClock>);
    let ends: [End; 5] = [
        |call| call.reconcile(1),
        |call| call.refund(),
        |call| call.fail(limitor::llm::Charged::Request),
        |call| call.end(),
        |call| drop(call),
    ];
    for end in ends {
        let (limiter, clock) = slots(2);
        let (first, second) = (limiter.try_acquire(1).unwrap(), limiter.try_acquire(1).unwrap());
        clock.advance(secs(3_600));
        assert!(is_busy(LimitError::from(limiter.try_acquire(1).unwrap_err()).error(), 2));
        end(first);
        let third = limiter.try_acquire(1).unwrap();
        assert!(is_busy(LimitError::from(limiter.try_acquire(1).unwrap_err()).error(), 2));
        drop((second, third));
    }
}

/// The time at which a slot becomes free is unknown. A caller waits for it until the time is over,
/// and no longer.
#[test]
fn wait_for_a_slot_ends_at_its_deadline() {
    let (limiter, clock) = slots(1);
    let call = limiter.try_acquire(1).unwrap();
    assert!(is_busy(refusal(limiter.acquire(1).timeout(Duration::ZERO)).error(), 1));
    let mut waits = Waits::new(limiter.acquire_owned(1).timeout(secs(5)));
    clock.advance(Duration::from_nanos(4_999_999_999));
    assert!(waits.still_waits());
    clock.advance(Duration::from_nanos(1));
    let (limit, error) = waits.refused();
    assert!(limit.is_none() && is_busy(error, 1), "{error:?}");
    assert_eq!((limiter.waiters(), limiter.available().tokens), (0, Some(10)));
    call.reconcile(1);
}

/// Of a deadline by reading, a deadline by instant and a timeout, the earliest applies.
#[test]
fn earliest_of_timeout_and_deadlines_applies() {
    let (limiter, clock) = slots(1);
    clock.advance(secs(100));
    let _call = limiter.try_acquire(1).unwrap();
    let reading = clock.after(secs(7));
    let asked = [
        limiter.acquire_owned(1).deadline(reading),
        limiter.acquire_owned(1).deadline(Instant::now() + secs(1_000)).timeout(secs(7)),
        limiter.acquire_owned(1).timeout(secs(1_000)).deadline(reading),
    ];
    let mut waits = asked.map(Waits::new);
    clock.advance(Duration::from_nanos(6_999_999_999));
    assert!(waits.iter_mut().all(Waits::still_waits));
    clock.advance(Duration::from_nanos(1));
    for waits in &mut waits {
        assert!(is_busy(waits.refused().1, 1));
    }
    let _ = refusal(limiter.acquire(1).deadline(reading));
    let _ = refusal(limiter.acquire(1).deadline(Instant::now().checked_sub(secs(1)).unwrap()));
}

#[test]
fn only_a_deadline_that_cannot_be_met_is_refused_immediately() {
    let (limiter, clock) = tokens(10);
    limiter.try_acquire(10).unwrap().reconcile(10);
    let mut ahead = Waits::new(limiter.acquire_owned(4));
    let error = refusal(limiter.acquire(3).timeout(Duration::from_nanos(6_999_999_999)));
    assert_eq!(error.limit(), Some("tokens"));
    assert_eq!(too_long(error.error()), Some((3, secs(7))), "behind the waiter ahead");
    assert_eq!((limiter.waiters(), limiter.available().tokens), (1, Some(0)));
    let mut waits = Waits::new(limiter.acquire_owned(3).timeout(secs(7)));
    clock.advance(secs(4));
    drop(ahead.goes());
    clock.advance(secs(3));
    waits.goes().reconcile(3);
}

/// The waiter ahead will have the last slot for an unknown time. So a request that would be refused
/// for its tokens alone may wait.
#[test]
fn wait_of_unknown_length_is_not_refused_early() {
    let (limiter, clock) = slots(2);
    let call = limiter.try_acquire(10).unwrap();
    let _ahead = Waits::new(limiter.acquire_owned(3));
    let mut waits = [3, 4].map(|tokens| Waits::new(limiter.acquire_owned(tokens).timeout(secs(4))));
    clock.advance(secs(1));
    call.refund();
    drop(waits[0].goes());
    drop(waits[1].goes());
}

#[test]
fn waiting_for_retry_after_of_a_refusal_is_enough() {
    let (limiter, clock) = tokens(10);
    limiter.try_acquire(8).unwrap().reconcile(8);
    clock.advance(Duration::from_millis(500));
    let error = LimitError::from(limiter.try_acquire(7).unwrap_err());
    assert_eq!(too_long(error.error()), Some((7, Duration::from_millis(4_500))));
    clock.advance(Duration::from_nanos(4_499_999_999));
    let error = LimitError::from(limiter.try_acquire(7).unwrap_err());
    assert_eq!(too_long(error.error()), Some((7, Duration::from_nanos(1))));
    clock.advance(Duration::from_nanos(1));
    limiter.try_acquire(7).unwrap().reconcile(7);
}

#[test]
fn waiters_for_slots_and_tokens_are_served_in_order() {
    let (limiter, clock) = slots(1);
    let call = limiter.try_acquire(10).unwrap();
    let mut waits: Vec<Waits> = [9, 1, 1, 1].map(|tokens| Waits::new(limiter.acquire_owned(tokens))).into();
    clock.advance(secs(5));
    call.reconcile(10);
    // The slot is free and 5 tokens are available, but the first waiter needs 9.
    assert!(waits.iter_mut().all(Waits::still_waits));
    clock.advance(secs(4));
    let first = waits[0].goes();
    clock.advance(secs(4));
    assert!(waits[1..].iter_mut().all(Waits::still_waits), "for the slot");
    first.reconcile(9);
    for index in 1..4 {
        assert!(waits[index + 1..].iter_mut().all(Waits::still_waits));
        waits[index].goes().reconcile(1);
    }
    assert_eq!(limiter.waiters(), 0);
}

#[test]
fn waiter_that_leaves_moves_later_waiters_forward() {
    let (limiter, clock) = tokens(10);
    limiter.try_acquire(10).unwrap().reconcile(10);
    let ahead = Waits::new(limiter.acquire_owned(9));
    let mut behind = [2, 3, 4].map(|tokens| Waits::new(limiter.acquire_owned(tokens)));
    clock.advance(secs(5));
    assert!(behind.iter_mut().all(Waits::still_waits));
    drop(ahead);
    let gone = behind.each_mut().map(|waits| waits.outcome_if_woken().is_some());
    assert_eq!(gone, [true, true, false]);
    clock.advance(secs(4));
    drop(behind[2].goes());
}

/// The first waiter is leaked and never polls: later waiters grant it when it is due.
#[test]
fn leaked_future_stalls_no_other_waiter() {
    let (limiter, clock) = tokens(10);
    limiter.try_acquire(10).unwrap().reconcile(10);
    let leaked = Waits::new(limiter.acquire_owned(1));
    let mut behind = Waits::new(limiter.acquire_owned(1));
    std::mem::forget(leaked);
    clock.advance(Duration::from_millis(1_020));
    assert!(behind.still_waits());
    assert_eq!((limiter.in_flight(), limiter.waiters()), (1, 1));
    clock.advance(Duration::from_millis(980));
    drop(behind.goes());
}

#[test]
fn full_queue_refuses_until_a_waiter_leaves() {
    let (limiter, clock) = built(|builder| builder.tokens(one_a_second(10)).max_waiters(2));
    limiter.try_acquire(10).unwrap().reconcile(10);
    let (mut first, second) = (Waits::new(limiter.acquire_owned(1)), Waits::new(limiter.acquire_owned(1)));
    let error = refusal(limiter.acquire(1));
    assert_eq!((error.limit(), error.error()), (None, AcquireError::QueueFull));
    drop(second);
    let third = Waits::new(limiter.acquire_owned(1));
    clock.advance(secs(1));
    drop(first.goes());
    drop(Waits::new(limiter.acquire_owned(1)));
    drop(third);
    let (none, _) = built(|builder| builder.tokens(one_a_second(1)).max_waiters(0));
    none.acquire(1).wait().unwrap().reconcile(1);
    assert_eq!(refusal(none.acquire(1)).error(), AcquireError::QueueFull);
}

#[test]
fn cancel_waiters_ends_waits_and_nothing_else() {
    let (limiter, _) = slots(1);
    let call = limiter.try_acquire(1).unwrap();
    let mut waits = [1, 20 - 10, 3].map(|tokens| Waits::new(limiter.acquire_owned(tokens)));
    limiter.cancel_waiters();
    for waits in &mut waits {
        assert_eq!(waits.refused(), (None, AcquireError::Cancelled));
    }
    assert_eq!((limiter.waiters(), limiter.in_flight(), limiter.available().tokens), (0, 1, Some(9)));
    call.reconcile(1);
    limiter.try_acquire(1).unwrap().reconcile(1);
}

#[test]
fn closed_limiter_refuses_all_and_calls_under_way_end() {
    let (limiter, clock) = slots(1);
    let call = limiter.try_acquire(10).unwrap();
    let mut waits = [1, 2].map(|tokens| Waits::new(limiter.acquire_owned(tokens)));
    assert!(!limiter.is_closed());
    limiter.close();
    assert!(limiter.is_closed());
    for waits in &mut waits {
        assert_eq!(waits.refused(), (None, AcquireError::Closed));
    }
    call.reconcile(3);
    assert_eq!(limiter.available().tokens, Some(7));
    clock.advance(secs(100));
    for error in [LimitError::from(limiter.try_acquire(0).unwrap_err()), refusal(limiter.acquire(Usage::default()))] {
        assert_eq!(error.error(), AcquireError::Closed);
    }
}
