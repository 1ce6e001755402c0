//! A limiter borrowed or shared, so that one type serves callers with a lifetime and those without.

use alloc::sync::Arc;
use core::ops::Deref;

use crate::clock::Clock;
use crate::limiter::RateLimiter;

/// What a grant, a reservation or an acquire holds on to.
pub(crate) enum Handle<'a, C: Clock> {
    Borrowed(&'a RateLimiter<C>),
    Shared(Arc<RateLimiter<C>>),
}

impl<C: Clock> Clone for Handle<'_, C> {
    fn clone(&self) -> Self {
        match self {
            Self::Borrowed(limiter) => Self::Borrowed(limiter),
            Self::Shared(limiter) => Self::Shared(Arc::clone(limiter)),
        }
    }
}

impl<C: Clock> Deref for Handle<'_, C> {
    type Target = RateLimiter<C>;

    #[inline]
    fn deref(&self) -> &RateLimiter<C> {
        match self {
            Self::Borrowed(limiter) => limiter,
            Self::Shared(limiter) => limiter,
        }
    }
}
