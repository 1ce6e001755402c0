//! The provider: an HTTP server that counts requests and tokens as they arrive, and refuses
//! requests over its limits.
//!
//! When a request arrives, it is charged its prompt and the reply that it will get. A refused
//! request is charged nothing.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::bucket::Bucket;
use crate::limits::Limits;
use crate::workload::{Reply, Request};

/// A request as the server saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// Nanoseconds since the start.
    pub(crate) at: u64,
    pub(crate) tokens: u64,
    pub(crate) served: bool,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    desk: Arc<Desk>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(limits: Limits) -> Result<Self, String> {
        let desk = Arc::new(Desk::new(limits));
        let app = Router::new().route("/v1/chat/completions", post(complete)).with_state(Arc::clone(&desk));
        let failed = |why| format!("cannot serve on this machine: {why}");
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await; // it ends only when it is stopped
        });
        Ok(Self { address, desk, task })
    }

    /// Changes the limits and empties the buckets. Returns the time of that, in nanoseconds since
    /// the start.
    pub(crate) fn allow(&self, limits: Limits) -> u64 {
        let books = &mut *self.desk.books();
        let now = self.desk.fill(books);
        books.requests.replace(limits.rpm, limits.request_burst());
        books.tokens.replace(limits.tpm, limits.token_burst());
        now
    }

    /// The number of refused requests, and of all.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let books = self.desk.books();
        (books.log.iter().filter(|arrival| !arrival.served).count(), books.log.len())
    }

    /// Nanoseconds since the start.
    pub(crate) fn now(&self) -> u64 {
        self.desk.now()
    }

    /// Stops the server. Returns the requests in order.
    pub(crate) fn stop(self) -> Vec<Arrival> {
        self.task.abort();
        std::mem::take(&mut self.desk.books().log)
    }
}

/// Accepts or refuses requests.
#[derive(Debug)]
struct Desk {
    start: Instant,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    requests: Bucket,
    tokens: Bucket,
    log: Vec<Arrival>,
}

impl Desk {
    fn new(limits: Limits) -> Self {
        let requests = Bucket::new(limits.rpm, limits.request_burst());
        let tokens = Bucket::new(limits.tpm, limits.token_burst());
        Self { start: Instant::now(), books: Mutex::new(Books { requests, tokens, log: Vec::new() }) }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn fill(&self, books: &mut Books) -> u64 {
        let now = self.now();
        books.requests.fill(now);
        books.tokens.fill(now);
        now
    }

    /// Serves or refuses a request. Returns the headers of the answer, and whether the request was
    /// served.
    fn admit(&self, request: Request) -> (HeaderMap, bool) {
        let tokens = request.prompt_tokens + request.completion_tokens;
        let books = &mut *self.books();
        let at = self.fill(books);
        let wait = books.requests.wait(1).max(books.tokens.wait(tokens));
        let served = wait.is_zero();
        if served {
            books.requests.take(1);
            books.tokens.take(tokens);
        }
        books.log.push(Arrival { at, tokens, served });
        (headers(books, wait), served)
    }
}

async fn complete(State(desk): State<Arc<Desk>>, Json(request): Json<Request>) -> Response {
    let (headers, served) = desk.admit(request);
    if !served {
        return (StatusCode::TOO_MANY_REQUESTS, headers, "rate limit reached").into_response();
    }
    tokio::time::sleep(Duration::from_millis(request.latency_ms)).await;
    let Request { prompt_tokens, completion_tokens, .. } = request;
    (headers, Json(Reply { prompt_tokens, completion_tokens })).into_response()
}

/// The headers of OpenAI.
fn headers(books: &Books, wait: Duration) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut say = |name, value: String| {
        headers.insert(name, HeaderValue::try_from(value).expect("digits and units are legible"));
    };
    say("x-ratelimit-limit-requests", books.requests.per_minute().to_string());
    say("x-ratelimit-remaining-requests", books.requests.left().to_string());
    say("x-ratelimit-reset-requests", span(books.requests.reset()));
    say("x-ratelimit-limit-tokens", books.tokens.per_minute().to_string());
    say("x-ratelimit-remaining-tokens", books.tokens.left().to_string());
    say("x-ratelimit-reset-tokens", span(books.tokens.reset()));
    if !wait.is_zero() {
        say("retry-after", wait.as_secs_f64().ceil().to_string());
        say("retry-after-ms", wait.as_nanos().div_ceil(1_000_000).to_string());
    }
    headers
}

/// A stretch of time such as `1m2.5s` or `12ms`.
fn span(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    let rest = Duration::from_secs(time.as_secs() % 60) + Duration::from_millis(time.subsec_millis().into());
    match (minutes, rest.as_secs()) {
        (0, 0) => format!("{}ms", rest.as_millis()),
        (0, _) => format!("{}s", rest.as_secs_f64()),
        _ => format!("{minutes}m{}s", rest.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use limitor::llm::{Pause, ProviderView, Window};
    use std::time::SystemTime;

    #[test]
    fn limitor_reads_what_the_headers_say() {
        let mut books = Books { requests: Bucket::new(60, 10), tokens: Bucket::new(60, 120), log: Vec::new() };
        books.requests.take(2);
        books.tokens.take(62);
        let wait = books.tokens.wait(60);
        let view = ProviderView::of(StatusCode::TOO_MANY_REQUESTS, &headers(&books, wait), SystemTime::now());
        let window = |limit, remaining, reset| {
            Some(Window::default().limit(limit).remaining(remaining).reset(Duration::from_secs(reset)))
        };
        assert_eq!((view.requests, view.tokens), (window(60, 8, 2), window(60, 58, 62)));
        assert_eq!(view.pause, Some(Pause::For(Duration::from_secs(2))));
    }
}
