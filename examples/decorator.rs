//! Functions and methods that limit themselves, and wrapped closures. The equivalent of
//! `@rate_limit` and `@async_rate_limit` in Python.

use std::time::{Duration, Instant};

use limitor::wrap::OnError;
use limitor::{AcquireError, Quota, RateLimiter, rate_limit};

#[derive(Debug)]
enum Error {
    Limited(AcquireError),
    Empty,
}

impl From<AcquireError> for Error {
    fn from(why: AcquireError) -> Self {
        Self::Limited(why)
    }
}

struct Reply {
    text: String,
    tokens: u64,
}

/// 20 calls per second without a burst: calls are 50 ms apart.
#[rate_limit("20/s burst 1")]
fn ping(host: &str) -> String {
    format!("pong from {host}")
}

struct Client {
    model: String,
    tokens: RateLimiter,
}

impl Client {
    /// The estimate is computed from the prompt and settled from the reply. If the service refuses
    /// the prompt, the call costs nothing.
    #[rate_limit(
        limiter = &self.tokens,
        cost = 100 + prompt.len() as u64 / 4,
        actual = |reply| reply.tokens,
        on_error = refund,
        timeout = Duration::from_secs(1)
    )]
    async fn ask(&self, prompt: &str) -> Result<Reply, Error> {
        if prompt.is_empty() {
            return Err(Error::Empty);
        }
        let text = format!("{} thinks about {prompt:?}", self.model);
        Ok(Reply { tokens: text.len() as u64 / 4, text })
    }
}

/// The slot is held until the work ends, so the third call waits for one of the first two.
#[rate_limit("1000000/s", max_concurrent = 2)]
async fn slow(n: u64) -> u64 {
    tokio::time::sleep(Duration::from_millis(20)).await;
    n * n
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    for _ in 0..3 {
        println!("{} at {:>3} ms", ping("here"), start.elapsed().as_millis());
    }

    let client = Client { model: "echo".into(), tokens: RateLimiter::new(Quota::per_day(1_000)?) };
    let reply = client.ask("what is a token?").await.map_err(|why| format!("{why:?}"))?;
    println!("{}: {} tokens, {} left", reply.text, reply.tokens, client.tokens.available());
    assert_eq!(client.tokens.available(), 1_000 - reply.tokens);
    assert!(matches!(client.ask("").await, Err(Error::Empty)));
    assert_eq!(client.tokens.available(), 1_000 - reply.tokens);
    let long = client.ask(&"long ".repeat(1_000)).await;
    assert!(matches!(&long, Err(Error::Limited(AcquireError::ExceedsBurst { .. }))));

    let start = Instant::now();
    let tasks: Vec<_> = (1..=3).map(|n| tokio::spawn(slow(n))).collect();
    for task in tasks {
        println!("{} at {:>3} ms", task.await?, start.elapsed().as_millis());
    }

    // The same for a closure, with any kind of limiter.
    let limiter = RateLimiter::new(Quota::per_day(1_000)?);
    let count = limitor::wrap(&limiter)
        .cost(|text: &&str| text.len() as u64)
        .actual(|words: &usize| *words as u64)
        .on_error(OnError::Refund);
    let words = count.call("how many words are these", |text| text.split(' ').count())?;
    println!("{words} words, {} permits left", limiter.available());
    assert_eq!(limiter.available(), 995);
    Ok(())
}
