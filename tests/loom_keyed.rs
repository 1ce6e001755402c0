//! Every interleaving of two threads at the only set of a keyed limiter. Under loom a set has two
//! entries: one can be awaited.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom_keyed`. The races search for a
//! key that is granted more than a limiter of its own would grant: in most of them, more than its
//! burst at one clock reading. Each is run in both orders; see `loom.rs`. The search has no bound
//! on preemptions, unless a race has one. It is also bounded by the scenarios, which have a few
//! operations each, and by loom's model of memory.
#![cfg(all(loom, feature = "keyed"))]

mod beside;

use std::time::Duration;

use beside::beside;
use limitor::{AcquireError, KeyedLimiter, ManualClock, Quota, Reason, Timestamp};

/// A key with a debt so long that its entry is not taken while the other entry is available: all
/// other keys compete for that one.
const DEBTOR: u64 = 9;

/// The state that the threads of a race share.
struct Shared {
    limiter: KeyedLimiter<u64, ManualClock>,
    clock: ManualClock,
}

impl Shared {
    /// One permit per second for each key, with this burst.
    fn new(burst: u64) -> Self {
        let clock = ManualClock::new();
        let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
        let limiter = KeyedLimiter::builder(quota).max_keys(1).clock(clock.clone()).build();
        Self { limiter, clock }
    }

    /// With one available entry.
    fn narrow(burst: u64) -> Self {
        let shared = Self::new(burst);
        shared.limiter.charge(&DEBTOR, 1_000);
        shared
    }

    /// With one entry, which belongs to key 1, with no permits left.
    fn empty(burst: u64) -> Self {
        let shared = Self::narrow(burst);
        assert_eq!(shared.tries(1, 0, burst), burst);
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

    /// Makes room, so that a debt of other keys does not hide what is asked next.
    fn make_room(&self) {
        self.limiter.reset(&DEBTOR);
    }

    /// How many of `n` permits are missing.
    fn needed(&self, key: u64, n: u64) -> i128 {
        self.limiter.capacity_info(&key, n).needed
    }
}

/// Runs `here` beside `there`, then `check` on their results, in all interleavings and in both
/// orders.
fn race<A: Send + 'static, B: Send + 'static>(
    setup: fn() -> Shared,
    here: fn(&Shared) -> A,
    there: fn(&Shared) -> B,
    check: fn(&Shared, A, B),
) {
    bounded_race(None, setup, here, there, check);
}

/// The same with at most this many preemptions.
fn bounded_race<A: Send + 'static, B: Send + 'static>(
    preemptions: Option<usize>,
    setup: fn() -> Shared,
    here: fn(&Shared) -> A,
    there: fn(&Shared) -> B,
    check: fn(&Shared, A, B),
) {
    beside(preemptions, setup, here, there, check);
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ticks(seconds * 1_000_000_000)
}

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// At most the burst of 2 at this reading, including what is still available then.
fn no_burst_twice(s: &Shared, seconds: u64, granted: [(u64, u64); 2]) {
    s.make_room();
    for (key, granted) in granted {
        let rest = s.tries(key, seconds, 3);
        assert!(granted + rest <= 2, "{granted} and {rest} for key {key}");
    }
}

mod entries {
    use super::*;

    #[test]
    fn new_key_from_two_threads_has_one_entry_and_one_burst() {
        let tries = |s: &Shared| s.tries(1, 0, 2);
        race(
            || Shared::new(2),
            tries,
            tries,
            |s, here, there| {
                assert_eq!((here + there, s.tries(1, 0, 1), s.limiter.len()), (2, 0, 1));
            },
        );
    }

    /// The same, with the entry taken from an idle key: both threads take one, each from another
    /// key.
    #[test]
    fn new_key_from_two_threads_displaces_one_key() {
        fn setup() -> Shared {
            let shared = Shared::new(2);
            (1..3).for_each(|key| drop(shared.limiter.try_acquire(&key, 1).unwrap()));
            shared
        }
        let tries = |s: &Shared| s.tries(3, 10, 2);
        race(setup, tries, tries, |s, here, there| assert_eq!((here + there, s.tries(3, 10, 1)), (2, 0)));
    }

    #[test]
    fn two_new_keys_compete_for_the_only_free_entry() {
        race(
            || Shared::narrow(2),
            |s| s.tries(1, 0, 2),
            |s| s.tries(2, 0, 2),
            |s, one, two| no_burst_twice(s, 0, [(1, one), (2, two)]),
        );
    }

    #[test]
    fn two_new_keys_compete_for_the_entry_of_an_idle_key() {
        race(
            || Shared::empty(2),
            |s| s.tries(2, 10, 2),
            |s| s.tries(3, 10, 2),
            |s, two, three| {
                no_burst_twice(s, 10, [(2, two), (3, three)]);
            },
        );
    }

    /// The entry is idle at the reading of the other thread, and belongs to another key by the time
    /// of the charge.
    #[test]
    fn key_is_displaced_during_a_try() {
        race(
            || Shared::empty(2),
            |s| s.tries(1, 10, 2),
            |s| s.tries(2, 10, 2),
            |s, one, two| no_burst_twice(s, 10, [(1, one), (2, two)]),
        );
    }

    /// At a reading at which the key has only one permit back.
    #[test]
    fn key_is_displaced_during_a_try_at_a_stale_reading() {
        race(
            || Shared::empty(2),
            |s| s.tries(1, 1, 2),
            |s| s.tries(2, 10, 2),
            |s, one, two| {
                s.make_room();
                let (early, late) = (one + s.tries(1, 1, 2), s.tries(1, 10, 3));
                assert!(early <= 1 && late <= 2 && two + s.tries(2, 10, 3) <= 2, "{early} {late} {two}");
            },
        );
    }

    /// No key is idle: the new key takes the entry with the smallest debt, and takes over that
    /// debt.
    #[test]
    fn busy_key_is_displaced_during_a_try() {
        race(
            || Shared::empty(2),
            |s| s.tries(1, 1, 2),
            |s| s.tries(2, 1, 2),
            |s, one, two| {
                s.make_room();
                let (one, two) = (one + s.tries(1, 1, 2), two + s.tries(2, 1, 3));
                assert!(one <= 1 && two <= 2, "{one} of a key with one permit back, {two} of a new key");
            },
        );
    }

    /// The entry returns to the key that was displaced from it.
    #[test]
    fn key_is_displaced_and_returns_during_a_try() {
        race(
            || Shared::empty(2),
            |s| s.tries(1, 10, 1),
            |s| (s.tries(2, 10, 1), s.tries(1, 10, 1)),
            |s, here, (two, there)| no_burst_twice(s, 10, [(1, here + there), (2, two)]),
        );
    }

    #[test]
    fn two_keys_displace_each_other() {
        let here = |s: &Shared| (s.tries(1, 10, 1), s.tries(2, 10, 1));
        let there = |s: &Shared| (s.tries(2, 10, 1), s.tries(1, 10, 1));
        bounded_race(
            Some(4),
            || Shared::empty(2),
            here,
            there,
            |s, (one, two), (two_there, one_there)| {
                no_burst_twice(s, 10, [(1, one + one_there), (2, two + two_there)]);
            },
        );
    }

    /// A refund of a key's permits goes to that key, whichever key has its entry by then.
    #[test]
    fn key_is_displaced_during_a_refund() {
        race(
            || Shared::empty(2),
            |s| s.limiter.reconcile_at(at(0), &1, 0, 2),
            |s| s.tries(2, 10, 2),
            |s, (), two| no_burst_twice(s, 10, [(1, 0), (2, two)]),
        );
    }

    #[test]
    fn key_is_displaced_during_a_reset() {
        race(
            || Shared::empty(2),
            |s| s.limiter.reset(&1),
            |s| s.tries(2, 10, 2),
            |s, (), two| no_burst_twice(s, 10, [(1, 0), (2, two)]),
        );
    }

    #[test]
    fn refund_beside_a_try_loses_and_creates_nothing() {
        race(
            || Shared::empty(2),
            |s| s.limiter.reconcile_at(at(0), &1, 0, 1),
            |s| s.tries(1, 0, 1),
            |s, (), taken| assert_eq!(taken + s.tries(1, 0, 2), 1),
        );
    }

    #[test]
    fn debt_of_a_displaced_key_is_charged_in_full() {
        race(
            || Shared::empty(2),
            |s| s.limiter.reconcile_at(at(10), &1, 5, 0),
            |s| s.tries(2, 10, 2),
            |s, (), two| {
                s.make_room();
                assert!(two + s.tries(2, 10, 3) <= 2);
                s.clock.set(secs(10));
                assert!(s.needed(1, 2) >= 5);
            },
        );
    }

    /// Two new keys, one of which is charged: the debt is charged to that key, or to the set.
    #[test]
    fn debt_beside_a_new_key_is_charged_in_full() {
        race(
            || Shared::narrow(2),
            |s| s.limiter.charge(&1, 5),
            |s| s.tries(2, 0, 2),
            |s, (), two| {
                s.make_room();
                assert!(two + s.tries(2, 0, 3) <= 2);
                assert!(s.needed(1, 2) >= 5);
            },
        );
    }

    /// A word was read before the entry changed its key, with a unit of time almost half that of
    /// the new key. It is not taken for the new key's word: the new key is not refused.
    #[test]
    fn word_of_another_quota_is_not_taken_for_the_keys_own() {
        const OTHER: u64 = 100;
        fn setup() -> Shared {
            let clock = ManualClock::new();
            let quotas = [Quota::per_second(1), "10/11s".parse()].map(|quota| quota.unwrap().with_burst(9).unwrap());
            let quota_for = move |key: &u64| quotas[usize::from(*key < OTHER)];
            let limiter = KeyedLimiter::builder(quotas[0]).quota_for(quota_for).max_keys(1).clock(clock.clone());
            let shared = Shared { limiter: limiter.build(), clock };
            shared.limiter.charge(&DEBTOR, 1_000);
            shared.limiter.reconcile_at(at(91), &1, 8, 0);
            shared
        }
        let tries = |s: &Shared| s.tries(OTHER, 100, 1);
        race(setup, tries, tries, |s, here, there| assert_eq!((here + there, s.tries(OTHER, 100, 9)), (2, 7)));
    }
}

mod lines {
    use super::*;

    #[test]
    fn queue_begins_beside_a_try() {
        race(
            || Shared::empty(1),
            |s| s.limiter.reserve(&1, 1).map(|place| place.keep()).unwrap(),
            |s| s.tries(1, 0, 1) + s.tries(1, 1, 1),
            |s, wait, granted| {
                assert_eq!(
                    wait,
                    if granted == 1 { secs(2) } else { secs(1) },
                    "one is available for each of them at 1 s"
                );
                assert_eq!(s.needed(1, 1), 2 + i128::from(granted));
            },
        );
    }

    #[test]
    fn queue_begins_beside_a_refund() {
        race(
            || Shared::empty(1),
            |s| s.limiter.reserve(&1, 1).map(|place| place.wait().unwrap().amount()).unwrap(),
            |s| s.limiter.refund(&1, 1),
            |s, granted, ()| {
                assert_eq!((granted, s.limiter.available(&1), s.needed(1, 1)), (1, 0, 1));
            },
        );
    }

    #[test]
    fn queue_begins_beside_a_debt() {
        race(
            || Shared::empty(1),
            |s| s.limiter.reserve(&1, 1).map(|place| place.keep()).unwrap(),
            |s| s.limiter.charge(&1, 3),
            |s, wait, ()| {
                assert!(wait == secs(1) || wait == secs(4), "{wait:?}");
                assert_eq!(s.needed(1, 1), 5);
            },
        );
    }

    #[test]
    fn queue_begins_beside_a_reset() {
        race(
            || Shared::empty(1),
            |s| s.limiter.reserve(&1, 1).unwrap().wait().map(|grant| grant.amount()),
            |s| s.limiter.reset(&1),
            |s, waited, ()| {
                let left = s.limiter.available(&1);
                assert!(waited == Ok(1) && left == 0 || waited == Err(AcquireError::Cancelled) && left == 1);
            },
        );
    }

    /// The key loses its entry before it has taken the word out.
    #[test]
    fn queue_begins_beside_a_new_key() {
        bounded_race(
            Some(4),
            || Shared::empty(1),
            |s| s.limiter.reserve(&1, 1).map(|place| place.keep()).unwrap(),
            |s| s.tries(2, 0, 1) + s.tries(2, 10, 1),
            |s, wait, granted| {
                assert!(wait >= secs(1), "{wait:?}");
                s.make_room();
                assert!(granted <= 2 && s.tries(1, 1, 1) == 0);
                s.clock.set(secs(1));
                assert!(s.needed(1, 1) >= 1);
            },
        );
    }

    /// One waiter leaves as another arrives: the queue is never reported as full, and the word is
    /// not lost or doubled.
    #[test]
    fn queue_ends_beside_another_wait() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.reserve(&1, 1).map(|place| place.keep()).map_err(|denied| denied.reason()),
            |s| (s.come_and_go(1), s.come_and_go(1)),
            |s, wait, came| {
                assert_eq!(came, (true, true));
                assert!(wait == Ok(secs(1)) || wait == Ok(secs(2)), "{wait:?}");
                // Kept where it was, even behind an entry that has left since.
                assert!((1..=3).contains(&s.needed(1, 1)), "{}", s.needed(1, 1));
            },
        );
    }

    #[test]
    fn queue_ends_beside_a_refund() {
        bounded_race(
            Some(4),
            || Shared::empty(2),
            |s| s.come_and_go(1),
            |s| s.limiter.refund(&1, 1),
            |s, _, ()| {
                // The entry came due by the refund, or was returned.
                assert!(s.limiter.available(&1) <= 1);
                assert_eq!(s.limiter.waiters(), 0);
            },
        );
    }

    #[test]
    fn queue_ends_beside_a_debt() {
        bounded_race(
            Some(4),
            || Shared::empty(1),
            |s| s.come_and_go(1),
            |s| s.limiter.charge(&1, 3),
            |s, came, ()| assert_eq!((came, s.needed(1, 1)), (true, 4)),
        );
    }

    /// The entry belongs to another key by then. The word of that key has left the table and
    /// returned.
    #[test]
    fn key_is_displaced_by_an_awaited_key_during_a_try() {
        fn setup() -> Shared {
            let shared = Shared::empty(2);
            shared.clock.set(secs(10));
            shared
        }
        let there = |s: &Shared| {
            let granted = s.tries(2, 10, 1);
            drop(s.limiter.reserve(&2, 2));
            granted
        };
        bounded_race(
            Some(3),
            setup,
            |s| s.tries(1, 10, 1),
            there,
            |s, one, two| no_burst_twice(s, 10, [(1, one), (2, two)]),
        );
    }

    /// The queue ends, a new key takes the entry, and a queue for that key begins: `there` in most
    /// of the races below.
    fn succession(s: &Shared) -> bool {
        s.come_and_go(1);
        s.limiter.charge(&2, 20);
        // `here` may still hold the first queue, so that no other can begin.
        s.limiter.reserve(&2, 1).is_ok_and(|place| place.keep() < Duration::MAX)
    }

    /// A refund of a key never lowers another key that has its entry and a queue since.
    #[test]
    fn refund_finds_the_queue_of_another_key() {
        bounded_race(
            Some(3),
            || Shared::empty(2),
            |s| s.limiter.refund(&1, 5),
            succession,
            |s, (), kept| {
                s.make_room();
                assert!(s.needed(2, 2) >= 20 + i128::from(kept));
            },
        );
    }

    #[test]
    fn reset_finds_the_queue_of_another_key() {
        bounded_race(
            Some(3),
            || Shared::empty(2),
            |s| s.limiter.reset(&1),
            succession,
            |s, (), kept| {
                s.make_room();
                assert!(s.needed(2, 2) >= 20 + i128::from(kept));
            },
        );
    }

    /// A debt is not charged to another key, which would lose permits that the first key gains.
    #[test]
    fn debt_finds_the_queue_of_another_key() {
        bounded_race(
            Some(3),
            || Shared::empty(2),
            |s| s.limiter.charge(&1, 50),
            succession,
            |s, (), _| {
                s.make_room();
                assert!(s.needed(1, 2) >= 52, "{}", s.needed(1, 2));
            },
        );
    }

    #[test]
    fn wait_finds_the_queue_of_another_key() {
        bounded_race(
            Some(3),
            || Shared::empty(2),
            |s| s.limiter.reserve(&1, 1).map(|place| place.keep()).is_ok(),
            succession,
            |s, kept, _| {
                s.make_room();
                assert!(s.needed(1, 2) >= 2 + i128::from(kept));
            },
        );
    }

    /// One of two entries can be awaited. A caller that finds it taken is refused, and no caller
    /// waits forever.
    #[test]
    fn two_keys_compete_for_the_only_queue() {
        fn setup() -> Shared {
            let shared = Shared::new(1);
            (1..3).for_each(|key| drop(shared.limiter.try_acquire(&key, 1).unwrap()));
            shared
        }
        fn wait(s: &Shared, key: u64) -> bool {
            match s.limiter.reserve(&key, 1) {
                Ok(place) => place.keep() == secs(1),
                Err(denied) => {
                    assert_eq!(denied.reason(), Reason::QueueFull);
                    false
                }
            }
        }
        race(
            setup,
            |s| wait(s, 1),
            |s| wait(s, 2),
            |s, one, two| {
                assert!(one != two, "one of them, and only one, because its reservation is kept");
                assert_eq!((s.needed(1, 1), s.needed(2, 1)), (1 + i128::from(one), 1 + i128::from(two)));
            },
        );
    }

    #[test]
    fn clock_wakes_the_thread_that_falls_asleep_beside_it() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
            |s| s.clock.advance(secs(1)),
            |s, waited, ()| assert_eq!((waited, s.limiter.waiters()), (Ok(1), 0)),
        );
    }

    #[test]
    fn refund_wakes_the_thread_that_falls_asleep_beside_it() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
            |s| s.limiter.refund(&1, 1),
            |s, waited, ()| assert_eq!((waited, s.limiter.available(&1)), (Ok(1), 0)),
        );
    }

    /// A reservation that was kept and came due long ago holds an entry that a new key needs.
    #[test]
    fn new_key_returns_a_word_during_a_try_for_it() {
        fn setup() -> Shared {
            let shared = Shared::empty(2);
            shared.limiter.reserve(&1, 1).unwrap().keep();
            shared.clock.set(secs(10));
            shared
        }
        bounded_race(
            Some(4),
            setup,
            |s| s.tries(1, 10, 2),
            |s| s.tries(2, 10, 2),
            |s, one, two| no_burst_twice(s, 10, [(1, one), (2, two)]),
        );
    }
}

mod control {
    use super::*;

    /// Why one permit of a key is refused, or that it is granted.
    fn outcome(s: &Shared, key: u64) -> Option<Reason> {
        s.limiter.try_acquire(&key, 1).err().map(|denied| denied.reason())
    }

    /// The clock stands still, so a waiter that is not refused sleeps forever.
    #[test]
    fn close_refuses_the_thread_that_falls_asleep_beside_it() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
            |s| s.limiter.close(),
            |s, waited, ()| {
                assert_eq!((waited, s.limiter.waiters()), (Err(AcquireError::Closed), 0));
                assert_eq!(outcome(s, 1), Some(Reason::Closed));
                s.limiter.reset_all();
                assert_eq!((outcome(s, 1), s.needed(1, 1)), (None, 1));
            },
        );
    }

    /// The same where the limiter of the key is there already, because of an entry that was kept.
    #[test]
    fn close_refuses_the_second_waiter_of_a_key() {
        fn setup() -> Shared {
            let shared = Shared::empty(1);
            shared.limiter.reserve(&1, 1).unwrap().keep();
            shared
        }
        bounded_race(
            Some(3),
            setup,
            |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
            |s| s.limiter.close(),
            |s, waited, ()| {
                assert_eq!((waited, s.limiter.waiters()), (Err(AcquireError::Closed), 0));
                assert_eq!(outcome(s, 1), Some(Reason::Closed));
            },
        );
    }

    #[test]
    fn try_beside_a_close_is_granted_or_closed() {
        race(
            || Shared::narrow(2),
            |s| [outcome(s, 1), outcome(s, 1)],
            |s| s.limiter.close(),
            |s, tried, ()| {
                let possible = [[None, None], [None, Some(Reason::Closed)], [Some(Reason::Closed); 2]];
                assert!(possible.contains(&tried), "{tried:?}");
                assert_eq!(outcome(s, 1), Some(Reason::Closed));
            },
        );
    }

    /// The word of a closed limiter does not go back into the table.
    #[test]
    fn queue_ends_beside_a_close() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| {
                let reserved = s.limiter.reserve(&1, 1).map(drop).err().map(|denied| denied.reason());
                (reserved, outcome(s, 1))
            },
            |s| s.limiter.close(),
            |s, (reserved, tried), ()| {
                assert!(matches!(reserved, None | Some(Reason::Closed)), "{reserved:?}");
                assert!(matches!(tried, Some(Reason::NotYet | Reason::Closed)), "{tried:?}");
                s.limiter.reset_all();
                assert_eq!((outcome(s, 1), s.needed(1, 1)), (None, 1));
            },
        );
    }

    #[test]
    fn cancelled_waiters_end_or_come_later() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.reserve(&1, 1).map(|place| place.keep()).unwrap(),
            |s| s.limiter.cancel_waiters(),
            |s, wait, ()| {
                assert!(wait == secs(1) || wait == Duration::MAX, "{wait:?}");
                assert_eq!(s.needed(1, 1), if wait == Duration::MAX { 1 } else { 2 });
            },
        );
    }

    /// The refund grants a waiter that comes after the cancellation.
    #[test]
    fn cancel_waiters_wakes_the_thread_that_falls_asleep_beside_it() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
            |s| {
                s.limiter.cancel_waiters();
                s.limiter.refund(&1, 1);
            },
            |s, waited, ()| {
                let left = s.limiter.available(&1);
                assert!(waited == Ok(1) && left == 0 || waited == Err(AcquireError::Cancelled) && left == 1);
            },
        );
    }

    /// However the two meet, no limiter of a key stays closed. A grant counts as made before the
    /// reset if the reset comes to the limiter of its key afterwards.
    #[test]
    fn wait_beside_a_close_and_a_reset_ends() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
            |s| {
                s.limiter.close();
                s.limiter.reset_all();
            },
            |s, waited, ()| {
                match waited {
                    Ok(_) => assert!((0..=1).contains(&s.needed(1, 1))),
                    Err(error) => {
                        assert!(matches!(error, AcquireError::Closed | AcquireError::Cancelled), "{error:?}");
                        assert_eq!(s.needed(1, 1), 0);
                    }
                }
                assert_eq!(s.limiter.waiters(), 0);
                assert!(s.limiter.reserve(&1, 1).is_ok());
            },
        );
    }

    /// The limiter of key 1 is there throughout, because of an entry that was kept.
    #[test]
    fn close_beside_reset_all_leaves_all_closed_or_all_open() {
        fn setup() -> Shared {
            let shared = Shared::empty(1);
            shared.limiter.reserve(&1, 1).unwrap().keep();
            shared
        }
        bounded_race(
            Some(3),
            setup,
            |s| s.limiter.close(),
            |s| s.limiter.reset_all(),
            |s, (), ()| {
                let expected = s.limiter.is_closed().then_some(Reason::Closed);
                assert_eq!([outcome(s, 1), outcome(s, 2)], [expected; 2]);
                s.limiter.reset_all();
                assert_eq!((s.limiter.available(&1), s.limiter.reserve(&1, 1).map(drop)), (1, Ok(())));
            },
        );
    }

    /// A closed limiter is opened when all keys are as new. If it were opened before, a grant in
    /// between would be forgotten.
    #[test]
    fn reset_all_of_a_closed_limiter_forgets_no_grant() {
        fn setup() -> Shared {
            let shared = Shared::narrow(1);
            shared.limiter.close();
            shared
        }
        race(
            setup,
            |s| s.tries(1, 0, 2),
            |s| s.limiter.reset_all(),
            |s, granted, ()| assert_eq!(granted + s.tries(1, 0, 2), 1),
        );
    }

    /// A key never opens a closed limiter.
    #[test]
    fn close_beside_the_reset_of_a_key_stays_closed() {
        fn setup() -> Shared {
            let shared = Shared::empty(1);
            shared.limiter.reserve(&1, 1).unwrap().keep();
            shared
        }
        bounded_race(
            Some(3),
            setup,
            |s| s.limiter.close(),
            |s| s.limiter.reset(&1),
            |s, (), ()| {
                assert_eq!(outcome(s, 1), Some(Reason::Closed));
                s.limiter.reset_all();
                assert_eq!((outcome(s, 1), outcome(s, 2)), (None, None));
            },
        );
    }

    /// A debt of 1,000 that was out of the table while the set was reset does not come back by the
    /// floor.
    #[test]
    fn reset_all_forgets_the_debt_of_a_key_that_is_waited_for() {
        bounded_race(
            Some(3),
            || Shared::narrow(2),
            |s| {
                s.come_and_go(DEBTOR);
                s.tries(2, 0, 1)
            },
            |s| s.limiter.reset_all(),
            |s, _, ()| {
                for key in [1, 2, 3, DEBTOR] {
                    assert!(s.limiter.available(&key) >= 1, "{key}");
                }
            },
        );
    }
}
