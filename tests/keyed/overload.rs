//! Many more busy keys than entries, and readings in any order: no key is granted more than by a
//! limiter of its own.

use std::time::Duration;

use limitor::{KeyedLimiter, ManualClock, Quota, RateLimiter, Timestamp};
use proptest::prelude::*;

use super::{ENTRIES, Keyed, at, one_set, own, per_second, secs};

const KEYS: u64 = 24;

#[derive(Debug, Clone, Copy)]
enum Op {
    Try(u64),
    /// Settles one of the grants so far at this cost, once.
    Settle(usize, u64),
    Refund(u64),
    Charge(u64),
    Reset,
    Pass(u64),
}

/// The reading of a decision, relative to the elapsed time.
#[derive(Debug, Clone, Copy)]
enum Reading {
    Now,
    Stale(u64),
    Ahead(u64),
}

fn ops(with_resets: bool) -> impl Strategy<Value = Vec<(u64, Reading, Op)>> {
    let amount = || 1..8_u64;
    let op = prop_oneof![
        12 => amount().prop_map(Op::Try),
        3 => (any::<usize>(), 0..12_u64).prop_map(|(grant, actual)| Op::Settle(grant, actual)),
        1 => amount().prop_map(Op::Refund),
        2 => amount().prop_map(Op::Charge),
        1 => (8..1_000_u64).prop_map(Op::Charge),
        u32::from(with_resets) => prop_oneof![3 => Just(Op::Reset), 2 => Just(Op::Charge(u64::MAX))],
        2 => (0..8_u64).prop_map(Op::Pass),
    ];
    let reading = prop_oneof![
        4 => Just(Reading::Now),
        1 => (1..12_u64).prop_map(Reading::Stale),
        1 => (1..12_u64).prop_map(Reading::Ahead),
    ];
    proptest::collection::vec((0..KEYS, reading, op), 1..250)
}

/// Rates with units of different lengths, up to a factor of almost two, without a common divisor.
fn quotas() -> [Quota; 4] {
    ["1/s burst 5", "10/11s burst 4", "7/3s burst 9", "3/d burst 2"].map(|text| text.parse().unwrap())
}

/// One set for all keys; the quota of a key depends on its remainder.
struct Race {
    quotas: Vec<Quota>,
    limiter: Keyed,
    owns: Vec<RateLimiter<ManualClock>>,
    granted: Vec<(u64, u64)>,
    now: u64,
    /// The latest reading of all.
    last: Timestamp,
}

impl Race {
    fn new(quotas: &[Quota]) -> Self {
        let builder = KeyedLimiter::builder(quotas[0]).max_keys(1).clock(ManualClock::new());
        let builder = if let [_] = quotas {
            builder
        } else {
            let quotas = quotas.to_vec();
            builder.quota_for(move |key: &u64| of_key(&quotas, *key))
        };
        Self {
            limiter: builder.build(),
            owns: (0..KEYS).map(|key| own(of_key(quotas, key))).collect(),
            quotas: quotas.to_vec(),
            granted: Vec::new(),
            now: 0,
            last: at(0),
        }
    }

    fn reading(&self, reading: Reading) -> Timestamp {
        // Eighths of a second, plus an odd number.
        let eighths = match reading {
            Reading::Now => self.now,
            Reading::Stale(by) => self.now.saturating_sub(by),
            Reading::Ahead(by) => self.now + by,
        };
        Timestamp::from_ticks(eighths * 125_000_000 + eighths % 3)
    }

    fn run(&mut self, key: u64, reading: Reading, op: Op) -> Result<(), TestCaseError> {
        let at = self.reading(reading);
        let own = &self.owns[usize::try_from(key).unwrap()];
        match op {
            Op::Pass(eighths) => self.now += eighths,
            Op::Try(n) => {
                let granted = self.limiter.try_acquire_at(at, &key, n).is_ok();
                if granted {
                    prop_assert!(own.try_acquire_at(at, n).is_ok(), "{n} for key {key} at {at:?}");
                    self.granted.push((key, n));
                } else if own.available_at(at) >= n {
                    let stale = at < self.last;
                    prop_assert!(
                        stale || self.limiter.evictions() > 0,
                        "key {key} was refused {n} without need at {at:?}"
                    );
                }
            }
            Op::Settle(grant, actual) if !self.granted.is_empty() => {
                let (key, n) = self.granted.swap_remove(grant % self.granted.len());
                self.limiter.reconcile_at(at, &key, actual, n);
                self.owns[usize::try_from(key).unwrap()].reconcile_at(at, actual, n);
            }
            Op::Settle(..) => return Ok(()),
            Op::Refund(n) => {
                self.limiter.reconcile_at(at, &key, 0, n);
                own.reconcile_at(at, 0, n);
            }
            Op::Charge(n) => {
                self.limiter.reconcile_at(at, &key, n, 0);
                own.reconcile_at(at, n, 0);
            }
            Op::Reset => {
                self.limiter.reset(&key);
                // As new: it begins at time 0, whatever the next reading is.
                self.owns[usize::try_from(key).unwrap()] = super::own(of_key(&self.quotas, key));
            }
        }
        self.last = self.last.max(at);
        self.compare(key, at)
    }

    /// No more is available than from a limiter of its own.
    fn compare(&self, key: u64, at: Timestamp) -> Result<(), TestCaseError> {
        let own = &self.owns[usize::try_from(key).unwrap()];
        let (seen, most) = (self.limiter.available_at(at, &key), own.available_at(at));
        prop_assert!(seen <= most, "{seen} of {most} for key {key} at {at:?}");
        Ok(())
    }

    /// Runs one operation after the other, and at the end compares all keys at readings before and
    /// after.
    fn run_all(mut self, ops: Vec<(u64, Reading, Op)>) -> Result<(), TestCaseError> {
        ops.into_iter().try_for_each(|(key, reading, op)| self.run(key, reading, op))?;
        let readings = [Reading::Stale(100), Reading::Now, Reading::Ahead(100)].map(|reading| self.reading(reading));
        readings.into_iter().try_for_each(|at| (0..KEYS).try_for_each(|key| self.compare(key, at)))
    }
}

fn of_key(quotas: &[Quota], key: u64) -> Quota {
    quotas[usize::try_from(key).unwrap() % quotas.len()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn no_key_gets_more_than_from_a_limiter_of_its_own(quota in 0..4_usize, ops in ops(true)) {
        Race::new(&quotas()[quota..=quota]).run_all(ops)?;
    }

    #[test]
    fn with_different_quotas_no_key_gets_more(ops in ops(true)) {
        Race::new(&quotas()).run_all(ops)?;
    }

    /// Also at the end of time, where it stands still.
    #[test]
    fn after_the_end_of_time_no_key_gets_more(ops in ops(true)) {
        let fast = Quota::per_second(10_000_000_000).unwrap().with_burst(5).unwrap();
        let mut race = Race::new(&[fast, per_second(5)]);
        race.now = u64::MAX / 125_000_000 - 1_000;
        race.run_all(ops)?;
    }

    /// Reservations kept in the queues of keys that displace one another come due no earlier than
    /// on a limiter of its own.
    #[test]
    fn with_kept_reservations_no_key_gets_more(ops in ops(false)) {
        let clock = ManualClock::new();
        let limiter: Keyed = KeyedLimiter::builder(per_second(5)).max_keys(1).clock(clock.clone()).build();
        let owns: Vec<_> = (0..KEYS).map(|_| RateLimiter::with_clock(per_second(5), clock.clone())).collect();
        for (key, reading, op) in ops {
            let own = &owns[usize::try_from(key).unwrap()];
            match (op, reading) {
                (Op::Pass(eighths), _) => clock.advance(Duration::from_millis(eighths * 125)),
                (Op::Try(n), Reading::Stale(_)) if n <= 5 => if let Ok(place) = limiter.reserve(&key, n) {
                    let (kept, earliest) = (place.keep(), own.reserve(n).unwrap().keep());
                    prop_assert!(kept >= earliest, "{kept:?} < {earliest:?}");
                },
                // Reserved and cancelled: this must have no effect.
                (Op::Try(n), Reading::Ahead(_)) => drop(limiter.reserve(&key, n)),
                (Op::Try(n), _) => if limiter.try_acquire(&key, n).is_ok() {
                    prop_assert!(own.try_acquire(n).is_ok(), "{n} for key {key}");
                },
                (Op::Refund(n) | Op::Settle(_, n), _) => {
                    limiter.refund(&key, n);
                    own.refund(n);
                }
                (Op::Charge(n), _) => {
                    limiter.charge(&key, n);
                    own.charge(n);
                }
                (Op::Reset, _) => {}
            }
            prop_assert!(limiter.available(&key) <= own.available());
        }
    }
}

/// Ten keys have debts of 11 to 20 s. The next key begins with the smallest debt. The key that lost
/// its entry begins with the smallest debt of those in the set by then.
#[test]
fn key_that_finds_its_set_full_begins_with_the_least_debt() {
    let (limiter, clock) = one_set(30);
    (0..ENTRIES).for_each(|key| limiter.charge(&key, 11 + key));
    assert_eq!((limiter.available(&77), limiter.evictions()), (19, 0), "a query enters no key");
    assert!(limiter.try_acquire(&77, 20).is_err());
    assert!(limiter.try_acquire(&77, 19).is_ok());
    assert_eq!(limiter.evictions(), 2);
    let missing = |key| limiter.capacity_info(&key, 0).needed.max(30 - i128::from(limiter.available(&key)));
    assert_eq!((missing(1), missing(9), missing(77)), (12, 20, 30), "no other key lost anything");
    assert_eq!(limiter.available(&0), 18, "its debt was 11, and is now the smallest of the set, 12");
    clock.advance(secs(12));
    assert_eq!((limiter.available(&0), limiter.available(&78)), (30, 30), "an entry is idle");
}

#[test]
fn debt_is_not_forgotten_with_the_entry() {
    let (limiter, clock) = one_set(1);
    (0..ENTRIES).for_each(|key| limiter.charge(&key, 100));
    // 50 other keys use the entry of each.
    (100..600).for_each(|key| limiter.charge(&key, 1));
    for key in 0..ENTRIES {
        assert!(limiter.try_acquire(&key, 1).is_err(), "{key}");
    }
    clock.advance(secs(99));
    assert!((0..ENTRIES).all(|key| limiter.try_acquire(&key, 1).is_err()));
}

/// A debt is charged to a key in a set without an entry that could be taken. The set remembers the
/// debt.
#[test]
fn debt_without_an_entry_raises_the_floor_of_the_set() {
    let (limiter, clock) = one_set(1);
    (0..ENTRIES).for_each(|key| limiter.charge(&key, u64::MAX));
    assert!(limiter.try_acquire(&77, 1).is_err());
    limiter.charge(&77, 100);
    limiter.reset(&0);
    assert_eq!(limiter.available(&0), 1);
    assert!(limiter.try_acquire(&77, 1).is_err());
    clock.advance(secs(99));
    assert!(limiter.try_acquire(&77, 1).is_err());
    clock.advance(secs(2));
    assert!(limiter.try_acquire(&77, 1).is_ok());
}

/// Also for a debt beyond the end of the clock's time, 36 years at the fastest rate.
#[test]
fn debt_past_the_horizon_is_not_forgotten_with_the_entry() {
    const YEAR: u64 = 31_557_600;
    let clock = ManualClock::new();
    let quota = Quota::per_second(10_000_000_000).unwrap().with_burst(5).unwrap();
    let limiter: Keyed = KeyedLimiter::builder(quota).max_keys(1).clock(clock.clone()).build();
    (0..=ENTRIES).for_each(|key| limiter.charge(&key, 45 * YEAR * 10_000_000_000));
    for years in [20, 40, 50] {
        clock.set(secs(years * YEAR));
        assert!((0..=ENTRIES).all(|key| limiter.try_acquire(&key, 1).is_err()), "after {years} years");
    }
}

/// The clock reads 10 s, and a caller with an earlier reading comes later. The idle entry that it
/// finds belonged to a key that was full again at 5 s. Only what was displaced counts, not which
/// caller read what time.
#[test]
fn stale_reading_inherits_only_what_was_displaced() {
    let (limiter, _) = one_set(5);
    for key in 0..ENTRIES {
        limiter.try_acquire_at(at(0), &key, 5).unwrap();
    }
    limiter.try_acquire_at(at(10), &100, 5).unwrap();
    assert!(limiter.try_acquire_at(at(9), &101, 5).is_ok());
    assert_eq!(limiter.evictions(), 0);
    assert!(limiter.try_acquire_at(at(4), &102, 5).is_err(), "at this reading the floor is a second ahead");
    assert!(limiter.try_acquire_at(at(4), &102, 3).is_ok());
    assert_eq!(limiter.evictions(), 2);
}

/// A key took permits at 10 s. Its entry was idle at a reading of 20 s and is gone, and another
/// entry is free. The permits are still not available again at 10 s.
#[test]
fn key_displaced_as_idle_is_not_new_to_a_stale_reading() {
    let (limiter, _) = one_set(5);
    for key in 0..ENTRIES {
        limiter.try_acquire_at(at(10), &key, 5).unwrap();
    }
    limiter.try_acquire_at(at(20), &100, 1).unwrap();
    limiter.reset(&(ENTRIES - 1));
    for key in 0..ENTRIES - 1 {
        assert!(limiter.try_acquire_at(at(10), &key, 1).is_err(), "{key} at 10 s");
        assert!(limiter.try_acquire_at(at(0), &key, 1).is_err(), "{key} at 0 s");
    }
    assert!(limiter.try_acquire_at(at(10), &101, 1).is_err(), "it begins with the debt of the displaced key");
    assert!(limiter.try_acquire_at(at(11), &101, 1).is_ok());
}
