//! Timeouts and deadlines. A wait that would exceed its limit is refused immediately: the error has
//! the wait, and no permit is taken.

use std::error::Error;
use std::time::{Duration, Instant};

use limitor::{AcquireError, Quota, RateLimiter};

fn main() -> Result<(), Box<dyn Error>> {
    let slow = RateLimiter::new(Quota::per_minute(10)?);
    slow.acquire(10).wait()?; // from here on, one permit returns every 6 s

    let start = Instant::now();
    match slow.acquire(10).timeout(Duration::from_secs(30)).wait() {
        Err(AcquireError::TooLong { wait, .. }) => {
            println!("10 permits within 30 s: refused, the wait would be {wait:.1?}; decided in {:?}", start.elapsed());
            assert!(wait > Duration::from_secs(30));
        }
        other => panic!("10 permits in 30 s at 10 per minute: {other:?}"),
    }

    // One deadline for any number of waits.
    let fast = RateLimiter::new(Quota::per_second(10)?.with_burst(1)?);
    let deadline = Instant::now() + Duration::from_millis(750);
    let mut granted = 0;
    let why = loop {
        match fast.acquire(1).deadline(deadline).wait() {
            Ok(_) => granted += 1,
            Err(why) => break why,
        }
    };
    println!("{granted} permits within 750 ms, then: {why}");
    // One permit of the burst and seven that return, unless this thread was suspended between two
    // requests.
    assert!((1..=8).contains(&granted));
    Ok(())
}
