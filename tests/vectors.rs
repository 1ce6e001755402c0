//! Timelines from an exact rational oracle, replayed step by step.
#![cfg(not(loom))]

use std::time::Duration;

use limitor::{Clock, ManualClock, Quota, RateLimiter, Reason, Timestamp, clock::Tick};
use limitor_model::{Limiter, Model, Refusal, Reserved};
use serde::Deserialize;

#[derive(Deserialize)]
struct Timeline {
    capacity: u64,
    period_ns: u64,
    burst: u64,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    at: u64,
    #[serde(flatten)]
    op: Op,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Op {
    Try {
        n: u64,
        ok: bool,
        retry_after: Option<u64>,
        #[serde(default)]
        never: bool,
    },
    Reserve {
        n: u64,
        wait: u64,
    },
    Within {
        n: u64,
        max_wait: u64,
        ok: bool,
        wait: Option<u64>,
        retry_after: Option<u64>,
    },
    Reconcile {
        actual: u64,
        estimated: u64,
    },
    Available {
        n: u64,
    },
}

/// Waits are exact within ±1 ns.
fn assert_near(seen: Duration, expected: u64, context: &str) {
    assert!(seen.abs_diff(Duration::from_nanos(expected)) <= Duration::from_nanos(1), "{seen:?}: {context}");
}

/// A manual clock with ticks that are shorter than a nanosecond by this factor: scaling takes
/// another path for each length.
struct Finer(ManualClock, u64);

impl Clock for Finer {
    fn now(&self) -> Timestamp {
        Timestamp::from_ticks(self.0.now().ticks() * self.1)
    }

    fn tick(&self) -> Tick {
        Tick::new(1, self.1).unwrap()
    }

    fn can_spin(&self) -> bool {
        false
    }
}

fn replay(line: usize, ticks_a_nano: u64, timeline: Timeline) -> usize {
    let Timeline { capacity, period_ns, burst, steps } = timeline;
    let quota = Quota::new(capacity, Duration::from_nanos(period_ns)).and_then(|quota| quota.with_burst(burst));
    let clock = ManualClock::new();
    let limiter =
        RateLimiter::with_clock(quota.expect("a quota the oracle allows"), Finer(clock.clone(), ticks_a_nano));
    let count = steps.len();
    for (number, Step { at, op }) in steps.into_iter().enumerate() {
        let context = &format!("line {}, step {number} at {at}: {op:?} of {:?}", line + 1, limiter.quota());
        clock.set(Duration::from_nanos(at));
        match op {
            Op::Try { n, ok, retry_after, never } => match limiter.try_acquire(n) {
                Ok(grant) => assert!(ok && grant.amount() == n, "{context}"),
                Err(denied) => {
                    assert!(!ok, "{context}");
                    assert_eq!(denied.reason() == Reason::ExceedsBurst, never, "{context}");
                    match (denied.retry_after(), retry_after) {
                        (None, None) => assert!(never, "{context}"),
                        (Some(seen), Some(expected)) => assert_near(seen, expected, context),
                        (seen, expected) => panic!("{seen:?} for {expected:?}: {context}"),
                    }
                }
            },
            Op::Reserve { n, wait } => {
                let reservation = limiter.reserve(n).unwrap_or_else(|denied| panic!("{denied}: {context}"));
                assert_near(reservation.wait_time(), wait, context);
                assert_near(reservation.keep(), wait, context);
            }
            Op::Within { n, max_wait, ok, wait, retry_after } => {
                match limiter.reserve_within(n, Duration::from_nanos(max_wait)) {
                    Ok(reservation) => {
                        assert!(ok, "{context}");
                        assert_near(reservation.keep(), wait.expect("a grant has a wait"), context);
                    }
                    Err(denied) => {
                        assert!(!ok, "{context}");
                        let seen = denied.retry_after().expect("a wait that is too long ends");
                        assert_near(seen, retry_after.expect("a refusal has one too"), context);
                    }
                }
            }
            Op::Reconcile { actual, estimated } => limiter.reconcile(actual, estimated),
            Op::Available { n } => assert_eq!(limiter.available(), n, "{context}"),
        }
    }
    count
}

/// The model is held to the same, without rounding: so what is held to the model is held to the
/// oracle.
fn replay_model(line: usize, timeline: Timeline) -> usize {
    let Timeline { capacity, period_ns, burst, steps } = timeline;
    let mut model = Model::new(Limiter::new(capacity, period_ns, burst));
    let count = steps.len();
    for (number, Step { at, op }) in steps.into_iter().enumerate() {
        let context = &format!("line {}, step {number} at {at}: {op:?}", line + 1);
        let wait = |wait: Option<u64>| u128::from(wait.expect("a wait"));
        match op {
            Op::Try { n, ok, retry_after, never } => match model.try_acquire(at, n) {
                Ok(_) => assert!(ok, "{context}"),
                Err(Refusal::ExceedsBurst) => assert!(never, "{context}"),
                refused => assert_eq!(refused, Err(Refusal::NotYet(wait(retry_after))), "{context}"),
            },
            Op::Reserve { n, wait } => assert_eq!(kept(&mut model, at, n, None, number), Ok(wait.into()), "{context}"),
            Op::Within { n, max_wait, ok, wait: fits, retry_after } => {
                let expected = if ok { Ok(wait(fits)) } else { Err(Refusal::TooLong(wait(retry_after))) };
                assert_eq!(kept(&mut model, at, n, Some(max_wait), number), expected, "{context}");
            }
            Op::Reconcile { actual, estimated } => model.reconcile(at, actual, estimated, true),
            Op::Available { n } => assert_eq!(model.available(at, 0), n, "{context}"),
        }
    }
    count
}

/// The wait for a kept reservation.
fn kept(model: &mut Model, at: u64, n: u64, within: Option<u64>, id: usize) -> Result<u128, Refusal> {
    let reserved = model.reserve(at, n, within, id)?;
    model.keep(at, id);
    Ok(match reserved {
        Reserved::Granted(_) => 0,
        Reserved::Waits(wait) => wait,
    })
}

fn each_timeline(replay: impl Fn(usize, Timeline) -> usize) {
    let text = include_str!("vectors/decisions.jsonl");
    let lines = text.lines().enumerate();
    let timeline = |json| serde_json::from_str(json).expect("a timeline a line");
    let replayed: usize = lines.map(|(line, json)| replay(line, timeline(json))).sum();
    assert_eq!(replayed, 11_579, "steps in the file");
}

fn replay_all(ticks_a_nano: u64) {
    each_timeline(|line, timeline| replay(line, ticks_a_nano, timeline));
}

#[test]
fn model_decides_every_step_as_the_oracle() {
    each_timeline(replay_model);
}

#[test]
fn limiter_decides_every_step_as_the_oracle() {
    replay_all(1);
}

#[test]
fn limiter_at_2_ghz_decides_every_step_as_the_oracle() {
    replay_all(2);
}

#[test]
fn limiter_at_5_ghz_decides_every_step_as_the_oracle() {
    replay_all(5);
}
