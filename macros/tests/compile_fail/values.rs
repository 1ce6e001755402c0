//! Impossible values.

use limitor::{AcquireError, rate_limit};

#[rate_limit("100/s burst 20", cost = 21)]
fn over_the_burst() {}

#[rate_limit("100/s", algorithm = leaky_queue, cost = 2)]
fn over_the_burst_of_a_queue() {}

#[rate_limit("100/s", max_concurrent = 0)]
fn no_slots() {}

#[rate_limit("100/s", cost = text.len())]
fn no_permits(text: &str) -> Result<(), AcquireError> {
    Ok(())
}

#[rate_limit("100/s", timeout = 1.5)]
fn no_duration() -> Result<(), AcquireError> {
    Ok(())
}

#[rate_limit("100/s", actual = |out| out.len())]
fn no_permits_either() -> Result<String, AcquireError> {
    Ok(String::new())
}

#[rate_limit(limiter = "100/s")]
fn no_limiter() -> Result<(), AcquireError> {
    Ok(())
}

fn main() {}
