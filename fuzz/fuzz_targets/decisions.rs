//! Compares tries, debts and refunds at the extremes with the algorithm in plain 128-bit integers.
//!
//! Time is counted in units of 1/capacity ns, so the model does not round. The crate may round a
//! reading by less than a nanosecond. So every decision must be the model's decision at some time
//! within a nanosecond of the reading.
//!
//! `cargo fuzz run -s none decisions -- -max_total_time=60`
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use limitor::{ManualClock, Quota, RateLimiter};

#[derive(Debug, Arbitrary)]
struct Timeline {
    capacity: u64,
    period_nanos: u64,
    burst: u64,
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    Try(u64),
    TrySome(u8),
    Refund(u64),
    Charge(u64),
    Advance(u64),
    AdvanceALittle(u16),
    StepBack(u16),
}

fuzz_target!(|timeline: Timeline| {
    let Timeline { capacity, period_nanos, burst, steps } = timeline;
    let quota = Quota::new(capacity, Duration::from_nanos(period_nanos)).and_then(|quota| quota.with_burst(burst));
    let Ok(quota) = quota else { return };
    let clock = ManualClock::new();
    let limiter = RateLimiter::with_clock(quota, clock.clone());

    // The TAT lies between these two values, which differ by what the rounding of readings can
    // cause.
    let (mut low, mut high, mut now) = (0_i128, 0_i128, 0_u64);
    let interval = i128::from(period_nanos);
    let scale = i128::from(capacity);
    let depth = i128::from(burst) * interval;
    for step in steps {
        let (n, is_try) = match step {
            Step::Advance(by) => {
                // Up to 30 years: every rate can be counted for that long.
                now = now.saturating_add(by % 1_000_000_000_000_000_000).min(946_728_000_000_000_000);
                clock.set(Duration::from_nanos(now));
                continue;
            }
            Step::AdvanceALittle(by) => {
                now = now.saturating_add(by.into()).min(946_728_000_000_000_000);
                clock.set(Duration::from_nanos(now));
                continue;
            }
            Step::StepBack(by) => {
                now = now.saturating_sub(by.into());
                clock.set(Duration::from_nanos(now));
                continue;
            }
            Step::Try(n) => (n, true),
            Step::TrySome(n) => (n.into(), true),
            Step::Refund(n) => {
                let at = i128::from(now) * scale;
                let amount = i128::from(n).saturating_mul(interval);
                limiter.refund(n);
                if high < i128::from(u64::MAX) * scale {
                    low = low.min(low.saturating_sub(amount).max(at - scale));
                    high = high.min(high.saturating_sub(amount).max(at + scale));
                }
                continue;
            }
            Step::Charge(n) => {
                limiter.charge(n);
                let at = i128::from(now) * scale;
                let amount = i128::from(n).saturating_mul(interval);
                low = low.max(at - scale).saturating_add(amount);
                high = high.max(at + scale).saturating_add(amount);
                if high > 1_500_000_000_000_000_000 * scale {
                    return; // 47 years ahead: near or beyond the largest TAT, at the fastest rates
                }
                continue;
            }
        };
        let at = i128::from(now) * scale;
        let granted = limiter.try_acquire(n).is_ok();
        if n == 0 {
            assert!(granted);
        } else if n > burst {
            assert!(!granted);
        } else if is_try {
            let cost = i128::from(n) * interval;
            let (early, late) = (low.max(at - scale) + cost, high.max(at + scale) + cost);
            if granted {
                assert!(early - at <= depth + scale, "granted {n} at {now}");
                (low, high) = (early, late.min(at + depth + scale));
            } else {
                assert!(late - at > depth - scale, "refused {n} at {now}");
            }
        }
    }
});
