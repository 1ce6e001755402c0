//! Control of all keys together: close, reset, cancel. Each test runs on both kinds of table.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use limitor::{AcquireError, KeyedLimiter, ManualClock, Quota, Reason, keyed};

use super::{ENTRIES, Keyed, per_second, secs, until};

/// Keys in many shards of the map of limiters, and in many parts of the table.
const KEYS: u64 = 300;

/// One permit per second for each key, with this burst, on each kind of table.
fn tables(burst: u64, max_keys: usize) -> impl Iterator<Item = (Arc<Keyed>, ManualClock)> {
    type Table = fn(keyed::Builder<u64, ManualClock>) -> keyed::Builder<u64, ManualClock>;
    let tables: &[Table] = &[
        |builder| builder,
        #[cfg(feature = "exact")]
        keyed::Builder::exact,
    ];
    tables.iter().map(move |table| {
        let clock = ManualClock::new();
        let builder = KeyedLimiter::builder(per_second(burst)).max_keys(max_keys).clock(clock.clone());
        (Arc::new(table(builder).build()), clock)
    })
}

/// Takes all of a key's permits, and an entry of its queue.
fn wait_for(limiter: &Arc<Keyed>, key: u64) -> keyed::Reservation<'static, u64, ManualClock> {
    let _ = limiter.try_acquire_up_to(&key, u64::MAX);
    limiter.reserve_owned(&key, 1).unwrap()
}

fn reasons(limiter: &Arc<Keyed>, key: u64, n: u64) -> Vec<Reason> {
    let handle = limiter.key(&key);
    let errors = [
        limiter.acquire(&key, n).wait().unwrap_err(),
        limiter.acquire(&key, n).timeout(Duration::ZERO).wait().unwrap_err(),
        limiter.acquire_owned(&key, n).wait().unwrap_err(),
        handle.acquire(n).wait().unwrap_err(),
    ];
    let denied = [
        limiter.try_acquire(&key, n).unwrap_err(),
        limiter.try_acquire_owned(&key, n).unwrap_err(),
        limiter.try_acquire_up_to(&key, n).unwrap_err(),
        limiter.reserve(&key, n).unwrap_err(),
        limiter.reserve_within(&key, n, Duration::MAX).unwrap_err(),
        limiter.reserve_owned(&key, n).unwrap_err(),
        handle.try_acquire(n).unwrap_err(),
        handle.try_acquire_up_to(n).unwrap_err(),
        handle.reserve(n).unwrap_err(),
    ];
    assert!(denied.iter().all(|denied| (denied.retry_after(), denied.remaining()) == (None, 0)));
    errors.iter().map(AcquireError::reason).chain(denied.iter().map(limitor::Denied::reason)).collect()
}

#[test]
fn close_refuses_the_waiters_of_all_keys() {
    for (limiter, _) in tables(1, 10_000) {
        let held: Vec<_> = (0..KEYS).map(|key| wait_for(&limiter, key)).collect();
        let threads: Vec<_> = (0..4)
            .map(|key| {
                let limiter = limiter.clone();
                thread::spawn(move || limiter.acquire(&key, 1).wait().map(drop))
            })
            .collect();
        until("the threads wait", || limiter.waiters() == held.len() + threads.len());
        limiter.close();
        assert_eq!((limiter.is_closed(), limiter.waiters()), (true, 0));
        for held in held {
            assert_eq!((held.wait_time(), held.wait().map(drop)), (Duration::MAX, Err(AcquireError::Closed)));
        }
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Err(AcquireError::Closed));
        }
    }
}

#[test]
fn close_refuses_newcomers_on_every_path() {
    for (limiter, clock) in tables(5, 10_000) {
        let grant = limiter.try_acquire(&1, 5).unwrap();
        let handle = limiter.key(&3);
        drop(wait_for(&limiter, 2));
        limiter.close();
        clock.advance(secs(100));
        for key in 1..5 {
            for n in [0, 1, 5] {
                assert!(reasons(&limiter, key, n).iter().all(|reason| *reason == Reason::Closed), "{n} of {key}");
            }
            assert_eq!(limiter.try_acquire(&key, 6).unwrap_err().reason(), Reason::ExceedsBurst);
            let standing = limiter.standing(&key);
            assert_eq!((standing.available, standing.full_in, standing.wait_for(1)), (0, Duration::MAX, None));
            assert_eq!(limiter.available(&key), 0);
            assert!(!limiter.capacity_info(&key, 0).has_capacity);
        }
        assert_eq!(handle.try_acquire(1).unwrap_err().reason(), Reason::Closed);
        grant.refund();
        assert_eq!(limiter.try_acquire(&1, 1).unwrap_err().reason(), Reason::Closed);
    }
}

/// The quota of such a key is made after the limiter was closed.
#[test]
fn close_refuses_keys_of_quotas_not_seen_before() {
    let quotas = [10, 20, 30].map(|burst| Quota::per_second(burst).unwrap());
    let quota_for = move |key: &u64| quotas[usize::try_from(*key).unwrap()];
    let limiter = KeyedLimiter::<u64>::builder(quotas[0]).quota_for(quota_for).clock(ManualClock::new()).build();
    assert!(limiter.try_acquire(&1, 20).is_ok());
    limiter.close();
    for key in 0..3 {
        assert_eq!(limiter.try_acquire(&key, 1).unwrap_err().reason(), Reason::Closed);
    }
    limiter.reset_all();
    for (key, burst) in (0..3).zip([10, 20, 30]) {
        assert!(limiter.try_acquire(&key, burst).is_ok());
    }
}

#[test]
fn closed_limiter_is_opened_by_reset_all_only() {
    for (limiter, clock) in tables(1, 10_000) {
        let held = wait_for(&limiter, 1);
        // A kept entry, whose limiter has no waiter that could let go of it.
        let _ = wait_for(&limiter, 2).keep();
        limiter.close();
        for key in 1..4 {
            limiter.reset(&key);
            limiter.refund(&key, 10);
            limiter.charge(&key, 10);
            limiter.cancel_waiters_of(&key);
        }
        drop(held);
        limiter.cancel_waiters();
        clock.advance(secs(100));
        assert!((1..4).all(|key| limiter.reserve(&key, 1).is_err_and(|denied| denied.reason() == Reason::Closed)));
        limiter.reset_all();
        assert!(!limiter.is_closed());
        for key in 1..4 {
            assert!(limiter.try_acquire(&key, 1).is_ok());
            assert_eq!(limiter.reserve(&key, 1).unwrap().wait_time(), secs(1));
        }
    }
}

#[test]
fn reset_all_makes_every_key_as_new() {
    for (limiter, _) in tables(10, 10_000) {
        for key in 0..KEYS {
            limiter.charge(&key, if key % 2 == 0 { 15 } else { u64::MAX });
        }
        let held: Vec<_> = (0..KEYS).step_by(2).map(|key| limiter.reserve_owned(&key, 3).unwrap()).collect();
        limiter.reserve(&0, 1).unwrap().keep();
        limiter.reset_all();
        assert_eq!((limiter.waiters(), limiter.len()), (0, 0));
        for held in held {
            assert_eq!(held.wait().unwrap_err(), AcquireError::Cancelled);
        }
        for key in 0..KEYS {
            assert_eq!(limiter.try_acquire(&key, 10).unwrap().remaining(), 0);
            assert_eq!(limiter.try_acquire(&key, 1).unwrap_err().retry_after(), Some(secs(1)));
        }
    }
}

/// Debts of keys that lost their entries are on the floor of the set.
#[test]
fn reset_all_forgets_what_displaced_keys_owe() {
    let (limiter, _) = tables(10, 1).next().unwrap();
    (0..3 * ENTRIES).for_each(|key| limiter.charge(&key, u64::MAX - key));
    assert_eq!(limiter.available(&77), 0);
    limiter.reset_all();
    for key in 0..3 * ENTRIES {
        assert!(limiter.try_acquire(&key, 1).is_ok());
        limiter.reset_all();
    }
    assert_eq!(limiter.available(&77), 10);
}

#[test]
fn grant_settled_after_reset_all_never_exceeds_full() {
    for (limiter, _) in tables(10, 100) {
        let grants = [(); 3].map(|()| limiter.try_acquire(&1, 3).unwrap());
        limiter.close();
        limiter.reset_all();
        grants.into_iter().for_each(keyed::Grant::refund);
        assert!(limiter.try_acquire(&1, 10).is_ok());
        assert!(limiter.try_acquire(&1, 1).is_err());
    }
}

/// Each key that is waited for has a clone of the clock.
#[test]
fn word_goes_back_after_a_control_verb() {
    type Limiter = KeyedLimiter<u64, Arc<ManualClock>>;
    let verbs: [fn(&Limiter); 4] = [
        Limiter::cancel_waiters,
        |limiter| (0..KEYS).for_each(|key| limiter.cancel_waiters_of(&key)),
        Limiter::reset_all,
        |limiter| {
            limiter.close();
            limiter.reset_all();
        },
    ];
    for (number, verb) in verbs.into_iter().enumerate() {
        let clock = Arc::new(ManualClock::new());
        let limiter = Limiter::with_clock(per_second(1), Arc::clone(&clock));
        let lent = || Arc::strong_count(&clock) as u64 - 2;
        (0..KEYS).for_each(|key| drop(limiter.try_acquire(&key, 1).unwrap()));
        let held: Vec<_> = (0..KEYS).map(|key| limiter.reserve(&key, 1).unwrap()).collect();
        assert_eq!(lent(), KEYS);
        verb(&limiter);
        assert!(held.into_iter().all(|held| held.wait().is_err()));
        assert_eq!((lent(), limiter.waiters()), (0, 0), "verb {number}");
    }
}

/// No waiter comes back for a kept entry. So a verb that holds its limiter for a moment lets the
/// word go.
#[test]
fn word_of_a_kept_entry_goes_back_after_a_control_verb() {
    type Limiter = KeyedLimiter<u64, Arc<ManualClock>>;
    let verbs: [fn(&Limiter); 4] = [
        Limiter::cancel_waiters,
        |limiter| assert_eq!(limiter.waiters(), 0),
        Limiter::reset_all,
        |limiter| {
            limiter.close();
            limiter.reset_all();
        },
    ];
    for (number, verb) in verbs.into_iter().enumerate() {
        let clock = Arc::new(ManualClock::new());
        let limiter = Limiter::with_clock(per_second(1), Arc::clone(&clock));
        for key in 0..KEYS {
            limiter.try_acquire(&key, 1).unwrap();
            assert_eq!(limiter.reserve(&key, 1).unwrap().keep(), secs(1));
        }
        clock.advance(secs(2));
        assert!(Arc::strong_count(&clock) > 2);
        verb(&limiter);
        assert_eq!(Arc::strong_count(&clock), 2, "verb {number}");
        assert!((0..KEYS).all(|key| limiter.try_acquire(&key, 1).is_ok()));
    }
}

#[test]
fn cancelled_waiters_give_their_entries_back() {
    for (limiter, clock) in tables(1, 10_000) {
        let held: Vec<_> = (0..KEYS).flat_map(|key| [wait_for(&limiter, key), wait_for(&limiter, key)]).collect();
        assert_eq!(limiter.try_acquire(&7, 1).unwrap_err().retry_after(), Some(secs(3)));
        limiter.cancel_waiters();
        assert!(held.into_iter().all(|held| held.wait().is_err_and(|error| error == AcquireError::Cancelled)));
        assert_eq!(limiter.try_acquire(&7, 1).unwrap_err().retry_after(), Some(secs(1)));
        clock.advance(secs(1));
        assert!((0..KEYS).all(|key| limiter.try_acquire(&key, 1).is_ok()));
    }
}

#[test]
fn cancelling_one_key_leaves_the_others_waiting() {
    for (limiter, _) in tables(1, 10_000) {
        let [one, two] = [1, 2].map(|key| wait_for(&limiter, key));
        assert_eq!([1, 2, 3].map(|key| limiter.waiters_of(&key)), [1, 1, 0]);
        limiter.cancel_waiters_of(&1);
        assert_eq!([1, 2, 3].map(|key| limiter.waiters_of(&key)), [0, 1, 0]);
        assert_eq!((one.wait_time(), two.wait_time()), (Duration::MAX, secs(1)));
        assert_eq!(limiter.waiters(), 1);
    }
}

/// Wakes a task by panicking, or by calling the limiter that wakes it.
struct Foreign {
    limiter: Arc<Keyed>,
    panics: bool,
    woken: AtomicBool,
}

impl Wake for Foreign {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.limiter.waiters();
        self.limiter.close();
        self.limiter.reset_all();
        self.limiter.cancel_waiters();
        assert!(!self.panics, "a panic was asked for");
    }
}

/// No lock is held while wakers run, and one that panics does not keep the others from running.
#[test]
fn wakers_may_panic_and_call_control_verbs() {
    type Verb = fn(&Keyed);
    // Each waker looks at every key, several times.
    const FEW: u64 = 40;
    let verbs: [Verb; 3] = [Keyed::close, Keyed::cancel_waiters, Keyed::reset_all];
    for (number, verb) in verbs.into_iter().enumerate() {
        for panics in [false, true] {
            let (done, finished) = mpsc::channel();
            thread::spawn(move || {
                for (limiter, _) in tables(1, 1_000) {
                    let mut wakers = Vec::new();
                    let mut futures: Vec<_> = (0..FEW)
                        .map(|key| {
                            limiter.try_acquire(&key, 1).unwrap();
                            limiter.acquire_owned(&key, 1)
                        })
                        .collect();
                    for future in &mut futures {
                        let foreign =
                            Arc::new(Foreign { limiter: limiter.clone(), panics, woken: AtomicBool::new(false) });
                        let waker = Waker::from(foreign.clone());
                        assert!(pin!(future).poll(&mut Context::from_waker(&waker)).is_pending());
                        wakers.push(foreign);
                    }
                    let outcome = catch_unwind(AssertUnwindSafe(|| verb(&limiter)));
                    assert!(panics || outcome.is_ok());
                    assert!(wakers.iter().all(|waker| waker.woken.load(Ordering::SeqCst)));
                    for future in &mut futures {
                        let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
                        assert!(matches!(polled, Poll::Ready(Err(AcquireError::Closed | AcquireError::Cancelled))));
                    }
                }
                done.send(()).unwrap();
            });
            finished.recv_timeout(secs(60)).unwrap_or_else(|_| panic!("verb {number}, panics: {panics}"));
        }
    }
}

/// Threads that ask, wait and leave while another closes and opens: each wait ends, and when the
/// limiter is open at the end, every key works.
#[test]
fn waits_end_while_the_limiter_closes_and_opens() {
    for (limiter, clock) in tables(1, 100) {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..3)
                .map(|seed| {
                    let limiter = &limiter;
                    scope.spawn(move || {
                        for turn in 0..400 {
                            let _ = limiter.acquire(&((turn * 7 + seed) % 5), 1).wait();
                        }
                    })
                })
                .collect();
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    limiter.close();
                    limiter.reset_all();
                    clock.advance(Duration::from_millis(300));
                    thread::yield_now();
                }
            });
            for waiter in waiters {
                waiter.join().unwrap();
            }
            over.store(true, Ordering::SeqCst);
        });
        limiter.reset_all();
        for key in 0..5 {
            assert_eq!(limiter.try_acquire(&key, 1).map(|grant| grant.amount()), Ok(1));
        }
        assert_eq!(limiter.waiters(), 0);
    }
}
