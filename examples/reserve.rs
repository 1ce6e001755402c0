//! Reservations: enter the queue now, then wait, cancel, or keep the reservation and do the waiting
//! yourself.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use limitor::{Quota, RateLimiter};

fn main() -> Result<(), Box<dyn Error>> {
    let limiter = RateLimiter::new(Quota::per_second(10)?);
    limiter.acquire(10).wait()?; // from here on, one permit returns every 100 ms

    let large = limiter.reserve(8)?;
    let small = limiter.reserve(2)?;
    let last = limiter.reserve(3)?;
    let waits = [large.wait_time(), small.wait_time(), last.wait_time()].map(|wait| wait.as_millis());
    println!("8 in {} ms, 2 in {} ms, 3 in {} ms", waits[0], waits[1], waits[2]);

    large.cancel(); // later entries move forward
    let moved = [small.wait_time(), last.wait_time()].map(|wait| wait.as_millis());
    println!("the 8 are cancelled: 2 in {} ms, 3 in {} ms", moved[0], moved[1]);
    assert!(moved[0] + 500 < waits[1]);

    // A kept reservation takes its permits for good. The caller does the waiting: with a timer, an
    // event loop, or a sleep.
    let due_in = last.keep();
    let due = Instant::now() + due_in;
    small.wait()?;
    println!("2 granted, {} ms before the 3 are due", due.saturating_duration_since(Instant::now()).as_millis());
    thread::sleep(due.saturating_duration_since(Instant::now()));
    println!("3 due");
    assert!(due_in < Duration::from_secs(1));
    assert_eq!(limiter.waiters(), 0);
    Ok(())
}
