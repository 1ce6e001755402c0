//! Threads that block.

use std::thread;
use std::time::{Duration, Instant};

use limitor::{Clock, Quota, RateLimiter, Strategy};
use limitor_benches::median;

use crate::round::{Round, measure, spin_on_grid};

const ROUNDS: usize = 15;
const LENGTH: Duration = Duration::from_millis(200);

fn limiter(rate: u64, strategy: Strategy) -> RateLimiter {
    let quota = Quota::per_second(rate).and_then(|quota| quota.with_burst(1)).expect("a quota");
    RateLimiter::builder(quota).strategy(strategy).build()
}

/// `ratelimit` answers how long to wait. The thread sleeps that long and asks again.
fn sleep_on_ratelimit(rate: u64) -> impl FnMut() {
    let limiter = ratelimit::Ratelimiter::builder(rate).max_tokens(1).initial_available(1).build().expect("a quota");
    let interval = Duration::from_secs(1) / u32::try_from(rate).expect("a rate");
    move || {
        while limiter.try_wait().is_err() {
            thread::sleep(interval);
        }
    }
}

type Contender = (&'static str, Box<dyn FnMut()>);

fn contenders(rate: u64) -> Vec<Contender> {
    let mut all: Vec<Contender> = Vec::new();
    for (name, strategy) in [
        ("limitor, spin then park", Strategy::SpinThenPark),
        ("limitor, spin", Strategy::Spin),
        ("limitor, park", Strategy::Park),
    ] {
        let limiter = limiter(rate, strategy);
        all.push((name, Box::new(move || drop(limiter.acquire(1).wait()))));
    }
    all.push(("ratelimit + thread::sleep", Box::new(sleep_on_ratelimit(rate))));
    all
}

/// Burst 1, one thread, at two rates.
pub(crate) fn rates() {
    println!("\n## One thread, burst 1, beside a pure spin ({ROUNDS} alternating rounds of {LENGTH:?})\n");
    println!("| rate | contender | permits/s | of the spin | CPU |");
    println!("|---|---|---|---|---|");
    for rate in [1_000_u32, 100_000] {
        for (name, mut turn) in contenders(u64::from(rate)) {
            let mut spin = spin_on_grid(Duration::from_secs(1) / rate);
            let rounds: Vec<(Round, Round)> =
                (0..ROUNDS).map(|_| (measure(LENGTH, &mut turn), measure(LENGTH, &mut spin))).collect();
            let ratio = median(rounds.iter().map(|(ours, spin)| ours.rate / spin.rate));
            let achieved = median(rounds.iter().map(|(ours, _)| ours.rate));
            let cpu = median(rounds.iter().map(|(ours, _)| ours.cpu));
            println!("| {rate}/s | {name} | {achieved:.0} | {ratio:.4} | {:.1} % |", 100.0 * cpu);
        }
    }
}

/// Measures how late a wait of 2 ms ends.
pub(crate) fn lateness() {
    const WAITS: usize = 500;
    println!("\n## Lateness of a wait of 2 ms ({WAITS} waits)\n");
    println!("| contender | median | p90 | p99 | early | CPU |");
    println!("|---|---|---|---|---|---|");
    let wait = Duration::from_millis(2);
    for (name, strategy) in [
        ("limitor, spin then park", Strategy::SpinThenPark),
        ("limitor, spin", Strategy::Spin),
        ("limitor, park", Strategy::Park),
    ] {
        let limiter = limiter(500, strategy);
        let clock = *limiter.clock();
        let mut early = 0;
        report(name, WAITS, || {
            let _ = limiter.acquire(1).wait();
            let reservation = limiter.reserve(1).expect("an entry");
            // The wait is read after the clock, so it is due at `due` or some ns later. A wait that
            // ends before `due` is early.
            let asked = clock.now();
            let wait = reservation.wait_time();
            let _ = reservation.wait();
            let waited = clock.between(asked, clock.now());
            early += usize::from(waited + Duration::from_nanos(2) < wait);
            let late = waited.saturating_sub(wait);
            (late, early)
        });
    }
    report("thread::sleep", WAITS, || {
        let start = Instant::now();
        thread::sleep(wait);
        (start.elapsed().saturating_sub(wait), 0)
    });
}

fn report(name: &str, waits: usize, mut once: impl FnMut() -> (Duration, usize)) {
    let (cpu, start) = (cpu_time::ProcessTime::now(), Instant::now());
    let samples: Vec<(Duration, usize)> = (0..waits).map(|_| once()).collect();
    let cpu = cpu.elapsed().as_secs_f64() / start.elapsed().as_secs_f64();
    let early = samples.last().map_or(0, |(_, early)| *early);
    let mut late: Vec<Duration> = samples.into_iter().map(|(late, _)| late).collect();
    late.sort();
    let at = |percent: usize| late[waits * percent / 100].as_secs_f64() * 1e6;
    println!("| {name} | {:.1} µs | {:.1} µs | {:.1} µs | {early} | {:.1} % |", at(50), at(90), at(99), 100.0 * cpu);
}
