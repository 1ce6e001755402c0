//! All or nothing, and no limit is charged before all can grant.

use std::sync::Arc;

use limitor::{LimitSet, ManualClock, RateLimiter, SystemClock, Timestamp, set};

use crate::{Pair, one_a_second, secs};

#[test]
fn shared_types_are_send_and_sync_and_held_by_tasks() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<LimitSet<2>>();
    check::<LimitSet<3, ManualClock>>();
    check::<set::Grant<'static, 2, ManualClock>>();
    check::<set::LimitDenied>();
    check::<set::LimitError>();
    check::<limitor::set::Acquire<'static, 2, SystemClock>>();
}

#[test]
fn refusal_by_any_limit_changes_none() {
    for refusing in 0..3 {
        let clock = ManualClock::new();
        let limits: [Arc<RateLimiter<ManualClock>>; 3] =
            std::array::from_fn(|index| one_a_second(if index == refusing { 4 } else { 10 }, clock.clone()));
        let set = LimitSet::new([("0", limits[0].clone()), ("1", limits[1].clone()), ("2", limits[2].clone())]);
        assert!(set.try_acquire([5; 3]).is_err());
        assert!(set.acquire([5; 3]).timeout(secs(0)).wait().is_err());
        assert!(limits.iter().enumerate().all(|(index, it)| it.available() == if index == refusing { 4 } else { 10 }));
        assert_eq!(set.try_acquire([4; 3]).unwrap().costs(), [4; 3]);
        assert!(limits.iter().enumerate().all(|(index, it)| it.available() == if index == refusing { 0 } else { 6 }));
    }
}

#[test]
fn cost_of_zero_needs_nothing_of_its_limit() {
    let pair = Pair::empty(10, 10);
    pair.b.refund(10);
    assert_eq!(pair.set.try_acquire([0, 3]).unwrap().costs(), [0, 3]);
    assert_eq!(pair.available(), [0, 7]);
    pair.a.close();
    assert!(pair.set.try_acquire([0, 3]).is_ok(), "also when the limit is closed");
    assert!(pair.set.try_acquire([1, 3]).is_err());
    assert!(pair.set.try_acquire([0, 0]).is_ok() && pair.set.acquire([0, 0]).timeout(secs(0)).wait().is_ok());
    assert_eq!(pair.available()[1], 4);
}

#[test]
fn grant_is_settled_once_with_each_limit() {
    let pair = Pair::new(10, 100);
    pair.set.try_acquire([2, 50]).unwrap().reconcile([1, 20]);
    assert_eq!(pair.available(), [9, 80]);
    pair.set.acquire([3, 5]).wait().unwrap().refund();
    assert_eq!(pair.available(), [9, 80]);
    // More than was granted is a debt, also at a limit with a cost of zero.
    pair.set.try_acquire([1, 0]).unwrap().reconcile([12, 90]);
    assert_eq!((pair.a.capacity_info(0).needed, pair.a.capacity_info(1).needed), (0, 4));
    assert_eq!(pair.b.capacity_info(1).needed, 11);
    pair.set.reconcile([0, 0], [12, 90]);
    assert_eq!(pair.available(), [9, 80]);
    drop(pair.set.try_acquire([1, 1]).unwrap());
    assert_eq!(pair.available(), [8, 79], "a dropped grant is spent");
}

/// What a bypassed limit grants was not charged, so it is not refunded either.
#[test]
fn uncharged_permits_are_not_refunded() {
    let pair = Pair::new(10, 10);
    pair.a.try_acquire(6).unwrap();
    let before = pair.set.try_acquire([2, 2]).unwrap();
    pair.a.bypass();
    let (less, more) = (pair.set.try_acquire([3, 3]).unwrap(), pair.set.try_acquire([1, 1]).unwrap());
    pair.a.reset();
    pair.a.try_acquire(6).unwrap();
    less.refund();
    more.reconcile([3, 1]);
    assert_eq!(pair.available(), [4, 7]);
    before.refund();
    assert_eq!(pair.available(), [6, 9]);
}

#[test]
fn reading_can_be_given() {
    let pair = Pair::new(10, 10);
    let at = |seconds: u64| Timestamp::from_ticks(seconds * 1_000_000_000);
    assert!(pair.set.try_acquire_at(at(100), [10, 5]).is_ok());
    let denied = pair.set.try_acquire_at(at(103), [5, 1]).unwrap_err();
    assert_eq!((denied.limit(), denied.retry_after()), ("a", Some(secs(2))));
    assert!(pair.set.try_acquire_at(at(105), [5, 1]).is_ok());
}

#[test]
fn limits_are_listed_in_order() {
    let pair = Pair::new(1, 2);
    let names: Vec<_> = pair.set.limits().map(|(name, limit)| (name, limit.quota().burst())).collect();
    assert_eq!(names, [("a", 1), ("b", 2)]);
    assert!(format!("{:?}", pair.set).contains("\"b\": RateLimiter"));
}

#[test]
#[should_panic(expected = "in the set already")]
fn limit_is_in_a_set_once() {
    let limit = one_a_second(1, ManualClock::new());
    let _ = LimitSet::new([("one", limit.clone()), ("other", limit)]);
}
