//! A refusal names the limit that binds, and has the exact time to retry.

use std::sync::Arc;
use std::time::Duration;

use limitor::{AcquireError, LimitSet, ManualClock, Quota, RateLimiter, Reason};
use proptest::prelude::*;

use crate::{Pair, one_a_second, secs};

const NAMES: [&str; 3] = ["first", "second", "third"];

/// Capacity, its period in nanoseconds; burst, permits taken before, and permits requested.
type Limit = ((u64, u64), u64, u64, u64);

fn limits(rate: impl Strategy<Value = (u64, u64)> + Clone) -> impl Strategy<Value = [Limit; 3]> {
    let limit = (rate, 1..20_u64)
        .prop_flat_map(|(rate, burst)| (Just(rate), Just(burst), prop_oneof![0..=burst, Just(burst)], 0..=burst));
    [limit.clone(), limit.clone(), limit]
}

/// A permit takes a power of two nanoseconds, so that readings convert exactly.
fn even() -> impl Strategy<Value = (u64, u64)> + Clone {
    (1..12_u64, 1..40_u32).prop_map(|(capacity, log)| (capacity, capacity << log))
}

fn odd() -> impl Strategy<Value = (u64, u64)> + Clone {
    let capacity = prop_oneof![1..12_u64, Just(99_991), Just(70_000), Just(500_000_001)];
    (capacity, prop_oneof![Just(1_000_000_000), 999_999_000..1_000_000_000_u64])
}

/// The reference is what each limit returns by itself. `spare` nanoseconds less are not enough.
fn check<const N: usize>(limits: [Limit; 3], spare: Duration) -> Result<(), TestCaseError> {
    let clock = ManualClock::new();
    clock.advance(Duration::from_nanos(1_234_567_891));
    let limits: [Limit; N] = std::array::from_fn(|index| limits[index]);
    let members = limits.map(|((capacity, period), burst, taken, _)| {
        let quota = Quota::new(capacity, Duration::from_nanos(period)).unwrap().with_burst(burst).unwrap();
        let member = Arc::new(RateLimiter::with_clock(quota, clock.clone()));
        drop(member.try_acquire(taken).unwrap());
        member
    });
    clock.advance(Duration::from_nanos(77));
    let costs = limits.map(|(.., cost)| cost);
    let set = LimitSet::<N, _>::new(std::array::from_fn(|index| (NAMES[index], members[index].clone())));
    let alone = || -> [Duration; N] {
        std::array::from_fn(|index| match members[index].try_acquire(costs[index]) {
            Ok(grant) => {
                grant.refund();
                Duration::ZERO
            }
            Err(denied) => denied.retry_after().unwrap(),
        })
    };
    let waits = alone();
    let last = waits.into_iter().max().unwrap();
    match set.try_acquire(costs) {
        Ok(grant) => {
            prop_assert_eq!(last, Duration::ZERO);
            grant.refund();
        }
        Err(denied) => {
            let index = NAMES.iter().position(|name| *name == denied.limit()).unwrap();
            prop_assert_eq!(waits[index], last, "{} does not grant last", denied.limit());
            prop_assert_eq!(denied.retry_after(), Some(last));
            prop_assert_eq!(denied.denied().requested(), costs[index]);
            prop_assert_eq!(denied.denied().reason(), Reason::NotYet);
            let error = set.acquire(costs).timeout(last.saturating_sub(spare)).wait().unwrap_err();
            let AcquireError::TooLong { requested, wait, .. } = error.error() else { panic!("{error:?}") };
            prop_assert_eq!(requested, costs[index]);
            prop_assert!(wait <= last && last < wait + spare, "{wait:?}, not {last:?}");
            prop_assert_eq!(error.limit(), Some(denied.limit()));
            prop_assert_eq!(alone(), waits, "nothing was charged");
            let spare = spare.min(last);
            clock.advance(last.saturating_sub(spare));
            let denied = set.try_acquire(costs).map_err(|denied| denied.retry_after());
            prop_assert!(denied.is_err_and(|left| left < Some(2 * spare)));
            clock.advance(spare);
            prop_assert!(set.try_acquire(costs).is_ok());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn waiting_for_retry_after_is_exactly_enough(limits in limits(even())) {
        check::<1>(limits, Duration::from_nanos(1))?;
        check::<2>(limits, Duration::from_nanos(1))?;
        check::<3>(limits, Duration::from_nanos(1))?;
    }

    /// Where readings have to be rounded, the wait may be a nanosecond longer, as with a single
    /// limit.
    #[test]
    fn waiting_for_retry_after_is_enough_at_odd_rates(limits in limits(odd())) {
        check::<1>(limits, Duration::from_nanos(2))?;
        check::<2>(limits, Duration::from_nanos(2))?;
        check::<3>(limits, Duration::from_nanos(2))?;
    }
}

#[test]
fn permanent_refusal_binds_before_a_long_wait() {
    let too_much = |pair: &Pair| pair.set.try_acquire([11, 1]).unwrap_err();
    let pair = Pair::empty(10, 10);
    pair.b.charge(1_000_000);
    let denied = too_much(&pair);
    assert_eq!((denied.limit(), denied.denied().reason(), denied.retry_after()), ("a", Reason::ExceedsBurst, None));
    assert_eq!((denied.denied().requested(), denied.denied().burst()), (11, 10));
    let error = pair.set.acquire([11, 1]).wait().unwrap_err();
    assert_eq!(error.limit(), Some("a"));
    assert!(matches!(error.error(), AcquireError::ExceedsBurst { requested: 11, burst: 10, .. }));
    assert_eq!(error.to_string(), "a: 11 permits requested, but the burst is 10; no wait helps");
    assert!(pair.set.try_acquire([u64::MAX; 2]).is_err() && pair.set.acquire([u64::MAX; 2]).wait().is_err());
    assert_eq!(pair.set.waiters(), 0);

    let pair = Pair::empty(10, 10);
    pair.b.close();
    let denied = pair.set.try_acquire([1, 1]).unwrap_err();
    assert_eq!((denied.limit(), denied.denied().reason(), denied.retry_after()), ("b", Reason::Closed, None));
    assert_eq!(denied.to_string(), "b: the limiter is closed");
    let error = pair.set.acquire([1, 1]).wait().unwrap_err();
    assert_eq!((error.limit(), error.error()), (Some("b"), AcquireError::Closed));

    let pair = Pair::empty(10, 10);
    pair.a.charge(u64::MAX);
    let denied = pair.set.try_acquire([1, 1]).unwrap_err();
    assert_eq!((denied.limit(), denied.denied().reason(), denied.retry_after()), ("a", Reason::Saturated, None));
    let error = pair.set.acquire([1, 1]).wait().unwrap_err();
    assert_eq!((error.limit(), error.error()), (Some("a"), AcquireError::Saturated));
    assert_eq!((pair.set.waiters(), pair.b.available()), (0, 0));
}

#[test]
fn bypassed_limit_never_binds() {
    let pair = Pair::empty(10, 10);
    pair.a.charge(1_000);
    pair.a.bypass();
    let denied = pair.set.try_acquire([10, 3]).unwrap_err();
    assert_eq!((denied.limit(), denied.retry_after()), ("b", Some(secs(3))));
    assert_eq!(pair.set.try_acquire([11, 1]).unwrap_err().denied().reason(), Reason::ExceedsBurst);
    pair.clock.advance(secs(3));
    assert!(pair.set.try_acquire([10, 3]).is_ok());
    pair.b.bypass();
    assert!(pair.set.try_acquire([10, 10]).is_ok());
}

/// The limits of time: a clock that stands at its last reading forever, and limits that have no
/// time left.
#[test]
fn at_the_end_of_time_nothing_is_granted_and_nothing_hangs() {
    let clock = ManualClock::new();
    let limits = [10, 10].map(|burst| one_a_second(burst, clock.clone()));
    let set = Arc::new(LimitSet::new([("a", limits[0].clone()), ("b", limits[1].clone())]));
    clock.set(Duration::MAX);
    drop(set.try_acquire([10, 10]).unwrap());
    assert!(set.try_acquire([1, 1]).is_err());
    assert!(set.acquire([1, 1]).timeout(Duration::ZERO).wait().is_err());
    let (waits, waiting) = std::sync::mpsc::channel();
    let waiter = set.clone();
    std::thread::spawn(move || waits.send(waiter.acquire([1, 1]).wait().map(drop)));
    while set.waiters() == 0 {
        assert!(waiting.try_recv().is_err());
        std::thread::yield_now();
    }
    set.notify();
    set.cancel_waiters();
    let outcome = waiting.recv_timeout(secs(20)).expect("it can be cancelled");
    assert_eq!(outcome.unwrap_err().error(), AcquireError::Cancelled);
}
