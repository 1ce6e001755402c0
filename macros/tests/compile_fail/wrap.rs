//! Wrapped closures with the wrong types.

use limitor::{RateLimiter, wrap};

fn main() {
    let limiter = RateLimiter::new("100/s".parse().unwrap());
    let _ = wrap(&limiter).cost(|text: &String| text.len());
    let _ = wrap(&limiter).cost(|text: &String| text.len() as u64).call(5, |n| n);
    let _ = wrap(&limiter).actual(|tokens: &u64| *tokens).call((), |()| "text");
    let _ = wrap(&limiter).try_call((), |()| "5".parse::<u8>());
    let _ = wrap(&5);
}
