//! Keys with a comparison, hash or drop that misbehaves, and clocks that misbehave.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak, mpsc};
use std::thread;
use std::time::Duration;

use limitor::{KeyedLimiter, ManualClock, Reason};

use super::{Exact, exact, quota, seconds};

/// After the last reading, time stands still, so a busy key stays busy.
#[test]
fn search_for_room_ends_when_time_stands_still() {
    let (done, result) = mpsc::channel();
    thread::spawn(move || {
        let clock = ManualClock::new();
        let limiter = exact(quota("1/s burst 3"), 1, &clock);
        clock.advance(Duration::from_secs(500 * 31_557_600));
        limiter.try_acquire(&1, 3).unwrap();
        clock.advance(seconds(10));
        done.send(limiter.try_acquire(&2, 1).unwrap_err().reason()).unwrap();
    });
    assert_eq!(result.recv_timeout(seconds(20)), Ok(Reason::NotYet));
}

/// A key that is not equal to itself.
#[derive(Clone)]
struct Unequal(u64);

impl PartialEq for Unequal {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for Unequal {}

impl Hash for Unequal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[test]
fn unequal_keys_take_no_more_room_than_there_is() {
    let clock = ManualClock::new();
    let limiter = exact::<Unequal>(quota("1/s burst 5"), 3, &clock);
    for round in 0..50 {
        let grants: Vec<_> = (0..5).filter_map(|_| limiter.try_acquire(&Unequal(1), 1).ok()).collect();
        assert_eq!((grants.len(), limiter.len()), (3, 3), "in round {round}");
        clock.advance(seconds(10));
        // All keys are forgotten, and then debts bring them back. Each debt is settled with its own
        // cell.
        let others: Vec<_> = (0..3).filter_map(|_| limiter.try_acquire(&Unequal(2), 1).ok()).collect();
        assert_eq!(others.len(), 3);
        clock.advance(seconds(10));
        for grant in grants {
            grant.reconcile(3);
        }
        assert_eq!(limiter.len(), 3);
        clock.advance(seconds(10));
    }
}

thread_local! {
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

/// A key with a comparison that panics when it is armed.
#[derive(Clone)]
struct Panics(u64);

impl PartialEq for Panics {
    fn eq(&self, other: &Self) -> bool {
        assert!(!PANICS.get(), "armed");
        self.0 == other.0
    }
}

impl Eq for Panics {}

impl Hash for Panics {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(7);
    }
}

#[test]
fn panicking_comparison_leaves_the_table_in_order() {
    let clock = ManualClock::new();
    let limiter = exact::<Panics>(quota("1/s burst 5"), 2, &clock);
    limiter.try_acquire(&Panics(1), 5).unwrap();
    for _ in 0..20 {
        PANICS.set(true);
        for verb in [
            |limiter: &Exact<Panics>| drop(limiter.try_acquire(&Panics(2), 1)),
            |limiter: &Exact<Panics>| limiter.charge(&Panics(2), 1),
            |limiter: &Exact<Panics>| drop(limiter.reserve(&Panics(1), 1)),
        ] {
            assert!(catch_unwind(AssertUnwindSafe(|| verb(&limiter))).is_err());
        }
        PANICS.set(false);
    }
    assert_eq!((limiter.len(), limiter.available(&Panics(1)), limiter.waiters()), (1, 0, 0));
    assert!(limiter.try_acquire(&Panics(2), 1).is_ok());
    assert!(limiter.try_acquire(&Panics(3), 1).is_err());
}

/// A key that uses the limiter when it is dropped, and may panic then.
struct Dropped(u64);

static LIMITER: OnceLock<Weak<Exact<Dropped>>> = OnceLock::new();
static DROPPED_IN: AtomicBool = AtomicBool::new(false);

impl Clone for Dropped {
    fn clone(&self) -> Self {
        Self(self.0 | 1 << 63)
    }
}

impl PartialEq for Dropped {
    fn eq(&self, other: &Self) -> bool {
        self.0 << 1 == other.0 << 1
    }
}

impl Eq for Dropped {}

impl Hash for Dropped {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 << 1).hash(state);
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        // Only keys that were stored; the key of a look-up must not recurse without end.
        if self.0 >> 63 == 1
            && let Some(limiter) = LIMITER.get().and_then(Weak::upgrade)
        {
            // All locks: those of the parts, and those of the keys with waiters.
            DROPPED_IN.store(true, Ordering::Relaxed);
            limiter.refund(&Dropped(0), 1);
            limiter.waiters();
        }
    }
}

/// No lock is held when keys are dropped: neither when another key needs the room, nor after a
/// wait.
#[test]
fn keys_are_dropped_without_a_lock() {
    let (done, result) = mpsc::channel();
    thread::spawn(move || {
        let clock = ManualClock::new();
        let limiter = KeyedLimiter::<Dropped>::builder(quota("1/s burst 1000"));
        let limiter = Arc::new(limiter.clock(clock.clone()).max_keys(4).exact().build());
        LIMITER.set(Arc::downgrade(&limiter)).unwrap_or_else(|_| panic!("set before"));
        for number in 0..2_000 {
            limiter.try_acquire(&Dropped(0), 2).unwrap().reconcile(1);
            for key in 1..4 {
                let key = Dropped(4 * number + key);
                // Filed far ahead too, so that the key is long gone when that filing is released.
                limiter.try_acquire(&key, 1_000).unwrap().reconcile(5);
                let grant = limiter.try_acquire(&key, 5).unwrap();
                drop(limiter.reserve(&key, 991 + number % 5).unwrap());
                grant.reconcile(number % 5);
            }
            clock.advance(seconds(12));
        }
        done.send(()).unwrap();
    });
    assert_eq!(result.recv_timeout(seconds(60)), Ok(()));
    assert!(DROPPED_IN.load(Ordering::Relaxed));
}
