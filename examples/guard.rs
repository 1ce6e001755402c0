//! A grant settles its cost once: estimate before the work, reconcile with the actual cost after
//! it, refund if the work was not done.

use std::error::Error;

use limitor::{Quota, RateLimiter};

/// A call with a cost that is known from its result.
fn call(prompt: &str) -> Result<u64, &'static str> {
    if prompt.is_empty() { Err("nothing to ask") } else { Ok(prompt.len() as u64 * 20) }
}

fn main() -> Result<(), Box<dyn Error>> {
    // So slow that no permit returns while this example runs.
    let limiter = RateLimiter::new(Quota::per_day(10_000)?);

    for (prompt, left) in [("a short one", 9_780), ("", 9_780), ("one that costs more than estimated", 9_100)] {
        let grant = limiter.acquire(500).wait()?; // the estimate
        match call(prompt) {
            Ok(actual) => {
                println!("{prompt:?} took {actual} of the {} permits granted", grant.amount());
                grant.reconcile(actual);
            }
            Err(why) => {
                println!("{prompt:?} failed ({why}): all {} permits are refunded", grant.amount());
                grant.refund();
            }
        }
        assert_eq!(limiter.available(), left);
    }

    // A dropped grant is charged in full.
    drop(limiter.acquire(60).wait()?);
    assert_eq!(limiter.available(), 9_040);
    Ok(())
}
