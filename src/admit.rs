//! The seam: what is built above a limiter is written once, over a pair of traits.
//!
//! [`Admit`] asks a limiter for a grant, [`Settle`] settles the grant. Every limiter of this crate
//! implements the pair, by reference and in an [`Arc`](std::sync::Arc). [`wrap`](crate::wrap()) and
//! `#[rate_limit]` are written over it. So can a layer of a server, or a limiter with its state on
//! another machine.

use std::error::Error;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::error::{AcquireError, Denied, LimitDenied, LimitError, Reason};
use crate::pace::Patience;
use crate::sync::{park, thread_waker};

/// A limiter that admits requests.
///
/// The trait is implemented for handles: `&RateLimiter` gives grants that borrow the limiter, and
/// `Arc<RateLimiter>` gives grants that are `'static`. The same holds for
/// [`ConcurrentLimiter`](crate::ConcurrentLimiter), [`LimitSet`](crate::LimitSet), the textbook
/// [`buckets`](crate::buckets) and `LlmLimiter`. A key of a keyed limiter is a `keyed::Key`.
///
/// A caller that knows the type of its limiter uses the own verbs of that type: they say more. The
/// trait adds nothing to them.
///
/// # Examples
///
/// A function over any limiter that costs a number of permits:
///
/// ```
/// use limitor::admit::{Admit, Settle};
/// use limitor::{ConcurrentLimiter, Quota, RateLimiter};
/// use limitor::wait::Patience;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// fn copy<L: Admit<Cost = u64>>(limiter: &L, bytes: u64) -> Result<(), L::Refusal> {
///     let grant = limiter.admit_blocking(bytes, Patience::unlimited().timeout(Duration::from_secs(1)))?;
///     grant.reconcile(bytes / 2); // the rest was compressed away
///     Ok(())
/// }
///
/// let rate = Arc::new(RateLimiter::new(Quota::per_day(100)?));
/// copy(&rate, 60)?;
/// assert_eq!(rate.available(), 70);
/// let slots = ConcurrentLimiter::over(Arc::clone(&rate), 4)?;
/// copy(&&slots, 40)?;
/// assert_eq!(rate.available(), 50);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a limiter",
    note = "limiters are `&RateLimiter`, `Arc<RateLimiter>`, and the same of `ConcurrentLimiter`, `LimitSet`, `LlmLimiter` \
            and the textbook buckets; a key of a `KeyedLimiter` is `limiter.key(&key)`"
)]
pub trait Admit {
    /// What a request costs: permits, or permits of each of several limits.
    type Cost: Clone;
    /// What an admitted request holds.
    type Grant: Settle<Cost = Self::Cost>;
    /// Why a request is not admitted.
    type Refusal: Refusal;
    /// The answer to [`try_admit`](Self::try_admit). A limiter in this process answers at the first
    /// poll; one on another machine answers later.
    type Trying: Future<Output = Result<Self::Grant, Self::Refusal>>;
    /// The answer to [`admit`](Self::admit).
    type Admitting: Future<Output = Result<Self::Grant, Self::Refusal>>;

    /// Asks for a grant of `cost` now or not at all.
    fn try_admit(&self, cost: Self::Cost) -> Self::Trying;

    /// Asks for a grant of `cost` and waits for it as long as `patience` says. Nothing is taken
    /// before the first poll.
    fn admit(&self, cost: Self::Cost, patience: Patience) -> Self::Admitting;

    /// Asks for a grant of `cost` and blocks this thread as long as `patience` says.
    ///
    /// The default blocks on the future of [`admit`](Self::admit). The limiters of this crate wait
    /// by their [`Strategy`](crate::Strategy) instead.
    ///
    /// # Errors
    ///
    /// The refusal of the limiter.
    fn admit_blocking(&self, cost: Self::Cost, patience: Patience) -> Result<Self::Grant, Self::Refusal> {
        block_on(self.admit(cost, patience))
    }
}

/// A grant that can be settled once, when the actual cost is known.
///
/// Dropping it settles nothing: what was taken stays spent. If the grant holds a slot, dropping it
/// frees the slot.
pub trait Settle {
    /// What a request costs.
    type Cost;

    /// Settles the grant at its actual cost. What is less than granted is refunded, what is more
    /// becomes a debt.
    fn reconcile(self, actual: Self::Cost);

    /// Refunds the whole grant: the work was not done.
    fn refund(self);
}

/// Why a request is not admitted: what every error of this crate says.
pub trait Refusal: Error {
    /// Returns why the request was refused.
    fn reason(&self) -> Reason;

    /// Returns the wait after which the request would be granted. `None` if the wait is unknown or
    /// no wait helps.
    fn retry_after(&self) -> Option<Duration>;

    /// Returns the permits that were requested, if the refusal depends on them.
    fn requested(&self) -> Option<u64>;

    /// Returns the name of the limit that binds, if the limit has a name.
    fn limit(&self) -> Option<&str>;
}

/// Gives an error type that has the accessors the trait over them.
macro_rules! refusal {
    ($($error:ty: $requested:expr, $limit:expr;)+) => {$(
        impl Refusal for $error {
            fn reason(&self) -> Reason {
                self.reason()
            }

            fn retry_after(&self) -> Option<Duration> {
                self.retry_after()
            }

            fn requested(&self) -> Option<u64> {
                $requested(self)
            }

            fn limit(&self) -> Option<&str> {
                $limit(self)
            }
        }
    )+};
}

refusal! {
    Denied: |denied: &Denied| Some(denied.requested()), Denied::limit;
    AcquireError: Self::requested, Self::limit;
    LimitDenied: |denied: &LimitDenied| Some(denied.requested()), |denied: &LimitDenied| Some(denied.limit()).filter(|name| !name.is_empty());
    LimitError: Self::requested, Self::limit;
}

/// A limiter by reference admits as the limiter itself.
impl<L: Admit + ?Sized> Admit for &L {
    type Cost = L::Cost;
    type Grant = L::Grant;
    type Refusal = L::Refusal;
    type Trying = L::Trying;
    type Admitting = L::Admitting;

    fn try_admit(&self, cost: Self::Cost) -> Self::Trying {
        L::try_admit(self, cost)
    }

    fn admit(&self, cost: Self::Cost, patience: Patience) -> Self::Admitting {
        L::admit(self, cost, patience)
    }

    fn admit_blocking(&self, cost: Self::Cost, patience: Patience) -> Result<Self::Grant, Self::Refusal> {
        L::admit_blocking(self, cost, patience)
    }
}

/// Blocks this thread until the future is ready.
fn block_on<F: Future>(future: F) -> F::Output {
    let (mut future, waker) = (pin!(future), thread_waker());
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => park(),
        }
    }
}

/// Implements [`Admit`] for `&Limiter` and `Arc<Limiter>` over the verbs `try_acquire`, `acquire`
/// and their owned forms. The last generic parameter ends with `+`, for a lifetime to follow.
macro_rules! admit {
    ([$($generics:tt)*] $limiter:ty, $cost:ty, $grant:ident, $refusal:ty, $acquire:ident $([$($parameter:tt)+])?) => {
        impl<'a, $($generics)* 'a> crate::admit::Admit for &'a $limiter {
            type Cost = $cost;
            type Grant = $grant<'a, $($($parameter)+)?>;
            type Refusal = $refusal;
            type Trying = std::future::Ready<Result<Self::Grant, Self::Refusal>>;
            type Admitting = $acquire<'a, $($($parameter)+)?>;

            fn try_admit(&self, cost: Self::Cost) -> Self::Trying {
                std::future::ready(self.try_acquire(cost).map_err(Into::into))
            }

            fn admit(&self, cost: Self::Cost, patience: crate::pace::Patience) -> Self::Admitting {
                self.acquire(cost).patience(patience)
            }

            fn admit_blocking(
                &self,
                cost: Self::Cost,
                patience: crate::pace::Patience,
            ) -> Result<Self::Grant, Self::Refusal> {
                self.admit(cost, patience).wait()
            }
        }

        impl<$($generics)* 'static> crate::admit::Admit for std::sync::Arc<$limiter> {
            type Cost = $cost;
            type Grant = $grant<'static, $($($parameter)+)?>;
            type Refusal = $refusal;
            type Trying = std::future::Ready<Result<Self::Grant, Self::Refusal>>;
            type Admitting = $acquire<'static, $($($parameter)+)?>;

            fn try_admit(&self, cost: Self::Cost) -> Self::Trying {
                std::future::ready(self.try_acquire_owned(cost).map_err(Into::into))
            }

            fn admit(&self, cost: Self::Cost, patience: crate::pace::Patience) -> Self::Admitting {
                self.acquire_owned(cost).patience(patience)
            }

            fn admit_blocking(
                &self,
                cost: Self::Cost,
                patience: crate::pace::Patience,
            ) -> Result<Self::Grant, Self::Refusal> {
                self.admit(cost, patience).wait()
            }
        }
    };
}
pub(crate) use admit;

/// Implements [`Settle`] over the verbs `reconcile` and `refund`.
macro_rules! settle {
    ([$($generics:tt)*] $grant:ident, $cost:ty $(, [$($parameter:tt)+])?) => {
        impl<'a, $($generics)* 'a> crate::admit::Settle for $grant<'a, $($($parameter)+)?> {
            type Cost = $cost;

            fn reconcile(self, actual: Self::Cost) {
                $grant::reconcile(self, actual);
            }

            fn refund(self) {
                $grant::refund(self);
            }
        }
    };
}
pub(crate) use settle;
