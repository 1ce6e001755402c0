//! Keys with waiters.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use limitor::{AcquireError, ManualClock, Reason};

use super::{exact, quota, seconds};

#[test]
fn each_key_has_its_own_queue_and_gets_its_word_back() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 1"), 4, &clock);
    limiter.try_acquire(&1, 1).unwrap();
    let places: Vec<_> = (0..3).map(|_| limiter.reserve(&1, 1).unwrap()).collect();
    assert_eq!(places.iter().map(|place| place.wait_time().as_secs()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((limiter.waiters(), limiter.available(&1), limiter.len()), (3, 0, 1));
    assert!(limiter.try_acquire(&2, 1).is_ok());
    assert_eq!(limiter.try_acquire(&1, 1).unwrap_err().retry_after(), Some(seconds(4)));
    drop(places);
    assert_eq!((limiter.waiters(), limiter.try_acquire(&1, 1).unwrap_err().retry_after()), (0, Some(seconds(1))));
    clock.advance(seconds(1));
    assert!(limiter.try_acquire(&1, 1).is_ok());
}

#[test]
fn key_with_waiters_is_not_forgotten() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 1"), 1, &clock);
    limiter.try_acquire(&1, 1).unwrap();
    let (first, second) = (limiter.reserve(&1, 1).unwrap(), limiter.reserve(&1, 1).unwrap());
    // The time of all keys has passed, but 1 is still held.
    clock.advance(seconds(10));
    let denied = limiter.try_acquire(&2, 1).unwrap_err();
    assert_eq!(denied.reason(), Reason::NotYet);
    assert!(matches!(limiter.acquire(&2, 1).wait(), Err(AcquireError::QueueFull)));
    assert!(first.wait().is_ok());
    assert!(limiter.try_acquire(&2, 1).is_err());
    assert!(second.wait().is_ok());
    assert!(limiter.try_acquire(&2, 1).is_ok());
    assert!(limiter.try_acquire(&1, 1).is_err(), "there is no room");
}

/// No caller returns for a kept reservation.
#[test]
fn kept_reservations_make_room_when_they_are_past() {
    for others in 0..3 {
        let clock = ManualClock::new();
        let limiter = exact(quota("1/s burst 1"), 1, &clock);
        limiter.try_acquire(&1, 1).unwrap();
        let before: Vec<_> = (0..others).map(|_| limiter.reserve(&1, 1).unwrap()).collect();
        assert_eq!(limiter.reserve(&1, 1).unwrap().keep(), seconds(others + 1));
        let busy = || limiter.try_acquire(&2, 1).is_err_and(|denied| denied.reason() == Reason::NotYet);
        clock.advance(seconds(1));
        assert!(busy());
        drop(before);
        assert!(busy(), "an entry that is not due");
        clock.advance(seconds(others + 1).saturating_sub(Duration::from_nanos(1)));
        assert!(busy(), "its permit has not come back");
        assert_eq!(limiter.available(&2), 0);
        clock.advance(Duration::from_nanos(1));
        assert_eq!(limiter.available(&2), 1, "a query finds the room too");
        assert!(!busy(), "{others}");
    }
}

#[test]
fn cancelled_waiter_leaves_room_when_it_is_due() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 1"), 1, &clock);
    limiter.try_acquire(&1, 1).unwrap();
    let place = limiter.reserve(&1, 1).unwrap();
    assert!(limiter.try_acquire(&2, 1).is_err());
    place.cancel();
    assert_eq!(limiter.try_acquire(&2, 1).unwrap_err().retry_after(), Some(seconds(1)));
    clock.advance(seconds(1));
    assert!(limiter.try_acquire(&2, 1).is_ok());
}

#[test]
fn refusal_for_lack_of_room_has_the_wait() {
    let clock = ManualClock::new();
    let limiter = exact(quota("1/s burst 3"), 1, &clock);
    limiter.try_acquire(&1, 3).unwrap();
    let refused = limiter.acquire(&2, 1).timeout(seconds(60)).wait().unwrap_err();
    assert!(matches!(refused, AcquireError::TooLong { wait, .. } if wait == seconds(3)), "{refused:?}");
    assert_eq!(limiter.reserve(&2, 1).unwrap_err().retry_after(), Some(seconds(3)));
    assert_eq!((limiter.evictions(), limiter.len()), (2, 1));
    // The key has taken nothing, so it does not wait once there is room.
    let later = limiter.acquire(&2, 3);
    clock.advance(seconds(3));
    assert!(later.wait().is_ok());
}

#[test]
fn reset_ends_the_waits_of_threads() {
    let clock = ManualClock::new();
    let limiter = Arc::new(exact::<String>(quota("1/s burst 1"), 2, &clock));
    limiter.try_acquire("ann", 1).unwrap();
    let waits = || {
        let limiter = Arc::clone(&limiter);
        thread::spawn(move || limiter.acquire("ann", 1).wait().map(drop))
    };
    let waiting = waits();
    while limiter.waiters() < 1 {
        thread::yield_now();
    }
    clock.advance(seconds(1));
    assert_eq!(waiting.join().unwrap(), Ok(()));
    let waiting = waits();
    while limiter.waiters() < 1 {
        thread::yield_now();
    }
    limiter.reset("ann");
    assert_eq!(waiting.join().unwrap(), Err(AcquireError::Cancelled));
    assert_eq!((limiter.available("ann"), limiter.waiters()), (1, 0));
}
