//! What a call may give back: no more than could have been had in its place.

use std::time::Duration;

use limitor::llm::Usage;

use crate::support::{Waits, built, had_now, left_tokens, one_a_second, secs, tokens};

/// The counterexample of a plain refund: B and C would use 20 at once.
#[test]
fn what_had_come_back_by_itself_is_not_given_back_again() {
    let (limiter, clock) = tokens(10);
    let a = limiter.try_acquire(10).unwrap();
    clock.advance(secs(10));
    let b = limiter.try_acquire(10).unwrap();
    a.cancel();
    assert_eq!(limiter.available().tokens, Some(0));
    let mut c = Waits::new(limiter.acquire_owned(10));
    clock.advance(Duration::from_nanos(9_999_999_999));
    assert!(c.still_waits());
    clock.advance(Duration::from_nanos(1));
    c.goes().settle(10);
    b.settle(10);
}

/// C goes when 8 are used by nobody but it; A and B together give back the 2 that it found in its way, and not 3.
#[test]
fn what_one_gives_back_another_cannot_give_back_again() {
    let (limiter, clock) = tokens(10);
    let (a, b) = (limiter.try_acquire(5).unwrap(), limiter.try_acquire(1).unwrap());
    clock.advance(secs(4));
    let c = limiter.try_acquire(8).unwrap();
    assert_eq!(limiter.available().tokens, Some(0));
    a.cancel();
    assert_eq!(limiter.available().tokens, Some(2));
    b.cancel();
    assert_eq!(had_now(&limiter), 2, "with what C uses that is 10 at once, and 11 would be too many");
    drop(c);
}

/// Nor does one that was let go later stand in the way of one that was let go before.
#[test]
fn calls_that_overlap_give_all_back_in_any_order() {
    for reversed in [false, true] {
        let (limiter, _) = built(|builder| builder.tokens(limitor::Quota::per_day(100).unwrap()));
        let mut calls = [10, 20, 30].map(|tokens| limiter.try_acquire(tokens).unwrap());
        if reversed {
            calls.reverse();
        }
        calls.into_iter().for_each(limitor::llm::Call::cancel);
        assert_eq!(limiter.available().tokens, Some(100));
    }
}

/// The lowest backlog is that before a later grant, not that after it.
#[test]
fn a_grant_in_between_hides_nothing_of_what_had_come_back() {
    let (limiter, clock) = tokens(10);
    let a = limiter.try_acquire(6).unwrap();
    clock.advance(secs(4));
    let b = limiter.try_acquire(8).unwrap(); // it finds 2 in its way
    clock.advance(secs(1));
    let c = limiter.try_acquire(1).unwrap(); // and this one 9
    a.cancel();
    assert_eq!(limiter.available().tokens, Some(2));
    b.settle(8);
    c.settle(1);
}

/// Without anybody in between it is what is still missing now.
#[test]
fn alone_all_that_is_still_missing_comes_back() {
    for (after, available) in [(0, 10), (3, 10), (9, 10), (10, 10), (25, 10)] {
        let (limiter, clock) = tokens(10);
        let call = limiter.try_acquire(10).unwrap();
        clock.advance(secs(after));
        call.cancel();
        assert_eq!(limiter.available().tokens, Some(available), "after {after} s");
        assert_eq!(had_now(&limiter), available, "after {after} s");
    }
}

/// Short calls give back next to all of what was estimated too high, one after the other.
#[test]
fn calls_that_are_short_give_all_back() {
    let (limiter, clock) = tokens(1_000);
    let mut used = 0;
    while let Ok(call) = limiter.try_acquire(100) {
        call.settle(5);
        used += 5;
        clock.advance(Duration::from_millis(10));
    }
    // What was used is gone, and no more.
    assert!((900..=905).contains(&used), "{used}");
}

/// A debt of another call stands before whatever is let go later, and counts like it.
#[test]
fn a_debt_counts_as_a_grant() {
    let (limiter, clock) = tokens(10);
    let (a, b) = (limiter.try_acquire(5).unwrap(), limiter.try_acquire(1).unwrap());
    clock.advance(secs(5)); // 1 is missing
    b.settle(9); // a debt of 8
    assert_eq!(limiter.available().tokens, Some(1));
    a.cancel();
    assert_eq!(limiter.available().tokens, Some(2), "5 came back long ago, but for the one that B's debt found");
}

/// What others use of the same account counts as well.
#[test]
fn what_the_provider_says_is_gone_counts_as_a_grant() {
    let (limiter, clock) = tokens(10);
    let a = limiter.try_acquire(5).unwrap();
    clock.advance(secs(4));
    limiter.lower_to(left_tokens(0));
    a.cancel();
    assert_eq!(limiter.available().tokens, Some(1));
}

/// For each limit by itself: what has come back of one may be missing of another.
#[test]
fn each_limit_has_its_own_lows() {
    let (limiter, clock) =
        built(|builder| builder.input_tokens(one_a_second(10)).output_tokens(limitor::Quota::per_hour(60).unwrap()));
    let a = limiter.try_acquire(Usage::new(10, 10)).unwrap();
    clock.advance(secs(10));
    let b = limiter.try_acquire(Usage::new(10, 10)).unwrap();
    a.cancel();
    let left = limiter.available();
    assert_eq!((left.input_tokens, left.output_tokens), (Some(0), Some(50)));
    drop(b);
}

/// What a stream was charged later may have been missing later, but the call's low is that since it was let go.
#[test]
fn what_was_streamed_past_the_estimate_is_given_back_with_the_rest() {
    let (limiter, clock) = tokens(10);
    let mut call = limiter.try_acquire(Usage::new(0, 4)).unwrap();
    clock.advance(secs(1));
    call.stream(10); // 3 were missing, 6 more are
    assert_eq!(limiter.available().tokens, Some(1));
    call.settle(Usage::new(0, 2));
    assert_eq!(limiter.available().tokens, Some(4), "no more than the 3 that were missing before");
}

/// Of a limit that it cost nothing at first, it may give back what it was charged later.
#[test]
fn what_cost_nothing_at_first_gives_back_what_it_was_charged_since() {
    let (limiter, clock) = built(|builder| builder.output_tokens(one_a_second(10)));
    let early = limiter.try_acquire(Usage::new(5, 0)).unwrap();
    let mut call = limiter.try_acquire(Usage::new(5, 0)).unwrap();
    clock.advance(secs(5));
    call.stream(8);
    clock.advance(secs(1));
    call.settle(Usage::new(5, 3)); // 7 are missing, 5 of them for nothing
    assert_eq!(limiter.available().output_tokens, Some(8));
    early.settle(Usage::new(5, 0));
    assert_eq!(limiter.available().output_tokens, Some(8));
}

/// A clock that steps back mints nothing.
#[test]
fn a_clock_that_steps_back_mints_nothing() {
    let (limiter, clock) = tokens(10);
    clock.set(secs(100));
    let a = limiter.try_acquire(10).unwrap();
    clock.set(secs(10));
    assert!(limiter.try_acquire(1).is_err());
    a.cancel();
    assert_eq!(had_now(&limiter), 0, "what is there, is there where the clock had been");
    clock.set(secs(100));
    assert_eq!(had_now(&limiter), 10);
}
