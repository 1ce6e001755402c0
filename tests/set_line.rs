//! The line before a set of limits: first come, first served, woken in time, and each limit keeps its own bound.
#![cfg(not(loom))]

use std::future::Future;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, AcquireSet, LimitSet, ManualClock, Quota, RateLimiter, Reason};
use proptest::prelude::*;

type Limiter = Arc<RateLimiter<ManualClock>>;

fn limiter(clock: &ManualClock, per_second: u64, burst: u64) -> Limiter {
    let quota = Quota::per_second(per_second).unwrap().with_burst(burst).unwrap();
    Arc::new(RateLimiter::with_clock(quota, clock.clone()))
}

/// `a` has a burst of 10 and `b` one of 20, both one permit a second.
fn pair(clock: &ManualClock) -> (Limiter, Limiter, LimitSet<2, ManualClock>) {
    let (a, b) = (limiter(clock, 1, 10), limiter(clock, 1, 20));
    let set = LimitSet::new([("a", a.clone()), ("b", b.clone())]);
    (a, b, set)
}

#[derive(Default)]
struct Told(AtomicUsize);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn all_or_nothing_and_the_refusal_names_who_grants_last() {
    let clock = ManualClock::new();
    let (a, b, set) = pair(&clock);
    assert_eq!(set.try_acquire([10, 12]).unwrap().costs(), [10, 12]);
    let denied = set.try_acquire([3, 10]).unwrap_err();
    assert_eq!((denied.limit(), denied.retry_after()), ("a", Some(3 * SECOND)));
    let denied = set.try_acquire([3, 15]).unwrap_err();
    assert_eq!((denied.limit(), denied.retry_after()), ("b", Some(7 * SECOND)));
    assert_eq!((a.available(), b.available()), (0, 8), "nothing was charged");

    clock.advance(Duration::new(6, 999_999_999));
    assert!(set.try_acquire([3, 15]).is_err());
    clock.advance(Duration::from_nanos(1));
    assert!(set.try_acquire([3, 15]).is_ok());
}

#[test]
fn what_no_wait_would_help_is_said_at_once_with_the_limit() {
    let clock = ManualClock::new();
    let (a, b, set) = pair(&clock);
    let denied = set.try_acquire([11, 1]).unwrap_err();
    assert_eq!((denied.limit(), denied.denied().reason(), denied.retry_after()), ("a", Reason::ExceedsBurst, None));
    let error = set.acquire([11, 1]).wait().unwrap_err();
    assert_eq!(error.limit(), Some("a"));
    assert!(matches!(error.error(), AcquireError::ExceedsBurst { requested: 11, burst: 10, .. }));
    b.close();
    assert_eq!(set.try_acquire([1, 1]).unwrap_err().denied().reason(), Reason::Closed);
    assert_eq!(set.acquire([1, 1]).wait().unwrap_err().error(), AcquireError::Closed);
    assert!(set.try_acquire([1, 0]).is_ok(), "a cost of 0 asks nothing of its limit");
    a.charge(u64::MAX);
    assert_eq!(set.try_acquire([1, 0]).unwrap_err().denied().reason(), Reason::Saturated);
    a.reset();
    b.reset();
    b.breach();
    let free = set.try_acquire([1, 20]).unwrap();
    b.reset();
    b.try_acquire(5).unwrap();
    free.refund();
    assert_eq!((a.available(), b.available()), (10, 15), "what was free is not given back");
}

/// Charging `a` at 0 for a request that `b` lets wait until 20 would let a direct caller take 10 more of `a` at 20.
#[test]
fn who_waits_for_one_limit_is_not_charged_by_the_other() {
    let clock = ManualClock::new();
    let (a, b, set) = pair(&clock);
    b.try_acquire(20).unwrap();
    let mut waiting = set.acquire([10, 20]);
    assert!(poll(&mut waiting).is_pending());
    assert_eq!(a.available(), 10, "not charged before its time");
    clock.advance(20 * SECOND);
    assert!(a.try_acquire(10).is_ok(), "nothing is held back for it");
    assert!(poll(&mut waiting).is_pending(), "20 of a burst of 10 would go at once");
    clock.advance(10 * SECOND);
    assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(_))));
    assert_eq!(a.available(), 0);
}

#[test]
fn nobody_in_the_line_is_overtaken_through_the_set() {
    let clock = ManualClock::new();
    let (_, _, set) = pair(&clock);
    set.try_acquire([5, 0]).unwrap();
    let (mut first, mut second) = (set.acquire([10, 1]), set.acquire([1, 1]));
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    assert_eq!(set.waiters(), 2);
    assert!(set.try_acquire([1, 1]).is_err() && set.try_acquire([0, 1]).is_err());
    clock.advance(5 * SECOND);
    // The second looks first, and finds the first let through, and itself not.
    assert!(poll(&mut second).is_pending());
    assert!(matches!(poll(&mut first), Poll::Ready(Ok(_))));
    clock.advance(SECOND);
    assert!(matches!(poll(&mut second), Poll::Ready(Ok(_))));
    assert_eq!(set.waiters(), 0);
}

#[test]
fn who_gives_up_leaves_nothing_charged_and_the_next_is_told() {
    let clock = ManualClock::new();
    let (a, b, set) = pair(&clock);
    set.try_acquire([4, 4]).unwrap();
    let mut first = set.acquire([10, 1]);
    let told = Arc::new(Told::default());
    let mut second = set.acquire([6, 1]);
    assert!(poll(&mut first).is_pending());
    let waker = Waker::from(told.clone());
    assert!(pin!(&mut second).poll(&mut Context::from_waker(&waker)).is_pending());
    drop(first);
    assert!(told.0.load(Ordering::Relaxed) > 0);
    assert!(matches!(poll(&mut second), Poll::Ready(Ok(_))));
    assert_eq!((a.available(), b.available()), (0, 15));
}

#[test]
fn refunds_through_the_set_move_up_those_who_wait_and_direct_ones_when_it_is_told() {
    let clock = ManualClock::new();
    let (a, _, set) = pair(&clock);
    let grant = set.try_acquire([10, 1]).unwrap();
    let told = Arc::new(Told::default());
    let waker = Waker::from(told.clone());
    let mut waiting = set.acquire([4, 1]);
    assert!(pin!(&mut waiting).poll(&mut Context::from_waker(&waker)).is_pending());
    grant.reconcile([6, 1]);
    assert!(told.0.load(Ordering::Relaxed) > 0);
    assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(_))));

    let mut waiting = set.acquire([4, 1]);
    assert!(pin!(&mut waiting).poll(&mut Context::from_waker(&waker)).is_pending());
    let before = told.0.load(Ordering::Relaxed);
    a.refund(4);
    set.moved();
    assert!(told.0.load(Ordering::Relaxed) > before);
    assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(_))));
}

#[test]
fn deadlines_fail_at_once_if_all_that_is_known_passes_them_and_later_if_it_comes_to() {
    let clock = ManualClock::new();
    let (a, b, set) = pair(&clock);
    a.try_acquire(10).unwrap();
    let mut ahead = set.acquire([2, 1]);
    assert!(poll(&mut ahead).is_pending());
    // Behind 2 s of waiting, another 3.
    let error = set.acquire([3, 1]).timeout(Duration::new(4, 999_999_999)).wait().unwrap_err();
    assert_eq!(error.limit(), Some("a"));
    assert!(matches!(error.error(), AcquireError::TooLong { wait, .. } if wait == 5 * SECOND), "{error}");
    assert!(set.acquire([1, 1]).timeout(Duration::ZERO).wait().is_err());

    let mut behind = set.acquire([3, 1]).timeout(5 * SECOND);
    assert!(poll(&mut behind).is_pending());
    clock.advance(2 * SECOND);
    assert!(matches!(poll(&mut ahead), Poll::Ready(Ok(_))));
    b.try_acquire(18).unwrap();
    b.charge(10); // puts it off by 8 s
    let Poll::Ready(Err(error)) = poll(&mut behind) else { panic!("cannot be in time any more") };
    assert_eq!(error.limit(), Some("b"));
    assert_eq!(a.available(), 0, "2 came back, and were taken");
    assert_eq!(set.waiters(), 0);
}

/// Whoever had to let another go first goes when that leaves, and is charged as of then.
#[test]
fn who_was_held_up_goes_when_the_one_ahead_leaves_and_not_before() {
    let clock = ManualClock::new();
    let (a, b, set) = pair(&clock);
    b.try_acquire(20).unwrap();
    let (mut first, mut second) = (set.acquire([0, 20]), set.acquire([8, 0]));
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    clock.advance(5 * SECOND);
    drop(first);
    assert!(matches!(poll(&mut second), Poll::Ready(Ok(_))));
    assert_eq!(a.available(), 2, "8 were taken now, not 5 s ago");
}

#[test]
fn a_change_that_nobody_told_of_counts_from_when_it_is_found() {
    let clock = ManualClock::new();
    let (a, _, set) = pair(&clock);
    a.try_acquire(10).unwrap();
    let mut waiting = set.acquire([10, 0]);
    assert!(poll(&mut waiting).is_pending());
    clock.advance(5 * SECOND);
    a.refund(5);
    clock.advance(2 * SECOND);
    assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(_))));
    assert_eq!(a.available(), 0, "10 were taken now, not 2 s ago");
}

#[test]
fn the_first_in_line_is_told_when_its_time_has_changed() {
    let clock = ManualClock::new();
    let (_, _, set) = pair(&clock);
    let grant = set.try_acquire([10, 1]).unwrap();
    let told = Arc::new(Told::default());
    let waker = Waker::from(told.clone());
    let mut waiting = set.acquire([4, 1]);
    assert!(pin!(&mut waiting).poll(&mut Context::from_waker(&waker)).is_pending());
    grant.reconcile([8, 1]);
    assert_eq!(told.0.load(Ordering::Relaxed), 1, "it is due in 2 s instead of 4");
    assert!(pin!(&mut waiting).poll(&mut Context::from_waker(&waker)).is_pending());
    clock.advance(2 * SECOND);
    assert_eq!(told.0.load(Ordering::Relaxed), 2, "by its timer");
    assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(_))));
}

#[test]
fn cancelled_waits_end_and_the_set_goes_on() {
    let clock = ManualClock::new();
    let (a, _, set) = pair(&clock);
    a.try_acquire(10).unwrap();
    let mut waiting = set.acquire([1, 1]);
    assert!(poll(&mut waiting).is_pending());
    set.cancel_waiters();
    let Poll::Ready(Err(error)) = poll(&mut waiting) else { panic!("ended") };
    assert_eq!((error.error(), error.to_string().as_str()), (AcquireError::Cancelled, "the wait was cancelled"));
    clock.advance(SECOND);
    assert!(set.try_acquire([1, 1]).is_ok());
}

/// Those in front that were leaked never look; the next ones have timers of their own.
#[test]
fn leaked_futures_stop_nobody() {
    let clock = ManualClock::new();
    let (a, _, set) = pair(&clock);
    a.try_acquire(10).unwrap();
    for _ in 0..3 {
        let mut leaked = set.acquire([1, 1]);
        assert!(poll(&mut leaked).is_pending());
        mem::forget(leaked);
    }
    let told = Arc::new(Told::default());
    let waker = Waker::from(told.clone());
    let mut last = set.acquire([1, 1]);
    assert!(pin!(&mut last).poll(&mut Context::from_waker(&waker)).is_pending());
    clock.advance(SECOND + Duration::from_millis(100));
    assert!(told.0.load(Ordering::Relaxed) > 0, "to look after the first");
    for _ in 0..3 {
        assert!(pin!(&mut last).poll(&mut Context::from_waker(&waker)).is_pending());
        clock.advance(SECOND);
    }
    assert!(matches!(poll(&mut last), Poll::Ready(Ok(_))));
}

#[test]
fn threads_and_tasks_share_one_line() {
    let clock = ManualClock::new();
    let (a, _, set) = pair(&clock);
    let set = Arc::new(set);
    a.try_acquire(10).unwrap();
    thread::scope(|scope| {
        let thread = scope.spawn(|| set.acquire([1, 1]).wait().is_ok());
        while set.waiters() < 1 {
            thread::yield_now();
        }
        let mut task = set.acquire_owned([1, 1]);
        assert!(poll(&mut task).is_pending());
        clock.advance(SECOND);
        assert!(thread.join().unwrap());
        assert!(poll(&mut task).is_pending());
        clock.advance(SECOND);
        assert!(matches!(poll(&mut task), Poll::Ready(Ok(_))));
    });
}

#[test]
fn waits_on_the_systems_clock_keep_the_rate() {
    let spaced = Arc::new(RateLimiter::new(Quota::per_second(500).unwrap().with_burst(1).unwrap()));
    let set =
        LimitSet::new([("spaced", spaced), ("wide", Arc::new(RateLimiter::new(Quota::per_day(1_000_000).unwrap())))]);
    let start = Instant::now();
    for _ in 0..51 {
        set.acquire([1, 1]).wait().unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(100), "never early: {:?}", start.elapsed());
}

#[test]
fn it_can_be_shared_and_sent() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send + Unpin>() {}
    shared::<LimitSet<3, ManualClock>>();
    sent::<AcquireSet<'static, 3, ManualClock>>();
}

/// Steps of a random timeline.
#[derive(Debug, Clone)]
enum Step {
    /// A second: all that is due comes due at whole ones.
    Tick,
    Try([u64; 2]),
    Wait([u64; 2]),
    Drop(usize),
    Direct(usize, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let costs = || [0..=6_u64, 0..=9_u64];
    let step = prop_oneof![
        3 => Just(Step::Tick),
        1 => costs().prop_map(Step::Try),
        2 => costs().prop_map(Step::Wait),
        1 => (0..8_usize).prop_map(Step::Drop),
        1 => (0..2_usize, 1..=5_u64).prop_map(|(limit, n)| Step::Direct(limit, n)),
    ];
    prop::collection::vec(step, 1..100)
}

proptest! {
    /// Over every window no limit exceeds its burst and what comes back, whoever asks; those who wait go in order, each once,
    /// and as soon as both limits can.
    #[test]
    fn each_limit_keeps_its_bound_and_the_line_its_order(steps in steps()) {
        let clock = ManualClock::new();
        let bursts = [6, 9];
        let limits = bursts.map(|burst| limiter(&clock, 1, burst));
        let set = LimitSet::new([("a", limits[0].clone()), ("b", limits[1].clone())]);
        // What was granted of each limit, and when.
        let mut granted: [Vec<(u64, u64)>; 2] = [vec![], vec![]];
        let mut waiting: Vec<(usize, [u64; 2], AcquireSet<'_, 2, ManualClock>)> = vec![];
        let (mut next, mut last, mut now) = (0, None, 0);
        for step in steps {
            match step {
                Step::Tick => {
                    now += 1;
                    clock.advance(SECOND);
                }
                Step::Try(costs) => {
                    if set.try_acquire(costs).is_ok() {
                        prop_assert!(waiting.is_empty(), "overtaken");
                        granted.iter_mut().zip(costs).for_each(|(granted, cost)| granted.push((now, cost)));
                    }
                }
                Step::Wait(costs) => {
                    waiting.push((next, costs, set.acquire(costs)));
                    next += 1;
                }
                Step::Drop(index) if index < waiting.len() => drop(waiting.remove(index)),
                Step::Drop(_) => {}
                Step::Direct(limit, n) => {
                    if limits[limit].try_acquire(n).is_ok() {
                        granted[limit].push((now, n));
                    }
                }
            }
            let mut index = 0;
            while index < waiting.len() {
                match poll(&mut waiting[index].2) {
                    Poll::Pending => index += 1,
                    Poll::Ready(grant) => {
                        let (order, costs, _) = waiting.remove(index);
                        prop_assert_eq!(grant.unwrap().costs(), costs);
                        prop_assert!(last.is_none_or(|last| last < order), "out of order");
                        last = Some(order);
                        granted.iter_mut().zip(costs).for_each(|(granted, cost)| granted.push((now, cost)));
                    }
                }
            }
            if let Some((_, costs, _)) = waiting.first() {
                let enough = |limit: usize| limits[limit].available() >= costs[limit];
                prop_assert!(!(enough(0) && enough(1)), "the first in line could go");
            }
        }
        drop(waiting);
        for (limit, granted) in granted.iter().enumerate() {
            for from in 0..granted.len() {
                let mut sum = 0;
                for (at, cost) in &granted[from..] {
                    sum += cost;
                    let elapsed = at - granted[from].0;
                    prop_assert!(sum <= bursts[limit] + elapsed, "{sum} of limit {limit} within {elapsed} s");
                }
            }
        }
    }
}
