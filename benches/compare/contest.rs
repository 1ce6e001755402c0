//! What it takes to take part.

#![expect(clippy::inline_always, reason = "asking must cost nothing beyond what is asked")]

use limitor_benches::Allowance;

/// Something that decides at once, for one thread or for several.
pub(crate) trait Contender: Sized + Sync {
    const NAME: &'static str;
    /// How it is set up, for the legend.
    const SETUP: &'static str;
    /// Whether it limits anything; what does not is a limit itself.
    const DECIDES: bool;
    /// Calls between two looks at the clock, where several threads ask: 1 to 10 µs of them.
    const CHUNK: u32;

    /// What a thread asks.
    type Handle<'a>
    where
        Self: 'a;

    /// What it says when it is asked.
    type Answer<'a>
    where
        Self: 'a;

    fn new(allowance: Allowance) -> Self;

    /// Lends a thread what it is to ask.
    fn lend<R>(&self, work: impl FnOnce(&Self::Handle<'_>) -> R) -> R;

    /// Asks for `n` permits.
    fn ask<'a>(handle: &'a Self::Handle<'_>, n: u32) -> Self::Answer<'a>;

    /// Whether that was a grant.
    fn granted(answer: &Self::Answer<'_>) -> bool;
}

/// A contender that all threads ask directly.
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

/// Visits contenders one by one, each with its own type: nothing is called through a pointer.
pub(crate) trait Visitor {
    fn visit<C: Contender>(&mut self);
}
