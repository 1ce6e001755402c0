//! Every interleaving of two threads at a keyed limiter that stores its keys, with room for one or two of them.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --features exact --test loom_exact`. Loom sees the words of the cells, the
//! lock of the part and its first reading. It does not see into the index: a look-up, an insertion and a removal are one step
//! each here, which is what the argument in `exact.rs` takes them to be. Each race is run both ways round; `loom.rs` says
//! why. The search has no bound on preemptions where nothing else is said.
#![cfg(all(loom, feature = "exact"))]

mod beside;

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use limitor::{KeyedLimiter, ManualClock, Quota, Timestamp, keyed};
use loom::thread;

use beside::beside;

/// What the threads of a race share.
struct Shared {
    limiter: Arc<KeyedLimiter<u64, ManualClock>>,
    clock: ManualClock,
}

impl Shared {
    /// One permit a second for each key, bursts of 2, with room for so many.
    fn new(max_keys: usize) -> Self {
        let clock = ManualClock::new();
        let quota = Quota::per_second(1).unwrap().with_burst(2).unwrap();
        let limiter = KeyedLimiter::builder(quota).max_keys(max_keys).clock(clock.clone()).exact().build();
        Self { limiter: Arc::new(limiter), clock }
    }

    /// With room for one, which is key 1's, of whom nothing is left.
    fn full() -> Self {
        let shared = Self::new(1);
        assert_eq!(shared.tries(1, 0, 2), 2);
        shared
    }

    /// How many single permits of so many the key is granted at a reading.
    fn tries(&self, key: u64, seconds: u64, times: u64) -> u64 {
        (0..times).filter(|_| self.limiter.try_acquire_at(at(seconds), &key, 1).is_ok()).count() as u64
    }

    /// Takes a place for one, and gives it up. Whether there was one to be had.
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

/// Runs `here` beside `there`, then `check` on what they gave, in all interleavings, both ways round; with no more than so
/// many preemptions, if it is said. Afterwards the room must be all there, and no more.
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
        assert_eq!(entered as u64, room, "room for newcomers");
        assert_eq!(shared.limiter.waiters(), 0);
    };
    beside(preemptions, setup, here, there, check);
}

#[test]
fn a_new_key_from_two_threads_has_one_cell_and_one_burst() {
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
fn two_newcomers_want_the_one_room() {
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
fn two_newcomers_want_the_room_of_one_who_is_idle() {
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

/// It is idle by the other's reading, and gone, or not, by the time that it is charged.
#[test]
fn a_key_is_forgotten_while_it_is_asked_for() {
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

/// By a reading at which it has but one permit back.
#[test]
fn a_key_is_forgotten_while_it_is_asked_for_at_a_stale_reading() {
    race(
        None,
        1,
        Shared::full,
        |s| s.tries(1, 1, 2),
        |s| s.tries(2, 10, 2),
        |s, one, two| {
            assert!(one <= 1 && two <= 2, "{one} {two}");
            // Forgotten once more, so that what was left behind shows.
            s.limiter.reset(&2);
            assert!(one + s.tries(1, 1, 2) <= 1);
        },
    );
}

/// It comes back, as another cell or as the same, while a decision looks at the first.
#[test]
fn a_key_is_forgotten_and_comes_back_while_it_is_asked_for() {
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
fn a_key_is_forgotten_while_it_is_refunded() {
    race(
        None,
        1,
        Shared::full,
        |s| s.limiter.reconcile_at(at(0), &1, 0, 1),
        |s| s.tries(2, 10, 2),
        |s, (), two| assert_eq!((two, s.tries(1, 10, 1)), (2, 0)),
    );
}

/// A refund makes room for a newcomer, if it comes before, and is not lost, if it comes after.
#[test]
fn a_newcomer_beside_the_refund_that_makes_room() {
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
fn a_key_is_forgotten_while_it_is_reset() {
    race(
        None,
        1,
        Shared::full,
        |s| s.limiter.reset(&1),
        |s| s.tries(2, 10, 2),
        |s, (), two| assert_eq!((two, s.tries(1, 10, 1)), (2, 0)),
    );
}

/// Of a key that was forgotten, two grants are settled, each higher than it was.
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
    fn a_place_given_up_beside_a_try() {
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
    fn two_who_give_up_their_places() {
        let come_and_go = |s: &Shared| s.come_and_go(1);
        race(Some(4), 1, Shared::full, come_and_go, come_and_go, |s, here, there| {
            assert!(here && there);
            assert_eq!(s.limiter.available_at(at(2), &1), 2);
        });
    }

    /// By the newcomer's reading it is idle, but for who waits for it.
    #[test]
    fn a_key_is_wanted_gone_while_somebody_comes_to_wait() {
        race(
            Some(4),
            1,
            Shared::full,
            |s| s.come_and_go(1),
            |s| s.tries(2, 10, 2),
            |s, _, two| {
                assert_eq!(two + s.tries(2, 10, 2), 2, "it had two, or there is room for it now");
            },
        );
    }

    #[test]
    fn a_key_that_is_waited_for_is_refunded() {
        race(
            Some(4),
            1,
            Shared::full,
            |s| s.come_and_go(1),
            |s| s.limiter.reconcile_at(at(0), &1, 0, 1),
            // None if the place had come due by the refund when it was given up.
            |s, _, ()| assert!(s.tries(1, 0, 2) <= 1 && s.tries(1, 1, 3) <= 2),
        );
    }
}

/// A key that is no longer equal to itself, when it is told to.
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

/// Two grants with the same cell, which is forgotten, and is not found by its key. It must come back once all the same, or its room
/// is lost.
#[test]
fn a_cell_that_is_not_found_by_its_key_comes_back_once() {
    loom::model(|| {
        FICKLE.store(false, Ordering::Relaxed);
        let clock = ManualClock::new();
        let quota = Quota::per_second(1).unwrap().with_burst(2).unwrap();
        let limiter = KeyedLimiter::builder(quota).max_keys(2).clock(clock.clone()).exact().build();
        let limiter: &'static KeyedLimiter<Fickle, ManualClock> = Box::leak(Box::new(limiter));
        let [one, two] = [0; 2].map(|_| limiter.try_acquire(&Fickle, 1).unwrap());
        FICKLE.store(true, Ordering::Relaxed);
        clock.advance(std::time::Duration::from_secs(10));
        // Two others come, for whom the cell is forgotten.
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
fn a_grant_settled_while_its_key_comes_back() {
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
