//! Every interleaving of two or three threads at sets of limits.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom_set`. Each race has its bound
//! on preemptions: `None` is no bound, three where two threads do much, two where there are three
//! threads. Loom is a search within that bound, not a proof. Each race is run in both orders, as
//! `loom.rs` explains. A waiter that is never woken is a deadlock, which loom reports: the clock
//! does not move unless the race moves it.
#![cfg(loom)]

mod beside;

use std::sync::Arc;
use std::time::Duration;

use limitor::{AcquireError, LimitSet, ManualClock, Quota, RateLimiter, Timestamp, set};
use loom::sync::Mutex;
use loom::thread;

use beside::beside;

type Limiter = RateLimiter<ManualClock>;
type Pair = LimitSet<2, ManualClock>;
type Granted = set::Grant<'static, 2, ManualClock>;

/// The state that the threads of a race share: two limits of one permit per second, the set of
/// both, and another set in the other order.
struct Shared {
    clock: ManualClock,
    a: Arc<Limiter>,
    b: Arc<Limiter>,
    set: Arc<Pair>,
    other: Pair,
    grant: Mutex<Option<Granted>>,
    place: Mutex<Option<task::Pending>>,
}

impl Shared {
    fn new(burst_a: u64, burst_b: u64) -> Self {
        let clock = ManualClock::new();
        let limiter = |burst| {
            let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
            Arc::new(RateLimiter::with_clock(quota, clock.clone()))
        };
        let (a, b) = (limiter(burst_a), limiter(burst_b));
        let set = Arc::new(LimitSet::new([("a", a.clone()), ("b", b.clone())]));
        let other = LimitSet::new([("b", b.clone()), ("a", a.clone())]);
        Self { clock, a, b, set, other, grant: Mutex::new(None), place: Mutex::new(None) }
    }

    /// With no permits left, and the grant that holds them.
    fn granted(burst: u64) -> Self {
        let shared = Self::new(burst, burst);
        *shared.grant.lock().unwrap() = Some(shared.set.acquire_owned([burst; 2]).wait().unwrap());
        shared
    }

    fn grant(&self) -> Granted {
        self.grant.lock().unwrap().take().unwrap()
    }

    fn available(&self) -> [u64; 2] {
        [self.a.available(), self.b.available()]
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ticks(seconds * 1_000_000_000)
}

fn try_both(set: &Pair, costs: [u64; 2]) -> u64 {
    u64::from(set.try_acquire(costs).is_ok())
}

fn try_one(limiter: &Limiter, n: u64) -> u64 {
    limiter.try_acquire(n).map_or(0, |grant| grant.amount())
}

fn wait(shared: &Shared) -> Result<(), AcquireError> {
    shared.set.acquire([1, 1]).wait().map(drop).map_err(|error| error.error())
}

/// Both tries may be refused because of each other. Permits that neither got are all available
/// afterwards.
#[test]
fn two_sets_for_the_last_permit_of_each_limit() {
    beside(
        None,
        || Shared::new(1, 1),
        |s| try_both(&s.set, [1, 1]),
        |s| try_both(&s.other, [1, 1]),
        |s, here, there| {
            assert!(here + there <= 1, "not both");
            assert_eq!(s.available(), [1 - here - there; 2], "all or nothing, and nothing is lost");
        },
    );
}

#[test]
fn set_beside_direct_callers_of_its_limits() {
    beside(
        None,
        || Shared::new(2, 2),
        |s| try_both(&s.set, [2, 2]),
        |s| [try_one(&s.b, 1), try_one(&s.a, 1)],
        |s, both, direct| {
            assert_eq!(s.available(), [2 - 2 * both - direct[1], 2 - 2 * both - direct[0]]);
            assert!(both + direct[0] <= 1 && both + direct[1] <= 1);
        },
    );
}

/// Two sets that share a limit, each with one of its own, and a direct caller of the shared limit.
#[test]
fn two_sets_that_share_a_limit_beside_a_direct_caller() {
    let others = |s: &Shared| {
        let set = s.set.clone();
        let second = thread::spawn(move || try_both(&set, [1, 2]));
        let direct = try_one(&s.b, 1);
        [second.join().unwrap(), direct]
    };
    beside(
        Some(2),
        || Shared::new(2, 3),
        |s| try_both(&s.other, [2, 1]),
        others,
        |s, first, [second, direct]| {
            assert_eq!(s.available(), [2 - first - second, 3 - 2 * first - 2 * second - direct]);
        },
    );
}

/// Permits that are returned reach a waiter that has entered the queue of the limit itself.
#[test]
fn permits_taken_in_passing_return_to_waiters_of_the_limit() {
    let direct = |s: &Shared| {
        let taken = try_one(&s.b, 1);
        (taken, s.a.reserve_owned(1).unwrap())
    };
    beside(
        None,
        || Shared::new(1, 1),
        |s| try_both(&s.set, [1, 1]),
        direct,
        |s, both, (taken, place)| {
            assert!(both + taken <= 1);
            assert_eq!(place.wait_time(), Duration::from_secs(both));
            assert_eq!(s.b.available(), 1 - both - taken);
        },
    );
}

/// Due at 1 and noticed at 20, beside a caller that takes all at 20. If the first limit had granted
/// 5 at 1, these are back by 20; returning them once more would grant 15.
#[test]
fn late_return_does_not_return_permits_granted_since() {
    fn setup() -> Shared {
        let shared = Shared::new(10, 1);
        shared.b.try_acquire(1).unwrap();
        task::join(&shared, [5, 1]);
        shared.clock.advance(Duration::from_secs(20));
        shared
    }
    beside(
        None,
        setup,
        |s| s.set.notify(),
        |s| [try_one(&s.a, 10), try_one(&s.b, 1)],
        |s, (), direct| {
            let through = u64::from(s.set.waiters() == 0);
            assert!(direct[0] == 10 || through == 1, "refused only because of the other");
            let left = s.a.available();
            assert!(direct[0] + left <= 10, "{} and {left} at 20", direct[0]);
            let beyond = |limit: &Limiter| limit.capacity_info(1).needed > 1;
            assert!(!beyond(&s.a) && !beyond(&s.b), "charged at a limit with nothing left");
            if through == 1 && direct[0] == 0 {
                assert_eq!(left, 10, "granted as of 1");
            }
        },
    );
}

#[test]
fn settlement_wakes_the_thread_that_falls_asleep_beside_it() {
    for settle in [
        |s: &Shared| s.grant().refund(),
        |s: &Shared| s.grant().reconcile([0, 1]),
        |s: &Shared| s.set.reconcile([0, 0], [2, 2]),
        |s: &Shared| {
            s.a.refund(2);
            s.b.refund(2);
            s.set.notify();
        },
    ] {
        beside(
            Some(3),
            || Shared::granted(2),
            wait,
            settle,
            |s, waited, ()| {
                assert_eq!(waited, Ok(()));
                assert_eq!(s.set.waiters(), 0);
                assert_eq!(s.a.available(), 1);
            },
        );
    }
}

/// As above, one limit each from two threads: the second must find that the first has done its
/// part.
#[test]
fn two_settlements_wake_the_waiter_that_needs_both() {
    let others = |s: &Shared| {
        let (set, b) = (s.set.clone(), s.b.clone());
        let second = thread::spawn(move || {
            b.refund(1);
            set.notify();
        });
        s.a.refund(1);
        s.set.notify();
        second.join().unwrap();
    };
    beside(
        Some(2),
        || Shared::granted(1),
        wait,
        others,
        |s, waited, ()| {
            assert_eq!(waited, Ok(()));
            assert_eq!(s.available(), [0, 0]);
        },
    );
}

#[test]
fn clock_wakes_the_thread_that_falls_asleep_beside_it() {
    beside(
        None,
        || Shared::granted(1),
        wait,
        |s| s.clock.advance(Duration::from_secs(1)),
        |s, waited, ()| {
            assert_eq!(waited, Ok(()));
            assert_eq!(s.available(), [0, 0]);
        },
    );
}

/// One refund of two: the second waiter learns of it from the first, or from the refund.
#[test]
fn refund_of_two_grants_both_waiters() {
    let others = |s: &Shared| {
        let set = s.set.clone();
        let second = thread::spawn(move || set.acquire([1, 1]).wait().is_ok());
        s.grant().refund();
        second.join().unwrap()
    };
    beside(
        Some(2),
        || Shared::granted(2),
        wait,
        others,
        |s, first, second| {
            assert!(first.is_ok() && second);
            assert_eq!(s.available(), [0, 0]);
        },
    );
}

#[test]
fn wait_that_begins_beside_a_cancel_ends_with_it_or_stays() {
    let cancel = |s: &Shared| {
        s.set.cancel_waiters();
        s.clock.advance(Duration::from_secs(1));
    };
    beside(
        None,
        || Shared::granted(1),
        wait,
        cancel,
        |s, waited, ()| {
            let through = u64::from(waited == Ok(()));
            assert!(through == 1 || waited == Err(AcquireError::Cancelled));
            assert_eq!(s.available(), [1 - through; 2]);
        },
    );
}

/// The close finds the waiter, or the waiter finds that the set is closed.
#[test]
fn wait_that_begins_beside_a_close_ends() {
    beside(
        None,
        || Shared::granted(1),
        wait,
        |s| s.set.close(),
        |s, waited, ()| {
            assert_eq!(waited, Err(AcquireError::Closed));
            assert_eq!((s.available(), s.set.waiters()), ([0, 0], 0));
            assert!(s.set.is_closed());
        },
    );
}

/// A request that needs no waiting is granted before the close, or refused after it.
#[test]
fn try_beside_a_close_takes_all_or_nothing() {
    beside(
        None,
        || Shared::new(1, 1),
        |s| try_both(&s.set, [1, 1]),
        |s| s.set.close(),
        |s, taken, ()| {
            assert_eq!(s.available(), [1 - taken; 2]);
            assert_eq!(try_both(&s.set, [0, 0]), 0, "closed from now on");
        },
    );
}

/// Closed while a waiter looks at its due time: the waiter is woken now, or looks at that time.
#[test]
fn wait_beside_the_closing_of_a_limit_ends() {
    let close = |s: &Shared| {
        s.b.close();
        s.clock.advance(Duration::from_secs(1));
    };
    beside(
        None,
        || Shared::granted(1),
        wait,
        close,
        |s, waited, ()| {
            assert!(matches!(waited, Ok(()) | Err(AcquireError::Closed)), "{waited:?}");
            assert_eq!(s.a.available(), u64::from(waited.is_err()));
        },
    );
}

/// The waiter asks when the permit of the first limit was taken in passing, for another caller that
/// finds none at the second limit. When that permit is returned, no other caller comes.
#[test]
fn permits_taken_in_passing_reach_a_new_waiter() {
    let join = |s: &Shared| {
        s.b.charge(1);
        s.set.acquire([1, 0]).wait().is_ok()
    };
    let passing = |s: &Shared| {
        let granted = try_both(&s.set, [1, 1]);
        s.clock.advance(Duration::from_secs(granted));
        granted
    };
    beside(
        Some(3),
        || Shared::new(1, 1),
        join,
        passing,
        |s, joined, _| {
            assert!(joined);
            assert_eq!(s.a.available(), 0);
        },
    );
}

/// After all waiters have left, a later try is not refused because of them.
#[test]
fn try_beside_a_waiter_that_leaves() {
    beside(
        Some(3),
        || Shared::granted(2),
        wait,
        |s| {
            s.grant().refund();
            try_both(&s.set, [1, 1])
        },
        |s, waited, tried| {
            assert_eq!(waited, Ok(()));
            assert_eq!(s.available(), [1 - tried; 2]);
        },
    );
}

/// Tasks that are polled by hand.
mod task {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use limitor::set;

    use super::*;

    #[derive(Default)]
    pub(super) struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    /// A future that was polled once.
    pub(super) struct Pending {
        acquire: set::Acquire<'static, 2, ManualClock>,
        woken: Arc<Woken>,
    }

    impl Pending {
        fn poll(&mut self) -> Poll<bool> {
            let waker = Waker::from(self.woken.clone());
            pin!(&mut self.acquire).poll(&mut Context::from_waker(&waker)).map(|granted| granted.is_ok())
        }

        /// Polls again only if it was woken, as an executor does.
        pub(super) fn finish(mut self) {
            assert!(self.woken.0.load(Ordering::SeqCst), "never woken");
            assert_eq!(self.poll(), Poll::Ready(true));
        }
    }

    /// Polls once. Returns `None` if the future was ready.
    pub(super) fn poll_once(shared: &Shared, costs: [u64; 2]) -> Option<Pending> {
        let mut pending = Pending { acquire: shared.set.acquire_owned(costs), woken: Arc::default() };
        pending.poll().is_pending().then_some(pending)
    }

    /// Enters the queue.
    pub(super) fn join(shared: &Shared, costs: [u64; 2]) {
        *shared.place.lock().unwrap() = Some(poll_once(shared, costs).unwrap());
    }

    pub(super) fn leave(shared: &Shared) {
        let place = shared.place.lock().unwrap().take();
        drop(place);
    }
}

#[test]
fn refund_wakes_the_task_that_is_polled_beside_it() {
    beside(
        None,
        || Shared::granted(1),
        |s| task::poll_once(s, [1, 1]),
        |s| s.grant().refund(),
        |s, pending, ()| {
            if let Some(pending) = pending {
                pending.finish();
            }
            assert_eq!(s.available(), [0, 0]);
        },
    );
}

/// If it was granted first, it has spent its permits. If it left first, they are available. The
/// same holds for both limits.
#[test]
fn waiter_leaving_beside_its_grant_spends_all_or_nothing() {
    fn setup() -> Shared {
        let shared = Shared::granted(1);
        task::join(&shared, [1, 1]);
        shared
    }
    beside(
        None,
        setup,
        task::leave,
        |s| s.grant().refund(),
        |s, (), ()| {
            assert_eq!(s.set.waiters(), 0);
            let left = s.available();
            assert!(left == [0, 0] || left == [1, 1], "{left:?}");
        },
    );
}

/// It leaves at its due time, while another caller looks: it is charged or not, and never in part.
#[test]
fn waiter_leaving_at_its_due_time_spends_all_or_nothing() {
    fn setup() -> Shared {
        let shared = Shared::granted(1);
        task::join(&shared, [1, 1]);
        shared
    }
    let come_due = |s: &Shared| {
        s.clock.advance(Duration::from_secs(1));
        try_both(&s.set, [1, 1])
    };
    beside(None, setup, task::leave, come_due, |s, (), tried| {
        assert_eq!(s.set.waiters(), 0);
        let left = s.available();
        assert!(left == [0, 0] || (tried == 0 && left == [1, 1]), "{left:?}");
    });
}

/// The first waiter leaves while the second falls asleep behind it: there is enough for the second.
#[test]
fn waiter_leaving_wakes_the_thread_that_falls_asleep() {
    fn setup() -> Shared {
        let shared = Shared::new(1, 1);
        shared.a.try_acquire(1).unwrap();
        task::join(&shared, [1, 0]);
        shared
    }
    let wait = |s: &Shared| s.set.acquire([0, 1]).wait().is_ok();
    beside(None, setup, wait, task::leave, |s, waited, ()| assert!(waited && s.available() == [0, 0]));
}

/// The same readings of the clock from two threads, one behind the other: together they are granted
/// no more than is available.
#[test]
fn tries_at_different_readings_keep_the_bound() {
    fn tries(s: &Shared, seconds: u64) -> u64 {
        (0..2).map(|_| u64::from(s.set.try_acquire_at(at(seconds), [1, 1]).is_ok())).sum()
    }
    fn setup() -> Shared {
        let shared = Shared::new(2, 2);
        drop(shared.set.try_acquire_at(at(3), [2, 1]).unwrap());
        shared
    }
    beside(
        None,
        setup,
        |s| tries(s, 5),
        |s| tries(s, 3),
        |_, ahead, behind| {
            assert_eq!((ahead, behind), (2, 0), "at 3 nothing is left of the first limit, at 5 two are available");
        },
    );
}
