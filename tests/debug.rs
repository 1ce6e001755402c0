//! The `Debug` output of values has their state, and never a key of a user.
#![cfg(all(feature = "exact", feature = "llm", not(loom)))]

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use limitor::llm::{Builder, CharsPerToken, Learned, LlmLimiter, LlmPool, Usage};
use limitor::wrap::wrap;
use limitor::{
    Clock, ConcurrentLimiter, KeyedLimiter, LeakyQueue, LimitSet, ManualClock, Quota, RateLimiter, TokenBucket,
};

fn says(value: &dyn Debug, parts: &[&str]) {
    let text = format!("{value:?}");
    for part in parts {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

fn quota() -> Quota {
    Quota::per_second(10).unwrap()
}

#[test]
fn limiter_shows_quota_and_state_and_a_request_its_amount() {
    let limiter = RateLimiter::builder(quota()).local(1, 2).unwrap().clock(ManualClock::new()).build();
    says(&limiter, &["RateLimiter", "Quota(10/s burst 8)", "Open"]);
    says(&limiter.try_acquire(3).unwrap(), &["Grant", "amount: 3", "Counted"]);
    says(&limiter.reserve(4).unwrap(), &["Reservation", "amount: 4", "Granted"]);
    says(&limiter.acquire(5).timeout(Duration::from_secs(7)), &["Acquire", "amount: 5", "7s"]);
    says(&limiter.local().unwrap(), &["LocalLimiter", "stock: 0"]);
    says(&wrap(&limiter), &["Wrap", "RateLimiter", "timeout: None"]);
    limiter.close();
    says(&limiter, &["Closed"]);
    says(&RateLimiter::builder(quota()), &["Builder", "Quota(10/s)"]);
    says(&TokenBucket::with_clock(quota(), ManualClock::new()), &["TokenBucket", "Quota(10/s)"]);
    says(&LeakyQueue::with_clock(quota(), 3, ManualClock::new()), &["LeakyQueue", "max_waiters: 3"]);
    says(&ManualClock::new().sleep_until(limitor::Timestamp::from_ticks(9)), &["Sleep(manual)"]);
}

#[test]
fn concurrent_limiter_shows_its_slots() {
    let limiter = Arc::new(ConcurrentLimiter::with_clock(quota(), 3, ManualClock::new()).unwrap());
    says(&limiter, &["ConcurrentLimiter", "max_concurrent: 3"]);
    says(&limiter.try_acquire(2).unwrap(), &["Slot", "amount: 2"]);
    says(&limiter.acquire(2), &["Acquire", "amount: 2"]);
}

#[test]
fn keys_are_not_shown() {
    let exact = KeyedLimiter::<String>::builder(quota()).exact().build();
    for limiter in [KeyedLimiter::<String>::new(quota()), exact] {
        let key = "secret of a user";
        let grant = limiter.try_acquire(key, 4).unwrap();
        let (reservation, acquire) = (limiter.reserve(key, 5).unwrap(), limiter.acquire(key, 6));
        let (handle, standing) = (limiter.key(key), limiter.standing(key));
        says(&limiter, &["KeyedLimiter", "Quota(10/s)", "memory"]);
        says(&grant, &["Grant", "amount: 4"]);
        says(&reservation, &["Reservation", "amount: 5"]);
        says(&acquire, &["Acquire", "amount: 6"]);
        says(&handle, &["Key"]);
        says(&standing, &["Standing", "Quota(10/s)", "waiters: 0"]);
        for value in [&limiter as &dyn Debug, &grant, &reservation, &acquire, &handle, &standing] {
            assert!(!format!("{value:?}").contains("secret"));
        }
    }
    says(&KeyedLimiter::<u64>::builder(quota()).max_keys(77), &["Builder", "77"]);
}

#[test]
fn set_shows_its_limits_by_name() {
    let limits = [2, 3].map(|n| Arc::new(RateLimiter::new(Quota::per_second(n).unwrap())));
    let set = LimitSet::new([("per user", limits[0].clone()), ("global", limits[1].clone())]);
    says(&set, &["per user", "Quota(2/s)", "global", "Quota(3/s)"]);
    says(&set.try_acquire([1, 2]).unwrap(), &["Grant"]);
    says(&set.acquire([1, 2]), &["Acquire"]);
}

#[test]
fn llm_limiter_shows_its_limits_and_calls_under_way() {
    let builder = Builder::new(ManualClock::new()).tokens_per_minute(600);
    says(&builder, &["tokens", "Quota(600/min)"]);
    let limiter = builder.build().unwrap();
    says(&limiter.acquire(Usage::new(30, 0)), &["Acquire", "30"]);
    let call = limiter.try_acquire(Usage::new(30, 0)).unwrap();
    says(&call, &["Call", "30", "streamed: 0"]);
    says(&limiter, &["LlmLimiter", "in_flight: 1"]);
    let pool = LlmPool::new(5, |_: &u64| LlmLimiter::builder().tokens_per_minute(60).build());
    says(&pool, &["LlmPool", "len: 0", "max: 5"]);
    says(&Learned::<CharsPerToken>::default(), &["Learned"]);
}
