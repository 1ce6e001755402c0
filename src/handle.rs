//! A limiter borrowed or shared, so that one type serves callers with a lifetime and those without.

use alloc::sync::Arc;
use core::ops::Deref;

use crate::limiter::RateLimiter;

/// What a grant, a reservation or an acquire holds on to.
pub(crate) type Handle<'a, C> = Held<'a, RateLimiter<C>>;

pub(crate) enum Held<'a, T> {
    Borrowed(&'a T),
    Shared(Arc<T>),
}

impl<T> Clone for Held<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Borrowed(limiter) => Self::Borrowed(limiter),
            Self::Shared(limiter) => Self::Shared(Arc::clone(limiter)),
        }
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(limiter) => limiter,
            Self::Shared(limiter) => limiter,
        }
    }
}
