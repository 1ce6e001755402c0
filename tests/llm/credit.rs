//! The refund of a call is at most what another caller could have used instead.

use std::time::Duration;

use limitor::llm::Usage;

use crate::support::{Waits, built, had_now, left_tokens, one_a_second, secs, tokens};

/// The counterexample of a plain refund: B and C would use 20 together.
#[test]
fn permits_that_came_back_are_not_refunded_again() {
    let (limiter, clock) = tokens(10);
    let a = limiter.try_acquire(10).unwrap();
    clock.advance(secs(10));
    let b = limiter.try_acquire(10).unwrap();
    a.refund();
    assert_eq!(limiter.available().tokens, Some(0));
    let mut c = Waits::new(limiter.acquire_owned(10));
    clock.advance(Duration::from_nanos(9_999_999_999));
    assert!(c.still_waits());
    clock.advance(Duration::from_nanos(1));
    c.goes().reconcile(10);
    b.reconcile(10);
}

/// C is granted when 8 are used by no other call. A and B together refund the 2 that delayed C, and
/// not 3.
#[test]
fn two_calls_do_not_refund_the_same_permits() {
    let (limiter, clock) = tokens(10);
    let (a, b) = (limiter.try_acquire(5).unwrap(), limiter.try_acquire(1).unwrap());
    clock.advance(secs(4));
    let c = limiter.try_acquire(8).unwrap();
    assert_eq!(limiter.available().tokens, Some(0));
    a.refund();
    assert_eq!(limiter.available().tokens, Some(2));
    b.refund();
    assert_eq!(had_now(&limiter), 2, "with the use of C these are 10 together; 11 would exceed the bound");
    drop(c);
}

/// A call granted later does not reduce the refund of a call granted before.
#[test]
fn overlapping_calls_refund_all_in_any_order() {
    for reversed in [false, true] {
        let (limiter, _) = built(|builder| builder.tokens(limitor::Quota::per_day(100).unwrap()));
        let mut calls = [10, 20, 30].map(|tokens| limiter.try_acquire(tokens).unwrap());
        if reversed {
            calls.reverse();
        }
        calls.into_iter().for_each(limitor::llm::Call::refund);
        assert_eq!(limiter.available().tokens, Some(100));
    }
}

/// The lowest backlog is that before a later grant, not that after it.
#[test]
fn grant_in_between_hides_no_permits_that_came_back() {
    let (limiter, clock) = tokens(10);
    let a = limiter.try_acquire(6).unwrap();
    clock.advance(secs(4));
    let b = limiter.try_acquire(8).unwrap(); // 2 are missing before this grant
    clock.advance(secs(1));
    let c = limiter.try_acquire(1).unwrap(); // and 9 before this one
    a.refund();
    assert_eq!(limiter.available().tokens, Some(2));
    b.reconcile(8);
    c.reconcile(1);
}

/// Without another call in between, the refund is what is still missing now.
#[test]
fn lone_call_refunds_all_that_is_still_missing() {
    for (after, available) in [(0, 10), (3, 10), (9, 10), (10, 10), (25, 10)] {
        let (limiter, clock) = tokens(10);
        let call = limiter.try_acquire(10).unwrap();
        clock.advance(secs(after));
        call.refund();
        assert_eq!(limiter.available().tokens, Some(available), "after {after} s");
        assert_eq!(had_now(&limiter), available, "after {after} s");
    }
}

/// Short calls refund almost all of an estimate that was too high, one after the other.
#[test]
fn short_calls_refund_all() {
    let (limiter, clock) = tokens(1_000);
    let mut used = 0;
    while let Ok(call) = limiter.try_acquire(100) {
        call.reconcile(5);
        used += 5;
        clock.advance(Duration::from_millis(10));
    }
    // What was used is gone, and no more.
    assert!((900..=905).contains(&used), "{used}");
}

/// A debt of another call precedes all later grants, and counts like a grant.
#[test]
fn debt_counts_as_a_grant() {
    let (limiter, clock) = tokens(10);
    let (a, b) = (limiter.try_acquire(5).unwrap(), limiter.try_acquire(1).unwrap());
    clock.advance(secs(5)); // 1 is missing
    b.reconcile(9); // a debt of 8
    assert_eq!(limiter.available().tokens, Some(1));
    a.refund();
    assert_eq!(
        limiter.available().tokens,
        Some(2),
        "5 came back long ago, except for the one that B's debt found missing"
    );
}

/// What others use of the same account counts as well.
#[test]
fn usage_reported_by_the_provider_counts_as_a_grant() {
    let (limiter, clock) = tokens(10);
    let a = limiter.try_acquire(5).unwrap();
    clock.advance(secs(4));
    limiter.lower_to(left_tokens(0));
    a.refund();
    assert_eq!(limiter.available().tokens, Some(1));
}

/// For each limit separately: what has come back at one limit may still be missing at another.
#[test]
fn each_limit_has_its_own_lows() {
    let (limiter, clock) =
        built(|builder| builder.input_tokens(one_a_second(10)).output_tokens(limitor::Quota::per_hour(60).unwrap()));
    let a = limiter.try_acquire(Usage::new(10, 10)).unwrap();
    clock.advance(secs(10));
    let b = limiter.try_acquire(Usage::new(10, 10)).unwrap();
    a.refund();
    let left = limiter.available();
    assert_eq!((left.input_tokens, left.output_tokens), (Some(0), Some(50)));
    drop(b);
}

/// What a stream was charged later may still be missing later, but the low of the call is measured
/// from its grant.
#[test]
fn tokens_streamed_past_the_estimate_are_refunded_too() {
    let (limiter, clock) = tokens(10);
    let mut call = limiter.try_acquire(Usage::new(0, 4)).unwrap();
    clock.advance(secs(1));
    call.stream(10); // 3 were missing, 6 more are
    assert_eq!(limiter.available().tokens, Some(1));
    call.reconcile(Usage::new(0, 2));
    assert_eq!(limiter.available().tokens, Some(4), "no more than the 3 that were missing before");
}

/// At a limit that the call did not charge at first, the call may refund what it was charged later.
#[test]
fn limit_charged_only_later_is_refunded_too() {
    let (limiter, clock) = built(|builder| builder.output_tokens(one_a_second(10)));
    let early = limiter.try_acquire(Usage::new(5, 0)).unwrap();
    let mut call = limiter.try_acquire(Usage::new(5, 0)).unwrap();
    clock.advance(secs(5));
    call.stream(8);
    clock.advance(secs(1));
    call.reconcile(Usage::new(5, 3)); // 7 are missing, 5 of them although nothing was used
    assert_eq!(limiter.available().output_tokens, Some(8));
    early.reconcile(Usage::new(5, 0));
    assert_eq!(limiter.available().output_tokens, Some(8));
}

/// A clock that steps back creates no permits.
#[test]
fn clock_that_steps_back_creates_no_permits() {
    let (limiter, clock) = tokens(10);
    clock.set(secs(100));
    let a = limiter.try_acquire(10).unwrap();
    clock.set(secs(10));
    assert!(limiter.try_acquire(1).is_err());
    a.refund();
    assert_eq!(had_now(&limiter), 0, "permits available now were available at the earlier reading");
    clock.set(secs(100));
    assert_eq!(had_now(&limiter), 10);
}
