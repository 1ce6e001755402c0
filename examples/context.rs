//! A block under a limiter: the guard holds its permits or its slot until the block is left, in any
//! way.
//!
//! The equivalent of `with bucket:` and `async with bucket:` in Python.

use limitor::{ConcurrentLimiter, Quota, TokenBucket};

/// A call with a cost that is known from its result.
fn call(prompt: &str) -> Result<u64, &'static str> {
    if prompt.is_empty() { Err("nothing to ask") } else { Ok(prompt.len() as u64 * 20) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let quota = Quota::per_day(10_000)?; // so slow that no permit returns while this example runs

    // Only the rate: the grant can be settled once. Dropping the grant charges the estimate.
    let bucket = TokenBucket::new(quota);
    {
        let grant = bucket.acquire(500).wait()?;
        grant.reconcile(call("a question")?);
    }
    println!("with bucket:        {} permits left", bucket.available());
    assert_eq!(bucket.available(), 9_800);

    // With a limit on the work under way, the guard also holds a slot until the end of the block.
    let limiter = ConcurrentLimiter::new(quota, 8)?;
    {
        let _slot = limiter.acquire(500).wait()?;
        println!("with limiter:       {} of {} slots in use", limiter.in_flight(), limiter.max_concurrent());
        assert_eq!(limiter.in_flight(), 1);
    }
    assert_eq!(limiter.in_flight(), 0);

    // A task suspends instead of blocking its thread. Everything else is the same.
    let work = async {
        let slot = limiter.acquire(500).await?;
        match call("") {
            Ok(actual) => slot.reconcile(actual),
            Err(_) => slot.refund(),
        }
        Ok::<_, limitor::AcquireError>(())
    };
    work.await?;
    println!("async with limiter: {} permits left", limiter.limiter().available());
    assert_eq!(limiter.limiter().available(), 9_500);

    // The slot is also returned when `?` leaves the block.
    let failing = || -> Result<u64, Box<dyn std::error::Error>> {
        let slot = limiter.acquire(500).wait()?;
        let actual = call("")?;
        slot.reconcile(actual);
        Ok(actual)
    };
    assert!(failing().is_err());
    println!("after a failure:    {} of {} slots in use", limiter.in_flight(), limiter.max_concurrent());
    assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 9_000));
    Ok(())
}
