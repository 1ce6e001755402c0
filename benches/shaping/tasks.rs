//! Tasks on tokio's default runtime.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use limitor::{Quota, RateLimiter};
use limitor_benches::median;
use tokio::runtime::Runtime;

use crate::round::{Round, measure, spin_on_grid};

const ROUNDS: usize = 9;
const LENGTH: Duration = Duration::from_millis(300);

/// A limiter that many tasks wait for.
trait Shaper: Send + Sync {
    fn turn(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl Shaper for RateLimiter {
    fn turn(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async { drop(self.acquire(1).await.expect("open")) })
    }
}

impl Shaper for governor::DefaultDirectRateLimiter {
    fn turn(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.until_ready())
    }
}

impl Shaper for leaky_bucket::RateLimiter {
    fn turn(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.acquire_one())
    }
}

/// `ratelimit` only answers yes or no. The task sleeps for an interval and asks again.
struct SleepOnRatelimit(ratelimit::Ratelimiter, Duration);

impl Shaper for SleepOnRatelimit {
    fn turn(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            while self.0.try_wait().is_err() {
                tokio::time::sleep(self.1).await;
            }
        })
    }
}

fn contenders(rate: u32) -> Vec<(&'static str, Arc<dyn Shaper>)> {
    let quota = Quota::per_second(rate.into()).and_then(|quota| quota.with_burst(1)).expect("a quota");
    let interval = Duration::from_secs(1) / rate;
    let governed = governor::Quota::with_period(interval).expect("a period").allow_burst(NonZeroU32::MIN);
    let mut all: Vec<(&'static str, Arc<dyn Shaper>)> = vec![
        ("limitor", Arc::new(RateLimiter::new(quota))),
        ("governor `until_ready`", Arc::new(governor::RateLimiter::direct(governed))),
    ];
    if interval >= Duration::from_millis(1) {
        let bucket = leaky_bucket::RateLimiter::builder().initial(1).max(1).refill(1).interval(interval).build();
        all.push(("leaky-bucket `acquire_one`", Arc::new(bucket)));
    }
    let limiter = ratelimit::Ratelimiter::builder(rate.into()).max_tokens(1).initial_available(1).build();
    all.push(("ratelimit + `tokio::time::sleep`", Arc::new(SleepOnRatelimit(limiter.expect("a quota"), interval))));
    all
}

fn runtime() -> Runtime {
    Runtime::new().expect("a runtime")
}

/// One task takes turns for `LENGTH`.
fn alone(runtime: &Runtime, shaper: &Arc<dyn Shaper>) -> Round {
    crowd(runtime, shaper, 1)
}

/// `tasks` tasks take turns. Turns are counted for `LENGTH` once all tasks run.
fn crowd(runtime: &Runtime, shaper: &Arc<dyn Shaper>, tasks: usize) -> Round {
    let (turns, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let workers: Vec<_> = (0..tasks)
        .map(|_| {
            let (shaper, turns, stop) = (shaper.clone(), turns.clone(), stop.clone());
            runtime.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    shaper.turn().await;
                    turns.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    std::thread::sleep(if tasks == 1 { Duration::from_millis(20) } else { LENGTH });
    let (cpu, start, before) = (ProcessTime::now(), Instant::now(), turns.load(Ordering::Relaxed));
    std::thread::sleep(if tasks == 1 { LENGTH } else { 5 * LENGTH });
    #[expect(clippy::cast_precision_loss, reason = "counts of turns")]
    let turned = (turns.load(Ordering::Relaxed) - before) as f64;
    let (elapsed, cpu) = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.abort();
        let _ = runtime.block_on(worker);
    }
    Round { rate: turned / elapsed, cpu: cpu / elapsed }
}

/// Burst 1, one task and a thousand, at two rates.
pub(crate) fn rates() {
    println!("\n## One task on tokio, burst 1, beside a pure spin ({ROUNDS} alternating rounds of {LENGTH:?})\n");
    println!("| rate | contender | permits/s | of the spin | CPU |");
    println!("|---|---|---|---|---|");
    for rate in [1_000_u32, 100_000] {
        for (name, shaper) in contenders(rate) {
            let runtime = runtime();
            let mut spin = spin_on_grid(Duration::from_secs(1) / rate);
            let rounds: Vec<(Round, Round)> =
                (0..ROUNDS).map(|_| (alone(&runtime, &shaper), measure(LENGTH, &mut spin))).collect();
            let ratio = median(rounds.iter().map(|(ours, spin)| ours.rate / spin.rate));
            let achieved = median(rounds.iter().map(|(ours, _)| ours.rate));
            let cpu = median(rounds.iter().map(|(ours, _)| ours.cpu));
            println!("| {rate}/s | {name} | {achieved:.0} | {ratio:.4} | {:.1} % |", 100.0 * cpu);
        }
    }

    println!("\n## 1,000 tasks on tokio, burst 1 (median of 3 rounds of {:?})\n", 5 * LENGTH);
    println!("| rate | contender | permits/s | of the rate | CPU |");
    println!("|---|---|---|---|---|");
    for rate in [1_000_u32, 100_000] {
        for (name, shaper) in contenders(rate) {
            let runtime = runtime();
            let rounds: Vec<Round> = (0..3).map(|_| crowd(&runtime, &shaper, 1_000)).collect();
            let achieved = median(rounds.iter().map(|round| round.rate));
            let cpu = median(rounds.iter().map(|round| round.cpu));
            println!(
                "| {rate}/s | {name} | {achieved:.0} | {:.4} | {:.1} % |",
                achieved / f64::from(rate),
                100.0 * cpu
            );
        }
    }
}

/// 10,000 tasks in the queue: the memory of each, and the cost of a refund, a cancel and the wait
/// itself.
pub(crate) fn queue() {
    const TASKS: usize = 10_000;
    println!("\n## {TASKS} tasks waiting\n");
    println!("| | |\n|---|---|");
    let quota = Quota::per_hour(100).and_then(|quota| quota.with_burst(1)).expect("a quota");
    let limiter = Arc::new(RateLimiter::new(quota));
    let runtime = runtime();
    limiter.try_acquire(1).expect("full at first");
    let rss = resident();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let limiter = limiter.clone();
            runtime.spawn(async move { drop(limiter.acquire(1).await) })
        })
        .collect();
    while limiter.waiters() < TASKS {
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("| resident memory, tasks and timers included | {} bytes a waiter |", (resident() - rss) / TASKS);
    println!("| the future itself | {} bytes |", size_of::<limitor::Acquire<'static, limitor::SystemClock>>());
    let (cpu, start) = (ProcessTime::now(), Instant::now());
    std::thread::sleep(Duration::from_secs(1));
    println!(
        "| CPU while nothing happens | {:.2} % |",
        100.0 * cpu.elapsed().as_secs_f64() / start.elapsed().as_secs_f64()
    );
    let each = |count: u32, mut act: Box<dyn FnMut() + '_>| {
        let start = Instant::now();
        (0..count).for_each(|_| act());
        start.elapsed() / count
    };
    println!(
        "| a refund (of half a permit's time and more, waking a few) | {:?} |",
        each(100, Box::new(|| limiter.refund(1)))
    );
    let waiting = limiter.waiters();
    let mut entries: Vec<_> = (0..1_000).map(|_| limiter.reserve(1).expect("an entry")).collect();
    println!(
        "| a reservation behind {waiting} | {:?} |",
        each(1_000, Box::new(|| entries.push(limiter.reserve(1).expect("an entry"))))
    );
    println!("| a cancel at the back | {:?} |", each(1_000, Box::new(|| drop(entries.pop()))));
    let start = Instant::now();
    for task in &tasks {
        task.abort();
    }
    for task in tasks {
        let _ = runtime.block_on(task);
    }
    println!(
        "| {TASKS} tasks aborted, front to back | {:?} each |",
        start.elapsed() / u32::try_from(TASKS).expect("fits")
    );
}

/// The resident memory of this process in bytes; 0 if the system does not report it.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4_096
}
