//! Compared with a limiter of its own for each key, on random timelines.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::time::Duration;

use limitor::{KeyedLimiter, ManualClock, Quota, RateLimiter, Reason, keyed};
use proptest::prelude::*;

use super::{Alike, at, exact, quota};

#[derive(Debug, Clone, Copy)]
enum Op {
    Advance(u64),
    Try(u64, u64),
    Settle(usize, u64),
    Refund(u64, u64),
    Charge(u64, u64),
    Reset(u64),
}

const KEYS: u64 = 8;

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let (keys, amounts) = (0..KEYS, 0..9_u64);
    let op = prop_oneof![
        6 => (0..9_u64).prop_map(Op::Advance),
        16 => (keys.clone(), amounts.clone()).prop_map(|(key, n)| Op::Try(key, n)),
        4 => (any::<usize>(), amounts.clone()).prop_map(|(which, n)| Op::Settle(which, n)),
        1 => (keys.clone(), amounts.clone()).prop_map(|(key, n)| Op::Refund(key, n)),
        1 => (keys.clone(), amounts).prop_map(|(key, n)| Op::Charge(key, n)),
        1 => keys.prop_map(Op::Reset),
    ];
    proptest::collection::vec(op, 1..120)
}

/// The limiters, and the number of keys that there is room for.
struct Model {
    limiters: Vec<RateLimiter<ManualClock>>,
    max_keys: usize,
}

impl Model {
    fn busy(&self) -> impl Iterator<Item = &RateLimiter<ManualClock>> {
        self.limiters.iter().filter(|limiter| limiter.available() < limiter.quota().burst())
    }

    fn of(&self, key: u64) -> &RateLimiter<ManualClock> {
        &self.limiters[usize::try_from(key).unwrap()]
    }

    /// Whether the key is busy itself, or there is room beside the other busy keys.
    fn has_room(&self, key: u64) -> bool {
        let own = self.of(key);
        own.available() < own.quota().burst() || self.busy().count() < self.max_keys
    }

    /// The time until the first key is idle.
    fn until_room(&self) -> Duration {
        let idle = |limiter: &RateLimiter<_>| limiter.try_acquire(limiter.quota().burst()).unwrap_err().retry_after();
        self.busy().map(|limiter| idle(limiter).unwrap()).min().unwrap()
    }
}

fn near(seen: Option<Duration>, expected: Option<Duration>) -> bool {
    let nanos = |duration: Option<Duration>| duration.map(|duration| duration.as_nanos());
    match (nanos(seen), nanos(expected)) {
        (Some(seen), Some(expected)) => seen.abs_diff(expected) <= 1,
        (seen, expected) => seen == expected,
    }
}

/// Compares every grant, every refusal with its reason and its wait, and what is available, with
/// the limiters of their own. The exception is a new key while there is no room beside the busy
/// keys.
fn run<K>(
    quotas: [Quota; 2],
    max_keys: usize,
    ops: &[Op],
    key: impl Fn(u64) -> K,
    id: impl Fn(&K) -> u64 + Send + Sync + Copy + 'static,
) -> Result<(), TestCaseError>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
{
    let clock = ManualClock::new();
    let quota_of = move |key: u64| quotas[usize::try_from(key % 2).unwrap()];
    let limiter = KeyedLimiter::<K>::builder(quotas[0])
        .quota_for(move |key: &K| quota_of(id(key)))
        .clock(clock.clone())
        .max_keys(max_keys)
        .exact()
        .build();
    let limiters = (0..KEYS).map(|key| RateLimiter::with_clock(quota_of(key), clock.clone())).collect();
    let model = Model { limiters, max_keys };
    let interval = u64::try_from(quotas[0].period().as_nanos()).unwrap() / quotas[0].capacity();
    let mut held: Vec<(u64, keyed::Grant<'_, K, ManualClock>)> = Vec::new();
    let mut crowded = 0;
    for (step, op) in ops.iter().enumerate() {
        match *op {
            // Halves of T, and 1 ns more or less.
            Op::Advance(steps) => clock.advance(Duration::from_nanos((steps * interval / 2).saturating_sub(steps % 2))),
            Op::Try(number, n) => {
                let (own, seen) = (model.of(number), limiter.try_acquire(&key(number), n));
                if (1..=own.quota().burst()).contains(&n) && !model.has_room(number) {
                    crowded += 1;
                    let denied = seen.unwrap_err();
                    prop_assert_eq!(denied.reason(), Reason::NotYet);
                    prop_assert!(near(denied.retry_after(), Some(model.until_room())), "{:?}", denied);
                } else {
                    match (seen, own.try_acquire(n)) {
                        (Ok(grant), Ok(_)) => held.push((number, grant)),
                        (Err(seen), Err(expected)) => {
                            prop_assert_eq!(seen.reason(), expected.reason());
                            prop_assert!(near(seen.retry_after(), expected.retry_after()), "{seen:?} {expected:?}");
                        }
                        (seen, expected) => prop_assert!(false, "{op:?}: {seen:?}, expected {expected:?}"),
                    }
                }
            }
            Op::Settle(which, actual) if !held.is_empty() => {
                let (number, grant) = held.swap_remove(which % held.len());
                let n = grant.amount();
                // A debt of a key for which there is no room is dropped.
                if actual <= n || model.has_room(number) {
                    model.of(number).reconcile(actual, n);
                } else {
                    crowded += 1;
                }
                grant.reconcile(actual);
            }
            Op::Settle(..) => {}
            Op::Refund(number, n) => {
                model.of(number).refund(n);
                limiter.refund(&key(number), n);
            }
            Op::Charge(number, n) => {
                if n == 0 || model.has_room(number) {
                    model.of(number).charge(n);
                } else {
                    crowded += 1;
                }
                limiter.charge(&key(number), n);
            }
            Op::Reset(number) => {
                model.of(number).reset();
                limiter.reset(&key(number));
            }
        }
        // Not at each step: a search for room makes room.
        for number in (0..KEYS).filter(|number| (number + step as u64).is_multiple_of(4)) {
            let own = model.of(number);
            let expected = if model.has_room(number) { own.available() } else { 0 };
            prop_assert_eq!(limiter.available(&key(number)), expected, "of {} after {:?}", number, op);
        }
        prop_assert_eq!(limiter.len(), model.busy().count());
        prop_assert_eq!(limiter.evictions(), crowded);
    }
    let keys = limiter.keys().expect("keys are stored");
    let shown: BTreeMap<_, _> = keys.map(|(key, standing)| (id(&key), standing.available)).collect();
    let number = |limiter| model.limiters.iter().position(|other| std::ptr::eq(other, limiter)).unwrap();
    let expected = model.busy().map(|limiter| (number(limiter) as u64, limiter.available())).collect();
    prop_assert_eq!(shown, expected);
    Ok(())
}

fn quotas() -> impl Strategy<Value = [Quota; 2]> {
    prop_oneof![
        Just(["1/s burst 4", "1/s burst 7"]),
        Just(["3/s", "1/s burst 3"]),
        Just(["70000/min burst 5", "500000001/s burst 6"]),
        Just(["1/day", "3/h burst 6"]),
    ]
    .prop_map(|texts| texts.map(quota))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn with_room_for_all_keys_equal_limiters_of_their_own(quotas in quotas(), ops in ops()) {
        run(quotas, 100, &ops, |key| key, |key| *key)?;
    }

    #[test]
    fn with_room_for_some_keys_equal_limiters_of_their_own(quotas in quotas(), max_keys in 1..7_usize, ops in ops()) {
        run(quotas, max_keys, &ops, |key| format!("user {key}"), |key| key[5..].parse().unwrap())?;
    }

    #[test]
    fn with_one_hash_for_all_keys_equal_limiters_of_their_own(quotas in quotas(), max_keys in 1..9_usize, ops in ops()) {
        run(quotas, max_keys, &ops, Alike, |key| key.0)?;
    }

    /// Readings that are stale, or from a clock that steps back: nothing is granted that a limiter
    /// of its own would not grant at the same reading, whatever was forgotten meanwhile.
    #[test]
    fn at_any_reading_no_key_gets_more(
        max_keys in 1..5_usize,
        asked in proptest::collection::vec((0..6_u64, 0..40_u64, 1..4_u64), 1..200),
    ) {
        let (clock, quota) = (ManualClock::new(), quota("1/s burst 3"));
        let limiter = exact(quota, max_keys, &clock);
        let own: Vec<_> = (0..6).map(|_| RateLimiter::with_clock(quota, clock.clone())).collect();
        for (step, (key, second, n)) in asked.into_iter().enumerate() {
            let now = at(second + step as u64 / 8);
            if limiter.try_acquire_at(now, &key, n).is_ok() {
                prop_assert!(own[usize::try_from(key).unwrap()].try_acquire_at(now, n).is_ok(), "{} at {:?}", key, now);
            }
        }
    }
}
