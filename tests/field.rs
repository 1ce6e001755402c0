//! Known defects of other limiters, each shown to be absent here: one test each, named for the
//! correct behaviour.
#![cfg(not(loom))]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, ManualClock, Quota, RateLimiter, Reason, Timestamp};

const SECOND: Duration = Duration::from_secs(1);

fn limiter(quota: Quota) -> (Arc<RateLimiter<ManualClock>>, ManualClock) {
    let clock = ManualClock::new();
    (Arc::new(RateLimiter::with_clock(quota, clock.clone())), clock)
}

/// One permit per second, with this burst.
fn one_a_second(burst: u64) -> (Arc<RateLimiter<ManualClock>>, ManualClock) {
    limiter(Quota::per_second(1).unwrap().with_burst(burst).unwrap())
}

fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    match Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

/// governor 0.10: an interval is a whole number of nanoseconds, rounded down, and at least one. So
/// 70,000 per second become 70,002.8, 30 million become 30.3, 500,000,001 become a billion, and 2
/// billion become one.
#[test]
fn interval_is_not_rounded() {
    for per_second in [70_000, 99_991, 30_000_000, 300_000_000, 500_000_001, 2_000_000_000, 10_000_000_000] {
        let (limiter, clock) = limiter(Quota::per_second(per_second).unwrap());
        limiter.try_acquire(per_second).unwrap();
        let mut admitted = 0;
        // Steps that are not a whole number of intervals.
        for _ in 0..1_000 {
            clock.advance(Duration::from_nanos(1_234_567));
            admitted += limiter.try_acquire_up_to(per_second).map_or(0, |grant| grant.amount());
        }
        let allowed = u128::from(per_second) * 1_234_567_000 / 1_000_000_000;
        assert_eq!(u128::from(admitted), allowed, "{per_second} per second");
    }
}

/// governor 0.10: `per_hour(1).allow_burst(2)` grants `check_n(5_124_097)`, because 64 bits wrap.
#[test]
fn no_cost_wraps_into_a_grant() {
    let (limiter, _) = limiter(Quota::per_hour(1).unwrap().with_burst(2).unwrap());
    for n in [3, 5_124_097, 1 << 32, 1 << 52, 1 << 63, u64::MAX - 1, u64::MAX] {
        assert_eq!(limiter.try_acquire(n).unwrap_err().reason(), Reason::ExceedsBurst, "{n}");
    }
    assert_eq!(limiter.available(), 2);
}

/// ratelimit 2.0: polled every 1.9 µs at 1 per second it admits half the rate, because a refill
/// drops the fraction.
#[test]
fn refusals_lose_no_fraction_of_a_permit() {
    for (per_second, every) in [(1, 1_900), (7, 1_500)] {
        let quota = Quota::per_second(per_second).unwrap().with_burst(1).unwrap();
        let (limiter, clock) = limiter(quota);
        limiter.try_acquire(1).unwrap();
        let polls = 20 * 1_000_000_000 / (every * per_second);
        let granted = (0..polls).filter(|_| {
            clock.advance(Duration::from_nanos(every));
            limiter.try_acquire(1).is_ok()
        });
        // A grant is late by one poll at most, and burst 1 saves nothing: 20 permits' time minus 20
        // polls' time gives at least 19.
        assert!((19..=20).contains(&granted.count()), "{per_second} per second");
    }
}

/// leaky-bucket 1.1 refuses intervals under a millisecond; ratelimit and governor take 8 and 32
/// bits of cost.
#[test]
fn short_intervals_and_large_numbers_are_valid_quotas() {
    assert!(Quota::per_second(100_000).and_then(|quota| quota.with_burst(1)).is_ok());
    let bytes = 125_000_000 * 60;
    let (limiter, clock) = limiter(Quota::per_minute(bytes).unwrap());
    limiter.try_acquire(bytes).unwrap();
    clock.advance(SECOND);
    assert_eq!(limiter.available(), 125_000_000);
}

/// actix-governor: `per_second(n)` means one every n seconds.
#[test]
fn per_second_means_permits_per_second() {
    let (limiter, clock) = limiter(Quota::per_second(5).unwrap());
    limiter.try_acquire(5).unwrap();
    clock.advance(SECOND);
    assert_eq!(limiter.available(), 5);
}

/// tower-governor: `retry-after` is truncated to whole seconds, which may be 0.
#[test]
fn retry_after_is_not_truncated_and_is_enough() {
    let (limiter, clock) = limiter(Quota::per_second(3).unwrap().with_burst(1).unwrap());
    limiter.try_acquire(1).unwrap();
    let wait = limiter.try_acquire(1).unwrap_err().retry_after().unwrap();
    assert_eq!(wait, Duration::from_nanos(333_333_334));
    clock.advance(wait.checked_sub(Duration::from_nanos(1)).unwrap());
    assert!(limiter.try_acquire(1).is_err());
    clock.advance(Duration::from_nanos(1));
    assert!(limiter.try_acquire(1).is_ok());
}

/// Python limitor 0.6: a waiter sleeps with the lock held, so a refund has no effect until the
/// waiter has left.
#[test]
fn refund_takes_effect_during_a_wait() {
    let (limiter, _) = one_a_second(10);
    let first = limiter.try_acquire(10).unwrap();
    let mut waits = limiter.acquire(10);
    assert!(poll_once(&mut waits).is_none());
    first.refund();
    assert!(poll_once(&mut waits).unwrap().is_ok());
}

/// Python limitor 0.6: an async wait that times out has taken its permits already, or lets others
/// take them twice.
#[test]
fn cancelled_wait_takes_nothing_and_returns_nothing_twice() {
    let (limiter, clock) = one_a_second(10);
    limiter.try_acquire(10).unwrap();
    {
        let mut waits = pin!(limiter.acquire(10));
        assert!(poll_once(&mut waits).is_none());
    }
    let refused = limiter.acquire(10).timeout(SECOND).wait().unwrap_err();
    assert!(matches!(refused, AcquireError::TooLong { wait, .. } if wait == 10 * SECOND));
    clock.advance(10 * SECOND);
    assert_eq!(limiter.available(), 10);
    assert!(limiter.try_acquire(10).is_ok());
    assert_eq!(limiter.available(), 0);
}

/// leaky-bucket: a task that is dropped during its wait blocks all later waiters; asynciolimiter
/// and Python limitor lose the worker that serves all.
#[test]
fn waiter_that_leaves_ends_no_other_wait() {
    let (limiter, clock) = one_a_second(1);
    limiter.try_acquire(1).unwrap();
    let mut first = Box::pin(limiter.acquire(1));
    let mut second = Box::pin(limiter.acquire(1));
    let mut leaked = Box::pin(limiter.acquire_owned(1));
    assert!(poll_once(&mut first).is_none() && poll_once(&mut second).is_none() && poll_once(&mut leaked).is_none());
    drop(first);
    std::mem::forget(leaked);
    clock.advance(SECOND);
    assert!(poll_once(&mut second).unwrap().is_ok());
    clock.advance(2 * SECOND);
    assert!(limiter.try_acquire(1).is_ok());
}

/// leaky-bucket and governor: a wait has no time limit, and its length is not known in advance.
#[test]
fn hopeless_wait_is_refused_immediately() {
    let limiter = RateLimiter::new(Quota::per_hour(1).unwrap());
    limiter.try_acquire(1).unwrap();
    let start = Instant::now();
    assert!(matches!(
        limiter.acquire(1).timeout(10 * SECOND).wait(),
        Err(AcquireError::TooLong { wait, .. }) if wait > 3_500 * SECOND
    ));
    assert!(start.elapsed() < SECOND);
}

/// governor's `until_ready` and a `sleep` between polls retry: under load the rate is not reached,
/// and the order is random.
#[test]
fn order_is_kept_and_no_waiter_retries() {
    let (limiter, clock) = one_a_second(1);
    limiter.try_acquire(1).unwrap();
    let mut line: Vec<_> = (0..100).map(|_| Box::pin(limiter.acquire(1))).collect();
    assert!(line.iter_mut().all(|waits| poll_once(waits).is_none()));
    for turn in 0..line.len() {
        clock.advance(SECOND);
        // The last waiter polls first, and a new caller asks before all of them.
        assert!(limiter.try_acquire(1).is_err());
        let gone: Vec<_> = (turn..line.len()).rev().filter(|who| poll_once(&mut line[*who]).is_some()).collect();
        assert_eq!(gone, [turn]);
    }
}

/// Seastar's ticket: a `fetch_add` on the word, computed from a TAT that a refund has lowered
/// meanwhile, grants a burst too many. Go's `rate`: a cancelled reservation returns only what was
/// not reserved since.
#[test]
fn cancelled_reservation_is_returned_in_full() {
    let (limiter, clock) = one_a_second(10);
    limiter.try_acquire(10).unwrap();
    let cancelled = limiter.reserve(10).unwrap();
    let mut behind = limiter.acquire(10);
    assert!(poll_once(&mut behind).is_none());
    cancelled.cancel();
    clock.advance(10 * SECOND);
    assert!(poll_once(&mut behind).unwrap().is_ok());
    assert_eq!(limiter.available(), 0);
}

/// better-bucket: a thread with a stale clock reading over-admits where others have crossed a tick.
/// governor: a clock that steps back panics, or stalls for as long.
#[test]
fn stale_readings_and_steps_back_grant_nothing_twice() {
    let (limiter, _) = one_a_second(10);
    let at = |seconds: u64| Timestamp::from_ticks(seconds * 1_000_000_000);
    assert!(limiter.try_acquire_at(at(100), 10).is_ok());
    for stale in [0, 50, 99, 100] {
        assert!(limiter.try_acquire_at(at(stale), 1).is_err(), "at {stale}");
    }
    assert!(limiter.try_acquire_at(at(101), 1).is_ok());
    assert!(limiter.try_acquire_at(at(101), 1).is_err());
}

/// folly and Envoy keep time in a double, which is off by 2 ns after four months. Here the error is
/// zero after a century, at the slowest and the fastest rates.
#[test]
fn time_stays_exact_after_a_century() {
    const YEAR: u64 = 31_557_600;
    for (per_second, years) in [(1, 100), (99_991, 100), (10_000_000_000, 35)] {
        let (limiter, clock) = limiter(Quota::per_second(per_second).unwrap());
        clock.set(Duration::from_secs(years * YEAR));
        // Whole seconds, and readings between them that are not a multiple of any unit of time.
        for odd in [0, 1, 2, 3, 5, 7, 123_456_789] {
            clock.advance(Duration::from_nanos(odd));
            limiter.try_acquire(per_second).unwrap();
            clock.advance(Duration::from_nanos(999_999_999));
            assert!(limiter.try_acquire(per_second).is_err(), "{per_second} per second");
            clock.advance(Duration::from_nanos(1));
            assert!(limiter.try_acquire(per_second).is_ok(), "{per_second} per second");
            clock.advance(Duration::from_secs(1));
        }
    }
}

/// Python limitor 0.6: `reconcile` may block or raise, after the work is already done.
#[test]
fn reconcile_does_not_wait_or_fail() {
    let limiter = RateLimiter::new(Quota::per_hour(10).unwrap());
    let start = Instant::now();
    limiter.try_acquire(1).unwrap().reconcile(1_000_000);
    limiter.reconcile(u64::MAX, 0);
    assert!(start.elapsed() < SECOND);
    assert_eq!(limiter.available(), 0);
}

/// Python limitor 0.6: `capacity_info` writes without the lock. Here it writes nothing.
#[test]
fn queries_change_nothing() {
    let limiter = RateLimiter::new(Quota::per_hour(10_000).unwrap());
    thread::scope(|scope| {
        scope.spawn(|| (0..10_000).for_each(|_| assert!(limiter.capacity_info(10_001).needed >= 1)));
        scope.spawn(|| (0..10_000).for_each(|_| limiter.try_acquire(1).map(drop).unwrap()));
    });
    assert!(limiter.available() < 1_000, "at most what came back with time");
}

/// Python limitor 0.6: `max_concurrent` limits the acquisition, not the work.
#[test]
fn concurrency_limit_covers_the_work() {
    let limiter = limitor::ConcurrentLimiter::new(Quota::per_second(1_000).unwrap(), 1).unwrap();
    let work = limiter.try_acquire(1).unwrap();
    assert!(limiter.try_acquire(1).is_err());
    drop(work);
    assert!(limiter.try_acquire(1).is_ok());
}

/// The key maps of governor and tower-governor grow forever; a cache that evicts creates a fresh
/// bucket instead.
#[cfg(feature = "keyed")]
#[test]
fn key_table_is_bounded_and_forgets_no_debt() {
    let clock = ManualClock::new();
    let quota = Quota::per_hour(10).unwrap();
    let limiter = limitor::KeyedLimiter::<u64>::builder(quota).max_keys(1_000).clock(clock).build();
    let bytes = limiter.memory();
    limiter.try_acquire(&0, 10).unwrap();
    for key in 1..100_000 {
        let _ = limiter.try_acquire(&key, 10);
        assert!(limiter.try_acquire(&0, 1).is_err(), "after {key} others");
    }
    assert_eq!(limiter.memory(), bytes);
}
