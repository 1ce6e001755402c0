//! An endless number of keys: memory stays constant, no key gets a fresh burst, and new keys find
//! room with the documented probability.

use limitor::{KeyedLimiter, ManualClock, Quota};

use super::{Keyed, per_second, secs};

fn limiter(quota: Quota, max_keys: usize) -> (Keyed, ManualClock) {
    let clock = ManualClock::new();
    (KeyedLimiter::builder(quota).max_keys(max_keys).clock(clock.clone()).build(), clock)
}

/// 100 keys have nothing left and 100 are in debt. Then 200 times as many fresh keys arrive as the
/// table is sized for, over some hours.
#[test]
fn flood_of_fresh_keys_resets_no_key() {
    let (limiter, clock) = limiter(Quota::per_hour(10).unwrap(), 1_000);
    let bytes = limiter.memory();
    for victim in 0..100 {
        limiter.try_acquire(&victim, 10).unwrap();
        limiter.charge(&(1_000 + victim), 50);
    }
    for fresh in 0..200_000_u64 {
        let _ = limiter.try_acquire(&(1 << 40 | fresh), 1 + fresh % 10);
        if fresh % 1_000 == 0 {
            let victim = fresh / 1_000 % 100;
            assert!(limiter.try_acquire(&victim, 1).is_err(), "{victim} after {fresh}");
        }
    }
    for victim in 0..100 {
        assert_eq!((limiter.available(&victim), limiter.available(&(1_000 + victim))), (0, 0));
    }
    assert!(limiter.evictions() > 150_000, "{}", limiter.evictions());
    // An hour later, keys in debt are still in debt. The others have at most what an hour brings.
    clock.advance(secs(3_600));
    for victim in 0..100 {
        assert!(limiter.available(&victim) <= 10);
        assert!(limiter.try_acquire(&(1_000 + victim), 1).is_err());
        assert_eq!(limiter.capacity_info(&(1_000 + victim), 1).needed, 31, "the key kept its entry");
    }
    assert_eq!(limiter.memory(), bytes);
    assert!(limiter.len() <= bytes / 128 * 10);
}

/// With this many keys at the same time: how many of 100,000 find their set full.
fn evictions(keys: u64, max_keys: usize) -> u64 {
    let (limiter, _) = limiter(per_second(10), max_keys);
    for key in 0..keys {
        let _ = limiter.try_acquire(&key, 1);
    }
    limiter.evictions() * 100_000 / keys
}

/// Poisson with mean 5.33 per set: more than 10 has a probability of 0.66 %. With twice as many
/// keys 15.4 %, with half as many 0.005 %.
#[test]
fn new_keys_find_room_with_the_documented_odds() {
    let [half, as_planned, twice] = [50_000, 100_000, 200_000].map(|keys| evictions(keys, 100_000));
    assert!(half < 50, "{half}");
    assert!((400..1_000).contains(&as_planned), "{as_planned}");
    assert!((14_500..16_500).contains(&twice), "{twice}");
}

/// A million keys through a table for a hundred, ten per second, each again after a minute: none is
/// refused what it should get.
#[test]
fn keys_that_come_and_go_find_room_and_leave_no_entry() {
    let (limiter, clock) = limiter(per_second(2), 100);
    let bytes = limiter.memory();
    for key in 0..1_000_000_u64 {
        assert!(limiter.try_acquire(&key, 2).is_ok(), "{key}");
        if key % 10 == 0 {
            clock.advance(secs(1));
        }
    }
    assert!(limiter.try_acquire(&0, 2).is_ok());
    assert_eq!(limiter.evictions(), 0);
    clock.advance(secs(3));
    assert!(limiter.is_empty());
    assert_eq!((limiter.len(), limiter.memory()), (0, bytes));
}

#[test]
fn table_occupies_24_bytes_per_key_rounded_up_to_128() {
    for (keys, bytes) in
        [(0, 128), (1, 128), (5, 128), (6, 256), (16, 384), (17, 512), (1_000, 24_064), (16_000, 384_000)]
    {
        let (limiter, _) = limiter(per_second(1), keys);
        assert_eq!(limiter.memory(), bytes, "for {keys}");
        assert!(limiter.try_acquire(&1, 1).is_ok() && limiter.try_acquire(&1, 1).is_err());
        assert_eq!(limiter.memory(), bytes);
    }
    assert_eq!(KeyedLimiter::<u64>::new(per_second(1)).memory(), 2_400_000, "unless documented");
}
