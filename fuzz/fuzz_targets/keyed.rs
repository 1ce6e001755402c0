//! A few keys compete for the entries of one set, each beside a limiter of its own that gets the
//! same calls. At readings in any order, no key is granted more than its own limiter grants,
//! whichever key displaces which.
//!
//! `cargo fuzz run -s none keyed -- -max_total_time=60`
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use limitor::{KeyedLimiter, ManualClock, Quota, RateLimiter, Reason, Timestamp};

const KEYS: u8 = 16;

#[derive(Debug, Arbitrary)]
struct Timeline {
    /// Capacity, period in nanoseconds (up to a thousand seconds), and burst.
    quotas: [(u32, u64, u16); 2],
    /// Whether every other key has the second quota, or all keys have the first.
    tiers: bool,
    steps: Vec<(u8, Step)>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    Try(u64),
    TrySome(u8),
    /// As many permits as are available.
    TryAll,
    Refund(u64),
    Charge(u64),
    ChargeSome(u8),
    Settle {
        actual: u8,
        estimated: u8,
    },
    Reset,
    /// All keys; closed before, if it is odd.
    ResetAll(u8),
    UpTo(u64),
    /// Granted now, or cancelled immediately if it would have to wait. The cancelled reservation
    /// must have no effect.
    Wait(u8),
    At(u64),
    Later(u32),
    Earlier(u32),
}

fuzz_target!(|timeline: Timeline| {
    let Timeline { quotas, tiers, steps } = timeline;
    let quotas = quotas.map(|(capacity, period, burst)| {
        let period = Duration::from_nanos(period % 1_000_000_000_000);
        Quota::new(capacity.into(), period).and_then(|quota| quota.with_burst(burst.into()))
    });
    let [Ok(first), Ok(second)] = quotas else { return };
    let second = if tiers { second } else { first };
    let of_key = move |key: u8| if key % 2 == 0 { first } else { second };

    let clock = ManualClock::new();
    let builder = KeyedLimiter::<u8>::builder(first).max_keys(1).clock(clock.clone());
    let limiter = if tiers { builder.quota_for(move |key: &u8| of_key(*key)).build() } else { builder.build() };
    // Called with given readings only.
    let own = |key| RateLimiter::with_clock(of_key(key), ManualClock::new());
    let mut owns: Vec<_> = (0..KEYS).map(own).collect();

    let mut now = 0_u64;
    for (key, step) in steps {
        let key = key % KEYS;
        let (own_limiter, at) = (&owns[usize::from(key)], Timestamp::from_ticks(now));
        let tried = match step {
            Step::Try(n) => n,
            Step::TrySome(n) => n.into(),
            Step::TryAll => limiter.available_at(at, &key),
            Step::Refund(n) => {
                limiter.reconcile_at(at, &key, 0, n);
                own_limiter.reconcile_at(at, 0, n);
                continue;
            }
            Step::Charge(n) => {
                limiter.reconcile_at(at, &key, n, 0);
                own_limiter.reconcile_at(at, n, 0);
                continue;
            }
            Step::ChargeSome(n) => {
                limiter.reconcile_at(at, &key, n.into(), 0);
                own_limiter.reconcile_at(at, n.into(), 0);
                continue;
            }
            Step::Settle { actual, estimated } => {
                limiter.reconcile_at(at, &key, actual.into(), estimated.into());
                own_limiter.reconcile_at(at, actual.into(), estimated.into());
                continue;
            }
            Step::Reset => {
                limiter.reset(&key);
                owns[usize::from(key)] = own(key);
                continue;
            }
            Step::ResetAll(closed) => {
                if closed % 2 == 1 {
                    limiter.close();
                    assert!(limiter.try_acquire_at(at, &key, 1).is_err_and(|denied| denied.reason() == Reason::Closed));
                }
                limiter.reset_all();
                owns = (0..KEYS).map(own).collect();
                continue;
            }
            Step::UpTo(most) => {
                if let Ok(grant) = limiter.try_acquire_up_to_at(at, &key, most) {
                    let _ = own_limiter.try_acquire_at(at, grant.amount()).expect("granted to the key");
                    assert!(grant.amount() <= most);
                }
                continue;
            }
            Step::Wait(n) => {
                if limiter.reserve_within(&key, n.into(), Duration::ZERO).is_ok() {
                    let _ = own_limiter.try_acquire_at(at, n.into()).expect("granted to the key");
                } else if let Ok(place) = limiter.reserve(&key, n.into()) {
                    place.cancel();
                }
                assert_eq!(limiter.waiters(), 0);
                continue;
            }
            Step::At(ticks) => {
                now = ticks;
                clock.set(Duration::from_nanos(now));
                continue;
            }
            Step::Later(by) => {
                now = now.saturating_add(by.into());
                clock.set(Duration::from_nanos(now));
                continue;
            }
            Step::Earlier(by) => {
                now = now.saturating_sub(by.into());
                clock.set(Duration::from_nanos(now));
                continue;
            }
        };
        match limiter.try_acquire_at(at, &key, tried) {
            Ok(_) => assert!(own_limiter.try_acquire_at(at, tried).is_ok(), "granted {tried} to {key} at {now}"),
            Err(denied) => assert!(tried > 0 && denied.requested() == tried),
        }
        let (seen, most) = (limiter.available_at(at, &key), own_limiter.available_at(at));
        assert!(seen <= most, "{seen} of {most} for {key} at {now}");
    }
    assert_eq!(limiter.memory(), 128);
});
