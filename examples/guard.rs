//! A grant is the right to settle the bill once: estimate before the work, reconcile with the actual cost after it,
//! refund what was not done at all.

use std::error::Error;

use limitor::{Quota, RateLimiter};

/// A call that is charged by what comes back.
fn call(prompt: &str) -> Result<u64, &'static str> {
    if prompt.is_empty() { Err("nothing to ask") } else { Ok(prompt.len() as u64 * 20) }
}

fn main() -> Result<(), Box<dyn Error>> {
    // So slow that nothing comes back while this runs.
    let limiter = RateLimiter::new(Quota::per_day(10_000)?);

    for (prompt, left) in [("a short one", 9_780), ("", 9_780), ("one that costs more than was thought", 9_060)] {
        let grant = limiter.acquire(500).wait()?; // the estimate
        match call(prompt) {
            Ok(actual) => {
                println!("{prompt:?} took {actual} of the {} permits granted", grant.amount());
                grant.reconcile(actual);
            }
            Err(why) => {
                println!("{prompt:?} failed ({why}): all {} permits go back", grant.amount());
                grant.refund();
            }
        }
        assert_eq!(limiter.available(), left);
    }

    // Whoever drops a grant has spent it.
    drop(limiter.acquire(60).wait()?);
    assert_eq!(limiter.available(), 9_000);
    Ok(())
}
