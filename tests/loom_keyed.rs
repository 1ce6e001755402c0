//! Every interleaving of two threads at the one set of a keyed limiter, which under loom has two entries: one can be awaited.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom_keyed`. What is looked for is a key that is granted more
//! than a limiter of its own would grant it: more than its burst at one reading of the clock, in most of the races. Each is
//! run both ways round; `loom.rs` says why. The search has no bound on preemptions where nothing else is said, and otherwise
//! the one that is given; what else bounds it is the scenarios, of a few operations each, and loom's model of memory.
#![cfg(all(loom, feature = "keyed"))]

mod beside;

use std::time::Duration;

use beside::beside;
use limitor::{AcquireError, KeyedLimiter, ManualClock, Quota, Reason, Timestamp};

/// A key in debt for so long that nobody takes its entry while the other one can be had: all others fight for that.
const DEBTOR: u64 = 9;

/// What the threads of a race share.
struct Shared {
    limiter: KeyedLimiter<u64, ManualClock>,
    clock: ManualClock,
}

impl Shared {
    /// One permit a second for each key, with this burst.
    fn new(burst: u64) -> Self {
        let clock = ManualClock::new();
        let quota = Quota::per_second(1).unwrap().with_burst(burst).unwrap();
        let limiter = KeyedLimiter::builder(quota).max_keys(1).clock(clock.clone()).build();
        Self { limiter, clock }
    }

    /// With one entry that can be had.
    fn narrow(burst: u64) -> Self {
        let shared = Self::new(burst);
        shared.limiter.charge(&DEBTOR, 1_000);
        shared
    }

    /// With one entry, which is key 1's, of whom nothing is left.
    fn empty(burst: u64) -> Self {
        let shared = Self::narrow(burst);
        assert_eq!(shared.tries(1, 0, burst), burst);
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

    /// Makes room, so that what is asked next is not hidden by a debt of others.
    fn make_room(&self) {
        self.limiter.reset(&DEBTOR);
    }

    /// How many of so many permits are missing.
    fn needed(&self, key: u64, n: u64) -> i128 {
        self.limiter.capacity_info(&key, n).needed
    }
}

/// Runs `here` beside `there`, then `check` on what they gave, in all interleavings, both ways round.
fn race<A: Send + 'static, B: Send + 'static>(
    setup: fn() -> Shared,
    here: fn(&Shared) -> A,
    there: fn(&Shared) -> B,
    check: fn(&Shared, A, B),
) {
    bounded_race(None, setup, here, there, check);
}

/// The same with no more than so many preemptions.
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

/// No more than the burst of 2 at this reading, with what is still to be had then.
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
    fn a_new_key_from_two_threads_has_one_entry_and_one_burst() {
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

    /// The same where it takes the entry of one that is idle: two did so, each from another.
    #[test]
    fn a_new_key_from_two_threads_displaces_one() {
        fn setup() -> Shared {
            let shared = Shared::new(2);
            (1..3).for_each(|key| drop(shared.limiter.try_acquire(&key, 1).unwrap()));
            shared
        }
        let tries = |s: &Shared| s.tries(3, 10, 2);
        race(setup, tries, tries, |s, here, there| assert_eq!((here + there, s.tries(3, 10, 1)), (2, 0)));
    }

    #[test]
    fn two_newcomers_want_the_one_free_entry() {
        race(
            || Shared::narrow(2),
            |s| s.tries(1, 0, 2),
            |s| s.tries(2, 0, 2),
            |s, one, two| no_burst_twice(s, 0, [(1, one), (2, two)]),
        );
    }

    #[test]
    fn two_newcomers_want_the_entry_of_one_who_is_idle() {
        race(
            || Shared::empty(2),
            |s| s.tries(2, 10, 2),
            |s| s.tries(3, 10, 2),
            |s, two, three| {
                no_burst_twice(s, 10, [(2, two), (3, three)]);
            },
        );
    }

    /// Its entry is idle by the other's reading, and is another's by the time that the charge hits it.
    #[test]
    fn a_key_is_displaced_while_it_is_asked_for() {
        race(
            || Shared::empty(2),
            |s| s.tries(1, 10, 2),
            |s| s.tries(2, 10, 2),
            |s, one, two| no_burst_twice(s, 10, [(1, one), (2, two)]),
        );
    }

    /// By a reading at which it has but one permit back.
    #[test]
    fn a_key_is_displaced_while_it_is_asked_for_at_a_stale_reading() {
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

    /// Nobody is idle: it is the entry with the least debt, and the newcomer takes that over.
    #[test]
    fn a_busy_key_is_displaced_while_it_is_asked_for() {
        race(
            || Shared::empty(2),
            |s| s.tries(1, 1, 2),
            |s| s.tries(2, 1, 2),
            |s, one, two| {
                s.make_room();
                let (one, two) = (one + s.tries(1, 1, 2), two + s.tries(2, 1, 3));
                assert!(one <= 1 && two <= 2, "{one} of a key that had one back, {two} of a new one");
            },
        );
    }

    /// The entry comes back to the key that was displaced from it.
    #[test]
    fn a_key_is_displaced_and_comes_back_while_it_is_asked_for() {
        race(
            || Shared::empty(2),
            |s| s.tries(1, 10, 1),
            |s| (s.tries(2, 10, 1), s.tries(1, 10, 1)),
            |s, here, (two, there)| no_burst_twice(s, 10, [(1, here + there), (2, two)]),
        );
    }

    #[test]
    fn each_displaces_the_other() {
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

    /// What comes back of one key's permits is that key's, whoever has its entry by then.
    #[test]
    fn a_key_is_displaced_while_it_is_refunded() {
        race(
            || Shared::empty(2),
            |s| s.limiter.reconcile_at(at(0), &1, 0, 2),
            |s| s.tries(2, 10, 2),
            |s, (), two| no_burst_twice(s, 10, [(1, 0), (2, two)]),
        );
    }

    #[test]
    fn a_key_is_displaced_while_it_is_reset() {
        race(
            || Shared::empty(2),
            |s| s.limiter.reset(&1),
            |s| s.tries(2, 10, 2),
            |s, (), two| no_burst_twice(s, 10, [(1, 0), (2, two)]),
        );
    }

    #[test]
    fn a_refund_beside_a_try_loses_and_mints_nothing() {
        race(
            || Shared::empty(2),
            |s| s.limiter.reconcile_at(at(0), &1, 0, 1),
            |s| s.tries(1, 0, 1),
            |s, (), taken| assert_eq!(taken + s.tries(1, 0, 2), 1),
        );
    }

    #[test]
    fn a_debt_is_charged_whole_also_of_a_key_that_is_displaced() {
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

    /// Two newcomers of which one is charged: the debt is that one's, or the set's.
    #[test]
    fn a_debt_is_charged_whole_beside_a_newcomer() {
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

    /// A word that was read before the entry changed hands, at a unit of time that is almost half of the newcomer's, is not
    /// taken for the newcomer's: it is refused nothing.
    #[test]
    fn a_word_of_another_quota_is_not_taken_for_ones_own() {
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
    fn a_line_begins_beside_a_try() {
        race(
            || Shared::empty(1),
            |s| s.limiter.reserve(&1, 1).map(|place| place.keep()).unwrap(),
            |s| s.tries(1, 0, 1) + s.tries(1, 1, 1),
            |s, wait, granted| {
                assert_eq!(
                    wait,
                    if granted == 1 { secs(2) } else { secs(1) },
                    "at 1 s there is one for either of them"
                );
                assert_eq!(s.needed(1, 1), 2 + i128::from(granted));
            },
        );
    }

    #[test]
    fn a_line_begins_beside_a_refund() {
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
    fn a_line_begins_beside_a_debt() {
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
    fn a_line_begins_beside_a_reset() {
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

    /// Its key loses its entry before it has taken the word out.
    #[test]
    fn a_line_begins_beside_a_newcomer() {
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

    /// One leaves as another comes: the one is never told that the queue is full, nor the word lost or doubled.
    #[test]
    fn a_line_ends_beside_another_wait() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.reserve(&1, 1).map(|place| place.keep()).map_err(|denied| denied.reason()),
            |s| (s.come_and_go(1), s.come_and_go(1)),
            |s, wait, came| {
                assert_eq!(came, (true, true));
                assert!(wait == Ok(secs(1)) || wait == Ok(secs(2)), "{wait:?}");
                // Kept where it was, even behind one who has left since.
                assert!((1..=3).contains(&s.needed(1, 1)), "{}", s.needed(1, 1));
            },
        );
    }

    #[test]
    fn a_line_ends_beside_a_refund() {
        bounded_race(
            Some(4),
            || Shared::empty(2),
            |s| s.come_and_go(1),
            |s| s.limiter.refund(&1, 1),
            |s, _, ()| {
                // The place came due by the refund, or was given back.
                assert!(s.limiter.available(&1) <= 1);
                assert_eq!(s.limiter.waiters(), 0);
            },
        );
    }

    #[test]
    fn a_line_ends_beside_a_debt() {
        bounded_race(
            Some(4),
            || Shared::empty(1),
            |s| s.come_and_go(1),
            |s| s.limiter.charge(&1, 3),
            |s, came, ()| assert_eq!((came, s.needed(1, 1)), (true, 4)),
        );
    }

    /// The entry is another's by then, and its word has been out of the table and has come back.
    #[test]
    fn a_key_is_displaced_by_one_that_is_waited_for_while_it_is_asked_for() {
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

    /// The line ends, a newcomer takes the entry, and a line for that one begins: `there` in most of the races below.
    fn succession(s: &Shared) -> bool {
        s.come_and_go(1);
        s.limiter.charge(&2, 20);
        // `here` may still hold the first line, so that none can begin.
        s.limiter.reserve(&2, 1).is_ok_and(|place| place.keep() < Duration::MAX)
    }

    /// What is refunded of a key never comes off another that has its entry, and a line, since.
    #[test]
    fn a_refund_finds_another_keys_line_in_its_place() {
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
    fn a_reset_finds_another_keys_line_in_its_place() {
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

    /// A debt is not charged to another, which would be the other's loss and the key's gain.
    #[test]
    fn a_debt_finds_another_keys_line_in_its_place() {
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
    fn a_wait_finds_another_keys_line_in_its_place() {
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

    /// One of two entries can be awaited. Whoever finds it taken is told so, and nobody waits for ever.
    #[test]
    fn two_keys_want_the_one_place_for_a_line() {
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
                assert!(one != two, "one of them, and only one, for it keeps its place");
                assert_eq!((s.needed(1, 1), s.needed(2, 1)), (1 + i128::from(one), 1 + i128::from(two)));
            },
        );
    }

    #[test]
    fn the_clock_wakes_who_falls_asleep_beside_it() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
            |s| s.clock.advance(secs(1)),
            |s, waited, ()| assert_eq!((waited, s.limiter.waiters()), (Ok(1), 0)),
        );
    }

    #[test]
    fn a_refund_wakes_who_falls_asleep_beside_it() {
        bounded_race(
            Some(3),
            || Shared::empty(1),
            |s| s.limiter.acquire(&1, 1).wait().map(|grant| grant.amount()),
            |s| s.limiter.refund(&1, 1),
            |s, waited, ()| assert_eq!((waited, s.limiter.available(&1)), (Ok(1), 0)),
        );
    }

    /// A place that was kept, and came due long ago, holds an entry that a newcomer wants.
    #[test]
    fn a_newcomer_puts_a_word_back_that_another_asks_for() {
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
