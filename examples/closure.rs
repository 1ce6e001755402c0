//! Runs closures under a limiter, each at its own cost, from any thread.

use std::thread;
use std::time::Instant;

use limitor::{AcquireError, Clock, Quota, RateLimiter};

/// Runs `work` when the limiter has `cost` permits for it.
fn limited<T, C: Clock>(limiter: &RateLimiter<C>, cost: u64, work: impl FnOnce() -> T) -> Result<T, AcquireError> {
    limiter.acquire(cost).wait()?;
    Ok(work())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limiter = RateLimiter::new(Quota::per_second(1_000)?.with_burst(100)?);
    let start = Instant::now();

    let squares = thread::scope(|scope| {
        let square = |n: u64| limited(&limiter, 100, move || n * n).map(|square| (square, start.elapsed()));
        let threads: Vec<_> = (1..=5).map(|n| scope.spawn(move || square(n))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect::<Result<Vec<_>, _>>()
    })?;
    for (square, at) in &squares {
        println!("{square:>2} at {:>3} ms", at.as_millis());
    }
    assert_eq!(squares.iter().map(|(square, _)| square).sum::<u64>(), 55);

    // If the cost exceeds the burst, the work is refused and does not start.
    let refused = limited(&limiter, 101, || unreachable!("not begun"));
    assert_eq!(
        refused.map_err(|why| why.to_string()),
        Err::<(), _>(String::from("101 permits requested, but the burst is 100; no wait helps"))
    );
    Ok(())
}
