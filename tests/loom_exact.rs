//! Every interleaving of two threads at a keyed limiter that stores its keys, with room for one or
//! two of them.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --features exact --test loom_exact`. Loom
//! sees the words of the cells, the lock of the part and its first reading. It does not see into
//! the index: a look-up, an insertion and a removal are one step each here, as the argument in
//! `exact.rs` assumes. Each race is run in both orders; see `loom.rs`. The search has no bound on
//! preemptions unless a race has one.
#![cfg(all(loom, feature = "exact"))]

mod beside;

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use limitor::{AcquireError, KeyedLimiter, ManualClock, Quota, Timestamp, keyed};
use loom::thread;

use beside::beside;

/// The state that the threads of a race share.
struct Shared {
    limiter: Arc<KeyedLimiter<u64, ManualClock>>,
    clock: ManualClock,
}

impl Shared {
    /// One permit per second for each key, bursts of 2, with room for this many keys.
    fn new(max_keys: usize) -> Self {
        let clock = ManualClock::new();
        let quota = Quota::per_second(1).unwrap().with_burst(2).unwrap();
        let limiter = KeyedLimiter::builder(quota).max_keys(max_keys).clock(clock.clone()).exact().build();
        Self { limiter: Arc::new(limiter), clock }
    }

    /// With room for one key, which is key 1, with no permits left.
    fn full() -> Self {
        let shared = Self::new(1);
        assert_eq!(shared.tries(1, 0, 2), 2);
        shared
    }

    /// How many of `times` single permits the key is granted at a reading.
    fn tries(&self, key: u64, seconds: u64, times: u64) -> u64 {
        (0..times).filter(|_| self.limiter.try_acquire_at(at(seconds), &key, 1).is_ok()).count() as u64
    }

    /// Reserves one permit and cancels. Returns whether that was possible.
    fn come_and_go(&self, key: u64) -> bool {
        self.limiter.reserve(&key, 1).is_ok()
    }

    fn grant(&self, key: u64) -> keyed::Grant<'_, u64, ManualClock> {
        self.limiter.try_acquire(&key, 1).unwrap()
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ticks(seconds * 1_000_000_000)
}

/// Runs `here` beside `there`, then `check` on their results, in all interleavings and in both
/// orders. If `preemptions` is given, it bounds the preemptions. Afterwards exactly all of the room
/// must be available.
fn race<A: Send + 'static, B: Send + 'static>(
    preemptions: Option<usize>,
    room: u64,
    setup: fn() -> Shared,
    here: fn(&Shared) -> A,
    there: fn(&Shared) -> B,
    check: fn(&Shared, A, B),
) {
    let check = move |shared: &Shared, here, there| {
        check(shared, here, there);
        let entered = (100..100 + room + 1).filter(|key| shared.tries(*key, 1_000, 1) == 1).count();
        assert_eq!(entered as u64, room, "room for new keys");
        assert_eq!(shared.limiter.waiters(), 0);
    };
    beside(preemptions, setup, here, there, check);
}

#[test]
fn new_key_from_two_threads_has_one_cell_and_one_burst() {
    let tries = |s: &Shared| s.tries(1, 0, 2);
    race(
        None,
        2,
        || Shared::new(2),
        tries,
        tries,
        |s, here, there| {
            assert_eq!((here + there, s.tries(1, 0, 1), s.limiter.len()), (2, 0, 1));
        },
    );
}

#[test]
fn two_new_keys_compete_for_the_only_room() {
    race(
        None,
        1,
        || Shared::new(1),
        |s| s.tries(1, 0, 2),
        |s| s.tries(2, 0, 2),
        |s, one, two| assert!(matches!((one, two, s.limiter.len()), (2, 0, 1) | (0, 2, 1)), "{one} {two}"),
    );
}

#[test]
fn two_new_keys_compete_for_the_room_of_an_idle_key() {
    race(
        None,
        1,
        Shared::full,
        |s| s.tries(2, 10, 2),
        |s| s.tries(3, 10, 2),
        |s, two, three| {
            assert!(matches!((two, three), (2, 0) | (0, 2)), "{two} {three}");
            assert_eq!(s.tries(2, 10, 1) + s.tries(3, 10, 1), 0);
        },
    );
}

/// The key is idle at the reading of the other thread. It is forgotten or not by the time that it
/// is charged.
#[test]
fn key_is_forgotten_during_a_try() {
    race(
        None,
        1,
        Shared::full,
        |s| s.tries(1, 10, 2),
        |s| s.tries(2, 10, 2),
        |s, one, two| {
            assert!(matches!((one, two), (2, 0) | (0, 2)), "{one} {two}");
            assert_eq!(s.tries(1, 10, 1) + s.tries(2, 10, 1), 0);
        },
    );
}

/// At a reading at which the key has only one permit back.
#[test]
fn key_is_forgotten_during_a_try_at_a_stale_reading() {
    race(
        None,
        1,
        Shared::full,
        |s| s.tries(1, 1, 2),
        |s| s.tries(2, 10, 2),
        |s, one, two| {
            assert!(one <= 1 && two <= 2, "{one} {two}");
            // Forgotten once more, so that what it left as the floor is visible.
            s.limiter.reset(&2);
            assert!(one + s.tries(1, 1, 2) <= 1);
        },
    );
}

/// The key returns, in another cell or in the same, while a decision looks at the first cell.
#[test]
fn key_is_forgotten_and_returns_during_a_try() {
    race(
        Some(4),
        1,
        Shared::full,
        |s| s.tries(1, 10, 1),
        |s| {
            let two = s.tries(2, 10, 1);
            s.limiter.reset(&2);
            (two, s.tries(1, 10, 2))
        },
        |s, here, (two, there)| {
            assert!(two <= 1 && here + there + s.tries(1, 10, 3) <= 2, "{here} {two} {there}");
        },
    );
}

#[test]
fn key_is_forgotten_during_a_refund() {
    race(
        None,
        1,
        Shared::full,
        |s| s.limiter.reconcile_at(at(0), &1, 0, 1),
        |s| s.tries(2, 10, 2),
        |s, (), two| assert_eq!((two, s.tries(1, 10, 1)), (2, 0)),
    );
}

/// If the refund comes first, it makes room for a new key. If it comes later, it is not lost.
#[test]
fn new_key_beside_the_refund_that_makes_room() {
    race(
        None,
        1,
        Shared::full,
        |s| s.limiter.reconcile_at(at(0), &1, 0, 2),
        |s| s.tries(2, 0, 1),
        |s, (), two| assert_eq!(two + s.tries(2, 0, 2), 2),
    );
}

#[test]
fn key_is_forgotten_during_a_reset() {
    race(
        None,
        1,
        Shared::full,
        |s| s.limiter.reset(&1),
        |s| s.tries(2, 10, 2),
        |s, (), two| assert_eq!((two, s.tries(1, 10, 1)), (2, 0)),
    );
}

/// Two grants of a forgotten key are settled, each above its estimate.
#[test]
fn two_debts_bring_a_key_back_once() {
    fn setup() -> Shared {
        let shared = Shared::new(1);
        assert_eq!(shared.tries(1, 0, 2), 2);
        shared.clock.advance(std::time::Duration::from_secs(10));
        assert_eq!(shared.tries(2, 10, 1), 1);
        shared.limiter.reset(&2);
        shared
    }
    let charge = |s: &Shared| s.limiter.reconcile_at(at(10), &1, 1, 0);
    race(None, 1, setup, charge, charge, |s, (), ()| {
        assert_eq!((s.limiter.available_at(at(10), &1), s.limiter.len()), (0, 1));
    });
}

mod waiting {
    use super::*;

    #[test]
    fn cancelled_reservation_beside_a_try() {
        race(
            Some(4),
            1,
            Shared::full,
            |s| s.come_and_go(1),
            |s| s.tries(1, 1, 2),
            |s, came, tries| {
                assert!(came);
                assert_eq!(tries + s.tries(1, 1, 2), 1);
            },
        );
    }

    #[test]
    fn two_cancelled_reservations() {
        let come_and_go = |s: &Shared| s.come_and_go(1);
        race(Some(4), 1, Shared::full, come_and_go, come_and_go, |s, here, there| {
            assert!(here && there);
            assert_eq!(s.limiter.available_at(at(2), &1), 2);
        });
    }

    /// At the reading of the new key, the first key is idle except for its waiter.
    #[test]
    fn key_is_displaced_while_a_wait_for_it_begins() {
        race(
            Some(4),
            1,
            Shared::full,
            |s| s.come_and_go(1),
            |s| s.tries(2, 10, 2),
            |s, _, two| {
                assert_eq!(two + s.tries(2, 10, 2), 2, "the key had two, or there is room for it now");
            },
        );
    }

    #[test]
    fn key_with_a_waiter_is_refunded() {
        race(
            Some(4),
            1,
            Shared::full,
            |s| s.come_and_go(1),
            |s| s.limiter.reconcile_at(at(0), &1, 0, 1),
            // Zero if the refund made the entry due before it was cancelled.
            |s, _, ()| assert!(s.tries(1, 0, 2) <= 1 && s.tries(1, 1, 3) <= 2),
        );
    }
}

/// A key that stops being equal to itself when it is armed.
#[derive(Clone)]
struct Fickle;

static FICKLE: AtomicBool = AtomicBool::new(false);

impl PartialEq for Fickle {
    fn eq(&self, _: &Self) -> bool {
        !FICKLE.load(Ordering::Relaxed)
    }
}

impl Eq for Fickle {}

impl Hash for Fickle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(7);
    }
}

/// Two grants with the same cell, which is forgotten and is not found by its key. The cell must
/// still return exactly once, or its room is lost.
#[test]
fn cell_not_found_by_its_key_returns_once() {
    loom::model(|| {
        FICKLE.store(false, Ordering::Relaxed);
        let clock = ManualClock::new();
        let quota = Quota::per_second(1).unwrap().with_burst(2).unwrap();
        let limiter = KeyedLimiter::builder(quota).max_keys(2).clock(clock.clone()).exact().build();
        let limiter: &'static KeyedLimiter<Fickle, ManualClock> = Box::leak(Box::new(limiter));
        let [one, two] = [0; 2].map(|_| limiter.try_acquire(&Fickle, 1).unwrap());
        FICKLE.store(true, Ordering::Relaxed);
        clock.advance(std::time::Duration::from_secs(10));
        // Two other keys arrive, and the cell is forgotten for them.
        let enter = || limiter.try_acquire(&Fickle, 1).is_ok();
        assert!(enter() && enter());
        clock.advance(std::time::Duration::from_secs(10));
        let other = thread::spawn(move || one.reconcile(2));
        two.reconcile(2);
        other.join().unwrap();
        clock.advance(std::time::Duration::from_secs(10));
        assert!(enter() && enter() && !enter());
    });
}

/// A grant keeps its cell, and settles with it, whichever cell the key has by then.
#[test]
fn grant_is_settled_while_its_key_returns() {
    race(
        Some(4),
        1,
        || {
            let shared = Shared::new(1);
            shared.grant(1).reconcile(1);
            shared
        },
        |s| s.limiter.try_acquire_at(at(10), &1, 1).map(|grant| grant.reconcile(2)).is_ok(),
        |s| s.tries(2, 5, 1),
        |s, granted, two| {
            assert!(granted || two == 1);
            if granted && two == 0 {
                assert_eq!(s.tries(1, 10, 1), 0);
            }
        },
    );
}

/// The clock stands still, so a waiter that is not refused sleeps forever.
#[test]
fn close_refuses_the_thread_that_falls_asleep_beside_it() {
    race(
        Some(3),
        1,
        Shared::full,
        |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
        |s| s.limiter.close(),
        |s, waited, ()| {
            assert_eq!(waited, Err(AcquireError::Closed));
            assert_eq!(s.tries(1, 10, 1) + s.tries(2, 10, 1), 0);
            s.limiter.reset_all();
        },
    );
}

#[test]
fn wait_beside_a_close_and_a_reset_ends() {
    race(
        Some(2),
        1,
        Shared::full,
        |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
        |s| {
            s.limiter.close();
            s.limiter.reset_all();
        },
        |s, waited, ()| {
            let left = s.tries(1, 0, 3);
            assert!(waited == Ok(1) && left == 1 || waited.is_err() && left == 2, "{waited:?} {left}");
        },
    );
}

/// The key comes with a debt, and a request waits for it, while all are reset.
#[test]
fn reset_all_beside_a_new_key_leaves_it_open() {
    race(
        Some(3),
        1,
        || Shared::new(1),
        |s| {
            s.limiter.charge(&1, 2);
            s.come_and_go(1)
        },
        |s| {
            s.limiter.close();
            s.limiter.reset_all();
        },
        |s, _, ()| {
            assert!(!s.limiter.is_closed());
            assert_eq!(s.limiter.waiters(), 0);
            s.limiter.reset(&1);
            assert_eq!((s.tries(1, 0, 3), s.come_and_go(1)), (2, true));
        },
    );
}
