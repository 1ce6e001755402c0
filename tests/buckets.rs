//! The textbook views make the same decisions, and report them in their own terms.
#![cfg(not(loom))]

use std::time::Duration;

use limitor::{
    AcquireError, Bucket, LeakyBucket, LeakyBucketGcra, LeakyQueue, ManualClock, Quota, RateLimiter, Reason,
    TokenBucket, VirtualSchedulingGcra,
};
use proptest::prelude::*;

fn all(quota: Quota, clock: &ManualClock) -> [Box<dyn Bucket<ManualClock>>; 4] {
    [
        Box::new(TokenBucket::with_clock(quota, clock.clone())),
        Box::new(LeakyBucket::with_clock(quota, clock.clone())),
        Box::new(VirtualSchedulingGcra::with_clock(quota, clock.clone())),
        Box::new(LeakyBucketGcra::with_clock(quota, clock.clone())),
    ]
}

/// The four textbook algorithms as published, in exact integers: time in units of 1/capacity ns.
struct Textbook {
    interval: i128,
    capacity: i128,
    burst: i128,
    /// Token bucket: tokens (times the interval), and when they were counted.
    tokens: (i128, i128),
    /// Leaky bucket as a meter: level (times the interval), and when it was read.
    level: (i128, i128),
    /// Virtual scheduling: TAT.
    tat: i128,
    /// Continuous-state leaky bucket: X and LCT.
    continuous: (i128, i128),
}

impl Textbook {
    fn new(quota: Quota) -> Self {
        let interval = quota.period().as_nanos().cast_signed();
        let burst = i128::from(quota.burst());
        Self {
            interval,
            capacity: i128::from(quota.capacity()),
            burst,
            tokens: (burst * interval, 0),
            level: (0, 0),
            tat: 0,
            continuous: (0, 0),
        }
    }

    /// The decision of each of the four on `n` permits at `nanos`.
    fn decide(&mut self, nanos: u64, n: u64) -> [bool; 4] {
        let now = i128::from(nanos) * self.capacity;
        let cost = i128::from(n) * self.interval;
        let full = self.burst * self.interval;

        let tokens = full.min(self.tokens.0 + now - self.tokens.1);
        let token_grants = tokens >= cost;
        self.tokens = (if token_grants { tokens - cost } else { tokens }, now);

        let level = 0.max(self.level.0 - (now - self.level.1));
        let leaky_grants = level + cost <= full;
        self.level = (if leaky_grants { level + cost } else { level }, now);

        let tat = self.tat.max(now) + cost;
        let virtual_grants = tat - full <= now;
        self.tat = if virtual_grants { tat } else { self.tat };

        let x = 0.max(self.continuous.0 - (now - self.continuous.1));
        let continuous_grants = x <= full - cost;
        if continuous_grants {
            self.continuous = (x + cost, now);
        }
        [token_grants, leaky_grants, virtual_grants, continuous_grants]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn textbook_views_on_any_timeline_decide_as_published(
        (capacity, millis, burst) in (1..8_u64, 1..9_u64, 1..12_u64),
        steps in proptest::collection::vec((0..4_u64, 0..2_u64, 0..14_u64), 1..80),
    ) {
        let quota = Quota::new(capacity, Duration::from_millis(capacity * millis)).unwrap().with_burst(burst).unwrap();
        let clock = ManualClock::new();
        let buckets = all(quota, &clock);
        let mut textbook = Textbook::new(quota);
        let mut now = 0;
        for (halves, nanos, n) in steps {
            now += halves * millis * 500_000 + nanos;
            clock.set(Duration::from_nanos(now));
            let expected = textbook.decide(now, n);
            let seen: Vec<bool> = buckets.iter().map(|bucket| bucket.try_acquire(n).is_ok()).collect();
            prop_assert_eq!(&seen, &expected, "{} at {}", n, now);
        }
        let available: Vec<u64> = buckets.iter().map(|bucket| bucket.available()).collect();
        prop_assert!(available.iter().all(|count| *count == available[0]), "{:?}", available);
    }
}

#[test]
fn level_and_tokens_and_tat_are_one_number() {
    let clock = ManualClock::new();
    let quota = Quota::per_second(10).unwrap().with_burst(5).unwrap();
    let (token, leaky) = (TokenBucket::with_clock(quota, clock.clone()), LeakyBucket::with_clock(quota, clock.clone()));
    let scheduling = VirtualSchedulingGcra::with_clock(quota, clock.clone());
    let continuous = LeakyBucketGcra::with_clock(quota, clock.clone());
    let both: [&dyn Bucket<_>; 4] = [&token, &leaky, &scheduling, &continuous];
    for bucket in both {
        bucket.try_acquire(4).unwrap();
    }
    clock.advance(Duration::from_millis(150));
    assert!((token.tokens() - 2.5).abs() < 1e-9 && (leaky.level() - 2.5).abs() < 1e-9);
    assert_eq!(scheduling.theoretical_arrival_time().ticks(), 400_000_000);
    assert_eq!(continuous.level(), Duration::from_millis(250));
    assert_eq!(continuous.last_conforming_time().ticks(), 150_000_000);
    assert_eq!((scheduling.tolerance(), continuous.limit()), (Duration::from_millis(400), Duration::from_millis(400)));
    assert_eq!(continuous.increment(), scheduling.emission_interval());
    for bucket in both {
        bucket.reconcile(10, 0);
    }
    assert!((token.tokens() + 7.5).abs() < 1e-9 && (leaky.level() - 12.5).abs() < 1e-9);
    clock.advance(Duration::from_secs(10));
    assert_eq!((continuous.level(), continuous.last_conforming_time().ticks()), (Duration::ZERO, 1_400_000_000));
    assert!((token.fill_rate() - 10.0).abs() < 1e-9 && (leaky.leak_rate() - 10.0).abs() < 1e-9);
}

#[test]
fn any_limiter_can_be_viewed_as_a_bucket() {
    let limiter = RateLimiter::builder(Quota::per_second(10).unwrap()).initial(3).clock(ManualClock::new()).build();
    let bucket = TokenBucket::from(limiter);
    assert!((bucket.tokens() - 3.0).abs() < 1e-9);
    assert!(bucket.try_acquire(4).is_err(), "all verbs of a limiter are available");
}

#[test]
fn leaky_queue_spaces_bounds_and_shuts_down_twice() {
    let clock = ManualClock::new();
    let queue = LeakyQueue::with_clock(Quota::per_second(10).unwrap(), 2, clock.clone());
    assert_eq!((queue.quota().burst(), queue.max_waiters()), (1, 2));
    queue.acquire(1).wait().unwrap();
    let (first, second) = (queue.reserve(1).unwrap(), queue.reserve(1).unwrap());
    assert_eq!((first.wait_time().as_millis(), second.wait_time().as_millis()), (100, 200));
    assert_eq!(queue.acquire(1).wait().unwrap_err(), AcquireError::QueueFull);
    queue.shutdown();
    queue.shutdown();
    assert!(queue.is_closed());
    assert_eq!(queue.reserve(1).unwrap_err().reason(), Reason::Closed);
    first.cancel();
    assert_eq!(second.wait_time().as_millis(), 100, "the waiter may finish, and moves forward as before");
    clock.advance(Duration::from_millis(100));
    assert!(second.wait().is_ok());
    assert!(queue.is_closed());
    queue.reset();
    assert!(queue.try_acquire(1).is_ok());
}

#[test]
fn strict_queue_spaces_by_the_time_each_waiter_left() {
    let millis = Duration::from_millis;
    let clock = ManualClock::new();
    let queue = LeakyQueue::strict(Quota::per_second(10).unwrap(), 4, clock.clone());
    assert_eq!(queue.try_acquire_up_to(7).unwrap().amount(), 1);
    assert_eq!(queue.try_acquire_up_to(7).unwrap_err().retry_after(), Some(millis(100)));
    assert_eq!(queue.try_acquire(1).unwrap_err().retry_after(), Some(millis(100)));
    let mut waiting: Vec<_> = (0..4).map(|_| queue.reserve(1).unwrap()).collect();
    assert_eq!(queue.reserve(1).unwrap_err().reason(), Reason::QueueFull);
    // The first waiter is 250 ms late. No caller passes it in the meantime, and later waiters are
    // delayed instead of leaving together.
    clock.advance(millis(350));
    assert_eq!(queue.try_acquire(1).unwrap_err().retry_after(), Some(millis(150)));
    assert_eq!(queue.waiters(), 4);
    waiting.remove(0).wait().unwrap();
    let waits: Vec<_> = waiting.iter().map(limitor::Reservation::wait_time).collect();
    assert_eq!(waits, [millis(100), millis(200), millis(300)]);
    // A waiter that cancels delays no other waiter.
    waiting.remove(0).cancel();
    assert_eq!(waiting[0].wait_time(), millis(100));
    clock.advance(millis(100));
    waiting.remove(0).wait().unwrap();
    // The next waiter is on time, so it is not delayed. A kept reservation leaves at the time that
    // was announced.
    assert_eq!(waiting.remove(0).keep(), millis(100));
    let last = queue.reserve_within(1, millis(200)).unwrap();
    clock.advance(millis(230));
    last.wait().unwrap();
    assert!(queue.try_acquire(1).is_err());
    clock.advance(millis(99));
    assert!(queue.try_acquire(1).is_err());
    clock.advance(millis(1));
    assert!(queue.try_acquire(1).is_ok());
}

/// The waiter is so late that its own interval has passed as well. Only its entry in the queue
/// shows that it has not left.
#[test]
fn lone_late_waiter_is_not_overtaken() {
    let millis = Duration::from_millis;
    let clock = ManualClock::new();
    let queue = LeakyQueue::strict(Quota::per_second(10).unwrap(), 4, clock.clone());
    queue.try_acquire(1).unwrap();
    let late = queue.reserve(1).unwrap();
    clock.advance(millis(350));
    assert_eq!(queue.try_acquire(1).unwrap_err().retry_after(), Some(millis(100)));
    let behind = queue.reserve(1).unwrap();
    late.wait().unwrap();
    assert_eq!(behind.wait_time(), millis(100));
    clock.advance(millis(100));
    behind.wait().unwrap();
    clock.advance(millis(100));
    assert!(queue.reserve(1).unwrap().wait_time().is_zero(), "a request that can be granted is granted");
}

#[test]
fn debt_behind_a_late_waiter_is_delayed_with_the_rest() {
    let millis = Duration::from_millis;
    let clock = ManualClock::new();
    let queue = LeakyQueue::strict(Quota::per_second(10).unwrap(), 4, clock.clone());
    queue.try_acquire(1).unwrap();
    let late = queue.reserve(1).unwrap();
    clock.advance(millis(150));
    queue.charge(1);
    late.wait().unwrap();
    assert_eq!(queue.reserve(1).unwrap().wait_time(), millis(200), "T after the late waiter left, plus the debt's T");
}

/// The kept reservation leaves at the time that was announced, and the waiter behind it is on time
/// as well.
#[test]
fn kept_reservation_behind_a_late_waiter_delays_no_other() {
    let millis = Duration::from_millis;
    let clock = ManualClock::new();
    let queue = LeakyQueue::strict(Quota::per_second(10).unwrap(), 4, clock.clone());
    queue.try_acquire(1).unwrap();
    let late = queue.reserve(1).unwrap();
    assert_eq!(queue.reserve(1).unwrap().keep(), millis(200));
    let last = queue.reserve(1).unwrap();
    clock.advance(millis(150));
    late.wait().unwrap();
    assert_eq!(last.wait_time(), millis(150));
}

/// The waiters before and after a kept reservation are delayed, and the reservation is not. No
/// waiter passes its end.
#[test]
fn late_waiter_does_not_delay_a_kept_reservation() {
    let millis = Duration::from_millis;
    let clock = ManualClock::new();
    let queue = LeakyQueue::strict(Quota::per_second(10).unwrap(), 8, clock.clone());
    queue.try_acquire(1).unwrap();
    let (late, next) = (queue.reserve(1).unwrap(), queue.reserve(1).unwrap());
    assert_eq!([queue.reserve(1).unwrap().keep(), queue.reserve(1).unwrap().keep()], [millis(300), millis(400)]);
    let last = queue.reserve(1).unwrap();
    clock.advance(millis(150));
    late.wait().unwrap();
    assert_eq!([next.wait_time(), last.wait_time()], [millis(100), millis(400)]);
    last.cancel();
    queue.refund(10);
    next.wait().unwrap();
    queue.refund(10);
    assert_eq!(queue.reserve(1).unwrap().wait_time(), millis(350), "the second kept reservation ends 350 ms from now");
}

#[test]
fn strict_wait_delayed_past_its_limit_is_refused_and_returned() {
    let millis = Duration::from_millis;
    let clock = ManualClock::new();
    let queue = LeakyQueue::strict(Quota::per_second(10).unwrap(), 4, clock.clone());
    queue.try_acquire(1).unwrap();
    let first = queue.reserve(1).unwrap();
    let second = queue.reserve_within(1, millis(220)).unwrap();
    let third = queue.reserve(1).unwrap();
    clock.advance(millis(150));
    first.wait().unwrap();
    assert_eq!(second.wait_time(), millis(100));
    assert!(matches!(second.wait(), Err(AcquireError::TooLong { wait, .. }) if wait == millis(100)));
    assert_eq!(third.wait_time(), millis(100));
}

#[test]
fn strict_queue_on_threads_never_lets_two_leave_in_an_interval() {
    let queue = LeakyQueue::strict(Quota::per_second(1_000).unwrap(), 100, limitor::SystemClock::new());
    let left = std::sync::Mutex::new(Vec::new());
    let start = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    queue.acquire(1).wait().unwrap();
                    left.lock().unwrap().push(start.elapsed());
                }
            });
        }
    });
    // Each thread notes the time after it left. The last of 160 leaves at least 159 intervals after
    // the first.
    let mut left = left.into_inner().unwrap();
    left.sort();
    for (number, elapsed) in (0..).zip(&left) {
        let earliest = Duration::from_micros(999) * number;
        assert!(*elapsed >= earliest, "number {number} after {elapsed:?}");
    }
    assert_eq!(left.len(), 160);
}
