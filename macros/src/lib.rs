//! `#[rate_limit]`, the attribute of the rate limiter [limitor](https://docs.rs/limitor). Use it
//! through that crate, with its feature `macros`.

#![forbid(unsafe_code)]

mod args;
mod expand;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use syn::{parse, parse2};

use self::args::Args;

/// Limits a function or method, `fn` or `async fn`.
///
/// A call waits until it is granted, blocking the thread or suspending the task. Then it runs the
/// body and settles the actual cost. Each function has a limiter of its own, created at the first
/// call. All callers share this limiter: a generic function has one for all its types, and a method
/// has one for all receivers. To share a limiter between functions, or to have one for each
/// receiver, use `limiter = …`.
///
/// | argument | meaning | default |
/// |---|---|---|
/// | `"100/s"`, `"100 per minute burst 20"` | the quota, as the first argument; checked by the compiler | |
/// | `limiter = &self.limiter` | instead of a quota: any value that `limitor::wrap` takes, evaluated for each call | |
/// | `cost = prompt.len() as u64` | permits that a call waits for, computed from its arguments | 1 |
/// | `actual = \|reply\| reply.tokens` | the actual cost, computed from a reference to the result; if the result is a `Result`, from a reference to the value in its `Ok` | the cost |
/// | `on_error = refund` | whether the permits are kept or refunded if the body returns an `Err`, panics, or its future is dropped | `keep` |
/// | `timeout = Duration::from_secs(1)` | how long a call may wait for its permits and its slot; the body may take any time | no limit |
/// | `max_concurrent = 8` | how many calls may be under way at the same time; a constant | no limit |
/// | `max_waiters = 100` | how many calls may wait for permits at the same time | no limit |
/// | `algorithm = leaky_queue` | see below | `token_bucket` |
///
/// `algorithm` is one of `token_bucket`, `leaky_bucket`, `virtual_scheduling_gcra`,
/// `leaky_bucket_gcra` and `leaky_queue`, or the name of the type. The first four are views of one
/// algorithm and make the same decisions: choose the one with the terms of your documents. The last
/// has a burst of 1, whatever burst the quota has: calls are evenly spaced.
///
/// # Errors
///
/// A call can be refused if it has a `timeout`, `max_waiters` or a `limiter` of yours. It can also
/// be refused if its `cost` is not a number literal, because the value may exceed the burst. Then
/// the function must return a `Result` with an error that is `From<limitor::AcquireError>`. A
/// refusal is returned, and the body does not run.
///
/// The attribute recognizes a `Result` by the name of the type, as in `io::Result<()>`. Under
/// another name the return value is treated as a plain value.
///
/// # Panics
///
/// All other functions wait for as long as it takes. They panic if they are refused nevertheless.
/// This happens only after an actual cost so large (decades of the quota) that it cannot be
/// counted.
///
/// If the body panics, the call is charged as `on_error` says, and its slot is released.
///
/// # Cancel safety
///
/// The future of an `async fn` can be dropped at any time. If it is dropped during the wait, its
/// permits are returned. If it is dropped while the body runs, `on_error` decides whether the
/// permits are refunded, and the slot is released.
///
/// # Limits
///
/// A call holds its slot until it ends, so a function with `max_concurrent` that calls itself may
/// wait forever. A `fn` that returns a future waits when it is called, not when it is awaited. This
/// is also what happens under `#[async_trait]`.
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
/// An estimate that is settled, errors that cost nothing, and at most one second of waiting:
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
/// let refused = client.ask(&long).await;
/// assert!(matches!(refused, Err(Error::Limited(AcquireError::ExceedsBurst { .. }))));
/// # }
/// ```
///
/// One limiter for several functions:
///
/// ```
/// use limitor::{AcquireError, Quota, RateLimiter, rate_limit};
/// use std::sync::LazyLock;
///
/// static API: LazyLock<RateLimiter> =
///     LazyLock::new(|| RateLimiter::new(const { Quota::literal("10 per day") }));
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
        // The function stays as it was written, so that the mistake here is the only error of the
        // compiler.
        .unwrap_or_else(|why| [why.into_compile_error(), written].into_iter().collect())
        .into()
}
