//! The simplest use: a loop that waits for a permit before each piece of work.
//!
//! The burst is granted immediately. Then the limit sets the pace: one grant every 10 ms at 100 per
//! second.

use std::error::Error;
use std::time::{Duration, Instant};

use limitor::{Quota, RateLimiter};

fn main() -> Result<(), Box<dyn Error>> {
    let limiter = RateLimiter::new(Quota::per_second(100)?.with_burst(10)?);
    let start = Instant::now();
    for turn in 1..=60 {
        limiter.acquire(1).wait()?;
        if turn % 10 == 0 {
            println!("turn {turn} at {:>3} ms", start.elapsed().as_millis());
        }
    }
    // 10 permits from the burst, and 50 that take 10 ms each. The two clocks may differ by a few
    // parts per million.
    assert!(start.elapsed() > Duration::from_millis(499), "faster than the limit");
    Ok(())
}
