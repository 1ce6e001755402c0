//! `#[rate_limit]`, the attribute of the rate limiter [limitor](https://docs.rs/limitor). Use it through that crate, with
//! its feature `macros`.

#![forbid(unsafe_code)]

mod args;
mod expand;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use syn::{parse, parse2};

use self::args::Args;

/// Limits a function or method, be it `fn` or `async fn`.
///
/// A call waits for its turn, blocking the thread or suspending the task, then runs the body, and settles what it did cost.
/// Each function has a limiter of its own, made at its first call. It is one for all callers: a generic function has one for
/// all its types, and a method one for all receivers. Functions and receivers that are to share a limiter, or not to, say
/// `limiter = …`.
///
/// | argument | says | without it |
/// |---|---|---|
/// | `"100/s"`, `"100 per minute burst 20"` | the quota, first of all; the compiler checks it | |
/// | `limiter = &self.limiter` | instead of a quota: whatever `limitor::wrap` takes, told anew for each call | |
/// | `cost = prompt.len() as u64` | permits that a call is to wait for, told from its arguments | 1 |
/// | `actual = \|reply\| reply.tokens` | what it did cost, told from a reference to the result; if that is a `Result`, to what is in its `Ok` | the cost |
/// | `on_error = refund` | what becomes of the permits if the body ends in an `Err`, panics, or its future is dropped | `keep` |
/// | `timeout = Duration::from_secs(1)` | how long a call may wait, for its permits and its slot; the body may take as long as it likes | any time |
/// | `max_concurrent = 8` | how many calls may be under way at a time; a constant | any number |
/// | `max_waiters = 100` | how many calls may wait for permits at a time | any number |
/// | `algorithm = leaky_queue` | see below | `token_bucket` |
///
/// `algorithm` is one of `token_bucket`, `leaky_bucket`, `virtual_scheduling_gcra`, `leaky_bucket_gcra` and `leaky_queue`, or
/// the name of the type. The first four are views of one thing and decide alike, so choose the one whose words your
/// documents use; the last has a burst of 1, whatever the quota says: calls are evenly spaced.
///
/// # Errors
///
/// A call may be refused if it has a `timeout`, `max_waiters`, a `limiter` of yours, or a `cost` that is more than a number
/// (it may come to more than the burst). Then the function must return a `Result` whose error is
/// `From<limitor::AcquireError>`: a refusal is returned, and the body is not run.
///
/// Whether a function returns a `Result` is told by the name of its type, as in `io::Result<()>`: under another name it
/// is a value like any other.
///
/// # Panics
///
/// All other functions wait for as long as it takes. They panic if they are refused for all that, which takes an actual cost
/// so large (decades of the quota) that it cannot be counted.
///
/// A body that panics is charged as `on_error` says, and its slot is free again.
///
/// # Cancel safety
///
/// The future of an `async fn` can be dropped at any time. While it waits, it gives its place back; while the body runs,
/// `on_error` says what becomes of the permits, and its slot is free again.
///
/// # Limits
///
/// A call holds its slot to the end: a function with `max_concurrent` that calls itself may wait for ever. A `fn` that
/// returns a future waits when it is called, not when it is awaited, which is also what happens under `#[async_trait]`.
///
/// # Examples
///
/// ```
/// use limitor::rate_limit;
///
/// #[rate_limit("1000/s burst 5")]
/// fn ping(host: &str) -> String {
///     format!("pong from {host}")
/// }
///
/// assert_eq!(ping("here"), "pong from here");
/// ```
///
/// An estimate that is settled, errors that cost nothing, and no more than a second of waiting:
///
/// ```
/// use limitor::{AcquireError, rate_limit};
/// use std::time::Duration;
///
/// struct Reply { text: String, tokens: u64 }
///
/// #[derive(Debug)]
/// enum Error { Limited(AcquireError), Empty }
///
/// impl From<AcquireError> for Error {
///     fn from(why: AcquireError) -> Self {
///         Self::Limited(why)
///     }
/// }
///
/// struct Client { model: String }
///
/// impl Client {
///     #[rate_limit(
///         "100000 per minute",
///         cost = prompt.len() as u64 / 4 + 500,
///         actual = |reply| reply.tokens,
///         on_error = refund,
///         timeout = Duration::from_secs(1),
///         max_concurrent = 8
///     )]
///     async fn ask(&self, prompt: &str) -> Result<Reply, Error> {
///         if prompt.is_empty() {
///             return Err(Error::Empty);
///         }
///         Ok(Reply { text: format!("{}: {prompt}?", self.model), tokens: 12 })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let client = Client { model: "echo".to_owned() };
/// assert_eq!(client.ask("hello").await.unwrap().text, "echo: hello?");
/// assert!(matches!(client.ask("").await, Err(Error::Empty)));
/// let long = "x".repeat(1_000_000);
/// assert!(matches!(client.ask(&long).await, Err(Error::Limited(AcquireError::ExceedsBurst { .. }))));
/// # }
/// ```
///
/// A limiter that functions share:
///
/// ```
/// use limitor::{AcquireError, Quota, RateLimiter, rate_limit};
/// use std::sync::LazyLock;
///
/// static API: LazyLock<RateLimiter> = LazyLock::new(|| RateLimiter::new(const { Quota::literal("10 per day") }));
///
/// #[rate_limit(limiter = &*API)]
/// fn read() -> Result<(), AcquireError> {
///     Ok(())
/// }
///
/// #[rate_limit(limiter = &*API, cost = 5)]
/// fn write() -> Result<(), AcquireError> {
///     Ok(())
/// }
///
/// read()?;
/// write()?;
/// assert_eq!(API.available(), 4);
/// # Ok::<(), AcquireError>(())
/// ```
#[proc_macro_attribute]
pub fn rate_limit(args: TokenStream, item: TokenStream) -> TokenStream {
    let written = TokenStream2::from(item.clone());
    parse2(args.into())
        .and_then(|args: Args| expand::expand(&args, parse(item)?))
        // As it was written, so that a mistake here is all that the compiler complains about.
        .unwrap_or_else(|why| [why.into_compile_error(), written].into_iter().collect())
        .into()
}
