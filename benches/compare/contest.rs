//! What a contender implements.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use limitor_benches::Allowance;

/// A limiter that decides immediately, for one thread or for several.
pub(crate) trait Contender: Sized + Sync {
    const NAME: &'static str;
    /// The set-up, for the legend.
    const SETUP: &'static str;
    /// Whether the contender limits. One that does not is a limit of the hardware.
    const DECIDES: bool;
    /// Calls of a thread between two readings of the clock, where several threads call: 1 to 10 µs
    /// of calls.
    const CHUNK: u32;

    /// What a thread calls.
    type Handle<'a>
    where
        Self: 'a;

    /// The result of a call.
    type Answer<'a>
    where
        Self: 'a;

    fn new(allowance: Allowance) -> Self;

    /// Lends a thread what it calls.
    fn lend<R>(&self, work: impl FnOnce(&Self::Handle<'_>) -> R) -> R;

    /// Requests `n` permits.
    fn ask<'a>(handle: &'a Self::Handle<'_>, n: u32) -> Self::Answer<'a>;

    /// Whether the result is a grant.
    fn granted(answer: &Self::Answer<'_>) -> bool;
}

/// A contender that all threads call directly.
pub(crate) trait Shared: Sized + Sync {
    const NAME: &'static str;
    const SETUP: &'static str;
    const DECIDES: bool = true;

    type Answer<'a>
    where
        Self: 'a;

    fn new(allowance: Allowance) -> Self;

    fn ask(&self, n: u32) -> Self::Answer<'_>;

    fn granted(answer: &Self::Answer<'_>) -> bool;
}

impl<S: Shared> Contender for S {
    const NAME: &'static str = S::NAME;
    const SETUP: &'static str = S::SETUP;
    const DECIDES: bool = S::DECIDES;
    const CHUNK: u32 = 32;

    type Handle<'a>
        = S
    where
        S: 'a;

    type Answer<'a>
        = S::Answer<'a>
    where
        S: 'a;

    fn new(allowance: Allowance) -> Self {
        S::new(allowance)
    }

    fn lend<R>(&self, work: impl FnOnce(&S) -> R) -> R {
        work(self)
    }

    #[inline(always)]
    fn ask(handle: &S, n: u32) -> S::Answer<'_> {
        handle.ask(n)
    }

    #[inline]
    fn granted(answer: &S::Answer<'_>) -> bool {
        S::granted(answer)
    }
}

/// Visits contenders one by one, each with its own type, so that no call goes through a pointer.
pub(crate) trait Visitor {
    fn visit<C: Contender>(&mut self);
}
