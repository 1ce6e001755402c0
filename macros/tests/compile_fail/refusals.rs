//! Functions that may be refused but cannot return the refusal.

use limitor::{AcquireError, RateLimiter, rate_limit};
use std::time::Duration;

#[rate_limit("100/s", timeout = Duration::from_secs(1))]
fn timeout() {}

#[rate_limit("100/s", cost = text.len() as u64)]
fn cost(text: &str) -> usize {
    text.len()
}

#[rate_limit("100/s", max_waiters = 10)]
async fn waiters() -> Option<u8> {
    None
}

#[rate_limit(limiter = limiter)]
fn limiter(limiter: &RateLimiter) {}

#[rate_limit("100/s", timeout = Duration::from_secs(1))]
fn error_of_another_kind() -> Result<u8, std::num::ParseIntError> {
    "1".parse()
}

type Renamed = Result<(), AcquireError>;

#[rate_limit("100/s", timeout = Duration::from_secs(1))]
fn renamed() -> Renamed {
    Ok(())
}

fn main() {}
