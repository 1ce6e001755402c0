//! While there is room, each key is limited exactly as by a limiter of its own.

use std::time::Duration;

use limitor::{AcquireError, Denied, KeyedLimiter, ManualClock, Quota, RateLimiter, Reservation, keyed};
use proptest::prelude::*;

use super::secs;

#[derive(Debug, Clone, Copy)]
enum Op {
    Advance(u64),
    Try(u64),
    /// A try, settled immediately at this cost if it is granted.
    Work(u64, u64),
    Refund(u64),
    Charge(u64),
    Reserve(u64),
    Within(u64, u64),
    Cancel(usize),
    Keep(usize),
    Wait(usize),
    UpTo(u64),
    Reset,
    CancelWaiters,
    CancelAll,
    Close,
    ResetAll,
}

fn quotas() -> impl Strategy<Value = Quota> {
    let any_rate = (1..1_000_u64, 1..100_000_000_000_u64, 1..12_u64);
    any_rate.prop_filter_map("a quota", |(capacity, nanos, burst)| {
        Quota::new(capacity, Duration::from_nanos(nanos)).ok()?.with_burst(burst).ok()
    })
}

fn ops(keys: usize) -> impl Strategy<Value = Vec<(usize, Op)>> {
    let amount = || 0..14_u64;
    let op = prop_oneof![
        8 => (0..9_u64).prop_map(Op::Advance),
        1 => Just(Op::Advance(1_000)),
        8 => amount().prop_map(Op::Try),
        3 => (amount(), amount()).prop_map(|(n, actual)| Op::Work(n, actual)),
        3 => amount().prop_map(Op::Refund),
        3 => amount().prop_map(Op::Charge),
        4 => amount().prop_map(Op::Reserve),
        2 => (amount(), 0..20_u64).prop_map(|(n, halves)| Op::Within(n, halves)),
        2 => any::<usize>().prop_map(Op::Cancel),
        1 => any::<usize>().prop_map(Op::Keep),
        2 => any::<usize>().prop_map(Op::Wait),
        3 => amount().prop_map(Op::UpTo),
        1 => Just(Op::Reset),
        1 => Just(Op::CancelWaiters),
        1 => prop_oneof![2 => Just(Op::CancelAll), 1 => Just(Op::Close), 3 => Just(Op::ResetAll)],
        1 => Just(Op::Charge(u64::MAX)),
        1 => Just(Op::Refund(u64::MAX)),
    ];
    proptest::collection::vec((0..keys, op), 1..80)
}

/// The reason of a refusal, and when to retry.
fn refusal(denied: Denied) -> impl PartialEq + std::fmt::Debug {
    (denied.reason(), denied.retry_after(), denied.requested(), denied.burst(), denied.remaining())
}

/// A reservation of a key, with the same one on the limiter of its own.
struct Held<'a, K> {
    place: keyed::Reservation<'a, K, ManualClock>,
    own: Reservation<'a, ManualClock>,
}

/// The kind of table, and its number of keys.
type Table<K> = fn(keyed::Builder<K, ManualClock>) -> keyed::Builder<K, ManualClock>;

/// Does a control operation to the keys and to the limiters of their own.
fn control<K, Q: keyed::Lookup<K> + ?Sized>(
    limiter: &KeyedLimiter<K, ManualClock>,
    key: &Q,
    own: &RateLimiter<ManualClock>,
    owns: &[RateLimiter<ManualClock>],
    op: Op,
) {
    match op {
        Op::Reset => {
            limiter.reset(key);
            // A key does not open the limiter.
            if !limiter.is_closed() {
                own.reset();
            }
        }
        Op::CancelWaiters => {
            limiter.cancel_waiters_of(key);
            own.cancel_waiters();
        }
        Op::CancelAll => {
            limiter.cancel_waiters();
            owns.iter().for_each(RateLimiter::cancel_waiters);
        }
        Op::Close => {
            limiter.close();
            owns.iter().for_each(RateLimiter::close);
        }
        Op::ResetAll => {
            limiter.reset_all();
            owns.iter().for_each(RateLimiter::reset);
        }
        _ => unreachable!("{op:?} is no control operation"),
    }
}

/// Runs the operations on the keys and on a limiter for each key, and compares all visible results.
fn run<K, Q>(keys: &[&Q], table: Table<K>, quota: Quota, ops: Vec<(usize, Op)>) -> Result<(), TestCaseError>
where
    Q: keyed::Lookup<K> + ?Sized,
{
    let clock = ManualClock::new();
    let limiter = table(KeyedLimiter::<K>::builder(quota).clock(clock.clone())).build();
    let owns: Vec<_> = keys.iter().map(|_| RateLimiter::with_clock(quota, clock.clone())).collect();
    let handles: Vec<_> = keys.iter().map(|key| limiter.key(*key)).collect();
    let mut held: Vec<Held<'_, K>> = Vec::new();
    // Half of T, and sometimes a nanosecond more or less, so that boundaries are hit and just
    // missed.
    let half = u64::try_from(quota.period().as_nanos()).unwrap() / quota.capacity() / 2;
    for (index, op) in ops {
        let (key, handle, own) = (keys[index], &handles[index], &owns[index]);
        let mut reserved = |max_wait: Option<Duration>, n| {
            let (place, own) = match max_wait {
                None => (limiter.reserve(key, n), own.reserve(n)),
                Some(wait) => (handle.reserve_within(n, wait), own.reserve_within(n, wait)),
            };
            match (place, own) {
                (Ok(place), Ok(own)) => held.push(Held { place, own }),
                (place, own) => prop_assert_eq!(place.map(drop).map_err(refusal), own.map(drop).map_err(refusal)),
            }
            Ok(())
        };
        match op {
            Op::Advance(halves) => clock.advance(Duration::from_nanos(halves * half + halves % 2)),
            Op::Try(n) => prop_assert_eq!(
                limiter.try_acquire(key, n).map(|grant| (grant.amount(), grant.remaining())).map_err(refusal),
                own.try_acquire(n).map(|grant| (grant.amount(), grant.remaining())).map_err(refusal)
            ),
            Op::UpTo(n) => prop_assert_eq!(
                limiter.try_acquire_up_to(key, n).map(|grant| (grant.amount(), grant.remaining())).map_err(refusal),
                own.try_acquire_up_to(n).map(|grant| (grant.amount(), grant.remaining())).map_err(refusal)
            ),
            Op::Work(n, actual) => prop_assert_eq!(
                handle.try_acquire(n).map(|grant| grant.reconcile(actual)).map_err(refusal),
                own.try_acquire(n).map(|grant| grant.reconcile(actual)).map_err(refusal)
            ),
            Op::Refund(n) => {
                limiter.refund(key, n);
                own.refund(n);
            }
            Op::Charge(n) => {
                limiter.charge(key, n);
                own.charge(n);
            }
            Op::Reserve(n) => reserved(None, n)?,
            Op::Within(n, halves) => reserved(Some(Duration::from_nanos(halves * half)), n)?,
            Op::Cancel(place) if !held.is_empty() => {
                let Held { place, own } = held.swap_remove(place % held.len());
                place.cancel();
                own.cancel();
            }
            Op::Keep(place) if !held.is_empty() => {
                let Held { place, own } = held.swap_remove(place % held.len());
                prop_assert_eq!(place.keep(), own.keep());
            }
            Op::Wait(place) if !held.is_empty() => {
                let place = place % held.len();
                if held[place].own.wait_time() == Duration::ZERO {
                    let Held { place, own } = held.swap_remove(place);
                    prop_assert_eq!(place.wait().unwrap().amount(), own.wait().unwrap().amount());
                }
            }
            Op::Cancel(_) | Op::Keep(_) | Op::Wait(_) => {}
            Op::Reset | Op::CancelWaiters | Op::CancelAll | Op::Close | Op::ResetAll => {
                control(&limiter, key, own, &owns, op);
            }
        }
        for Held { place, own } in held.extract_if(.., |held| held.own.wait_time() == Duration::MAX) {
            let ended = place.wait().map(drop);
            prop_assert!(matches!(ended, Err(AcquireError::Cancelled | AcquireError::Closed)), "{:?}", ended);
            prop_assert_eq!(own.wait().map(drop), ended);
        }
        prop_assert_eq!(limiter.is_closed(), owns[0].is_closed());
        for (key, own) in keys.iter().zip(&owns) {
            prop_assert_eq!(limiter.available(*key), own.available());
            prop_assert_eq!(limiter.capacity_info(*key, 3), own.capacity_info(3));
            prop_assert_eq!(limiter.standing(*key), own.standing());
            prop_assert_eq!(limiter.waiters_of(*key), own.waiters());
        }
        for Held { place, own } in &held {
            prop_assert_eq!(place.wait_time(), own.wait_time());
        }
        prop_assert_eq!(limiter.waiters(), owns.iter().map(RateLimiter::waiters).sum::<usize>());
    }
    prop_assert_eq!(limiter.evictions(), 0);
    let idle = owns.iter().filter(|own| own.capacity_info(quota.burst()).has_capacity).count();
    prop_assert!(limiter.is_closed() || limiter.len() == owns.len() - idle);
    drop(held);
    clock.advance(secs(100));
    Ok(())
}

const NAMES: [&str; 8] = ["", "a", "b", "ab", "ba", "a longer name than fits a register", "ä", "\0"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// As many keys as can wait in one set, all with the same set.
    #[test]
    fn keys_sharing_a_set_equal_limiters_of_their_own(quota in quotas(), ops in ops(9)) {
        run::<u64, u64>(&[&0, &1, &2, &3, &4, &5, &6, &7, &u64::MAX], |builder| builder.max_keys(1), quota, ops)?;
    }

    /// Strings, looked up by slices.
    #[test]
    fn string_keys_equal_limiters_of_their_own(quota in quotas(), ops in ops(8)) {
        run::<String, str>(&NAMES, |builder| builder.max_keys(3), quota, ops)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Over a table of many sets.
    #[test]
    fn scattered_keys_equal_limiters_of_their_own(quota in quotas(), ops in ops(60)) {
        let keys: Vec<u64> = (0..60).map(|key| key << 57 | key).collect();
        run::<u64, u64>(&keys.iter().collect::<Vec<_>>(), |builder| builder.max_keys(10_000), quota, ops)?;
    }
}

#[cfg(feature = "exact")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Stored keys, with room for exactly as many as there are.
    #[test]
    fn stored_keys_equal_limiters_of_their_own(quota in quotas(), ops in ops(9)) {
        let keys = [&0, &1, &2, &3, &4, &5, &6, &7, &u64::MAX];
        run::<u64, u64>(&keys, |builder| builder.max_keys(9).exact(), quota, ops)?;
    }

    #[test]
    fn stored_string_keys_equal_limiters_of_their_own(quota in quotas(), ops in ops(8)) {
        run::<String, str>(&NAMES, limitor::keyed::Builder::exact, quota, ops)?;
    }
}
