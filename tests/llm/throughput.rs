//! If calls are short compared with burst · T, almost all of what was estimated too high is used:
//! simulated minutes of many tasks.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use limitor::llm::{Builder, LlmLimiter, Usage};

use crate::simulation::{SimClock, run};
use crate::support::secs;

const MINUTE: Duration = secs(60);

struct Load {
    tasks: u64,
    per_minute: u64,
    estimate: u64,
    used: u64,
    /// The shortest and the longest duration of a call.
    millis: (u64, u64),
}

/// For each call: when it was granted, and what it used.
type Log = Vec<(u64, u64)>;

impl Load {
    /// How many thousandths of the rate are used in the minutes after the first, which also has the
    /// burst.
    fn share(&self, limiter: &LlmLimiter<SimClock>, minutes: u64) -> u64 {
        let clock = limiter.clock();
        let log = RefCell::new(Log::new());
        let end = MINUTE.as_nanos() * u128::from(minutes + 1);
        let task = |number: u64| {
            let log = &log;
            async move {
                let mut random = number;
                while u128::from(clock.nanos()) < end {
                    let call = limiter.acquire(Usage::new(0, self.estimate)).await.unwrap();
                    let let_go = clock.nanos();
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let (least, most) = self.millis;
                    clock.sleep(Duration::from_millis(least + (random >> 33) % (most - least + 1))).await;
                    call.reconcile(Usage::new(0, self.used));
                    log.borrow_mut().push((let_go, self.used));
                }
            }
        };
        let tasks = (0..self.tasks).map(|number| Box::pin(task(number)) as Pin<Box<dyn Future<Output = ()>>>);
        let polls = run(clock, tasks);
        assert_eq!((limiter.in_flight(), limiter.waiters()), (0, 0));
        let mut log = log.into_inner();
        log.sort_unstable();
        // Far fewer polls than if all tasks were woken for each call.
        assert!(polls < self.tasks * log.len() as u64, "{polls} polls for {} calls", log.len());
        self.check_bound(&log);
        let counted = |at: u64| (MINUTE.as_nanos()..end).contains(&u128::from(at));
        let used: u64 = log.iter().filter(|(at, _)| counted(*at)).map(|(_, used)| used).sum();
        used * 1_000 / (self.per_minute * minutes)
    }

    /// Over any window, the use is at most the burst, one permit more than the rate of a minute,
    /// and what came back.
    fn check_bound(&self, log: &Log) {
        // The minimum of (use before a call, minus what had come back by then) is the fullest that
        // the limit can have been.
        let (mut used, mut emptiest) = (0_i128, 0_i128);
        let minute = i128::try_from(MINUTE.as_nanos()).unwrap();
        for (at, amount) in log {
            let back = i128::from(*at) * i128::from(self.per_minute);
            emptiest = emptiest.min(used * minute - back);
            used += i128::from(*amount);
            let most = emptiest + i128::from(self.per_minute) * minute;
            // Readings are rounded by less than a nanosecond.
            assert!(used * minute - back <= most + i128::from(self.per_minute), "at {at}");
        }
    }

    fn limiter(&self, order: impl FnOnce(Builder<SimClock>) -> Builder<SimClock>) -> LlmLimiter<SimClock> {
        order(Builder::new(SimClock::default()).tokens_per_minute(self.per_minute)).build().unwrap()
    }
}

/// 95 % of each estimate is refunded, and calls take less than a twentieth of burst · T, which is a
/// minute.
#[test]
fn token_rate_is_used_if_most_of_each_estimate_is_refunded() {
    let cases = [
        (100_000, (200, 400)),
        (200_003, (1_000, 2_000)),
        (262_144, (2_400, 2_700)),
        (100_000, (2_400, 2_700)),
        (262_144, (2_800, 2_999)),
    ];
    for (per_minute, millis) in cases {
        let load = Load { tasks: 64, per_minute, estimate: 4_000, used: 200, millis };
        let share = load.share(&load.limiter(|builder| builder), 5);
        assert!(share >= 950, "{per_minute}, {millis:?}: {share}");
    }
}

/// With 4,096 reserved and 200 used, the throughput is that of 200.
#[test]
fn throughput_follows_use_and_not_reservations() {
    let load = Load { tasks: 16, per_minute: 30_000, estimate: 4_096, used: 200, millis: (300, 700) };
    let share = load.share(&load.limiter(|builder| builder.max_concurrent(8)), 5);
    assert!(share >= 950, "{share}");
}

/// The price of the bound: long calls that use little of their estimate can refund less. But no
/// less is used than without refunds.
#[test]
fn long_calls_use_no_less_than_without_refunds() {
    for (used, least) in [(200, 48), (2_000, 900)] {
        let load = Load { tasks: 64, per_minute: 64_000, estimate: 4_000, used, millis: (60_000, 61_000) };
        let share = load.share(&load.limiter(|builder| builder), 10);
        assert!(share >= least, "{used}: {share}");
    }
}

/// The tightest of several limits is fully used, whichever it is, with one queue for all.
#[test]
fn tightest_of_several_limits_is_fully_used() {
    let load = Load { tasks: 32, per_minute: 60_000, estimate: 2_000, used: 200, millis: (500, 1_500) };
    let limiter = load.limiter(|builder| {
        builder.requests_per_minute(305).output_tokens_per_minute(100_000).tokens_per_day(10_000_000).max_concurrent(20)
    });
    let share = load.share(&limiter, 5);
    assert!((950..=1_020).contains(&share), "{share}");
    let limiter = load.limiter(|builder| builder.requests_per_minute(150).output_tokens_per_minute(61_000));
    let share = load.share(&limiter, 5);
    assert!((475..=510).contains(&share), "150 calls of 200 tokens: {share}");
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn tasks_on_tokios_paused_clock_use_the_token_rate() {
    use std::sync::Arc;

    let limiter = Builder::new(limitor::TokioClock::new()).tokens_per_minute(262_144).build().unwrap();
    let limiter = Arc::new(limiter);
    let start = tokio::time::Instant::now();
    let tasks = (0..64).map(|_| {
        let limiter = limiter.clone();
        tokio::spawn(async move {
            let mut used = 0;
            while start.elapsed() < 5 * MINUTE {
                let call = limiter.acquire(4_096).await.unwrap();
                tokio::time::sleep(Duration::from_millis(2_500)).await;
                call.reconcile(200);
                used += 200;
            }
            used
        })
    });
    let mut used = 0;
    for task in tasks.collect::<Vec<_>>() {
        used += task.await.unwrap();
    }
    assert!(used >= 5 * 262_144 * 95 / 100, "{used}");
}
