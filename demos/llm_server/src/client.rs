//! The client: many tasks, each with one call after another.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use limitor::AcquireError;
use limitor::llm::{Charged, LlmLimiter, ProviderView, Usage};
use reqwest::{Response, StatusCode};

use crate::workload::{Call, Reply, Workload};

/// The number of times that a refused call is sent again without a limiter: the default of OpenAI's
/// own client.
const RETRIES: u32 = 2;

/// The state that all tasks share.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    workload: Mutex<Workload>,
    limiter: Option<LlmLimiter>,
    end: Instant,
}

/// The results of the calls that ended.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The times of answered calls, from when they were wanted; shortest first.
    pub(crate) answered: Vec<Duration>,
    pub(crate) given_up: u64,
}

impl Outcome {
    pub(crate) fn add(&mut self, other: Self) {
        self.answered.extend(other.answered);
        self.answered.sort_unstable();
        self.given_up += other.given_up;
    }
}

impl Client {
    pub(crate) fn new(
        server: SocketAddr,
        workload: Workload,
        limiter: Option<LlmLimiter>,
        end: Instant,
    ) -> Result<Self, String> {
        let http = reqwest::Client::builder().no_proxy().build().map_err(|why| why.to_string())?;
        let url = format!("http://{server}/v1/chat/completions");
        Ok(Self { http, url, workload: Mutex::new(workload), limiter, end })
    }

    /// One task: calls until the end.
    pub(crate) async fn work(&self) -> Result<Outcome, String> {
        let mut outcome = Outcome::default();
        while let Some(call) = self.next() {
            let wanted = Instant::now();
            let answered = match &self.limiter {
                None => self.retry(&call).await,
                Some(limiter) => self.limited(limiter, &call).await,
            };
            match answered.map_err(|why| format!("the server cannot be reached: {why}"))? {
                Some(true) => outcome.answered.push(wanted.elapsed()),
                Some(false) => outcome.given_up += 1,
                None => break,
            }
        }
        Ok(outcome)
    }

    /// Cancels the waits for the limiter. Calls under way end normally.
    pub(crate) fn close(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.close();
        }
    }

    fn next(&self) -> Option<Call> {
        if self.is_over() {
            return None;
        }
        self.workload.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// The usual way: sends the call, and if it is refused, sends it again when the server says so,
    /// a few times.
    ///
    /// Returns whether it was answered; `None` if time was up before.
    async fn retry(&self, call: &Call) -> reqwest::Result<Option<bool>> {
        for _ in 0..=RETRIES {
            if self.is_over() {
                return Ok(None);
            }
            let response = self.send(call).await?;
            if response.status().is_success() {
                response.json::<Reply>().await?;
                return Ok(Some(true));
            }
            let pause = retry_after(&response);
            response.bytes().await?; // lets the connection be used again
            tokio::time::sleep(pause).await;
        }
        Ok(Some(false))
    }

    /// Through the limiter: estimates, waits, sends, reads the provider's limits, reconciles.
    async fn limited(&self, limiter: &LlmLimiter, call: &Call) -> reqwest::Result<Option<bool>> {
        loop {
            let leave = match limiter.acquire(call.estimate).await {
                Ok(leave) => leave,
                Err(why) if why.error() == AcquireError::Closed => return Ok(None),
                Err(why) => unreachable!("every estimate is within the burst: {why}"),
            };
            let response = self.send(call).await?;
            leave.observe(&ProviderView::of(response.status(), response.headers(), SystemTime::now()));
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                leave.fail(Charged::Nothing);
                response.bytes().await?;
                continue; // at the end of the queue
            }
            let used: Reply = response.json().await?;
            leave.reconcile(Usage::new(used.prompt_tokens, used.completion_tokens));
            return Ok(Some(true));
        }
    }

    async fn send(&self, call: &Call) -> reqwest::Result<Response> {
        self.http.post(&self.url).json(&call.request).send().await
    }
}

fn retry_after(response: &Response) -> Duration {
    let millis = response.headers().get("retry-after-ms").and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_millis(millis.unwrap_or(1_000))
}
