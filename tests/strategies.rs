//! How threads wait until they are due, on a clock that counts its readings and waits.
#![cfg(not(loom))]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use limitor::{Clock, LimitSet, Quota, RateLimiter, Strategy, Timestamp};

/// The time between two grants.
const INTERVAL: u64 = 10_000_000;

type Event = Box<dyn FnOnce() + Send>;

/// Passes like real time, a microsecond with every reading. A parked thread wakes a little late, or
/// early if an event happens.
#[derive(Default)]
struct Counted {
    manual: bool,
    late: AtomicU64,
    nanos: AtomicU64,
    readings: AtomicU64,
    /// Until when the thread was parked.
    parked: Mutex<Vec<u64>>,
    /// An event, and its time.
    event: Mutex<Option<(u64, Event)>>,
}

impl Counted {
    fn new(manual: bool) -> Arc<Self> {
        Arc::new(Self { manual, late: AtomicU64::new(5_000), ..Self::default() })
    }

    fn at(&self) -> u64 {
        self.nanos.load(Relaxed)
    }

    /// How long before `due` each park ended, and how often the clock was read.
    fn passed(&self, due: u64) -> (Vec<u64>, u64) {
        let parked = self.parked.lock().unwrap().drain(..).map(|at| due.saturating_sub(at)).collect();
        (parked, self.readings.swap(0, Relaxed))
    }

    fn happens(&self, at: u64, event: impl FnOnce() + Send + 'static) {
        *self.event.lock().unwrap() = Some((at, Box::new(event)));
    }

    /// Whether an event happened by then.
    fn goes_on(&self, at: u64) -> bool {
        let event = self.event.lock().unwrap().take_if(|(when, _)| *when <= at);
        let happened = event.is_some();
        if let Some((when, event)) = event {
            self.nanos.fetch_max(when, Relaxed);
            event();
        }
        happened
    }
}

impl Clock for Counted {
    fn now(&self) -> Timestamp {
        self.readings.fetch_add(1, Relaxed);
        let now = self.nanos.fetch_add(1_000, Relaxed);
        self.goes_on(now);
        Timestamp::from_ticks(now)
    }

    fn can_spin(&self) -> bool {
        !self.manual
    }

    fn park_until(&self, at: Timestamp) {
        self.parked.lock().unwrap().push(at.ticks());
        if !self.goes_on(at.ticks()) {
            self.nanos.fetch_max(at.ticks() + self.late.load(Relaxed), Relaxed);
        }
    }
}

/// The lateness of threads is learned for the whole process, so these tests run one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn quota() -> Quota {
    Quota::new(1, Duration::from_nanos(INTERVAL)).unwrap()
}

fn limiter(strategy: Strategy, manual: bool) -> (Arc<RateLimiter<Arc<Counted>>>, Arc<Counted>) {
    let clock = Counted::new(manual);
    let limiter = RateLimiter::builder(quota()).strategy(strategy).clock(Arc::clone(&clock)).build();
    limiter.try_acquire_at(Timestamp::from_ticks(0), 1).unwrap();
    (Arc::new(limiter), clock)
}

/// Parks once, until shortly before it is due, and then reads the clock.
fn assert_parks_then_spins((parked, readings): (Vec<u64>, u64)) {
    assert!(matches!(parked[..], [20_000..=500_000]), "{parked:?} before the due time");
    assert!(readings.abs_diff(parked[0] / 1_000) < 20, "{readings} readings for {} ns", parked[0]);
}

#[test]
fn each_strategy_waits_in_its_own_way() {
    let _alone = alone();
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let (limiter, clock) = limiter(strategy, false);
        limiter.acquire(1).wait().unwrap();
        let (parked, readings) = clock.passed(INTERVAL);
        match strategy {
            Strategy::Spin => assert!(parked.is_empty() && readings > 9_900, "{parked:?}, {readings}"),
            Strategy::Park => assert!(parked == [0] && readings < 20, "{parked:?}, {readings}"),
            _ => assert_parks_then_spins((parked, readings)),
        }
        assert!(clock.at() < INTERVAL + 50_000, "{strategy:?}: {}", clock.at());
    }
}

/// Time that only moves by hand is waited for without spinning.
#[test]
fn waiter_on_a_manual_clock_does_not_spin() {
    let _alone = alone();
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let (limiter, clock) = limiter(strategy, true);
        limiter.acquire(1).wait().unwrap();
        let (parked, readings) = clock.passed(INTERVAL);
        assert!(parked == [0] && readings < 20, "{strategy:?}: {parked:?}, {readings}");
    }
}

/// Whether it is parked or reads the clock at that moment.
#[test]
fn waiter_that_moves_forward_is_granted_at_its_new_time() {
    let _alone = alone();
    for strategy in [Strategy::Spin, Strategy::SpinThenPark, Strategy::Park] {
        let (limiter, clock) = limiter(strategy, false);
        let ahead = limiter.reserve_owned(1).unwrap();
        clock.happens(INTERVAL / 2, || ahead.cancel());
        limiter.acquire(1).wait().unwrap();
        assert!((INTERVAL..INTERVAL + 50_000).contains(&clock.at()), "{strategy:?}: {}", clock.at());
    }
}

/// Wakes 1 ms late at first, and then on time again.
fn assert_learns(clock: &Counted, mut wait: impl FnMut()) {
    for (late, waits, margin) in [(1_000_000, 30, 500_000), (5_000, 600, 20_000), (1_000_000, 30, 500_000)] {
        clock.late.store(late, Relaxed);
        let mut last = 0;
        for _ in 0..waits {
            let due = clock.at() + INTERVAL;
            wait();
            let (parked, _) = clock.passed(due);
            assert_eq!(parked.len(), 1, "once: {parked:?}");
            last = parked[0];
        }
        assert!(last.abs_diff(margin) < 10_000, "{last}, not {margin}");
    }
}

#[test]
fn wake_up_margin_is_learned_from_the_lateness() {
    let _alone = alone();
    let (limiter, clock) = limiter(Strategy::SpinThenPark, false);
    assert_learns(&clock, || {
        limiter.reset();
        limiter.try_acquire(1).unwrap();
        limiter.acquire(1).wait().unwrap();
    });
}

/// Waiters for several limits together.
mod sets {
    use super::*;

    type Set = LimitSet<2, Arc<Counted>>;

    fn set(manual: bool) -> (Set, Arc<Counted>) {
        let clock = Counted::new(manual);
        let limit = || Arc::new(RateLimiter::with_clock(quota(), Arc::clone(&clock)));
        let set = LimitSet::new([("a", limit()), ("b", limit())]);
        set.try_acquire([1, 1]).unwrap();
        clock.passed(0);
        (set, clock)
    }

    #[test]
    fn first_in_the_queue_parks_and_then_spins() {
        let _alone = alone();
        let (set, clock) = set(false);
        set.acquire([1, 1]).wait().unwrap();
        assert_parks_then_spins(clock.passed(INTERVAL));
        assert!(clock.at() < INTERVAL + 50_000, "{}", clock.at());
    }

    #[test]
    fn waiter_on_a_manual_clock_does_not_spin() {
        let _alone = alone();
        let (set, clock) = set(true);
        set.acquire([1, 1]).wait().unwrap();
        let (parked, readings) = clock.passed(INTERVAL);
        assert!(parked == [0] && readings < 30, "{parked:?}, {readings}");
    }

    #[test]
    fn wake_up_margin_is_learned_from_the_lateness() {
        let _alone = alone();
        let (set, clock) = set(false);
        assert_learns(&clock, || {
            set.limits().for_each(|(_, limit)| limit.reset());
            set.try_acquire([1, 1]).unwrap();
            set.acquire([1, 1]).wait().unwrap();
        });
    }

    #[test]
    fn spinning_waiter_is_granted_when_there_is_enough() {
        let _alone = alone();
        let (set, clock) = set(false);
        let set = Arc::new(set);
        let early = INTERVAL - 15_000;
        clock.happens(early, {
            let set = Arc::clone(&set);
            move || {
                set.limits().for_each(|(_, limit)| limit.reset());
                set.notify();
            }
        });
        set.acquire([1, 1]).wait().unwrap();
        assert!((early..early + 10_000).contains(&clock.at()), "{}", clock.at());
    }

    /// It acts for the first waiter in case that one does not, and there is time for that.
    #[test]
    fn second_waiter_parks_until_the_first_is_overdue() {
        use std::future::Future;
        use std::pin::pin;
        use std::task::{Context, Waker};

        let _alone = alone();
        let (set, clock) = set(false);
        let mut first = pin!(set.acquire([1, 1]));
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        set.acquire([1, 1]).wait().unwrap();
        let parked = std::mem::take(&mut *clock.parked.lock().unwrap());
        assert!(matches!(parked[..], [at] if at > 2 * INTERVAL && at < 4 * INTERVAL), "{parked:?}");
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}
